"""Where and when: places on the stage in percent, easing, and what lies between two recorded states."""

from __future__ import annotations

from render import theme
from render.theme import HEIGHT, WIDTH

Point = tuple[float, float]


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
