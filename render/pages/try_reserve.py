"""The table to try on the village's page: the return by reserve and by the day on which the bad stretch starts.

It is complete without a script; `js/reserve.js` lets a reader choose a cell and describes the village's fate there.
"""

from __future__ import annotations

from stagelight.render.pages.markup import Html, el, framed
from stagelight.render.pages.scene_files import Arrays, Scene, fail, pick, pick_table
from stagelight.render.pages.values import integer, number

MEASURES = ("return", "hungry", "empty", "mouths")  # of each cell; the first is written in the table


def table(scene: Scene, page: str) -> Html:
    """Return by reserve and by the first day of the bad stretch, the best of each column marked."""
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
           *(_cell(values, row, column, bool(best[row, column])) for column in range(len(shocks))))
        for row, reserve in enumerate(reserves)
    ]  # fmt: skip
    first = int(best[:, 0].argmax())
    sentence = _sentence(values, first, 0, float(reserves[first]), float(shocks[0]))
    return el(
        "div", {"class": "try", "data-try": "reserve"},
        *_choices([int(r) for r in reserves], [int(s) for s in shocks]),
        el("p", {"class": "try__note", "aria-live": "polite"}, sentence),
        framed("try__table", "try__rows", "Return by reserve and day", columns, rows),
    )  # fmt: skip


def _choices(reserves: list[int], shocks: list[int]) -> list[Html]:
    """Two sliders over the rows and the columns, hidden until the script is there."""
    return [
        el(
            "div", {"class": "try__ratio", "hidden": True}, el("label", {"for": name}, words),
            el("input", {"id": name, "type": "range", "min": "0", "max": str(len(values) - 1), "step": "1",
                         "value": "0", "data-values": " ".join(map(str, values))}),
            el("output", {"for": name, "aria-live": "off"}, str(values[0])),
        )
        for name, words, values in (
            ("try-stored", "Days of bread stored", reserves),
            ("try-start", "The bad stretch starts on day", shocks),
        )
    ]  # fmt: skip


def _cell(values: Arrays, row: int, column: int, best: bool) -> Html:
    """One mean return over the seeds; the other measures are in its data."""
    data = {f"data-{name}": number(float(values[name][row, column]), 1) for name in MEASURES[1:]}
    words = number(float(values["return"][row, column]))
    return el("td", data, el("strong", {}, words) if best else words)


def _sentence(values: Arrays, row: int, column: int, reserve: float, day: float) -> str:
    """A cell in words, as the script writes it."""
    hungry, empty, mouths = (number(float(values[name][row, column]), 1) for name in MEASURES[1:])
    return (
        f"Storing {integer(reserve)} days, with the bad stretch from day {integer(day)}: return "
        f"{number(float(values['return'][row, column]))}, {hungry} hungry days, {empty} nights with an empty granary, "
        f"{mouths} mouths at the end."
    )
