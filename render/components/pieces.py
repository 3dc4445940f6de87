"""The six chess pieces, drawn for Stagelight: one family on a 100 by 100 grid, y down, standing on y = 90.

The outlines are this project's own.  A symmetric piece is written as its right half, from the top of its axis down to
the foot, and mirrored; the knight is written whole.  The path language is a small cut of SVG's, in absolute numbers:
``M x y``, ``L x y``, ``C`` with three points, ``A radius large sweep x y`` for a circular arc, and ``Z``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any, NamedTuple

import cairo

from stagelight.render.motion import between
from stagelight.render.pen import Pen
from stagelight.render.theme import HEIGHT, SQUARE_DARK, SQUARE_LIGHT, WIDTH, swap

Segment = tuple[float, ...]  # 2 numbers: a move or a line (the first of a subpath moves); 6: a cubic; none: close

IVORY = "#F3EEDE"
INK = "#14161C"
WHITE_BODY = ("#FFFCF2", IVORY, "#E3D5B6")
BLACK_BODY = ("#2B303F", "#1B1E27", INK)
WHITE_FORM = ((0.0, "#FFFFFF", 0.5), (0.25, "#FFFFFF", 0.18), (0.55, "#C4BAA7", 0.0), (1.0, "#8A7650", 0.24))
BLACK_FORM = ((0.0, "#8C98BC", 0.36), (0.25, "#8C98BC", 0.13), (0.5, "#8C98BC", 0.0), (1.0, "#000000", 0.15))
OUTLINE_WHITE, OUTLINE_BLACK, DETAIL_WIDTH = 2.6, 2.2, 1.9
PAD = 3  # empty pixels round a sprite
PHASES = 4  # sprites are drawn at quarter-pixel offsets, so that a gliding piece stays as sharp as a resting one


class Piece(NamedTuple):
    """The drawing of one piece; where `mirrored`, `body` is a right half, and `detail`, not `extra`, has two sides."""

    body: str
    detail: str
    extra: str = ""
    mirrored: bool = True


PLINTH = "C 71.6 75.8 73.8 78.6 73.8 82 "
FOOT = PLINTH + "L 75.4 82 A 4 0 1 75.4 90 L 50 90 Z"
STEM = "L 67 53.3 A 3.2 0 1 67 59.7 L 61 59.7 C 61 66.5 63.5 72 68.5 75.4 " + FOOT  # the royal pair's
FOOT_LINES = "M 50 75.4 L 68.4 75.4 M 50 82 L 75.4 82"

PIECES = {
    "K": Piece(
        body="M 50 6 L 54.2 6 L 52.9 11.4 L 60 9.8 L 60 18.6 L 52.9 17 L 54 23.6 "
        "C 65 24 75 28.2 75 36.4 C 75 43 66.5 47 64.5 53.3 " + STEM,
        detail=FOOT_LINES + " M 50 53.3 L 67 53.3 M 50 59.7 L 67 59.7 M 50 46.4 C 56 46.4 62 47 67.8 48",
    ),
    "Q": Piece(
        body="M 50 12 A 4 0 1 52.6 19.04 L 57 36.5 L 64 23.4 A 4 1 1 68.3 24 L 70.2 39 L 77.2 29.2 "
        "A 4 1 1 81.3 31.6 C 77.6 40.4 67.4 46.4 64.5 53.3 " + STEM,
        detail=FOOT_LINES + " M 50 53.3 L 67 53.3 M 50 59.7 L 67 59.7 M 50 46.4 C 56 46.4 62 47 67.7 48.2",
    ),
    "B": Piece(
        body="M 50 16.6 A 4.4 0 1 53 24.22 C 62 30.5 69 38.5 68.4 46 C 68 50 65 53.3 62 55.4 "
        "L 64.5 55.4 A 3.2 0 1 64.5 61.8 L 59.4 61.8 C 59.6 67.5 62.5 72.5 68.5 75.4 " + FOOT,
        detail=FOOT_LINES + " M 50 55.4 L 64 55.4 M 50 61.8 L 64 61.8",
        extra="M 62.5 32.4 C 59.6 36.8 56 40.6 51.5 43.6",
    ),
    "N": Piece(
        body="M 53.4 19 C 57.2 21.4 60 25.2 60.4 29.2 C 67.4 30 73.2 34.8 75.8 42.2 C 74 40.8 72 39.8 69.8 39.4 "
        "C 75.4 44.2 78.6 50.6 78.9 58.4 C 77.3 56 75.4 54.2 73 53 C 76 61 74.6 70 68.5 75.4 "
        + PLINTH
        + "L 75.4 82 A 4 0 1 75.4 90 L 24.6 90 A 4 0 1 24.6 82 L 26.2 82 C 26.2 78.6 28.4 75.8 31.5 75.4 "
        "C 31.3 71.4 33.6 68.4 37.6 65.6 C 43.5 61.6 50.2 59.4 50.6 51.6 C 48.6 56 45 58.4 40.4 59.4 "
        "C 36.4 60.3 33.6 60.6 30.8 62.8 C 27.4 65.6 22.4 66 19.2 63 C 16 60 15.6 56 17.4 52.6 "
        "C 20.4 47 26.6 42.6 31 36.4 C 34.8 31 39.5 28 46.6 27 C 47.4 24 49.8 21.2 53.4 19 Z",
        detail="M 31.6 75.4 L 68.4 75.4 M 24.6 82 L 75.4 82 "
        "M 36.6 38.8 C 38.2 37.2 40 36.8 41.8 37.4 C 40.6 39.1 38.6 39.6 36.6 38.8 Z "
        "M 21.4 55.6 C 21.8 54.2 23.4 53.6 24.6 54.4 M 18 61.6 C 20.8 61.6 23.4 60.8 25.2 59.2 "
        "M 50.6 51.6 C 51.6 47.6 51 44 48.6 41.4 M 69.8 39.4 C 66.6 36.6 63.4 35.2 59.8 35 "
        "M 73 53 C 70.6 47.2 66.6 42.8 60.6 40.6 M 66.4 68 C 69.2 60 67 51.6 60.6 46.6",
        mirrored=False,
    ),
    "R": Piece(
        body="M 50 29 L 56.8 29 L 56.8 35.4 L 64 35.4 L 64 29 L 73.4 29 L 73.4 41.6 C 71 46 67 47.2 64 49.6 "
        "C 63.8 60 64.4 70 68.5 75.4 " + FOOT,
        detail=FOOT_LINES + " M 50 49.6 L 64 49.6 M 50 42 L 73 42",
    ),
    "P": Piece(
        body="M 50 33.4 A 12.6 0 1 58.6 55.21 L 62 55.2 A 3.2 0 1 62 61.6 L 58 61.6 C 58.3 67 60.8 72 65.5 75.4 "
        "C 68.6 75.8 70.8 78.6 70.8 82 L 72.4 82 A 4 0 1 72.4 90 L 50 90 Z",
        detail="M 50 75.4 L 65.5 75.4 M 50 82 L 72.4 82 M 50 55.2 L 62 55.2 M 50 61.6 L 62 61.6",
    ),
}


def _arc(start: Segment, radius: float, large: float, sweep: float, end: Segment) -> Iterator[Segment]:
    """Cut a circular arc between two points, SVG's way, into cubics of at most a quarter turn."""
    (x0, y0), (x1, y1) = start, end
    half = math.dist(start, end) / 2
    radius = max(radius, half)
    reach = math.sqrt(radius * radius - half * half) / (2 * half) * (1 if large != sweep else -1)
    cx, cy = (x0 + x1) / 2 - reach * (y1 - y0), (y0 + y1) / 2 + reach * (x1 - x0)
    angle = math.atan2(y0 - cy, x0 - cx)
    turn = math.atan2(y1 - cy, x1 - cx) - angle
    turn = turn % math.tau if sweep else -(-turn % math.tau)
    count = math.ceil(abs(turn) / (math.pi / 2) - 1e-9)
    pull = 4 / 3 * math.tan(turn / count / 4)
    for index in range(count):
        ca, sa = (radius * turned(angle + turn * index / count) for turned in (math.cos, math.sin))
        cb, sb = (radius * turned(angle + turn * (index + 1) / count) for turned in (math.cos, math.sin))
        yield cx + ca - pull * sa, cy + sa + pull * ca, cx + cb + pull * sb, cy + sb - pull * cb, cx + cb, cy + sb


