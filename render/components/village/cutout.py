"""Cut-out figures: parts laid over one another, each with a dark edge, and one light rim round all of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stagelight.render import theme
from stagelight.render.motion import Point, px, py
from stagelight.render.pen import Pen

EDGE, RIM = 1.3, 0.9  # of a figure 60 px tall: half the dark edge, and what the rim adds to it
SLACK = 1 / 6  # of Catmull and Rom: how far a smooth outline's handles reach


@dataclass(frozen=True)
class Part:
    """A closed shape, or with a width a limb along its points; placed at a point and turned about it, clockwise."""

    points: tuple[Point, ...]
    colour: str
    low: str | None = None  # its colour at the foot, if another
    at: Point = (0.0, 0.0)
    turn: float = 0.0
    width: float = 0.0
    inlaid: bool = False  # lies within another: no edge of its own
    sharp: bool = False  # its corners stay


def oval(x: float, y: float, wide: float, tall: float) -> tuple[Point, ...]:
    """An ellipse about (x, y) by its half axes."""
    return tuple((x + wide * math.cos(k * math.tau / 12), y + tall * math.sin(k * math.tau / 12)) for k in range(12))


def cutout(pen: Pen, parts: Sequence[Part], rim: str = theme.TEXT, glow: float = 0.75) -> None:
    """Parts from back to front. The rim is `glow` strong."""
    for part in parts:
        if not part.inlaid:
            _edge(pen, part, EDGE + RIM, rim, glow)
    for part in parts:
        if not part.inlaid:
            _edge(pen, part, EDGE, theme.OUTLINE, 1.0)
        _lay(pen, part)
        if part.width:
            pen.stroke(part.colour, part.width)
        else:
            heights = [y for _, y in _placed(part)]
            pen.shade(min(heights), max(heights), part.colour, part.low or part.colour)


def _edge(pen: Pen, part: Part, wide: float, colour: str, alpha: float) -> None:
    _lay(pen, part)
    pen.stroke(colour, part.width + 2 * wide, alpha)


def _placed(part: Part) -> list[Point]:
    cos, sin = math.cos(part.turn), math.sin(part.turn)
    return [(part.at[0] + cos * x - sin * y, part.at[1] + sin * x + cos * y) for x, y in part.points]


def _lay(pen: Pen, part: Part) -> None:
    """Its path: straight between corners, or smooth through its points."""
    points = _placed(part)
    if part.sharp or len(points) == 2:
        if part.width:
            pen.context.move_to(*points[0])
            for point in points[1:]:
                pen.context.line_to(*point)
        else:
            pen.polygon(points)
        return
    around = [points[0], *points, points[-1]] if part.width else [points[-1], *points, points[0], points[1]]
    pen.context.move_to(*points[0])
    for a, b, c, d in zip(around, around[1:], around[2:], around[3:], strict=False):
        pen.context.curve_to(b[0] + SLACK * (c[0] - a[0]), b[1] + SLACK * (c[1] - a[1]),
                             c[0] - SLACK * (d[0] - b[0]), c[1] - SLACK * (d[1] - b[1]), *c)  # fmt: skip
    if not part.width:
        pen.context.close_path()


def exhibit(pen: Pen, t: float) -> None:
    """Parts laid one over another: smooth, with corners, a limb, something inlaid; then with an amber rim."""
    limb = ((-14.0, 16.0), (-22.0, 2.0 - 4 * math.sin(t)), (-12.0, -10.0))
    parts = (
        Part(oval(0, 4, 15, 18), theme.CLOTHS[3][0], theme.CLOTHS[3][1]),
        Part(((-12, -12), (0, -34), (12, -12)), theme.STRAW, theme.STRAW_DEEP, sharp=True),
        Part(limb, theme.CLOTHS[0][0], width=6),
        Part(oval(4, 2, 3, 3), theme.FLOUR, inlaid=True),
    )
    for x, rim in ((px(30), theme.TEXT), (px(70), theme.ATTENTION)):
        with pen.moved(x, py(55), 12):
            cutout(pen, parts, rim)
