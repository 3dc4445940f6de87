"""A fan of rays: a probability distribution over moves, one ray each, thick and bright as it is likely."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from render import theme
from render.motion import Point, mix
from render.pen import Pen

THIN, THICK = 1.4, 44.0  # width of a ray of probability 0 and 1


def tips(count: int, x: float, top: float, bottom: float) -> list[Point]:
    """Where the rays of `count` moves end: a column."""
    return [(x, mix(top, bottom, index / max(count - 1, 1))) for index in range(count)]


def ray_path(pen: Pen, a: Point, b: Point, share: float = 1.0) -> None:
    """Lay a ray from a towards b: it leaves level and arrives level. `share` cuts it short."""
    context, reach = pen.context, (b[0] - a[0]) * 0.5
    points = (a, (a[0] + reach, a[1]), (b[0] - reach, b[1]), b)
    if share < 1:
        points = _cut(points, share)
    context.move_to(*points[0])
    context.curve_to(*points[1], *points[2], *points[3])


def on_ray(a: Point, b: Point, share: float) -> Point:
    """The point a share of the way along a ray."""
    reach = (b[0] - a[0]) * 0.5
    return _cut((a, (a[0] + reach, a[1]), (b[0] - reach, b[1]), b), share)[3]


def _cut(points: Sequence[Point], share: float) -> tuple[Point, Point, Point, Point]:
    """The first part of a cubic (de Casteljau)."""
    p = [np.array(point) for point in points]
    q = [p[i] + (p[i + 1] - p[i]) * share for i in range(3)]
    r = [q[i] + (q[i + 1] - q[i]) * share for i in range(2)]
    s = r[0] + (r[1] - r[0]) * share
    return points[0], (q[0][0], q[0][1]), (r[0][0], r[0][1]), (s[0], s[1])


def fan(
    pen: Pen,
    origin: Point,
    ends: Sequence[Point],
    probability: NDArray[np.floating],
    share: float = 1.0,
    colour: str = theme.BELIEF,
) -> None:
    """Every ray of a distribution; the likeliest drawn last and, when it leads, glowing."""
    for index in np.argsort(probability, kind="stable"):
        p = float(probability[index])
        width, alpha = THIN + (THICK - THIN) * p, 0.2 + 0.8 * p**0.5
        if p > 0.04:
            pen.beam(partial(ray_path, pen, origin, ends[index], share), colour, width * 0.55, alpha)
        else:
            ray_path(pen, origin, ends[index], share)
            pen.stroke(colour, width, alpha)
