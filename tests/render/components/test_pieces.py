"""The chess pieces: inside their grid, told apart at a glance, one family, and legible on both squares."""

import itertools
import math

import cairo
import numpy as np
import numpy.typing as npt
import pytest

from stagelight.render.components import pieces
from support.paths import ASSETS

SYMBOLS = "KQBNRP"
SQUARES = {"light": (0x7C, 0x84, 0x98), "dark": (0x56, 0x5E, 0x73)}
Pixels = npt.NDArray[np.float64]


def _silhouette(symbol: str, size: int, bare: bool = False) -> Pixels:
    """Rasterise a body alone, as coverage between 0 and 1; where `bare`, only what no line touches."""
    surface = cairo.ImageSurface(cairo.FORMAT_A8, size, size)
    context = cairo.Context(surface)
    context.scale(size / 100, size / 100)
    pieces.trace(context, symbol, "body")
    context.fill()
    if bare:
        context.set_operator(cairo.OPERATOR_CLEAR)
        context.set_line_width(2 * pieces.OUTLINE_WHITE)
        context.set_line_cap(cairo.LINE_CAP_ROUND)
        pieces.trace(context, symbol, "body")
        pieces.trace(context, symbol, "detail")
        context.stroke()
    surface.flush()
    rows = np.frombuffer(surface.get_data(), np.uint8).reshape(size, surface.get_stride())
    return rows[:, :size] / 255


def _painted(
    symbol: str, square: tuple[int, int, int] | None, size: int = 100, alpha: float = 1.0, turn: float = 0.0
) -> Pixels:
    """Paint one piece on a square (transparent where None) and read the memory as the project does: as RGBA."""
    surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, size, size)
    pixels = np.frombuffer(surface.get_data(), np.uint8).reshape(size, size, 4)
    if square:
        pixels[:] = (*square, 255)
        surface.mark_dirty()
    context = cairo.Context(surface)
    context.rotate(turn)
    pieces.paint(context, symbol, size / 2, size / 2, size, alpha)
    surface.flush()
    return pixels / 255


def _polygon(symbol: str) -> Pixels:
    """Flatten a body's outline; it must be a single closed subpath."""
    context = cairo.Context(cairo.ImageSurface(cairo.FORMAT_A8, 1, 1))
    pieces.trace(context, symbol, "body")
    steps = list(context.copy_path_flat())
    closes = [index for index, (kind, _) in enumerate(steps) if kind == cairo.PATH_CLOSE_PATH]
    lines = steps[: closes[0]]
    assert len(closes) == 1
    assert all(kind == cairo.PATH_LINE_TO for kind, _ in lines[1:])
    return np.array([point for _, point in lines], dtype=np.float64)


def _luminance(colour: Pixels) -> Pixels:
    """Return the WCAG relative luminance of colours whose last axis is r, g, b between 0 and 1."""
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear[..., :3] @ np.array([0.2126, 0.7152, 0.0722]))


