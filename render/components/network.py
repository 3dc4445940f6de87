"""The policy network as recorded: men, three layers of shown units, moves, and the strongest links between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from stagelight.render import theme
from stagelight.render.motion import Point, cut, ease, px, py, swing
from stagelight.render.pen import Pen

Weights = NDArray[np.floating]
LINKS = 60  # strongest drawn
GLOWS = 0.5  # a link of at least this strength glows


@dataclass(frozen=True)
class Place:
    """The rectangle of the stage in which a network is drawn."""

    x: float
    y: float
    width: float
    height: float

    def column(self, index: int, columns: int, count: int) -> list[Point]:
        """The points of one of the columns."""
        x = self.x + self.width * index / (columns - 1)
        return [(x, self.y + self.height * (k + 0.5) / count) for k in range(count)]


def units(place: Place, sizes: Sequence[int]) -> list[list[Point]]:
    """The points of every column, left to right."""
    return [place.column(index, len(sizes), size) for index, size in enumerate(sizes)]


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
            if strong > GLOWS:
                pen.beam(partial(pen.curve, path), theme.BELIEF, thick * 0.8, clear)
            else:
                pen.curve(path)
                pen.stroke(theme.BELIEF, thick, clear)


def layer(
    pen: Pen,
    points: Sequence[Point],
    activation: NDArray[np.floating],
    top: float,
    lit: float = 1.0,
    radius: float = 13,
) -> None:
    """Units as balls, bright as they are active; `lit` 0 shows them dark."""
    for (x, y), value in zip(points, activation, strict=True):
        strength = min(max(float(value) / max(top, 1e-9), 0.0), 1.0) * lit
        if strength > 0.05:
            pen.glow(x, y, radius * (1.5 + 2.2 * strength), theme.BELIEF, 0.75 * strength)
        pen.ball(x, y, radius * 0.8, "#39456A")
        pen.ball(x, y, radius * (0.8 + 0.2 * strength), theme.BELIEF, strength)
        pen.glow(x, y, radius * 0.95, theme.CORE, 0.9 * strength**2)
        pen.ring(x, y, radius * (0.8 + 0.2 * strength), theme.BELIEF, 1.4, 0.35 + 0.5 * strength)


def jolts(
    pen: Pen, points: Sequence[Point], change: NDArray[np.floating], scale: float, share: float, radius: float = 34
) -> None:
    """Rings that swell with how far each unit's weights moved, on one printed scale."""
    for (x, y), value in zip(points, change, strict=True):
        size = min(float(value) / scale, 1.0)
        pen.glow(x, y, 10 + 1.5 * radius * size * share, theme.ATTENTION, 0.4 * share * size**0.5)
        pen.ring(x, y, 3 + (radius - 3) * size * share, theme.ATTENTION, 3.0, 0.95 * share)


def strip(pen: Pen, x: float, y: float, change: NDArray[np.floating], scale: float) -> None:
    """Layers as rows of units, (L, U), each ring as large as the unit's change: a network where room is short."""
    points = [(x + k * 29.0, y + row * 34.0) for row in range(change.shape[0]) for k in range(change.shape[1])]
    for at in points:
        pen.disc(*at, 3, theme.HAIRLINE)
    jolts(pen, points, change.reshape(-1), scale, 1.0, 15)


def exhibit(pen: Pen, t: float) -> None:
    """Activity runs through three layers, then their weights jolt."""
    columns = units(Place(px(16), py(10), px(68), py(80)), [8, 12, 12, 8])
    weights = [
        np.outer(np.sin(np.arange(to) * 1.9 + 0.6) ** 2, np.cos(np.arange(of) * 1.3) ** 2)
        * np.sin(np.outer(np.arange(to) + 1, np.arange(of) + 2))
        for to, of in ((12, 8), (12, 12), (8, 12))
    ]
    reach = 3 * ease(t, 0.1, 1.6)
    links(pen, columns, strongest(weights, 90), reach=reach)
    for index, points in enumerate(columns):
        active = np.sin(np.arange(len(points)) * 2.1 + index) ** 2
        layer(pen, points, active, 1.0, min(max(reach - index + 0.5, 0.0), 1.0), 20)
        if 0 < index < 3:
            jolts(pen, points, np.cos(np.arange(len(points)) * 1.7) ** 2, 1.0, ease(t, 1.8, 0.8))
