"""A chess board with our own pieces, at any size, seen from White's side."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from functools import lru_cache

import cairo

from stagelight.render import theme
from stagelight.render.components import pieces
from stagelight.render.motion import Point, ease, mix, px
from stagelight.render.pen import Pen

Placement = Mapping[int, str]  # square 0 (a1) to 63 (h8) -> symbol, capitals for White


@lru_cache(maxsize=256)
def placement(fen: str) -> Placement:
    """The men of a FEN's first field.

    Raises:
        ValueError: the field is not eight ranks of eight.
    """
    placed: dict[int, str] = {}
    ranks = fen.partition(" ")[0].split("/")
    for row, rank in enumerate(ranks):
        file = 0
        for symbol in rank:
            if symbol.isdigit():
                file += int(symbol)
            else:
                placed[(7 - row) * 8 + file] = symbol
                file += 1
        if file != 8:
            raise ValueError(f"{fen!r}: rank {8 - row} has {file} files, wanted 8")
    if len(ranks) != 8:
        raise ValueError(f"{fen!r}: {len(ranks)} ranks, wanted 8")
    return placed


def parse_square(name: str) -> int:
    """The number of a square: a1 is 0, h8 is 63."""
    return ord(name[0]) - ord("a") + 8 * (int(name[1]) - 1)


def centre(square: int, x: float, y: float, size: float) -> Point:
    """The centre of a square on a board whose top left corner is (x, y)."""
    side = size / 8
    return x + (square % 8 + 0.5) * side, y + (7 - square // 8 + 0.5) * side


def squares(pen: Pen, x: float, y: float, size: float) -> None:
    """The empty board in its frame, lit from the upper left; set on whole pixels, so that its edges stay sharp."""
    context = pen.context
    scale = context.get_matrix().xx
    side = max(8, round(size * scale))
    left, top = context.user_to_device(x, y)
    sprite, margin = _empty(side)
    context.save()
    context.identity_matrix()
    context.set_source_surface(sprite, round(left) - margin, round(top) - margin)
    context.get_source().set_filter(cairo.FILTER_NEAREST)
    context.paint_with_alpha(pen.opacity)
    context.restore()


@lru_cache(maxsize=32)
def _empty(side: int) -> tuple[cairo.ImageSurface, int]:
    """The board `side` device pixels wide, and the margin round it that its frame and shadow take."""
    margin = math.ceil(side * 0.07)
    surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, side + 2 * margin, side + 2 * margin)
    pen = Pen(cairo.Context(surface))
    pen.context.translate(margin, margin)
    edge = side * 0.02
    for step in range(10):  # a soft shadow, in rings
        grown = edge + side * 0.045 * (1 - step / 10)
        pen.box(-grown, -grown + side * 0.008, side + 2 * grown, side + 2 * grown, grown)
        pen.fill("#000000", 0.055)
    pen.box(-edge, -edge, side + 2 * edge, side + 2 * edge, edge)
    pen.shade(-edge, side + edge, "#1B2234", "#080B13")
    pen.box(-edge, -edge, side + 2 * edge, side + 2 * edge, edge)
    pen.stroke(theme.HAIRLINE, max(side * 0.0025, 0.8))
    for square in range(64):
        column, row = square % 8, square // 8
        near, far = (round(side * at / 8) for at in (column, row))
        width, height = round(side * (column + 1) / 8) - near, round(side * (row + 1) / 8) - far
        pen.context.rectangle(near, far, width, height)
        pen.fill(theme.SQUARE_DARK if (column + row) % 2 else theme.SQUARE_LIGHT)
    light = cairo.LinearGradient(0, 0, side * 0.7, side)
    for offset, tone, alpha in ((0.0, 1.0, 0.09), (0.45, 1.0, 0.0), (0.55, 0.0, 0.0), (1.0, 0.0, 0.14)):
        light.add_color_stop_rgba(offset, tone, tone, tone, alpha)
    pen.context.rectangle(0, 0, side, side)
    pen.context.set_source(light)
    pen.context.fill()
    deep = side * 0.018  # the frame's own shadow on the board
    pen.context.rectangle(0, 0, side, deep)
    pen.shade(0, deep, "#000000", "#000000", 0.3, low_alpha=0)
    surface.flush()
    return surface, margin


def coordinates(pen: Pen, x: float, y: float, size: float) -> None:
    """Ranks to the left, files below."""
    side = size / 8
    for index in range(8):
        pen.text("87654321"[index], x - 40, y + (index + 0.5) * side + 13, theme.FLOOR, theme.QUIET, anchor="middle")
        pen.text("abcdefgh"[index], x + (index + 0.5) * side, y + size + 50, theme.FLOOR, theme.QUIET, anchor="middle")


def man(pen: Pen, symbol: str, at: Point, size: float, alpha: float = 1.0) -> None:
    """One piece standing on the middle of a square of side `size`."""
    pieces.paint(pen.context, symbol, *at, size, alpha * pen.opacity)


def men(pen: Pen, placed: Placement, x: float, y: float, size: float, without: Collection[int] = ()) -> None:
    """Every piece except those on the squares of `without`."""
    for square, symbol in placed.items():
        if square not in without:
            man(pen, symbol, centre(square, x, y, size), size / 8)


def board(pen: Pen, placed: Placement, x: float, y: float, size: float, without: Collection[int] = ()) -> None:
    """Squares and men."""
    squares(pen, x, y, size)
    men(pen, placed, x, y, size, without)


def light(pen: Pen, square: int, x: float, y: float, size: float, colour: str, alpha: float = 1.0) -> None:
    """A square lit in a colour, most at its middle."""
    side = size / 8
    left, top = x + square % 8 * side, y + (7 - square // 8) * side
    pen.context.rectangle(left, top, side, side)
    pen.fill(colour, 0.3 * alpha)
    with pen.clipped(left, top, side, side):
        pen.glow(left + side / 2, top + side / 2, side, colour, 0.6 * alpha)


def mated(pen: Pen, placed: Placement, king: str, x: float, y: float, size: float, share: float) -> None:
    """The verifier's ring round a king that is mated; share 0 to 1 lets it appear."""
    at = centre(next(square for square, symbol in placed.items() if symbol == king), x, y, size)
    pen.glow(*at, size / 5, theme.ATTENTION, 0.25 * share)
    pen.ring(*at, size / 13.5, theme.ATTENTION, 7, share)


