"""The stage: purity of frames, light and type."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import cairo
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagelight.render import motion, sprites, stage, theme, typeset
from stagelight.render.motion import Box
from stagelight.render.pen import Pen
from stagelight.render.scene import Section
from stagelight.render.stage import Film
from support.drawing import SMALL


def section(paint: Callable[[Pen, float], None]) -> Section:
    return Section("s", None, "S", 2.0, paint, lambda pen: None, (), (), 1.0, "")


# --- frames -------------------------------------------------------------------------------------------


def test_a_frame_alone_is_the_frame_in_sequence() -> None:
    def paint(pen: Pen, t: float) -> None:
        pen.glow(300 + 400 * t, 500, 200, theme.ATTENTION)
        pen.text(f"{t:.1f}", 900, 500, 96, theme.TEXT, font=theme.MONO_BOLD)

    film = Film(section(paint), SMALL)
    in_sequence = [film.frame(k).copy() for k in range(len(film))]
    alone = Film(section(paint), SMALL)
    for k in (13, 2, 19, 0):
        assert np.array_equal(alone.frame(k), in_sequence[k])


def test_a_pace_holds_each_picture_and_draws_it_once() -> None:
    asked: list[float] = []

    def paint(pen: Pen, t: float) -> None:
        asked.append(t)
        pen.disc(300 + 400 * t, 540, 100, theme.TEXT)

    film = Film(replace(section(paint), pace=5), SMALL)
    frames = [film.frame(k).copy() for k in range(6)]
    assert asked == pytest.approx([0.0, 0.2, 0.4])
    assert [np.array_equal(a, b) for a, b in itertools.pairwise(frames)] == [True, False, True, False, True]
    assert np.array_equal(Film(replace(section(paint), pace=5), SMALL).frame(3), frames[2])


def test_the_night_is_opaque_dithered_and_the_same_every_time() -> None:
    one = stage.night(320, 180).copy()
    stage.night.cache_clear()
    assert np.array_equal(one, stage.night(320, 180))
    assert (one[..., 3] == 255).all()
    assert len(np.unique(one[80:100, 150:170, :3].reshape(-1, 3), axis=0)) > 1


def test_colours_come_out_as_they_are_named() -> None:
    film = Film(section(lambda pen, t: pen.disc(960, 540, 400, theme.LOST)), SMALL)
    assert film.frame(0)[135, 240, :3].tolist() == [0xE8, 0x48, 0x6B]


def test_faded_and_moved_and_clipped_leave_no_trace() -> None:
    def paint(pen: Pen, t: float) -> None:
        with pen.faded(0.5), pen.moved(100, 100, 2), pen.clipped(0, 0, 10, 10):
            pen.disc(0, 0, 500, theme.TEXT)
        assert pen.opacity == 1.0
        assert pen.context.get_matrix() == cairo.Matrix(0.25, 0, 0, 0.25, 0, 0)

    frame = Film(section(paint), SMALL).frame(0)
    assert np.array_equal(frame[200:, 300:], stage.night(480, 270)[200:, 300:])


def star(pen: Pen, colour: str, spread: float) -> None:
    pen.polygon(((0, -90), (30 * spread, -20), (80, 60), (-80, 60)))
    pen.shade(-90, 60, colour, theme.NIGHT)
    pen.line((-70, 0), (70, 0), theme.TEXT, 9)


@pytest.mark.parametrize("alpha", [1.0, 0.5])
def test_what_is_kept_looks_as_if_it_were_drawn(alpha: float) -> None:
    def one(pen: Pen, kept: bool) -> None:
        with pen.moved(800, 400, 2), pen.faded(alpha):
            pen.cached(star, (theme.LOST, 1.5), Box(-90, -100, 180, 170)) if kept else star(pen, theme.LOST, 1.5)

    apart = np.abs(drawn(lambda pen: one(pen, True), theme.KEPT) - drawn(lambda pen: one(pen, False), theme.KEPT))
    assert apart.max() <= (2 if alpha == 1 else 80)  # fainter, it is one thing and not a line over a shape
    assert np.median(apart) == 0


def test_what_is_kept_is_drawn_once_wherever_it_stands_and_anew_where_it_differs() -> None:
    calls: list[str] = []

    def draw(pen: Pen, colour: str) -> None:
        calls.append(colour)
        pen.disc(0, 0, 40, colour)

    def paint(pen: Pen, t: float) -> None:
        for x, colour, scale in (
            (300, theme.LOST, 1),
            (500.5, theme.LOST, 1),
            (700, theme.KEPT, 1),
            (900, theme.LOST, 2),
        ):
            with pen.moved(x, 500, scale):
                pen.cached(draw, (colour,), Box(-50, -50, 100, 100))

    film = Film(section(paint), SMALL)
    frame = film.frame(0).copy()
    assert calls == [theme.LOST, theme.KEPT, theme.LOST]
    assert [tuple(frame[125, x, :3]) for x in (75, 125, 175)] == [(0xE8, 0x48, 0x6B)] * 2 + [(0x35, 0xD0, 0xB2)]
    assert np.array_equal(film.frame(1), frame)
    assert len(calls) == 3


def test_a_shelf_keeps_what_was_used_last_and_no_more_than_it_holds() -> None:
    shelf, made = sprites.Shelf(3 * 16 * 16 * 4), list[str]()
    for key in "abcadab":
        shelf.get(key, 16, 16, lambda _, key=key: made.append(key))  # type: ignore[misc]
    assert made == ["a", "b", "c", "d", "b"]
    assert set(shelf.surfaces) == {"d", "a", "b"}
    assert shelf.bytes == shelf.most


def drawn(paint: Callable[[Pen], None], ground: str) -> np.ndarray:
    def over(pen: Pen, t: float) -> None:
        pen.ink(ground)
        pen.context.paint()
        paint(pen)

    return Film(section(over), SMALL).frame(0)[..., :3].astype(int)


def test_many_lines_at_once_are_the_lines_one_by_one() -> None:
    chance = np.random.default_rng(5)
    ends = np.stack(
        [chance.uniform((60, 60), (900, 1000), (60, 2)), chance.uniform((980, 60), (1860, 1000), (60, 2))], 1
    )
    ends[0] = (100, 300), (1800, 300)  # level
    ends[1] = (700, 1000), (700, 80)  # upright, and drawn upwards
    width, alpha = chance.uniform(3, 14, 60), chance.uniform(0.1, 1, 60)

    def one_by_one(pen: Pen) -> None:
        pen.context.set_line_cap(cairo.LINE_CAP_BUTT)
        for (a, b), thick, seen in zip(ends.tolist(), width, alpha, strict=True):
            pen.line(a, b, theme.BELIEF, thick, seen)

    def at_once(pen: Pen) -> None:
        pen.lines(ends, theme.BELIEF, width, alpha)

    difference = np.abs(drawn(one_by_one, theme.NIGHT) - drawn(at_once, theme.NIGHT))
    middle = difference[20:250, 30:450]
    assert middle.mean() < 0.8
    assert np.percentile(middle, 99.9) <= 20


def test_many_discs_at_once_are_the_discs_one_by_one() -> None:
    chance = np.random.default_rng(6)
    middles, radius = chance.uniform((200, 200), (1700, 800), (300, 2)), chance.uniform(8, 40, 300)
    alpha = chance.uniform(0.2, 1, 300)

    def one_by_one(pen: Pen) -> None:
        for (x, y), size, seen in zip(middles.tolist(), radius, alpha, strict=True):
            with pen.faded(0.5), pen.moved(10, 20, 0.9):
                pen.disc(x, y, size, theme.ATTENTION, seen)

    def at_once(pen: Pen) -> None:
        with pen.moved(10, 20, 0.9):
            pen.discs(middles, theme.ATTENTION, radius, alpha / 2)

    difference = np.abs(drawn(one_by_one, theme.NIGHT) - drawn(at_once, theme.NIGHT))
    assert difference.max() <= 30  # where an edge is one pixel of ours and a bit of cairo's
    assert difference.mean() < 0.6


def test_a_mask_may_reach_over_the_edge_of_the_stage() -> None:
    ends = np.array([[[-300.0, 500.0], [2300.0, 560.0]], [[960.0, -200.0], [900.0, 1300.0]]])
    frame = drawn(lambda pen: pen.lines(ends, theme.TEXT, np.full(2, 12.0), np.ones(2)), theme.NIGHT)
    assert (frame[0].max(), frame[-1].max(), frame[:, 0].max(), frame[:, -1].max()) == (0xF3,) * 4


# --- time, type, palette ------------------------------------------------------------------------------


def test_easing_starts_ends_and_never_goes_back() -> None:
    values = [motion.ease(t / 100, 0.2, 0.6) for t in range(101)]
    assert values[0] == values[20] == 0
    assert values[80] == values[100] == 1
    assert values == sorted(values)
    assert motion.ease(1.0, 1.0, 0) == 1


def test_type_is_kerned_and_from_the_shipped_fonts() -> None:
    def width(words: str, font: str = theme.SANS) -> float:
        return typeset.shape(words, font).advance

    assert width("AV") < width("A") + width("V")
    assert width("111", theme.MONO) == pytest.approx(width("888", theme.MONO))
    assert typeset.advance("AVATAR", theme.SANS) == width("AVATAR"), "measured without outlines, it is as wide"
    for made in (typeset.shape, typeset.advance):
        with pytest.raises(ValueError, match=r"no glyph for '漢'"):
            made("漢", theme.SANS)


def test_no_text_is_below_the_floor_of_a_phone() -> None:
    """24 px at 720p is 36 px on the stage."""
    assert min(theme.HEADLINE, theme.MUST_READ, theme.FLOOR, theme.HERO) * 720 / theme.HEIGHT >= 24


@given(st.lists(st.floats(-1000, 1000), max_size=8))
def test_labels_are_spread_apart_in_their_order_and_moved_only_where_they_touch(wanted: list[float]) -> None:
    found = motion.spread(wanted, 50.0)
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    assert all(found[b] - found[a] >= 50 - 1e-6 for a, b in itertools.pairwise(order))
    assert sum(found) == pytest.approx(sum(wanted), abs=1e-6)
    if all(wanted[b] - wanted[a] >= 50 for a, b in itertools.pairwise(order)):
        assert found == pytest.approx(wanted)
