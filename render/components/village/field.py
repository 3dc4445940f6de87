"""The field: plots of wheat that ripen, from bare soil over green shoots to straw, and lean with the wind."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stagelight.render import theme
from stagelight.render.motion import Box, px, py
from stagelight.render.pen import Pen

COLUMNS, GAP = 3, 10.0  # plots side by side; pixels between them
WIDE, DEEP, SLANT = 104.0, 50.0, 12.0  # a plot; how far its back edge is set to the right
ROWS, STALKS, TALL = 6, 13, 46.0  # in a plot; the height of ripe wheat
SWAYS, GROWS = 7.5, 30  # how often a second wheat is drawn anew, and in how many steps it ripens


def corner(plot: int, plots: int) -> tuple[float, float]:
    """A plot's front left corner from the middle of the field's front edge, at size 1; rows fill from the back."""
    rows = -(-plots // COLUMNS)
    row, column = divmod(plot, COLUMNS)
    back = rows - 1 - row
    left = -COLUMNS * (WIDE + GAP) / 2
    return left + column * (WIDE + GAP) + back * SLANT, -back * (DEEP + GAP)


def field(pen: Pen, x: float, y: float, ripeness: Sequence[float], wind: float, t: float, size: float = 1.0) -> None:
    """Plots, the first ones at the back, the field's front edge centred on (x, y).

    Args:
        ripeness: of each plot, 0 bare soil to 1 ripe.
        wind: 0 to 1; the wheat leans and sways with it.
    """
    plots, rows = len(ripeness), -(-len(ripeness) // COLUMNS)
    half, tall = COLUMNS * (WIDE + GAP) / 2 + SLANT * rows, rows * (DEEP + GAP)
    steps = tuple(round(GROWS * ripe) / GROWS for ripe in ripeness)
    with pen.moved(x, y, size):
        pen.cached(soil, (plots,), Box(-half, -tall, 2 * half, tall + 6))
        room = Box(-half - TALL, -tall - TALL, 2 * (half + TALL), tall + TALL + 6)
        pen.cached(wheat, (steps, wind, math.floor(SWAYS * t + 1e-6) / SWAYS), room)


def soil(pen: Pen, plots: int) -> None:
    """The furrows, which stay."""
    for plot in range(plots):
        left, low = corner(plot, plots)
        outline = ((left, low), (left + WIDE, low), (left + WIDE + SLANT, low - DEEP), (left + SLANT, low - DEEP))
        pen.polygon(outline)
        pen.shade(low - DEEP, low, theme.SOIL, theme.SOIL_DEEP)
        for row in range(ROWS):
            share = (row + 0.5) / ROWS
            start = (left + SLANT * share, low - DEEP * share)
            pen.line(start, (start[0] + WIDE, start[1]), theme.OUTLINE, 2.4, 0.5)
        pen.polygon(outline)
        pen.stroke(theme.OUTLINE, 2.4)


def wheat(pen: Pen, ripeness: Sequence[float], wind: float, t: float) -> None:
    """The wheat alone, back rows first."""
    for plot, ripe in enumerate(ripeness):
        if ripe > 0.02:
            _plot(pen, *corner(plot, len(ripeness)), min(ripe, 1.0), wind, t)


def _plot(pen: Pen, left: float, low: float, ripe: float, wind: float, t: float) -> None:
    """One plot: stalks in two shades and, as they ripen, ears, in three strokes of the pen."""
    row, column = (each.ravel().astype(float) for each in np.mgrid[ROWS - 1 : -1 : -1, 0:STALKS])
    loose = np.sin(12.9898 * row + 78.233 * column) * 43758.5453  # a fixed disorder
    loose -= np.floor(loose)
    share = (row + 0.5) / ROWS
    foot = np.stack([left + SLANT * share + (column + 0.2 + 0.6 * loose) / STALKS * WIDE, low - DEEP * share], 1)
    tall = TALL * (0.16 + 0.84 * ripe) * (0.85 + 0.3 * loose)
    lean = 0.06 * (loose - 0.5) + wind * (0.34 + 0.1 * np.sin(2.6 * t + foot[:, 0] / 31 + foot[:, 1] / 17))
    lean += 0.03 * np.sin(1.3 * t + 6 * loose)
    way = np.stack([np.sin(lean), -np.cos(lean)], 1)
    tip = foot + way * tall[:, None]
    ends, ones = np.stack([foot, tip], 1), np.ones(len(foot))
    colour = _ripened(ripe)
    pen.lines(ends, theme.SOIL_DEEP, 4.6 * ones, 0.85 * ones)
    pen.lines(ends, colour, 2.0 * ones, 0.55 + 0.45 * (1 - share))
    if ripe > 0.4:
        heavy = (ripe - 0.4) / 0.6
        bow = lean + 0.35 * heavy
        ear = np.stack([tip, tip + np.stack([np.sin(bow), -np.cos(bow)], 1) * (10 * heavy)], 1)
        pen.lines(ear, colour, (2.0 + 3.0 * heavy) * ones, 0.7 + 0.3 * (1 - share))


def _ripened(ripe: float) -> str:
    """Green, then straw."""
    green: NDArray[np.floating] = np.array(theme.rgb(theme.SHOOT))
    share = min(max((ripe - 0.35) / 0.5, 0.0), 1.0)
    mixed = green + (np.array(theme.rgb(theme.STRAW)) - green) * share
    return "#" + "".join(f"{round(255 * channel):02X}" for channel in mixed)


def exhibit(pen: Pen, t: float) -> None:
    """Six plots, each riper than the one before, in a wind that rises."""
    field(pen, px(50), py(86), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0], 0.5 - 0.5 * math.cos(t), t, 4.2)