def _contrast(one: Pixels, other: Pixels) -> Pixels:
    """Return the WCAG contrast ratio of two luminances."""
    return np.asarray((np.maximum(one, other) + 0.05) / (np.minimum(one, other) + 0.05))


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_every_piece_stays_inside_its_grid_outline_included(symbol: str) -> None:
    context = cairo.Context(cairo.ImageSurface(cairo.FORMAT_A8, 1, 1))
    for part in ("body", "detail"):
        context.set_line_width(pieces.OUTLINE_WHITE)
        context.set_line_join(cairo.LINE_JOIN_ROUND)
        context.new_path()
        pieces.trace(context, symbol, part)
        left, top, right, bottom = context.stroke_extents()
        assert left >= 0
        assert top >= 0
        assert right <= 100
        assert bottom <= 100


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_details_are_drawn_on_the_body(symbol: str) -> None:
    body = cairo.Context(cairo.ImageSurface(cairo.FORMAT_A8, 1, 1))
    pieces.trace(body, symbol, "body")
    body.set_line_width(pieces.OUTLINE_WHITE)
    detail = cairo.Context(cairo.ImageSurface(cairo.FORMAT_A8, 1, 1))
    pieces.trace(detail, symbol, "detail")
    points = [point for _, point in detail.copy_path_flat() if point]
    assert points
    assert all(body.in_fill(*point) or body.in_stroke(*point) for point in points)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_an_outline_never_crosses_itself(symbol: str) -> None:
    start = _polygon(symbol)
    start = start[np.any(start != np.roll(start, 1, axis=0), axis=1)]
    step = np.roll(start, -1, axis=0) - start
    gap = start[None, :] - start[:, None]
    cross = step[:, None, 0] * step[None, :, 1] - step[:, None, 1] * step[None, :, 0]
    safe = np.where(cross == 0, np.inf, cross)
    along = (gap[..., 0] * step[None, :, 1] - gap[..., 1] * step[None, :, 0]) / safe
    across = (gap[..., 0] * step[:, None, 1] - gap[..., 1] * step[:, None, 0]) / safe
    inside = (along > 1e-6) & (along < 1 - 1e-6) & (across > 1e-6) & (across < 1 - 1e-6)
    assert not inside.any()


@pytest.mark.parametrize("symbol", SYMBOLS.replace("N", ""))
def test_turned_pieces_are_symmetric(symbol: str) -> None:
    context = cairo.Context(cairo.ImageSurface(cairo.FORMAT_A8, 1, 1))
    pieces.trace(context, symbol, "body")
    points = np.array(
        [pair for _, numbers in context.copy_path() for pair in zip(numbers[::2], numbers[1::2], strict=True)]
    )
    apart = np.abs(points[:, None] - (points * (-1, 1) + (100, 0))[None]).max(axis=2)
    assert apart.min(axis=1).max() < 0.01


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(SYMBOLS, 2)))
def test_silhouettes_differ_at_32_pixels(one: str, other: str) -> None:
    a, b = _silhouette(one, 32), _silhouette(other, 32)
    assert np.minimum(a, b).sum() / np.maximum(a, b).sum() < 0.84


def test_the_family_shares_a_base_line_and_descends_from_king_to_pawn() -> None:
    outlines = [_polygon(symbol) for symbol in SYMBOLS]
    assert {round(float(outline[:, 1].max()), 1) for outline in outlines} == {90.0}
    tops = [float(outline[:, 1].min()) for outline in outlines]
    assert all(below - above >= 2 for above, below in itertools.pairwise(tops)), tops
    feet = [np.ptp(outline[outline[:, 1] > 81][:, 0]) for outline in outlines]
    assert np.ptp(feet[:-1]) < 0.1
    assert feet[-1] < feet[0]


@pytest.mark.parametrize("square", SQUARES)
@pytest.mark.parametrize("symbol", SYMBOLS + SYMBOLS.lower())
def test_outline_or_body_stands_out_from_the_square(symbol: str, square: str) -> None:
    pixels = _luminance(_painted(symbol, SQUARES[square], 200)[..., :3])
    ground = _luminance(np.array(SQUARES[square]) / 255)
    outline = float(_contrast(pixels[*np.argwhere(_silhouette(symbol, 200) == 1)[0]], ground))
    shades = _contrast(pixels[_silhouette(symbol, 200, bare=True) == 1], ground)
    assert shades.size > 100
    assert max(outline, float(shades.min())) >= 3, (outline, shades.min())


def test_colours_reach_memory_as_rgba() -> None:
    red, _, blue, alpha = _painted("P", None)[45, 50]
    assert alpha == 1
    assert red > blue > 0.6  # ivory is warm
    red, _, blue, _ = _painted("p", None)[45, 50]
    assert red < blue < 0.4  # ink is cool


def test_alpha_fades_the_whole_piece_at_once() -> None:
    whole, half = _painted("n", None), _painted("n", None, alpha=0.5)
    assert np.abs(whole / 2 - half).max() < 0.01
    assert not _painted("n", None, alpha=0.0).any()


