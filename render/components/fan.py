"""A fan of rays: a probability distribution over moves, one ray each, thick and bright as it is likely."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from stagelight.render import theme
from stagelight.render.motion import Point, cut, ease, px, py, swing
from stagelight.render.pen import Pen

THIN, THICK = 1.4, 44.0  # width of a ray of probability 0 and 1


def tips(places: Sequence[int], x: float, middle: float, pitch: float) -> list[Point]:
    """The ends of rays in a column: place 0 is level with `middle`, the others above and below it."""
    return [(x, middle + pitch * place) for place in places]


def ray_path(pen: Pen, a: Point, b: Point, share: float = 1.0) -> None:
    """Lay a ray from a towards b: it leaves level and arrives level. `share` cuts it short."""
    pen.curve(cut(swing(a, b), share) if share < 1 else swing(a, b))


def on_ray(a: Point, b: Point, share: float) -> Point:
    """The point a share of the way along a ray."""
    return cut(swing(a, b), share)[3]


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


def exhibit(pen: Pen, t: float) -> None:
    """Twenty-five equal guesses become one that is nearly sure."""
    ends = tips(range(-12, 13), px(82), py(50), py(3.2))
    likely = np.exp(-5 * ease(t, 1.0, 2.8) * np.abs(np.arange(25) - 12) ** 0.5)
    odds = likely / likely.sum()
    fan(pen, (px(14), py(50)), ends, odds, ease(t, 0, 0.8))
    pen.glow(px(14), py(50), 60, theme.BELIEF, 0.8)
    pen.text(f"{100 * odds[12]:.0f} %", px(84), py(50) + 16, theme.MUST_READ, font=theme.MONO_BOLD)
