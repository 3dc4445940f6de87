"""Words that collide, are cut off or small, and pictures that stand: found where they are, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from stagelight.render import theme
from stagelight.render.motion import Box
from stagelight.render.pen import Pen
from stagelight.render.pipeline import direction
from stagelight.render.pipeline.direction import Fault
from stagelight.render.scene import Section

Paint = Callable[[Pen, float], None]


def section(paint: Paint, seconds: float = 3.0, backdrop: Callable[[Pen], None] = lambda pen: None) -> Section:
    return Section("one", None, "One", seconds, paint, backdrop, (), (), 0.5, "shown")


def found(*sections: Section) -> list[tuple[float, float, str]]:
    scene = cast("Any", SimpleNamespace(sections=lambda: sections))
    faults = sorted(direction.faults(scene), key=lambda fault: fault.start)
    assert all(isinstance(each, Fault) and each.section == "one" for each in faults)
    return [(round(each.start, 1), round(each.end, 1), each.what) for each in faults]


def moving(pen: Pen, t: float) -> None:
    """Something that never stands."""
    pen.disc(300 + 200 * t, 900, 60, theme.KEPT)


def test_words_that_meet_are_named_with_the_time_at_which_they_do() -> None:
    def paint(pen: Pen, t: float) -> None:
        moving(pen, t)
        pen.text("stays", 500, 500, 60)
        pen.text("passes", 500, 300 + 100 * t, 60)

    ((start, end, what),) = found(section(paint))
    assert what == "“stays” and “passes” overlap"
    assert 1.3 <= start <= 1.7
    assert 2.3 <= end <= 2.7


def test_words_that_fade_into_themselves_are_one_and_faint_ones_are_not_seen() -> None:
    def paint(pen: Pen, t: float) -> None:
        moving(pen, t)
        pen.text("mate", 500, 500, 60, theme.QUIET)
        pen.text("mate", 500, 500, 60, font=theme.SANS_STRONG)
        pen.text("ghost", 500, 500, 60, alpha=0.2)
        with pen.faded(0.2):
            pen.text("another", 500, 500, 60)

    assert found(section(paint)) == []


def test_words_beside_each_other_do_not_meet() -> None:
    def paint(pen: Pen, t: float) -> None:
        moving(pen, t)
        width = pen.text("left", 500, 500, 60)
        pen.text("right", 500 + width + 8, 500, 60)
        pen.text("below", 500, 560, 60)

    assert found(section(paint)) == []


@pytest.mark.parametrize("place", [(-20, 500), (1850, 500), (500, 20), (500, 1085)])
def test_words_that_leave_the_frame_are_cut_off(place: tuple[float, float]) -> None:
    def paint(pen: Pen, t: float) -> None:
        moving(pen, t)
        pen.text("gone", *place, 60)

    assert found(section(paint)) == [(0.0, 3.0, "“gone” is cut off")]


def test_words_are_found_where_they_were_moved_to_and_in_what_is_laid_down_again() -> None:
    def card(pen: Pen, words: str) -> None:
        pen.text(words, 0, 40, 60)

    def paint(pen: Pen, t: float) -> None:
        moving(pen, t)
        with pen.moved(500, 460, 0.5):
            pen.text("small", 0, 0, 60)
        with pen.moved(500, 430):
            pen.cached(card, ("kept",), Box(0, -20, 300, 80))

    assert [what for _, _, what in found(section(paint))] == ["“small” and “kept” overlap"]
    (small, *_), _ = direction.look(section(paint), 0.0)
    assert small.size == pytest.approx(30)


def test_a_picture_may_stand_while_its_words_are_read() -> None:
    def paint(pen: Pen, _: float) -> None:
        pen.text("one two three four five six", 200, 500, 60)

    assert found(section(paint, 3.4)) == []
    assert found(section(paint, 4.0)) == [(0.0, 4.0, "the picture stands, 2.0 s of it with nothing to read")]


def test_what_was_on_the_stage_before_needs_no_time() -> None:
    def paint(pen: Pen, t: float) -> None:
        pen.disc(300 + 200 * min(t, 1.0), 900, 60, theme.KEPT)

    (fault,) = found(section(paint, 4.0, lambda pen: void(pen.text("a name", 200, 300, 60))))
    assert fault == (1.0, 4.0, "the picture stands, 3.0 s of it with nothing to read")


def test_a_word_may_pass_over_another_and_leave_with_the_camera_but_not_stay_there() -> None:
    def fast(pen: Pen, t: float) -> None:
        moving(pen, t)
        pen.text("stays", 500, 500, 60)
        pen.text("passes", 500, min(120 + 700 * t, 1000), 60)
        pen.text("waits", 1700 + (400 if 1 < t < 1.45 else 0), 500, 60)

    assert found(section(fast)) == []


def test_times_are_those_of_the_film() -> None:
    def paint(pen: Pen, t: float) -> None:
        moving(pen, t)
        if t >= 1:
            pen.text("gone", -20, 500, 60)

    assert found(section(moving, 2.0), section(paint, 2.0)) == [(3.0, 4.0, "“gone” is cut off")]


def test_the_smallest_words_of_a_still_are_told_as_a_telephone_shows_them() -> None:
    def paint(pen: Pen, _: float) -> None:
        pen.text("large", 200, 300, 96)
        pen.text("small", 200, 500, 48)

    scene = cast("Any", SimpleNamespace(sections=lambda: (section(paint),)))
    assert direction.smallest(scene) == {"one": pytest.approx(48 * 390 / 1920)}


def test_words_that_a_window_cuts_are_found_and_those_outside_it_are_not_there() -> None:
    def turned(pen: Pen, t: float) -> None:
        moving(pen, t)
        with pen.clipped(100, 400, 500, 200):
            pen.text("whole", 200, 500, 60)
            pen.text("halved", 560, 500, 60)
            pen.text("outside", 700, 500, 60)

    scene = cast("Any", SimpleNamespace(sections=lambda: (replace(section(moving), upright=turned),)))
    assert [fault.what for fault in direction.faults(scene, turned=True)] == ["“halved” is cut off"]
    assert list(direction.faults(scene)) == []


def void(_: object) -> None:
    """Nothing."""
