"""Rabbits: they hop into the ripe field and eat."""

from __future__ import annotations

import math
from functools import cache

from stagelight.render import theme
from stagelight.render.components.village.cutout import Part, cutout, oval
from stagelight.render.motion import mix, px, py
from stagelight.render.pen import Pen


def rabbit(
    pen: Pen, x: float, y: float, hop: float, eating: float = 0.0, size: float = 1.0, left: bool = False
) -> None:
    """A rabbit on the ground at (x, y), 30 px long at size 1.

    Args:
        hop: how many hops it has made; it is on the ground at whole numbers.
        eating: 0 alert, ears up, to 1 head down, ears back.
    """
    air = math.sin(math.pi * (hop % 1))
    with pen.moved(x, y, size, mirrored=left):
        pen.polygon(oval(0, 0, 14 - 3 * air, 4))
        pen.fill(theme.NIGHT_DEEP, 0.5)
        with pen.moved(0, -11 * air, turn=-0.3 * math.sin(math.tau * (hop % 1))):
            cutout(pen, _parts(air, eating))


def _parts(air: float, eating: float) -> list[Part]:
    back, fore = 5.0 * air, 5.0 * air
    at, nod = (mix(11, 12.5, eating), mix(-19, -9, eating)), mix(0.0, 0.75, eating)
    ears = [
        Part(
            _ear(),
            theme.FUR,
            theme.FUR_DEEP,
            (at[0] - 1.5 + 2.6 * k, at[1] - 4),
            nod - mix(0.12, 1.0, eating) + 0.34 * k - 0.2,
        )
        for k in (0, 1)
    ]
    return [
        Part(oval(-13.5, -9, 3.6, 3.6), theme.FLOUR),
        Part(((7, -6), (9 + fore, -1.5)), theme.FUR_DEEP, width=3.6),
        *ears,
        Part(((-13, -4), (-11, -12), (-2, -16), (7, -14), (10, -7), (6, -2.5), (-8, -1.5)), theme.FUR, theme.FUR_DEEP),
        Part(oval(0, 0, 7.0, 5.8), theme.FUR, theme.FUR_DEEP, at, nod),
        Part(oval(2.4, -1.4, 1.1, 1.4), theme.OUTLINE, at=at, turn=nod, inlaid=True),
        Part(oval(6.4, 0.6, 1.0, 0.8), theme.BLUSH, at=at, turn=nod, inlaid=True),
        Part(oval(-7, -6.4, 5.6, 5.0), theme.FUR, inlaid=True),
        Part(((-8, -1.6), (-3 - back, -1.4)), theme.FUR, width=3.6),
    ]


@cache
def _ear() -> tuple[tuple[float, float], ...]:
    return ((-1.6, 0), (-2.4, -6), (-0.4, -11.5), (1.8, -6), (1.6, 0))


def exhibit(pen: Pen, t: float) -> None:
    """One comes hopping, one eats, one looks up."""
    rabbit(pen, px(14 + 5 * t), py(80), 1.4 * t, size=8)
    rabbit(pen, px(60), py(80), 0, 0.9 + 0.1 * math.sin(7 * t), size=8)
    rabbit(pen, px(84), py(80), 0, size=8, left=True)
