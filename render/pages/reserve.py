"""A control on the village's page to try: the size of the reserve, and the time at which the bad stretch comes.

A table of real runs that is whole without a script; `js/reserve.js` lets one of its cells be chosen and says what
became of the village there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from stagelight.render.pages.figures import integer, number
from stagelight.render.pages.markup import Html, el, framed
from stagelight.render.pages.published import Scene, fail, pick

SHOWN = ("return", "hungry", "empty", "mouths")  # of each cell; the first is written in the table


def table(scene: Scene, page: str) -> Html:
    """Return by reserve and by the first day of the bad stretch, the best of each column marked."""
    path = scene.assets / "recordings" / f"{scene.name}.npz"
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays: dict[str, Any] = {name: file[name] for name in file.files if name.startswith("try_")}
    except (OSError, ValueError) as error:
        fail(f"{path.name} cannot be read ({error}): run `click record {scene.name}`")
    reserves, shocks = (pick(arrays, f"try_{name}", path.name, page) for name in ("reserve", "shock"))
    values = {name: pick(arrays, f"try_{name}", path.name, page) for name in SHOWN}
    for name, found in values.items():
        if found.shape != (len(reserves), len(shocks)) or not np.isfinite(found).all():
            fail(f"docs/{page}: {path.name} has try_{name} of shape {found.shape}, wanted finite (reserves, days)")
    shown = values["return"].astype(float).round(2)
    best = shown == shown.max(0)  # what reads the same is as good
    columns = ("Days stored", *(f"day\N{NO-BREAK SPACE}{int(day)}" for day in shocks))
    rows = [
        el("tr", {}, el("th", {"scope": "row"}, str(int(reserve))),
           *(_cell(values, row, column, bool(best[row, column])) for column in range(len(shocks))))
        for row, reserve in enumerate(reserves)
    ]  # fmt: skip
    told = _told(values, int(best[:, 0].argmax()), 0, reserves, shocks)
    return el(
        "div", {"class": "try", "data-try": "reserve"},
        *_choices([int(r) for r in reserves], [int(s) for s in shocks]),
        el("p", {"class": "try__note", "aria-live": "polite"}, told),
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


def _cell(values: dict[str, Any], row: int, column: int, best: bool) -> Html:
    """One mean over the seeds; the rest of what became of it is in its data."""
    data = {f"data-{name}": number(float(values[name][row, column]), 1) for name in SHOWN[1:]}
    words = number(float(values["return"][row, column]))
    return el("td", data, el("strong", {}, words) if best else words)


def _told(values: dict[str, Any], row: int, column: int, reserves: Any, shocks: Any) -> str:
    """A cell in words, as the script writes it."""
    hungry, empty, mouths = (number(float(values[name][row, column]), 1) for name in SHOWN[1:])
    reserve, day, value = float(reserves[row]), float(shocks[column]), float(values["return"][row, column])
    return (
        f"Storing {integer(reserve)} days, with the bad stretch from day {integer(day)}: return {number(value)}, "
        f"{hungry} hungry days, {empty} nights with an empty granary, {mouths} mouths at the end."
    )