def _parse(path: str) -> list[list[Segment]]:
    """Read a path string into subpaths."""
    subpaths: list[list[Segment]] = []
    words = iter(path.split())
    for word in words:
        numbers = [float(next(words)) for _ in range({"M": 2, "L": 2, "C": 6, "A": 5, "Z": 0}[word])]
        if word == "M":
            subpaths.append([])
        if word == "A":
            subpaths[-1].extend(_arc(subpaths[-1][-1][-2:], numbers[0], numbers[1], numbers[2], tuple(numbers[3:])))
        else:
            subpaths[-1].append(tuple(numbers))
    return subpaths


def _flip(segment: Segment) -> Segment:
    """Mirror a segment about the axis x = 50."""
    return tuple(value if index % 2 else 100 - value for index, value in enumerate(segment))


def _mirror(half: list[Segment]) -> list[Segment]:
    """Complete a right half, which runs down from the axis to the axis, with its mirror image running back up."""
    whole = [segment for segment in half if segment]
    for before, segment in zip(whole[-2::-1], whole[:0:-1], strict=True):
        turned = segment[2:4] + segment[0:2] + before[-2:] if len(segment) == 6 else before[-2:]
        whole.append(_flip(turned))
    return [*whole, ()]


@cache
def _outline(symbol: str, part: str) -> tuple[tuple[Segment, ...], ...]:
    """Return the subpaths of one part of a piece, parsed once."""
    piece = PIECES.get(symbol.upper())
    if piece is None:
        raise ValueError(f"unknown chess piece {symbol!r}: expected one of K Q R B N P, in either case")
    if part not in ("body", "detail"):
        raise ValueError(f"unknown part {part!r} of a chess piece: expected 'body' or 'detail'")
    subpaths = _parse(getattr(piece, part))
    if piece.mirrored and part == "body":
        subpaths = [_mirror(subpaths[0])]
    elif piece.mirrored:
        subpaths += [[_flip(segment) for segment in subpath] for subpath in subpaths] + _parse(piece.extra)
    return tuple(tuple(subpath) for subpath in subpaths)


