"""Places and times: the stage in percent, easing, and interpolation between two recorded states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stagelight.render import theme
from stagelight.render.theme import HEIGHT, WIDTH

Point = tuple[float, float]
Cubic = tuple[Point, Point, Point, Point]


class Box(NamedTuple):
    """A rectangle of the stage."""

    x: float
    y: float
    width: float
    height: float


def ease(t: float, start: float, seconds: float = theme.MOVE) -> float:
    """0 before `start`, 1 after `start + seconds`, cubic in and out between."""
    if seconds <= 0:
        return float(t >= start)
    x = min(max((t - start) / seconds, 0.0), 1.0)
    return 4 * x**3 if x < 0.5 else 1 - (-2 * x + 2) ** 3 / 2


def between(t: float, start: float, end: float, fade: float = 0.35) -> float:
    """Rises at `start`, falls before `end`."""
    return ease(t, start, fade) * (1 - ease(t, end - fade, fade))


def mix(a: float, b: float, x: float) -> float:
    """From a to b as x goes from 0 to 1."""
    return a + (b - a) * x


def along(a: Point, b: Point, x: float) -> Point:
    """The point a share x of the way from a to b."""
    return mix(a[0], b[0], x), mix(a[1], b[1], x)


def px(percent: float) -> float:
    """A horizontal place given in percent of the stage."""
    return percent * WIDTH / 100


def py(percent: float) -> float:
    """A vertical place given in percent of the stage."""
    return percent * HEIGHT / 100


def swing(a: Point, b: Point) -> Cubic:
    """The curve from a to b that leaves level and arrives level."""
    reach = (b[0] - a[0]) * 0.5
    return a, (a[0] + reach, a[1]), (b[0] - reach, b[1]), b


def cut(curve: Cubic, share: float) -> Cubic:
    """The first share of a cubic (de Casteljau); its last point lies on the curve."""
    a, b, c, d = curve
    ab, bc, cd = along(a, b, share), along(b, c, share), along(c, d, share)
    left, right = along(ab, bc, share), along(bc, cd, share)
    return a, ab, left, along(left, right, share)


def spread(heights: Sequence[float], gap: float) -> list[float]:
    """Heights for labels that want to stand at `heights`, in the same order, at least `gap` from each other.

    Labels too close share the room round their mean; those with room of their own stay where they want to.
    """
    order = sorted(range(len(heights)), key=heights.__getitem__)
    runs: list[tuple[float, int]] = []  # of labels that touch: middle, count
    for index in order:
        middle, count = heights[index], 1
        while runs and middle - runs[-1][0] < gap * (count + runs[-1][1]) / 2:
            before, more = runs.pop()
            middle, count = (middle * count + before * more) / (count + more), count + more
        runs.append((middle, count))
    places = [middle + gap * (k - (count - 1) / 2) for middle, count in runs for k in range(count)]
    spaced = [0.0] * len(heights)
    for index, place in zip(order, places, strict=True):
        spaced[index] = place
    return spaced
