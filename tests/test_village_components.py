"""What the village is drawn with."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from render import theme
from render.components.village import bubble
from render.motion import Box
from render.pen import Pen
from render.pipeline import gallery
from render.stage import Film, Frame, Section

SMALL = theme.Quality("test", 480, 270, 10, 30, "ultrafast")  # a quarter of the stage
WIDE, ROWS = 600.0, 4
NASTY = [
    *("", " ", "\0\x07\x1b[31m", "\u202egnitirw", "<script>alert(1)</script>", "{{ 7*7 }}", "**bold** _x_"),
    *("a" * 5000, "e" + "\u0301" * 400, "\U0001f600 \u4f60\u597d", "line\nline\r\n\tline", "\ufeff\u200b\u2066x"),
]


def drawn(words: str, author: bubble.Author, box: Box) -> Frame:
    """The bubble, on black."""

    def paint(pen: Pen, _: float) -> None:
        pen.context.rectangle(0, 0, theme.WIDTH, theme.HEIGHT)
        pen.fill("#000000")
        bubble.bubble(pen, words, author, box, (box.x + 100, box.y + box.height + 60))

    return Film(Section("s", None, "", 1.0, paint, lambda pen: None, (), (), 0.0, ""), SMALL).at(0).copy()


@pytest.mark.parametrize("words", NASTY)
def test_nasty_words_stay_in_the_box(words: str) -> None:
    box = Box(400, 200, 700, 340)
    frame = drawn(words, "language model", box)
    left, top, right, low = (round(at / 4) for at in (box.x - 8, box.y - 8, box.x + box.width + 8, box.y + box.height))
    outside = frame[..., :3].copy()
    outside[top : low + 20, left:right] = 0  # the box and its tail
    empty = drawn("", "language model", box)[..., :3].copy()
    empty[top : low + 20, left:right] = 0
    assert np.array_equal(outside, empty)


@settings(deadline=None, max_examples=150)
@given(st.text(max_size=300))
def test_any_words_become_lines_that_fit(words: str) -> None:
    lines = bubble.wrap(words, WIDE, ROWS)
    assert len(lines) <= ROWS
    for line in lines:
        assert bubble.width(line) <= WIDE
        assert line == line.strip() != ""
        assert not {unicodedata.category(each) for each in line} & {"Cc", "Cf", "Cs", "Co", "Mn"}


@settings(deadline=None, max_examples=100)
@given(st.text(alphabet="abcdef ghij.,<>{}*_", max_size=80))
def test_words_that_fit_are_all_there_and_nothing_is_interpreted(words: str) -> None:
    assert "".join(" ".join(bubble.wrap(words, 1500.0, 9)).split()) == "".join(words.split())


def test_what_does_not_fit_ends_in_an_ellipsis() -> None:
    lines = bubble.wrap("word " * 200, WIDE, ROWS)
    assert len(lines) == ROWS
    assert lines[-1].endswith(bubble.ELLIPSIS)
    assert not any(line.endswith(bubble.ELLIPSIS) for line in lines[:-1])


def test_a_missing_glyph_is_seen_to_be_missing() -> None:
    assert bubble.plain("a\u4f60b") == f"a{bubble._missing()}b"


def test_who_speaks_changes_the_border() -> None:
    box = Box(400, 200, 700, 340)
    kinds: tuple[bubble.Author, ...] = ("script", "planner", "language model")
    shots = [drawn("Two sacks.", kind, box).tobytes() for kind in kinds]
    assert len(set(shots)) == len(kinds)
    assert drawn("Two sacks.", "script", box).tobytes() == shots[0]


def test_too_small_a_box_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="make it larger"):
        bubble.wrap("x", 10, 3)


def test_the_gallery_shows_it() -> None:
    assert "village.bubble" in dict(gallery.exhibits())
    assert bubble.SIZE >= theme.FLOOR