def trace(context: cairo.Context[Any], symbol: str, part: str) -> None:
    """Append the path of a piece's "body" or "detail", in grid units, to the context's current path."""
    for subpath in _outline(symbol, part):
        context.move_to(*subpath[0])
        for segment in subpath[1:]:
            if len(segment) == 6:
                context.curve_to(*segment)
            elif segment:
                context.line_to(*segment)
            else:
                context.close_path()


@cache
def _shading(white: bool) -> tuple[cairo.LinearGradient, cairo.LinearGradient]:
    """Return the body's fill, deepening from top left to foot, and the form shadow (or sheen) laid over it."""
    fill, form = cairo.LinearGradient(40, 8, 56, 92), cairo.LinearGradient(22, 0, 80, 10)
    for offset, colour in zip((0.0, 0.5, 1.0), WHITE_BODY if white else BLACK_BODY, strict=True):
        fill.add_color_stop_rgb(offset, *swap(colour))
    for offset, colour, alpha in WHITE_FORM if white else BLACK_FORM:
        form.add_color_stop_rgba(offset, *swap(colour), alpha)
    return fill, form


@cache
def _shadow(reach: float) -> cairo.RadialGradient:
    """Return the contact shadow: a soft ellipse under the foot, lying a little to the right."""
    gradient = cairo.RadialGradient(0, 0, 0, 0, 0, 1)
    gradient.set_matrix(cairo.Matrix(1 / reach, 0, 0, 1 / 4.6, -51 / reach, -90.5 / 4.6))
    for offset, alpha in ((0.0, 0.5), (0.7, 0.36), (1.0, 0.0)):
        gradient.add_color_stop_rgba(offset, *swap("#0B0C10"), alpha)
    return gradient


