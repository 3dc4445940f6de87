"""The windmill: it turns as the recorded wind does, and nothing is ground while its blades stand."""

from __future__ import annotations

import math

from stagelight.render import theme
from stagelight.render.components.village.cutout import Part, cutout, oval
from stagelight.render.motion import Box, px, py
from stagelight.render.pen import Pen

TALL, SPAN = 150.0, 84.0  # the hub above the ground; a blade's length


def windmill(pen: Pen, x: float, y: float, turned: float, lit: float = 0.0, size: float = 1.0) -> None:
    """A mill whose foot is at (x, y), its hub 150 px above it at size 1.

    Args:
        turned: turns its blades have made; a recorded speed, summed.
        lit: 0 its windows dark, to 1 lit: flour is being made.
    """
    with pen.moved(x, y, size):
        pen.cached(_tower, (), Box(-45, -174, 90, 180))
        for high in (-62, -98):
            _window(pen, high, lit)
        sails(pen, 0, -TALL, turned)
        cutout(pen, [Part(oval(0, -TALL, 5, 5), theme.TIMBER, theme.TIMBER_DEEP)], glow=0)


def sails(pen: Pen, x: float, y: float, turned: float, size: float = 1.0) -> None:
    """The four blades about their hub at (x, y)."""
    with pen.moved(x, y, size, turn=math.tau * turned):
        for quarter in range(4):
            with pen.moved(turn=math.tau * quarter / 4):
                _blade(pen)


def _tower(pen: Pen) -> None:
    """Wall, cap and door."""
    tower = Part(((-40, 0), (-26, -132), (26, -132), (40, 0)), theme.STONE, theme.STONE_DEEP, sharp=True)
    cap = Part(
        ((-29, -130), (-26, -146), (-12, -164), (0, -168), (12, -164), (26, -146), (29, -130)),
        theme.TILE,
        theme.TILE_DEEP,
    )
    cutout(
        pen,
        [tower, cap, Part(((-11, -2), (-11, -22), (0, -32), (11, -22), (11, -2)), theme.TIMBER, theme.TIMBER_DEEP)],
        glow=0.4,
    )
    for row, (left, low) in enumerate(((-24, -20), (10, -42), (-14, -66), (8, -84), (-18, -104), (4, -118))):
        pen.line((left, low), (left + 10 + 3 * (row % 2), low), theme.STONE_DEEP, 2, 0.8)


def _window(pen: Pen, y: float, lit: float) -> None:
    pen.box(-6, y - 9, 12, 18, 6)
    pen.fill(theme.DARK_PANE)
    pen.box(-6, y - 9, 12, 18, 6)
    pen.fill(theme.LAMP, 0.85 * lit)
    pen.box(-6, y - 9, 12, 18, 6)
    pen.stroke(theme.OUTLINE, 2.6)
    if lit > 0.02:
        pen.glow(0, y, 26, theme.LAMP, 0.16 * lit)


def _blade(pen: Pen) -> None:
    """One arm, upwards, its lattice covered with cloth."""
    pen.polygon(((2, -16), (20, -20), (20, -SPAN), (2, -SPAN)))
    pen.fill(theme.PLASTER)
    pen.polygon(((2, -16), (20, -20), (20, -SPAN), (2, -SPAN)))
    pen.stroke(theme.OUTLINE, 2.4)
    for rung in range(1, 7):
        at = -SPAN + rung * (SPAN - 18) / 7
        pen.line((2, at), (20, at), theme.TIMBER_DEEP, 1.4)
    pen.line((11, -18), (11, -SPAN), theme.TIMBER_DEEP, 1.4)
    pen.line((0, 0), (0, -SPAN - 4), theme.OUTLINE, 6)
    pen.line((0, 0), (0, -SPAN - 4), theme.TIMBER, 3.4)


def exhibit(pen: Pen, t: float) -> None:
    """One that turns, and one that stands still in the dark."""
    windmill(pen, px(30), py(88), 0.06 * t, 1.0, 3.6)
    windmill(pen, px(70), py(88), 0.055, 0.0, 3.6)
