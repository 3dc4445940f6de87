"""The tables of the village's page: what agents reach in each kind of weather, and a language model's own words."""

from __future__ import annotations

from stagelight.render.pages.markup import Html, el, framed
from stagelight.render.pages.published import Scene, fail
from stagelight.render.pages.scored import Cell, table

WEATHER = {
    "calm": "Calm", "std": "Usual", "windless": "Little wind", "rabbits": "Rabbits",
    "compound": "Shocks",
}  # fmt: skip
AGENTS = {
    "random": "Chance",
    "small": "Language model, as it comes",
    "no_granary": "Scripts without a granary",
    "sell_all": "Scripts that sell everything",
    "hoarder": "Scripts that store everything",
    "no_messages": "Scripts that say nothing",
    "roles": "Scripts that keep to their own craft",
    "small_taught": "Language model, taught here",
    "planner": "A planner",
    "stock": "Scripts with a reserve by season",
    "policy": "The trained policy",
    "clairvoyant": "Who knows the weather",
}
DOING = {"haul_wheat": "carry wheat", "haul_flour": "carry flour"}  # where the action's name is no word


def agents(scene: Scene, page: str) -> Html:
    """The mean return of each agent in each kind of weather."""
    rows = [(words, [Cell(f"score.{weather}.{name}.return") for weather in WEATHER]) for name, words in AGENTS.items()]
    return table(scene, page, "Return by agent and weather", ["Who works", *WEATHER.values()], rows)


def answers(scene: Scene, page: str, count: int) -> Html:
    """The first answers of the language model that differ, each worker's reason word for word."""
    first: dict[tuple[str, str], dict[str, str]] = {}
    for event in scene.head["events"]:
        if event["kind"] == "answered":
            first.setdefault((event["reason"], event["action"]), event)
    found = list(first.values())[:count]
    if not found:
        fail(f"docs/{page}: {scene.name}.json holds no answers: run `click score {scene.name}`")
    rows = [
        el(
            "tr", {}, el("th", {"scope": "row"}, event["agent"]), el("td", {}, el("q", {}, event["reason"])),
            el("td", {}, DOING.get(event["action"], event["action"])),
        )
        for event in found
    ]  # fmt: skip
    columns = ("Worker", "Its reason, word for word", "What it chose")
    return framed("scored__frame", "scored scored--words", "The small language model's own words", columns, rows)
