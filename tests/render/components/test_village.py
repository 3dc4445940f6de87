"""The components of the village."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagelight.render import theme
from stagelight.render.components.village import bubble, granary, head, house, market, rabbit, villager, windmill
from stagelight.render.motion import Box
from stagelight.render.pen import Pen
from stagelight.render.pipeline import gallery
from stagelight.render.scene import Section
from stagelight.render.stage import Film, Frame
from support.drawing import SMALL

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


KIT = (
    "cutout",
    "head",
    "goods",
    "villager",
    "windmill",
    "granary",
    "house",
    "market",
    "field",
    "rabbit",
    "thread",
    "town",
)


def shot(paint: Callable[[Pen], None]) -> Frame:
    """Something drawn on black."""

    def on_black(pen: Pen, _: float) -> None:
        pen.context.rectangle(0, 0, theme.WIDTH, theme.HEIGHT)
        pen.fill("#000000")
        paint(pen)

    return Film(Section("s", None, "", 1.0, on_black, lambda pen: None, (), (), 0.0, ""), SMALL).at(0).copy()


def drawn_rows(frame: Frame) -> tuple[int, int]:
    """The first and the last row in which anything is seen."""
    rows = np.flatnonzero(frame[..., :3].max(axis=(1, 2)) > 60)
    return int(rows[0]), int(rows[-1])


def near(frame: Frame, colour: str) -> int:
    """The number of pixels that have about this colour."""
    wanted = np.array([round(255 * channel) for channel in theme.rgb(colour)])
    return int((np.abs(frame[..., :3].astype(int) - wanted).max(axis=-1) < 24).sum())


def somebody(**how: Any) -> Frame:
    """A child, or an adult who carries something, large."""
    look = villager.LOOKS["farmer"] if how.get("load") else villager.CHILDREN[0]
    return shot(lambda pen: villager.villager(pen, 900, 900, look, size=10, **how))


def test_hunger_brings_somebody_down() -> None:
    tops = [drawn_rows(somebody(hunger=hunger))[0] for hunger in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert tops == sorted(tops)
    assert tops[-1] - tops[0] > 25


def test_the_hungry_do_not_hop() -> None:
    assert drawn_rows(somebody(joy=0.5))[0] < drawn_rows(somebody(joy=0.0))[0]
    assert np.array_equal(somebody(hunger=0.9, joy=0.5), somebody(hunger=0.9, joy=0.0))


def test_only_who_carries_is_amber() -> None:
    assert near(somebody(load=1.0), theme.ATTENTION) > 100
    assert near(somebody(), theme.ATTENTION) == 0


@pytest.mark.parametrize("hunger", [-1.0, 2.0])
def test_a_posture_beyond_the_scale_is_its_end(hunger: float) -> None:
    assert np.array_equal(somebody(hunger=hunger), somebody(hunger=min(max(hunger, 0.0), 1.0)))


@pytest.mark.parametrize("role", ["farmer", "miller", "baker"])
def test_a_role_is_told_without_its_colour(role: head.Role) -> None:
    def grey(each: head.Role) -> Any:
        look = head.Look(each)
        return shot(lambda pen: villager.villager(pen, 900, 900, look, size=10))[..., :3].sum(axis=2) > 90

    others = [other for other in villager.LOOKS if other != role]
    assert all((grey(role) != grey(other)).sum() > 150 for other in others)


@settings(deadline=None, max_examples=20)
@given(st.floats(0, 12), st.floats(0, 12))
def test_bread_stands_as_high_as_there_are_days(one: float, other: float) -> None:
    rise = granary.height(one, 12) - granary.height(other, 12)
    assert rise == pytest.approx((other - one) / 12 * (granary.FOOT - granary.TOP))


def test_the_gauge_is_straw_up_to_its_days() -> None:
    filled = [
        near(shot(partial(granary.granary, x=900, y=1000, days=days, most=12, size=5)), theme.STRAW)
        for days in (0, 6, 12)
    ]
    assert filled[0] < filled[1] < filled[2]


def test_blades_move_as_they_are_told_and_no_other_way() -> None:
    one, two, quarter = (
        shot(partial(windmill.windmill, x=900, y=900, turned=at, lit=1.0, size=4)) for at in (0.1, 0.15, 0.35)
    )
    assert not np.array_equal(one, two)
    assert np.abs(one.astype(int) - quarter.astype(int)).max() <= 8  # four blades alike


def test_a_house_is_lit_where_people_are_fed() -> None:
    lit = [near(shot(partial(house.house, x=900, y=900, fed=fed, size=6)), theme.LAMP) for fed in (0.0, 1.0)]
    assert lit[0] == 0 < lit[1]


def test_the_counter_shows_five_and_counts_the_rest() -> None:
    frames = [
        shot(partial(market.market, x=900, y=900, loaves=n, price=1.0, size=5)).tobytes() for n in (0, 3, 5, 6, 7)
    ]
    assert len(set(frames)) == 5


def test_what_is_turned_or_mirrored_takes_paths() -> None:
    here, there = (shot(partial(rabbit.rabbit, x=960, y=800, hop=0, size=9, left=m)) for m in (False, True))
    assert np.abs(here[..., :3].astype(int) - there[:, ::-1, :3].astype(int)).mean() < 2


@pytest.mark.parametrize("name", KIT)
def test_the_gallery_shows_the_kit_and_it_keeps_to_its_arguments(name: str) -> None:
    exhibit = dict(gallery.exhibits())[f"village.{name}"]
    one, again = (gallery.picture(name, exhibit, SMALL, 1.0).copy() for _ in range(2))
    assert np.array_equal(one, again)
    assert one[..., :3].max() > 90
