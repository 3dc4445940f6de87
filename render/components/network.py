"""A network: layers of units, the strongest links between them, and the jolt that a change gives to each unit."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stagelight.render import theme
from stagelight.render.motion import Cubic, Point, cut, ease, px, py, swing
from stagelight.render.pen import Pen

Weights = NDArray[np.floating]
LINKS = 60  # strongest drawn
GLOWS = 0.5  # a link of at least this strength glows
RISE, FALL, SWINGS, RESTS = 0.1, 0.5, 1.5, 2.0  # seconds to the furthest point, of the decay; swings a second; at rest
RINGS_FADE = 1.1  # seconds


def strongest(parts: Sequence[Weights], count: int = LINKS) -> list[list[tuple[int, int, float]]]:
    """The strongest links [to, from] of each gap between columns, as (from, to, strength in -1..1).

    Each gap gets an equal part of `count`; strength is relative to the gap's strongest.
    """
    chosen = []
    for part in parts:
        flat = np.argsort(-np.abs(part), axis=None, kind="stable")[: count // len(parts)]
        top = max(float(np.abs(part).max()), 1e-12)
        chosen.append([(int(k % part.shape[1]), int(k // part.shape[1]), float(part.flat[k]) / top) for k in flat])
    return chosen


def links(
    pen: Pen,
    columns: Sequence[Sequence[Point]],
    chosen: Sequence[Sequence[tuple[int, int, float]]],
    alpha: float = 1.0,
    width: float = 3.2,
    reach: float = 1.0,
) -> None:
    """Links between neighbouring columns, wide as they are strong.

    `reach` counts the gaps drawn so far, left to right; 1.5 draws the first gap and half of the second.
    """
    for gap, group in enumerate(chosen):
        share = min(max(reach - gap, 0.0), 1.0)
        if share <= 0:
            continue
        for start, end, strength in group:
            path, strong = swing(columns[gap][start], columns[gap + 1][end]), abs(strength)
            path = cut(path, share) if share < 1 else path
            thick, clear = 0.8 + width * strong, alpha * (0.1 + 0.6 * strong)
            link(pen, path, theme.BELIEF, thick, clear, strong > GLOWS)


def link(
    pen: Pen, path: Cubic, colour: str, width: float, alpha: float, glows: bool, dash: Sequence[float] = ()
) -> None:
    """One link; where it glows, with a soft rim and a bright core."""
    if glows:
        for wider, fainter in ((3.4, 0.14), (1.9, 0.22)):
            pen.curve(path)
            pen.stroke(colour, wider * width + 2, fainter * alpha)
    pen.curve(path)
    pen.stroke(colour, width, alpha, dash)
    if glows:
        pen.curve(path)
        pen.stroke(theme.CORE, 0.45 * width, 0.6 * alpha)


def layer(
    pen: Pen,
    points: Sequence[Point],
    activation: NDArray[np.floating],
    top: float,
    lit: float = 1.0,
    radius: float = 13,
) -> None:
    """Units as balls, bright as they are active relative to `top`; `lit` 0 shows them dark."""
    for (x, y), strength in zip(points, _strengths(activation, top, lit), strict=True):
        pen.ball(x, y, radius * 0.8, theme.UNMEASURED)
        pen.ball(x, y, radius * (0.8 + 0.2 * strength), theme.BELIEF, strength)
        pen.ring(x, y, radius * (0.8 + 0.2 * strength), theme.BELIEF, 1.4, 0.35 + 0.5 * strength)


def shine(
    pen: Pen,
    points: Sequence[Point],
    activation: NDArray[np.floating],
    top: float,
    lit: float = 1.0,
    radius: float = 13,
) -> None:
    """The light of active units, over what `layer` draws."""
    for (x, y), strength in zip(points, _strengths(activation, top, lit), strict=True):
        if strength > 0.05:
            pen.glow(x, y, radius * (1.5 + 2.2 * strength), theme.BELIEF, 0.6 * strength)
        if strength > 0.2:
            pen.glow(x, y, radius * 0.95, theme.CORE, 0.8 * strength**2)


def _strengths(activation: NDArray[np.floating], top: float, lit: float) -> list[float]:
    """Activations from 0 to 1."""
    strengths: list[float] = (np.clip(activation / max(top, 1e-9), 0.0, 1.0) * lit).tolist()
    return strengths


def spring(seconds: float) -> float:
    """A unit's displacement relative to its furthest: out at once, then a damped swing to rest."""
    if seconds <= 0 or seconds >= RESTS:
        return 0.0
    if seconds < RISE:
        return math.sin(seconds / RISE * math.pi / 2)
    after = seconds - RISE
    return math.exp(-after / FALL) * math.cos(math.tau * SWINGS * after) * (1 - (seconds / RESTS) ** 4)


def jolts(pen: Pen, points: Sequence[Point], size: NDArray[np.floating], seconds: float) -> None:
    """A ring round each unit, as large as its jolt, that fades as the unit comes to rest."""
    alpha = math.exp(-((seconds / RINGS_FADE) ** 2))
    if seconds <= 0 or alpha < 0.02:
        return
    for (x, y), value in zip(points, size, strict=True):
        large = float(value)
        pen.glow(x, y, 14 + 34 * large, theme.ATTENTION, 0.45 * alpha * large**0.5)
        pen.ring(x, y, 4 + 15 * large, theme.ATTENTION, 1.5 + 1.8 * min(large, 1), 0.95 * alpha * min(3 * large, 1))


def exhibit(pen: Pen, t: float) -> None:
    """Activity runs through three layers; then credit comes back, and their units are thrown by it."""
    sizes = (8, 12, 12, 8)
    jolt = [np.cos(np.arange(size) * 1.7 + index) ** 2 for index, size in enumerate(sizes)]
    columns: list[list[Point]] = []
    for index, size in enumerate(sizes):
        thrown = spring(t - 1.8 - 0.3 * (3 - index)) * 90 * jolt[index]
        columns.append([(px(16 + 22 * index) - float(thrown[k]), py(10 + 80 * (k + 0.5) / size)) for k in range(size)])
    weights = [
        np.outer(np.sin(np.arange(to) * 1.9 + 0.6) ** 2, np.cos(np.arange(of) * 1.3) ** 2)
        * np.sin(np.outer(np.arange(to) + 1, np.arange(of) + 2))
        for to, of in ((12, 8), (12, 12), (8, 12))
    ]
    reach = 3 * ease(t, 0.1, 1.6)
    links(pen, columns, strongest(weights, 90), reach=reach)
    for index, points in enumerate(columns):
        active = np.sin(np.arange(len(points)) * 2.1 + index) ** 2
        lit = min(max(reach - index + 0.5, 0.0), 1.0)
        layer(pen, points, active, 1.0, lit, 20)
        shine(pen, points, active, 1.0, lit, 20)
        jolts(pen, points, jolt[index], t - 1.8 - 0.3 * (3 - index))
