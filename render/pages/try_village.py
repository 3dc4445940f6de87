"""The village to try on its page: played there by `js/village_engine.js`, and a table of what the reserve is worth.

The table is complete without a script. The village comes when a reader asks for it, and the policy's weights come when
it is the policy that shall act.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stagelight.render.pages import on_demand, village_picture
from stagelight.render.pages.markup import Html, el, fold, framed
from stagelight.render.pages.quantities import value
from stagelight.render.pages.scene_files import Arrays, Scene, fail, pick, pick_table, read
from stagelight.render.pages.values import integer, number, size

MEASURES = ("return", "hungry", "empty", "mouths")  # of each cell; the first is written in the table
FILES = ("css/village.css", "js/village_engine.js", "js/village.js")  # loaded in this order
NUMBERS = "engines/village/data/fitted.json"  # of the scripts, by kind of weather
WEATHER = {
    "calm": "Calm", "std": "Usual", "windless": "Little wind", "rabbits": "Rabbits", "drought": "A drought",
    "compound": "Shocks: still wind and rabbits", "long_drought": "A long drought", "plague": "A plague of rabbits",
    "illness": "Illness", "crash": "A fall of the price",
}  # fmt: skip
MOST = 10  # days of bread that can be kept
FIRST = ("compound", 4)  # weather and reserve that it opens with
Keep = Callable[[bytes, str], str]


def village(scene: Scene, root: Path, page: str, base: str, keep: Keep) -> Html:
    """A button that loads the village, what it is played with, and the table.

    `keep` takes the bytes of a file and its name, with {} for a hash, and returns its address; `base` leads to the root
    of the site.
    """
    numbers = pick(read(root / NUMBERS, "restore it from git"), "spoken", NUMBERS, page)
    data = {
        "data-numbers": json.dumps({name: pick(numbers, name, NUMBERS, page) for name in WEATHER}),
        "data-recorded": json.dumps({name: _recorded(scene, name, page) for name in WEATHER}),
        "data-seeds": f"{scene.head['config']['compared']['first_seed']} {value(scene, 'compared.seeds', page):g}",
    }
    script = weights(scene)
    return el(
        "div", {"class": "try", "data-try": "village", **data},
        on_demand.button("Play the village here", [base + file for file in FILES],
             sum((scene.assets / file).stat().st_size for file in FILES)),
        el("div", {"class": "town__box", "hidden": True}, _settings(scene, len(script)),
           on_demand.button("Load the policy", [keep(script, "weights/{}.js")], len(script), part="learn"), *_stage()),
        *table(scene, page),
    )  # fmt: skip


def weights(scene: Scene) -> bytes:
    """The script that hands the published weights to `js/village.js`."""
    return on_demand.policy(scene, "villageEngine.learnt", "restore it from git")


def _recorded(scene: Scene, weather: str, page: str) -> dict[str, float]:
    """The mean returns that are recorded of the agents that can be played, by name."""
    facts = scene.head["facts"]
    reserves = [f"reserve_{days}" for days in range(MOST + 1) if f"score.{weather}.reserve_{days}.return" in facts]
    return {name: value(scene, f"score.{weather}.{name}.return", page) for name in (*reserves, "stock", "policy")}


def _settings(scene: Scene, loaded: int) -> Html:
    """The choices of a reader: the weather, its seed, who acts, and the reserve."""
    agents = {"reserve": "Scripts with your reserve", "stock": "Scripts with a reserve by season",
              "policy": f"The trained policy (loads {size(loaded)})"}  # fmt: skip
    weather, reserve = FIRST
    seed = scene.head["config"]["compared"]["first_seed"]
    days = {"id": "town-reserve", "data-part": "reserve-days", "type": "range", "min": 0, "max": MOST, "value": reserve}
    told = {"for": "town-reserve", "data-part": "reserve-said", "aria-live": "off"}
    whole = {"id": "town-seed", "data-part": "seed", "type": "number", "min": 0, "max": 2**32 - 1, "value": seed}
    return el(
        "div", {"class": "town__settings"}, _select("weather", "Weather", WEATHER, weather),
        _select("agent", "Who acts", agents, "reserve"),
        _field("reserve", "Reserve, days of bread", el("input", days), el("output", told, str(reserve))),
        _field("seed", "Seed", el("input", whole)),
    )  # fmt: skip


def _select(name: str, words: str, options: dict[str, str], chosen: str) -> Html:
    inside = [el("option", {"value": key, "selected": key == chosen}, said) for key, said in options.items()]
    return _field(name, words, el("select", {"id": f"town-{name}", "data-part": name}, *inside))


def _field(name: str, words: str, *control: Html) -> Html:
    return el("div", {"class": "town__field"}, el("label", {"for": f"town-{name}"}, words), *control)


def _stage() -> list[Html]:
    """The buttons, the drawn village, and what is said of it."""
    buttons = [
        el("button", {"type": "button", "class": "town__button", "data-part": part}, words)
        for part, words in (("step", "Step a day"), ("run", "Run"), ("again", "Start again"))
    ]
    said = el("p", {"class": "town__said", "data-part": "said", "aria-live": "polite"})
    told = el("figcaption", {}, "Days of bread in the granary; a short stroke below marks a hungry day.")
    check = el("button", {"type": "button", "class": "town__button", "data-part": "check", "hidden": True})
    words = el(
        "div", {}, el("div", {"class": "town__now"}, village_picture.dial(), said),
        el("figure", {"class": "town__figure"}, told, village_picture.chart()),
        el("p", {"data-part": "end", "aria-live": "polite"}),
        el("p", {}, check, " ", el("span", {"role": "status", "data-part": "checked"})),
    )  # fmt: skip
    return [
        el("div", {"class": "town__buttons", "role": "group", "aria-label": "The village"}, *buttons),
        el("div", {"class": "town__view"}, village_picture.town(), words),
        fold("Each day in words", el("ol", {"class": "town__log", "data-part": "log"})),
    ]


def table(scene: Scene, page: str) -> tuple[Html, Html]:
    """Return by reserve and by the first day of the bad stretch, the best of each column bold; and a cell in words."""
    arrays = scene.arrays
    reserves, shocks = (pick(arrays, f"try_{name}", f"{scene.name}.npz", page) for name in ("reserve", "shock"))
    values = {name: pick_table(scene, arrays, f"try_{name}", "reserves, days", page) for name in MEASURES}
    for name, measured in values.items():
        if measured.shape != (len(reserves), len(shocks)):
            fail(
                f"docs/{page}: {scene.name}.npz has try_{name} of shape {measured.shape}, wanted finite "
                f"{len(reserves), len(shocks)}: run `click record {scene.name}`"
            )
    written = values["return"].astype(float).round(2)
    best = written == written.max(0)  # what reads the same is as good
    columns = ("Days stored", *(f"day\N{NO-BREAK SPACE}{int(day)}" for day in shocks))
    rows = [
        el("tr", {}, el("th", {"scope": "row"}, str(int(reserve))),
           *(_cell(cell, bool(first)) for cell, first in zip(values["return"][row], best[row], strict=True)))
        for row, reserve in enumerate(reserves)
    ]  # fmt: skip
    first = int(best[:, 0].argmax())
    sentence = _sentence(values, first, 0, float(reserves[first]), float(shocks[0]))
    return framed("try__table", "try__rows", "Return by reserve and day", columns, rows), el("p", {}, sentence)


def _cell(value: Any, best: bool) -> Html:
    """One mean return over the seeds."""
    words = number(float(value))
    return el("td", {}, el("strong", {}, words) if best else words)


def _sentence(values: Arrays, row: int, column: int, reserve: float, day: float) -> str:
    """A cell in words."""
    hungry, empty, mouths = (number(float(values[name][row, column]), 1) for name in MEASURES[1:])
    return (
        f"Storing {integer(reserve)} days, with the bad stretch from day {integer(day)}: return "
        f"{number(float(values['return'][row, column]))}, {hungry} hungry days, {empty} nights with an empty granary, "
        f"{mouths} mouths at the end."
    )
