"""The bakery and the houses: windows are lit where people are fed, and an oven glows while it bakes."""

from __future__ import annotations

import math

from stagelight.render import theme
from stagelight.render.components.village import goods
from stagelight.render.components.village.cutout import Part, cutout
from stagelight.render.motion import Box, px, py
from stagelight.render.pen import Pen


def house(pen: Pen, x: float, y: float, fed: float, size: float = 1.0) -> None:
    """A house on the ground at (x, y), 100 px wide at size 1; its windows are as bright as its people are fed."""
    with pen.moved(x, y, size):
        pen.cached(_front, (46, 42, 44, 0, 24), Box(-58, -92, 116, 98))
        for at in (-28, 28):
            _pane(pen, at, -22, fed)


def bakery(pen: Pen, x: float, y: float, baking: float, wind: float, t: float, size: float = 1.0) -> None:
    """The bakery, 180 px wide at size 1. While it bakes, 0 to 1, the oven glows and smoke leans with the wind."""
    with pen.moved(x, y, size):
        pen.cached(_bakery, (), Box(-97, -170, 194, 176))
        _pane(pen, -54, -30, 0.4 + 0.6 * baking)
        pen.disc(0, -22, 18, theme.CRUST, baking)
        pen.glow(0, -22, 34, theme.ATTENTION, 0.35 * baking)
    goods.good(pen, "loaf", x, y - 66 * size, 1.0, 1.6 * size)
    for puff in range(7):
        age = (puff + 0.7 * t) % 7
        drift = age * (3 + 26 * wind)
        pen.glow(
            x + size * (44 + drift + 2 * math.sin(age + t)),
            y - size * (168 + 13 * age * (1 - 0.5 * wind)),
            size * (9 + 3 * age),
            theme.QUIET,
            0.2 * baking * (1 - age / 7),
        )


def _bakery(pen: Pen) -> None:
    """All of the bakery that stays: its chimney, its front, its cold oven."""
    chimney = Part(((34, -120), (34, -164), (54, -164), (54, -110)), theme.STONE, theme.STONE_DEEP, sharp=True)
    cutout(pen, [chimney], glow=0.4)
    _front(pen, 84, 56, 66, 54, 40)
    pen.disc(0, -22, 25, theme.STONE_DEEP)
    pen.disc(0, -22, 19, theme.OUTLINE)


def _front(pen: Pen, half: float, tall: float, roof: float, door: float, high: float) -> None:
    """Walls, and a door so high at a place along them."""
    _walls(pen, half, tall, roof)
    _door(pen, door, high)


def _walls(pen: Pen, half: float, tall: float, roof: float) -> None:
    """A front with timbers and a tiled roof."""
    wall = Part(((-half, 0), (-half, -tall), (half, -tall), (half, 0)), theme.PLASTER, theme.PLASTER_DEEP, sharp=True)
    top = ((-half - 8, -tall), (-half + 8, -tall - roof), (half - 8, -tall - roof), (half + 8, -tall))
    cutout(pen, [wall, Part(top, theme.TILE, theme.TILE_DEEP, sharp=True)], glow=0.4)
    rows = 4
    for row in range(1, rows):
        at, inset = -tall - roof * row / rows, 16 * row / rows
        pen.line((-half - 8 + inset, at), (half + 8 - inset, at), theme.TILE_DEEP, 2)
        for tile in range(int(2 * half / 13)):
            left = -half + 13 * tile + 6 * (row % 2)
            pen.line((left, at), (left, at + roof / rows / 2), theme.TILE_DEEP, 1.6)
    for at in (-half + 3, half - 3):
        pen.line((at, -3), (at, -tall + 3), theme.TIMBER_DEEP, 4)


def _door(pen: Pen, x: float, tall: float) -> None:
    pen.box(x - 0.32 * tall, -tall, 0.64 * tall, tall, 3)
    pen.shade(-tall, 0, theme.TIMBER, theme.TIMBER_DEEP)
    pen.box(x - 0.32 * tall, -tall, 0.64 * tall, tall, 3)
    pen.stroke(theme.OUTLINE, 2.4)


def _pane(pen: Pen, x: float, y: float, lit: float) -> None:
    for colour, alpha in ((theme.DARK_PANE, 1.0), (theme.LAMP, 0.85 * lit)):
        pen.box(x - 9, y - 9, 18, 18, 2)
        pen.fill(colour, alpha)
    pen.box(x - 9, y - 9, 18, 18, 2)
    pen.stroke(theme.TIMBER_DEEP, 3)
    pen.line((x, y - 9), (x, y + 9), theme.TIMBER_DEEP, 2)
    pen.line((x - 9, y), (x + 9, y), theme.TIMBER_DEEP, 2)
    if lit > 0.02:
        pen.glow(x, y, 30, theme.LAMP, 0.13 * lit)


def exhibit(pen: Pen, t: float) -> None:
    """The bakery at work; a house that is fed and one that is not."""
    bakery(pen, px(27), py(80), 1.0, 0.5, t, 3.6)
    house(pen, px(64), py(80), 1.0, 3)
    house(pen, px(86), py(80), 0.0, 3)
