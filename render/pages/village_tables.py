"""The tables of the village's page: the return of each agent in each kind of weather, and a language model's words."""

from __future__ import annotations

from stagelight.render.pages.fact_table import Cell, table
from stagelight.render.pages.markup import Html, el, framed
from stagelight.render.pages.scene_files import Scene, fail

WEATHER = {
    "calm": "Calm", "std": "Usual", "windless": "Little wind", "rabbits": "Rabbits",
    "compound": "Shocks",
}  # fmt: skip
AGENTS = {
    "random": "Random actions",
    "no_granary": "Scripts without a granary",
    "sell_all": "Scripts that sell everything",
    "hoarder": "Scripts that store everything",
    "no_messages": "Scripts that say nothing",
    "roles": "Scripts that keep to their own craft",
    "planner": "A planner",
    "stock": "Scripts with a reserve by season",
    "policy": "The trained policy",
    "clairvoyant": "A search that knows the weather",
}
HELD_OUT = {
    "compound": "Shocks", "long_drought": "Long drought", "plague": "Plague", "illness": "Illness", "crash": "Crash",
    "adversarial": "Timed shocks",
}  # fmt: skip
MODELS = {
    "zero_shot": "Language model, before training", "trained": "Language model, trained here",
    "policy": "Its teacher, who hears reports", "roles": "Scripts of one craft each",
}  # fmt: skip
IN_WORDS = {"haul_wheat": "carry wheat", "haul_flour": "carry flour"}  # actions whose name is no word


def returns(scene: Scene, page: str) -> Html:
    """The mean return of each agent in each kind of weather."""
    rows = [(words, [Cell(f"score.{weather}.{name}.return") for weather in WEATHER]) for name, words in AGENTS.items()]
    return table(scene, page, "Return by agent and weather", ["Agent", *WEATHER.values()], rows)


def models(scene: Scene, page: str) -> Html:
    """The share of the plan's return that a language model reaches under each disturbance, beside others'."""
    rows = [
        (words, [Cell(f"llm.{where}.{who}.share", "percent", 0) for where in HELD_OUT]) for who, words in MODELS.items()
    ]
    return table(scene, page, "Share of the plan's return under each disturbance", ["Agent", *HELD_OUT.values()], rows)


def answers(scene: Scene, page: str, count: int) -> Html:
    """The language model's first answers, without repetitions: each worker's reason, word for word."""
    first: dict[tuple[str, str], dict[str, str]] = {}
    for event in scene.head["events"]:
        if event["kind"] == "answered":
            first.setdefault((event["reason"], event["action"]), event)
    shown = list(first.values())[:count]
    if not shown:
        fail(f"docs/{page}: {scene.name}.json holds no answers: run `click score {scene.name}`")
    rows = [
        el(
            "tr", {}, el("th", {"scope": "row"}, event["agent"]), el("td", {}, el("q", {}, event["reason"])),
            el("td", {}, IN_WORDS.get(event["action"], event["action"])),
        )
        for event in shown
    ]  # fmt: skip
    columns = ("Worker", "Its reason, word for word", "What it chose")
    return framed("scored__frame", "scored scored--words", "The small language model's own words", columns, rows)