def travel(pen: Pen, before: Placement, uci: str, x: float, y: float, size: float, share: float) -> None:
    """The men while one of them is a share of the way."""
    start, end = parse_square(uci[:2]), parse_square(uci[2:4])
    men(pen, before, x, y, size, without=(start,))
    (x0, y0), (x1, y1) = centre(start, x, y, size), centre(end, x, y, size)
    lift = size / 8 * (1 + 0.16 * 4 * share * (1 - share))
    man(pen, before[start], (mix(x0, x1, share), mix(y0, y1, share)), lift)


def moved(placed: Placement, uci: str) -> Placement:
    """The pieces after a legal move, given as its squares: with castling, capture in passing and promotion."""
    start, end = parse_square(uci[:2]), parse_square(uci[2:4])
    after, symbol = dict(placed), placed[start]
    del after[start]
    if symbol in "Pp" and start % 8 != end % 8 and end not in placed:
        del after[start // 8 * 8 + end % 8]
    if symbol in "Kk" and abs(start - end) == 2:
        corner = end + 1 if end > start else end - 2
        after[(start + end) // 2] = after.pop(corner)
    promoted = uci[4:5]
    after[end] = (promoted.upper() if symbol.isupper() else promoted) if promoted else symbol
    return after


def morph(pen: Pen, before: Placement, after: Placement, x: float, y: float, size: float, share: float) -> None:
    """The men between two positions: those that both have glide to where they go, the others fade out or in."""
    pairs, gone, come = _pairs(tuple(sorted(before.items())), tuple(sorted(after.items())))
    side = size / 8
    for symbol, square in gone:
        man(pen, symbol, centre(square, x, y, size), side, 1 - min(2 * share, 1.0))
    for symbol, square in come:
        man(pen, symbol, centre(square, x, y, size), side, max(2 * share - 1, 0.0))
    for symbol, start, end in pairs:
        a, b = centre(start, x, y, size), centre(end, x, y, size)
        lift = side * (1 + (0.5 * share * (1 - share) if start != end else 0.0))
        man(pen, symbol, (mix(a[0], b[0], share), mix(a[1], b[1], share)), lift)


@lru_cache(maxsize=256)
def _pairs(
    before: tuple[tuple[int, str], ...], after: tuple[tuple[int, str], ...]
) -> tuple[list[tuple[str, int, int]], list[tuple[str, int]], list[tuple[str, int]]]:
    """Which man becomes which, the nearest of its kind first and those that travel last; who is gone; who has come."""
    kept = [(symbol, square, square) for square, symbol in before if (square, symbol) in after]
    left = [item for item in before if item not in after]
    free = [item for item in after if item not in before]
    routes = sorted(
        (math.hypot(start % 8 - end % 8, start // 8 - end // 8), start, end, symbol)
        for start, symbol in left
        for end, other in free
        if symbol == other
    )
    started, ended = set[int](), set[int]()
    for _, start, end, symbol in routes:
        if start not in started and end not in ended:
            kept.append((symbol, start, end))
            started.add(start)
            ended.add(end)
    gone = [(symbol, square) for square, symbol in left if square not in started]
    return kept, gone, [(symbol, square) for square, symbol in free if square not in ended]


def arrow(pen: Pen, uci: str, x: float, y: float, size: float, colour: str, alpha: float = 1.0) -> None:
    """A move as a glowing line from square to square with a head."""
    a, b = centre(parse_square(uci[:2]), x, y, size), centre(parse_square(uci[2:4]), x, y, size)
    length = max(((b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2) ** 0.5, 1)
    ux, uy = (b[0] - a[0]) / length, (b[1] - a[1]) / length
    head = size * 0.036
    tip, neck = (
        (b[0] - ux * size * 0.02, b[1] - uy * size * 0.02),
        (b[0] - ux * (head + size * 0.02), b[1] - uy * (head + size * 0.02)),
    )

    def path() -> None:
        pen.context.move_to(a[0] + ux * size * 0.04, a[1] + uy * size * 0.04)
        pen.context.line_to(*neck)

    pen.beam(path, colour, size * 0.0085, alpha)
    pen.context.move_to(*tip)
    pen.context.line_to(neck[0] - uy * head * 0.6, neck[1] + ux * head * 0.6)
    pen.context.line_to(neck[0] + uy * head * 0.6, neck[1] - ux * head * 0.6)
    pen.context.close_path()
    pen.fill(colour, alpha)


def exhibit(pen: Pen, t: float) -> None:
    """A mate in one: the move is shown, made, and found to be mate."""
    before, after = placement("6k1/5ppp/8/8/8/8/5PPP/R5K1"), placement("R5k1/5ppp/8/8/8/8/5PPP/6K1")
    x, y, size = px(50) - 400, 100, 800
    share = ease(t, 1.0)
    squares(pen, x, y, size)
    if share < 1:
        travel(pen, before, "a1a8", x, y, size, share)
    else:
        men(pen, after, x, y, size)
    coordinates(pen, x, y, size)
    if share < 1:
        arrow(pen, "a1a8", x, y, size, theme.TEXT, ease(t, 0.2) * (1 - share))
    mated(pen, after, "k", x, y, size, ease(t, 1.9, 0.4))