def test_a_turned_context_draws_the_same_piece_as_an_upright_one() -> None:
    # a full turn leaves a residue of 1e-16 in the matrix: enough to be drawn as vectors, too little to see
    upright, turned = _painted("q", SQUARES["dark"]), _painted("q", SQUARES["dark"], turn=math.tau)
    assert np.abs(upright - turned).max() < 0.02


def test_painting_moves_by_less_than_a_pixel_and_leaves_the_context_alone() -> None:
    surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, 200, 60)
    context = cairo.Context(surface)
    context.scale(2, 2)
    context.set_source_rgb(1, 0, 0)
    before = context.get_matrix(), context.get_source()
    pieces.paint(context, "R", 25, 15, 25)
    pieces.paint(context, "R", 65.25, 15, 25)  # 80.5 device pixels further on
    assert (context.get_matrix(), context.get_source()) == before
    assert not context.has_current_point()
    surface.flush()
    coverage = np.frombuffer(surface.get_data(), np.uint8).reshape(60, 200, 4)[..., 3].astype(float)
    columns = np.arange(100)
    centres = [float((half.sum(0) * columns).sum() / half.sum()) for half in (coverage[:, :100], coverage[:, 100:])]
    assert centres[1] - centres[0] == pytest.approx(80.5 - 100, abs=0.05)


@pytest.mark.parametrize("symbol", ["X", "", "KQ", "♞"])
def test_an_unknown_symbol_is_refused_in_one_helpful_line(symbol: str) -> None:
    context = cairo.Context(cairo.ImageSurface(cairo.FORMAT_ARGB32, 4, 4))
    with pytest.raises(ValueError, match="expected one of K Q R B N P") as refusal:
        pieces.trace(context, symbol, "body")
    assert repr(symbol) in str(refusal.value)
    assert "\n" not in str(refusal.value)
    with pytest.raises(ValueError, match="expected one of K Q R B N P"):
        pieces.paint(context, symbol, 2, 2, 4)


def test_an_unknown_part_is_refused() -> None:
    context = cairo.Context(cairo.ImageSurface(cairo.FORMAT_ARGB32, 4, 4))
    with pytest.raises(ValueError, match="'body' or 'detail'"):
        pieces.trace(context, "K", "hat")


def _flat(symbol: str) -> str:
    """A piece as a picture of its own for the board on a page: the outlines of the film, without shading."""
    letters = {cairo.PATH_MOVE_TO: "M", cairo.PATH_LINE_TO: "L", cairo.PATH_CURVE_TO: "C", cairo.PATH_CLOSE_PATH: "Z"}
    paths = []
    for part in ("body", "detail"):
        context = cairo.Context(cairo.ImageSurface(cairo.FORMAT_A8, 1, 1))
        pieces.trace(context, symbol, part)
        steps = list(context.copy_path())
        closed = [at for at, (kind, _) in enumerate(steps) if kind == cairo.PATH_CLOSE_PATH]
        paths.append("".join(letters[kind] + ",".join(f"{round(x, 2):g}" for x in points)
                             for at, (kind, points) in enumerate(steps) if at - 1 not in closed))  # fmt: skip
    white = symbol.isupper()
    fill, line = (pieces.IVORY, pieces.INK) if white else (pieces.INK, pieces.IVORY)
    width = pieces.OUTLINE_WHITE if white else pieces.OUTLINE_BLACK
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><g fill="{fill}" stroke="{line}" '
        f'stroke-linejoin="round" stroke-linecap="round"><path stroke-width="{width}" d="{paths[0]}"/>'
        f'<path fill="none" stroke-width="{pieces.DETAIL_WIDTH}" d="{paths[1]}"/></g></svg>\n'
    )


@pytest.mark.parametrize("symbol", [*SYMBOLS, *SYMBOLS.lower()])
def test_the_pieces_of_a_page_are_those_of_the_film(symbol: str) -> None:
    file = ASSETS / "img/pieces" / f"{'w' if symbol.isupper() else 'b'}{symbol.upper()}.svg"
    assert file.read_text(encoding="utf-8") == _flat(symbol), f"write {file.name} as this test does"
