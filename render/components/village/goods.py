"""The goods made of wheat, each carried in both hands: a sheaf, a sack, a loaf."""

from __future__ import annotations

import math
from typing import Literal

from stagelight.render import theme
from stagelight.render.components.village.cutout import Part, cutout, oval
from stagelight.render.motion import Point, px, py
from stagelight.render.pen import Pen

Good = Literal["sheaf", "sack", "loaf"]
GOODS: tuple[Good, ...] = ("sheaf", "sack", "loaf")


def parts(good: Good, amount: float, at: Point) -> list[Part]:
    """The good about a point; its area goes with the amount, 1 being an armful."""
    size = math.sqrt(max(amount, 0.0))
    return [
        Part(
            tuple((size * x, size * y) for x, y in each.points),
            each.colour,
            each.low,
            at,
            0.0,
            size * each.width,
            each.inlaid,
            each.sharp,
        )
        for each in {"sheaf": _sheaf, "sack": _sack, "loaf": _loaf}[good]()
    ]


def _sheaf() -> list[Part]:
    ears = [
        Part(oval(11 * math.sin(a), -12 * math.cos(a), 2.0, 3.6), theme.STRAW, theme.STRAW_DEEP)
        for a in (-0.55, -0.2, 0.15, 0.5, 0.85)
    ]
    fan = Part(((-2.4, 9), (-1.6, 0), (-6, -9), (0, -11), (8, -7.5), (1.8, 0), (2.6, 9)), theme.STRAW, theme.STRAW_DEEP)
    stalks = [Part(((0.4 * x, 1), (x, -8)), theme.STRAW_DEEP, width=0.8, inlaid=True) for x in (-3.4, 0.2, 4.2)]
    return [*ears, fan, *stalks, Part(((-2, 1.2), (2.2, 1.2)), theme.TIMBER, width=2.0, inlaid=True)]


def _sack() -> list[Part]:
    ears = Part(
        ((-3.4, -10.5), (0, -7.5), (3.6, -10.8), (2.6, -6.4), (-2.4, -6.4)), theme.FLOUR, theme.FLOUR_DEEP, sharp=True
    )
    body = Part(
        ((-2, -6.6), (2, -6.6), (7.2, -1), (7.4, 6), (3.6, 8.6), (-3.6, 8.6), (-7.4, 6), (-7.2, -1)),
        theme.FLOUR,
        theme.FLOUR_DEEP,
    )
    return [ears, body, Part(((-2.4, -6.6), (2.4, -6.6)), theme.TIMBER, width=1.7, inlaid=True)]


def _loaf() -> list[Part]:
    crust = Part(
        ((-9.6, 2.4), (-7.6, -3.6), (0, -5.8), (7.6, -3.6), (9.6, 2.4), (6.5, 4.8), (-6.5, 4.8)),
        theme.CRUST,
        theme.CRUST_DEEP,
    )
    return [crust, *(Part(((x, 0.4), (x + 1.8, -3.2)), theme.FLOUR, width=1.1, inlaid=True) for x in (-4.6, -0.8, 3.0))]


def good(pen: Pen, kind: Good, x: float, y: float, amount: float, size: float = 1.0, held: bool = False) -> None:
    """A good lying about (x, y); while somebody carries it, its rim is amber."""
    with pen.moved(x, y, size):
        cutout(pen, parts(kind, amount, (0, 0)), theme.ATTENTION if held else theme.TEXT)


def exhibit(pen: Pen, t: float) -> None:
    """Each good, in three amounts, from little to an armful."""
    for row, kind in enumerate(GOODS):
        for column, amount in enumerate((0.25, 0.6, 1.0)):
            good(pen, kind, px(24 + 26 * column), py(20 + 31 * row), amount, 10, held=column == 2)
