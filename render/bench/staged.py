"""The same pictures as sections of the stage, drawn with its pen."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from PIL import Image

from stagelight.render import theme
from stagelight.render.bench import pictures
from stagelight.render.components import board, pieces
from stagelight.render.motion import Point
from stagelight.render.pen import Pen
from stagelight.render.scene import Section
from stagelight.render.theme import HEIGHT, WIDTH

SHADES = 256  # of a node's colour between off and on


def section(name: str, seconds: float) -> Section:
    """One picture as a section."""
    backdrop, paint = PICTURES[name]
    return Section(name, None, name, seconds, paint, backdrop, (), (), 0.0, f"The picture {name}")


def _ground(pen: Pen) -> None:
    pen.context.rectangle(0, 0, WIDTH, HEIGHT)
    pen.fill(pictures.GROUND)


def _board(pen: Pen) -> None:
    _ground(pen)
    for square in range(64):
        x, y = board.centre(square, *pictures.BOARD)
        pen.context.rectangle(x - pictures.SQUARE / 2, y - pictures.SQUARE / 2, pictures.SQUARE, pictures.SQUARE)
        pen.fill(theme.SQUARE_LIGHT if (square // 8 + square) % 2 else theme.SQUARE_DARK)
    for square, symbol in pictures.MEN.items():
        _man(pen, symbol, board.centre(square, *pictures.BOARD))


def _man(pen: Pen, symbol: str, at: Point) -> None:
    body, edge = (pieces.IVORY, pieces.INK) if symbol.isupper() else (pieces.INK, pieces.IVORY)
    with pen.moved(*at, pictures.SQUARE / 100), pen.moved(-50, -50):
        pieces.trace(pen.context, symbol, "body")
        pen.ink(body)
        pen.context.fill_preserve()
        pen.stroke(edge, pictures.MAN_EDGE * 100 / pictures.SQUARE)


def _network(pen: Pen, t: float) -> None:
    width, alpha = pictures.strokes(t)
    pen.lines(pictures.edges(), pictures.EDGE_COLOUR, width, alpha)
    for (x, y), active in zip(pictures.nodes().tolist(), pictures.activation(t).tolist(), strict=True):
        pen.disc(x, y, pictures.NODE_RADIUS, _shade(active))
        pen.ring(x, y, pictures.NODE_RADIUS, pictures.EDGE_COLOUR, pictures.NODE_EDGE)
    for index, height in enumerate(pictures.heights(t).tolist()):
        left, top = pictures.bar_x(index) - pictures.BAR_WIDTH / 2, pictures.BAR_BASE - height
        pen.context.rectangle(left, top, pictures.BAR_WIDTH, height)
        pen.fill(pictures.BAR_COLOUR)
    _man(pen, pictures.ROOK, pictures.rook(t))


def _shade(active: float) -> str:
    return _shades()[round(active * (SHADES - 1))]


@cache
def _shades() -> list[str]:
    off, on = (np.array(theme.rgb(colour)) for colour in pictures.NODE_COLOURS)
    levels = np.linspace(255 * off, 255 * on, SHADES).round().astype(int).tolist()
    return ["#{:02X}{:02X}{:02X}".format(*level) for level in levels]


def _slices(pen: Pen, t: float) -> None:
    left, top, side = pictures.SLICE_BOX
    pixels = round(side * pen.context.get_matrix().xx)
    grey = Image.fromarray(pictures.slice_at(t)).resize((pixels, pixels), Image.Resampling.BICUBIC)
    pen.raster(np.asarray(grey), left, top, side, side)


def _cube(pen: Pen, t: float) -> None:
    places, size = pictures.places(t), np.full(pictures.POINTS, pictures.POINT_RADIUS)
    first, last = slice(pictures.MEASURED), slice(pictures.MEASURED, None)
    for part, colour in zip((first, last), pictures.POINT_COLOURS, strict=True):
        pen.discs(places[part], colour, size[part], np.ones_like(size[part]))


PICTURES: dict[str, tuple[Callable[[Pen], None], Callable[[Pen, float], None]]] = {
    "network": (_board, _network),
    "slices": (_ground, _slices),
    "cube": (_ground, _cube),
}
