"""Coins in stacks: what was sold and not yet spent."""

from __future__ import annotations

from stagelight.render import theme
from stagelight.render.components.village.cutout import Part, cutout, oval
from stagelight.render.motion import px, py
from stagelight.render.pen import Pen

EACH, HIGH = 4.0, 6  # what one coin that is drawn stands for; coins in a stack


def coins(pen: Pen, x: float, y: float, amount: float, size: float = 1.0) -> None:
    """Stacks on the ground from (x, y) to the right, one coin for every `EACH`."""
    count = round(amount / EACH)
    with pen.moved(x, y, size):
        for coin in range(count):
            stack, level = divmod(coin, HIGH)
            middle = (19.0 * stack, -3.4 * level - 3)
            edge = Part(oval(middle[0], middle[1] + 1.6, 8, 3.6), theme.STRAW_DEEP, theme.STRAW_DEEP)
            cutout(pen, [edge, Part(oval(*middle, 8, 3.6), theme.STRAW, theme.STRAW_DEEP)], glow=0.4)


def exhibit(pen: Pen, t: float) -> None:
    """They pile up."""
    coins(pen, px(30), py(70), 34 * t, 6)
