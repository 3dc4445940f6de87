"""The village drawn on its page: six places, three workers, a dial of the days, and the line of what is stored.

Everything is there from the start and empty; `js/village.js` finds its parts by `data-part` and sets them by the tick.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from stagelight.render.pages.markup import Html, el, join

WIDE, HIGH = 100, 140  # from one place to the next
MIDDLE, EDGE = 48, 96  # of a place
PLACES = ("Field", "Mill", "Bakery", "Granary", "Market", "Square")  # as the engine counts them
CELLS = ((0, 0), (1, 0), (2, 0), (1, 1), (0, 1), (2, 1))  # column and row of each
WORKERS = "FMB"  # farmer, miller, baker
MOST_MOUTHS, COINS, LOAVES = 36, 10, 8  # marks drawn; a coin stands for five, a loaf for two
TALL, FLOOR = 46, 88  # of the granary's gauge and of a ripe plot; what all stand on
DIAL = 40  # days


def town() -> Html:
    """The places with their stocks, and the workers in them."""
    pictures = (_field(), _mill(), _bakery(), _granary(), _market(), _square())
    places = [
        el("g", {"transform": f"translate({column * WIDE} {row * HIGH})"},
           el("rect", {"class": "town__place", "width": EDGE, "height": HIGH - 6, "rx": 6}),
           _text(MIDDLE, 16, name, "town__name"), picture,
           *(_text(MIDDLE, at, "", part=f"{name.lower()}{line}") for line, at in enumerate((102, 115, 128))))
        for name, (column, row), picture in zip(PLACES, CELLS, pictures, strict=True)
    ]  # fmt: skip
    workers = [
        el("g", {"class": "town__worker", "data-part": "worker"}, el("circle", {"r": 9}), _text(0, 4.5, letter))
        for letter in WORKERS
    ]
    return _svg(f"0 0 {2 * WIDE + EDGE} {HIGH + HIGH - 6}", "town", "The village", *places, *workers)


def dial() -> Html:
    """A ring of forty days, and the day in it."""
    ring = {"cx": 40, "cy": 40, "r": 34, "pathLength": DIAL}
    return _svg("0 0 80 80", "town__dial", "", el("circle", {"class": "town__ring", **ring}),
                el("circle", {"class": "town__past", "data-part": "past", "transform": "rotate(-90 40 40)", **ring}),
                _text(40, 36, "day"), _text(40, 56, "1", "town__day", part="day"))  # fmt: skip


def chart() -> Html:
    """Days of bread in the granary, over the days; hungry days are marked below."""
    axes = el("path", {"class": "town__axes", "d": "M26 6V86H296"})
    words = (_text(22, 14, "12", "town__tick", part="top"), _text(22, 90, "0", "town__tick"), _text(26, 114, "1"),
             _text(296, 114, "day 40", "town__tick"))  # fmt: skip
    lines = [el("path", {"class": f"town__{part}", "data-part": part}) for part in ("reserve", "stored", "hungry")]
    return _svg("0 0 300 118", "chart", "Bread in the granary", axes, *words, *lines)


def _svg(box: str, kind: str, name: str, *inside: Html) -> Html:
    """A picture: with a name, one that the script describes; without, one that the words beside it tell."""
    said = {"role": "img", "data-part": kind, "aria-label": name} if name else {"aria-hidden": "true"}
    return el("svg", {"class": kind, "viewBox": box, **said}, *inside)


def _text(x: float, y: float, words: str, kind: str | None = None, part: str | None = None) -> Html:
    return el("text", {"x": f"{x:g}", "y": f"{y:g}", "class": kind, "data-part": part}, words)


def _marks(part: str, places: Iterable[tuple[float, float]], radii: tuple[float, float]) -> Html:
    """Marks that are lit one by one."""
    mark = {"class": "town__mark", "data-part": part, "rx": radii[0], "ry": radii[1]}
    return join(el("ellipse", {**mark, "cx": f"{x:g}", "cy": f"{y:g}"}) for x, y in places)


def _field() -> Html:
    plots = [
        el(
            "rect",
            {"class": "town__plot", "data-part": "plot", "x": 9 + 13.5 * at, "y": FLOOR, "width": 10, "height": 0},
        )
        for at in range(6)
    ]
    ears = "M40 88c-9 0-9-12 0-12l-4-13q6 2 7 12l4-12q5 4 1 13q9 3 5 12z"
    return join([*plots, el("path", {"class": "town__rabbit", "data-part": "rabbit", "d": ears})])


def _mill() -> Html:
    sails = [el("path", {"d": "M0 0V-20M0 -20h7v14", "transform": f"rotate({turn})"}) for turn in (0, 90, 180, 270)]
    tower = el("path", {"class": "town__wall", "d": "M41 60h14l5 28H36z"})
    return join([tower, el("g", {"transform": f"translate({MIDDLE} 60)"},
                           el("g", {"class": "town__sails", "data-part": "sails"}, *sails))])  # fmt: skip


def _bakery() -> Html:
    return _marks("loaf", ((18 + 20 * (at % 4), 82 - 16 * (at // 4)) for at in range(LOAVES)), (8, 5))


def _granary() -> Html:
    walls = {"x": MIDDLE - 16, "y": FLOOR - TALL, "width": 32, "height": TALL}
    level = el("rect", {"class": "town__level", "data-part": "level", **walls})
    return join(
        [
            level,
            el("rect", {"class": "town__wall", **walls}),
            el("path", {"class": "town__reserve", "data-part": "mark"}),
        ]
    )


def _market() -> Html:
    return _marks("coin", ((32 + 32 * (at % 2), 84 - 9 * (at // 2)) for at in range(COINS)), (12, 3.5))


def _square() -> Html:
    columns = 9
    rows = math.ceil(MOST_MOUTHS / columns)
    places = ((8 + 10 * (at % columns), 84 - 11 * (at // columns)) for at in range(columns * rows))
    return _marks("mouth", places, (3.6, 3.6))
