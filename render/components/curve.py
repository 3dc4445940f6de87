"""A curve on its own small axes: several seeds, drawn up to now."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stagelight.render import theme
from stagelight.render.motion import Point, ease, px, py
from stagelight.render.pen import Pen

LATE = (200, 120, 420)  # the steps at which the exhibit's runs are half-way


def _place(step: float, last: float, x: float, width: float) -> float:
    """A logarithmic place that has room for step 0."""
    return x + width * math.log1p(step) / math.log1p(last)


def axes(pen: Pen, x: float, y: float, width: float, height: float, last: int, runs: int) -> None:
    """Axes 0 to 100 % against steps on a logarithmic scale, said to be one."""
    pen.text(f"{runs} runs", x + width, y - 54, theme.FLOOR, theme.BELIEF, anchor="end")
    for share in (0.0, 0.5, 1.0):
        level = y + height * (1 - share)
        pen.line((x, level), (x + width, level), theme.HAIRLINE, 2, 1 if share == 0 else 0.55)
        if share:
            pen.text(f"{100 * share:.0f} %", x, level - 10, theme.FLOOR, theme.QUIET)
    for step in (1, 10, 100, 1000):
        if step < last:
            place = _place(step, last, x, width)
            pen.line((place, y + height), (place, y + height + 10), theme.HAIRLINE, 2)
            pen.text(f"{step}", place, y + height + 46, theme.FLOOR, theme.QUIET, anchor="middle")
    pen.text("steps, log scale", x + width, y + height + 88, theme.FLOOR, theme.QUIET, anchor="end")


def curves(
    pen: Pen,
    x: float,
    y: float,
    width: float,
    height: float,
    steps: Sequence[int],
    rates: NDArray[np.floating],
    now: float,
) -> Point:
    """One line for each row of rates, (S, E), up to step `now`; returns the first line's tip."""
    last = float(steps[-1])
    tip = (x, y + height)
    for row in reversed(range(len(rates))):
        value = float(np.interp(math.log1p(now), np.log1p(steps), rates[row]))
        points = [
            (_place(s, last, x, width), y + height * (1 - float(r)))
            for s, r in zip(steps, rates[row], strict=True)
            if s <= now
        ]
        points.append((_place(now, last, x, width), y + height * (1 - value)))
        pen.polyline(points, theme.BELIEF if row else theme.ATTENTION, 5 if row == 0 else 3, 1 if row == 0 else 0.55)
        tip = points[-1]
    pen.glow(*tip, 40, theme.ATTENTION, 0.9)
    pen.disc(*tip, 8, theme.ATTENTION)
    return tip


def exhibit(pen: Pen, t: float) -> None:
    """Three runs that learn at different times, drawn up to now."""
    steps = [round(math.expm1(k / 20 * math.log1p(2000) / 5)) for k in range(101)]
    rates = np.array([[1 / (1 + math.exp(-4 * math.log((step + 1) / late))) for step in steps] for late in LATE])
    box = (px(18), py(24), px(66), py(50))
    axes(pen, *box, steps[-1], len(rates))
    curves(pen, *box, steps, rates, math.expm1(math.log1p(steps[-1]) * ease(t, 0, 3.2)))
