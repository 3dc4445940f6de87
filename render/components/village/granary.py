"""The granary: a glass front on a scale of days of bread, and a mark for the most it has held."""

from __future__ import annotations

from stagelight.render import theme
from stagelight.render.components.village.cutout import Part, cutout
from stagelight.render.motion import Box, px, py
from stagelight.render.pen import Pen

TOP, FOOT, HALF = -112.0, -10.0, 20.0  # of the glass, at size 1


def granary(pen: Pen, x: float, y: float, days: float, most: float, high: float = 0.0, size: float = 1.0) -> None:
    """A granary on the ground at (x, y), 185 px tall at size 1.

    Args:
        days: of bread for the whole village that it holds now.
        most: what it would hold if it were full; one tick is one day.
        high: the most it has held so far; a dim mark.
    """
    with pen.moved(x, y, size):
        pen.cached(_store, (), Box(-60, -188, 120, 202))
        _gauge(pen, days, most, high)


def _store(pen: Pen) -> None:
    """Feet, body and roof."""
    feet = [
        Part(((at - 7, 0), (at - 7, 8), (at + 7, 8), (at + 7, 0)), theme.STONE, theme.STONE_DEEP, sharp=True)
        for at in (-28, 0, 28)
    ]
    body = Part(((-40, 0), (-40, -122), (40, -122), (40, 0)), theme.TIMBER, theme.TIMBER_DEEP, sharp=True)
    roof = Part(((-54, -118), (0, -182), (54, -118)), theme.STRAW, theme.STRAW_DEEP, sharp=True)
    cutout(pen, [*feet, body, roof], glow=0.4)
    for at in range(-5, 6):
        pen.line((at * 1.2, -174), (at * 9.4, -121), theme.STRAW_DEEP, 1.8, 0.9)
    for at in (-31, 31):
        pen.line((at, -116), (at, -4), theme.TIMBER_DEEP, 1.8)


def height(days: float, most: float) -> float:
    """The level of so many days in the glass, at size 1."""
    return FOOT + (TOP - FOOT) * min(max(days / most, 0.0), 1.0)


def _gauge(pen: Pen, days: float, most: float, high: float) -> None:
    level, glass = height(days, most), (-HALF, TOP - 4, 2 * HALF, FOOT - TOP + 8)
    pen.box(*glass, 6)
    pen.fill(theme.NIGHT_DEEP)
    if days > 0:
        pen.box(-HALF + 2, level, 2 * HALF - 4, FOOT - level + 2, 3)
        pen.shade(level, FOOT, theme.STRAW, theme.STRAW_DEEP)
        pen.line((-HALF + 4, level), (HALF - 4, level), theme.FLOUR, 2)
    for day in range(int(most) + 1):
        at = height(day, most)
        pen.line((HALF - (13 if day % 5 == 0 else 8), at), (HALF - 3, at), theme.QUIET, 1.6, 0.9)
    if high > 0:
        at = height(high, most)
        pen.line((-HALF + 3, at), (HALF - 3, at), theme.QUIET, 1.6, 0.7, dash=(4, 3))
        pen.polygon(((-HALF - 9, at - 5), (-HALF - 1, at), (-HALF - 9, at + 5)))
        pen.fill(theme.QUIET)
    pen.box(*glass, 6)
    pen.stroke(theme.OUTLINE, 5)
    pen.box(*glass, 6)
    pen.stroke(theme.QUIET, 1.8)


def reading(pen: Pen, x: float, y: float, days: float, alpha: float = 1.0) -> None:
    """The same in words, its baseline at y."""
    pen.text(f"{days:.1f}", x, y, theme.HERO, font=theme.MONO_BOLD, alpha=alpha)
    pen.text("days of bread", x, y + 62, theme.MUST_READ, alpha=alpha)


def exhibit(pen: Pen, t: float) -> None:
    """It drains; what it once held stays marked."""
    days = max(9 - 2 * t, 0.0)
    granary(pen, px(36), py(92), days, 12, 9, 5)
    reading(pen, px(58), py(50), days)
    pen.text("dashed: the most it has held", px(58), py(66), theme.FLOOR, theme.QUIET)
