"""The upright cut: windows that show what they say, move without a jump, and words that fit."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from stagelight.render import theme
from stagelight.render.components import frame, upright
from stagelight.render.components.upright import Key, Layout, Window, chained, fitted, windows
from stagelight.render.motion import Box
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, nothing
from stagelight.render.stage import Film
from stagelight.render.theme import Quality
from stagelight.render.typeset import advance

TURNED = Quality("test", 270, 405, 10, 30, "ultrafast")
LEFT: Layout = {"one": Window(0, 0, 960, Box(0, 300, 1080, 600))}
RIGHT: Layout = {"one": Window(960, 0, 960, Box(0, 300, 1080, 600))}
BOTH: Layout = {**LEFT, "other": Window(960, 0, 960, Box(0, 900, 1080, 400))}


def halves(pen: Pen, _: float = 0.0) -> None:
    """The left of the stage in teal, the right in rose."""
    for left, colour in ((0, theme.KEPT), (960, theme.LOST)):
        pen.context.rectangle(left, 0, 960, 1080)
        pen.fill(colour)


def section(**changes: object) -> Section:
    parts = {"paint": halves, "backdrop": nothing, "captions": (Cue(0.2, 2.8, "A caption."),), "marks": ()}
    return Section(**{"name": "one", "step": None, "title": "One", "seconds": 3.0, "still": 1.0, "alt": "shown",
                      **parts, **changes})  # type: ignore[arg-type]  # fmt: skip


def colour(picture: np.ndarray, x: float, y: float) -> tuple[int, ...]:
    """The colour at a place of the upright stage."""
    return tuple(int(each) for each in picture[int(y / 4), int(x / 4), :3])


def hexed(name: str) -> tuple[int, ...]:
    return tuple(round(255 * each) for each in theme.rgb(name))


def test_a_window_shows_its_part_of_the_stage_in_its_place_and_nothing_beside_it() -> None:
    turned = frame.flowing(section(), "SCENE", "Headline", ("One", "Two"), 0, [Key(-9.0, BOTH)])
    picture = Film(turned, TURNED).at(1.5)
    assert picture.shape == (405, 270, 4)
    assert colour(picture, 540, 600) == hexed(theme.KEPT)
    assert colour(picture, 540, 1100) == hexed(theme.LOST)
    assert colour(picture, 540, 284) not in {hexed(theme.KEPT), hexed(theme.LOST)}


def test_a_section_without_a_layout_is_shown_whole() -> None:
    picture = Film(section(), TURNED).at(1.0)
    assert colour(picture, 20, 800) == hexed(theme.KEPT)
    assert colour(picture, 1060, 800) == hexed(theme.LOST)


def test_a_window_moves_to_where_the_next_layout_has_it() -> None:
    keys = [Key(-9.0, LEFT), Key(1.0, RIGHT, 1.0)]
    lefts = [[window.left for window, _ in windows(keys, t)] for t in (0.0, 1.0, 1.5, 2.0, 9.0)]
    assert lefts == [[0], [0], [480], [960], [960]]


def test_a_new_window_comes_where_it_will_be_and_one_that_is_over_goes_where_it_was() -> None:
    keys = [Key(-9.0, LEFT), Key(1.0, BOTH, 1.0), Key(3.0, LEFT, 1.0)]
    assert [[alpha for _, alpha in windows(keys, t)] for t in (0.0, 1.5, 2.0, 3.5, 4.0)] == [
        [1.0], [1.0, 0.5], [1.0, 1.0], [1.0, 0.5], [1.0]]  # fmt: skip
    assert {tuple(window) for t in (1.5, 2.0, 3.5) for window, _ in list(windows(keys, t))[1:]} == {
        tuple(BOTH["other"])
    }


def test_each_section_begins_with_the_windows_of_the_one_before() -> None:
    film = chained({"a": [Key(0.0, LEFT)], "b": [Key(0.5, BOTH)], "c": [Key(0.0, RIGHT, 0.4)]})
    for before, after in pairwise(film.values()):
        assert list(windows(before, 9.0)) == list(windows(after, 0.0))
    assert list(windows(film["c"], 9.0)) == [(RIGHT["one"], 1.0)]


def test_a_fitted_window_keeps_its_shape_in_the_middle_of_its_place() -> None:
    assert fitted(100, 50, 400, 200, Box(0, 300, 1000, 1000)) == Window(100, 50, 400, Box(0, 550, 1000, 500))
    assert fitted(0, 0, 200, 400, Box(0, 0, 1000, 1000)).place == Box(250, 0, 500, 1000)


@pytest.mark.parametrize("words", ["Short", "From 1.9 % to 70.6 %, and it is played", "a " * 60])
def test_words_are_broken_into_even_lines_that_fit(words: str) -> None:
    lines = upright.wrapped(words.strip(), upright.CAPTION, theme.SANS)
    assert " ".join(lines) == words.strip()
    widths = [advance(line, theme.SANS) * upright.CAPTION for line in lines]
    assert max(widths) <= upright.RIGHT - upright.LEFT
    assert not any(line.startswith("%") for line in lines)
    if len(lines) == 2:
        assert min(widths) >= 0.4 * max(widths)