def _draw(context: cairo.Context[Any], symbol: str) -> None:
    """Draw a piece, opaque, in grid units."""
    white = symbol.isupper()
    context.set_source(_shadow(28 if symbol in "Pp" else 32))
    context.paint()
    trace(context, symbol, "body")
    for layer in _shading(white):
        context.set_source(layer)
        context.fill_preserve()
    context.set_source_rgb(*swap(INK if white else IVORY))
    context.set_line_join(cairo.LINE_JOIN_ROUND)
    context.set_line_cap(cairo.LINE_CAP_ROUND)
    context.set_line_width(OUTLINE_WHITE if white else OUTLINE_BLACK)
    context.stroke()
    trace(context, symbol, "detail")
    context.set_line_width(DETAIL_WIDTH)
    context.stroke()


@lru_cache(maxsize=256)
def _sprite(symbol: str, quarters: int, phase_x: int, phase_y: int) -> cairo.ImageSurface:
    """Render a piece `quarters` quarter pixels wide, shifted right and down by the given quarter pixels."""
    side = math.ceil(quarters / PHASES) + 1 + 2 * PAD
    surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, side, side)
    context = cairo.Context(surface)
    context.translate(PAD + phase_x / PHASES, PAD + phase_y / PHASES)
    context.scale(quarters / PHASES / 100, quarters / PHASES / 100)
    _draw(context, symbol)
    surface.flush()
    return surface


def paint(context: cairo.Context[Any], symbol: str, x: float, y: float, size: float, alpha: float = 1.0) -> None:
    """Draw a piece, white where `symbol` is a capital, on the square of side `size` centred on (x, y).

    An upright context gets a cached sprite, placed and sized to a quarter pixel; a turned one gets the vectors.
    """
    _outline(symbol, "body")  # refuses an unknown symbol, whatever follows
    if alpha <= 0 or size <= 0:
        return
    context.save()
    matrix = context.get_matrix()
    if matrix.xy == 0 == matrix.yx and matrix.xx == matrix.yy > 0:
        left, top = (math.floor(PHASES * at + 0.5) for at in context.user_to_device(x - size / 2, y - size / 2))
        quarters = max(1, round(PHASES * size * matrix.xx))
        sprite = _sprite(symbol, quarters, left % PHASES, top % PHASES)
        context.identity_matrix()
        context.set_source_surface(sprite, left // PHASES - PAD, top // PHASES - PAD)
        context.get_source().set_filter(cairo.FILTER_NEAREST)
    else:
        context.translate(x - size / 2, y - size / 2)
        context.scale(size / 100, size / 100)
        context.push_group()
        _draw(context, symbol)
        context.pop_group_to_source()
    context.paint_with_alpha(min(alpha, 1.0))
    context.restore()


def exhibit(pen: Pen, t: float) -> None:
    """The family, each man on a square of its own; one is lifted after the other."""
    side = 270.0
    for row, symbols in enumerate(("KQRBNP", "kqrbnp")):
        for column, symbol in enumerate(symbols):
            x, y = WIDTH / 2 + (column - 2.5) * side, HEIGHT / 2 + (row - 0.5) * side
            pen.context.rectangle(x - side / 2, y - side / 2, side, side)
            pen.fill(SQUARE_DARK if (row + column) % 2 else SQUARE_LIGHT)
            lift = between(t, 0.3 + 0.4 * column, 1.3 + 0.4 * column)
            paint(pen.context, symbol, x, y - 14 * lift, side * (0.86 + 0.08 * lift))
