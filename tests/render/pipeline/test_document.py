"""A scene's document, and every track, transcript and page made from it, which say the same."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagelight.engines import recording
from stagelight.engines.recording import Recording
from stagelight.render.pipeline import document, tracks
from stagelight.render.pipeline.document import Document
from stagelight.render.scene import Cue, Mark, Scene, Section
from stagelight.render.scenes.rollout import Rollout
from support.paths import RECORDINGS

BLANK = Recording("told", 0, {}, "v", {}, (), {"a": np.arange(1)})


def nothing(*_: Any) -> None:
    """Draws nothing."""


def section(**changes: Any) -> Section:
    return replace(Section("one", "01", "One", 2.0, nothing, nothing, (), (), 1.0, "alt"), **changes)


class Told(Scene):
    """A scene of given sections."""

    name: ClassVar[str] = "told"
    title: ClassVar[str] = "Told"
    claim: ClassVar[str] = "It is said."
    legend: ClassVar[tuple[Mark, ...]] = (Mark("dot", "Dot", "where it is"),)

    def __init__(self, *sections: Section) -> None:
        super().__init__(BLANK)
        self.told = sections

    def sections(self) -> tuple[Section, ...]:
        """As given."""
        return self.told


def told(*sections: Section, fps: int = 10) -> Document:
    return document.describe(Told(*sections), fps)


@pytest.fixture(scope="module")
def rollout() -> Rollout:
    return Rollout(recording.load(RECORDINGS, "rollout"))


def cues(text: str) -> list[tuple[str, str, str]]:
    """A strict reader: start, end and text of each cue."""
    head, *blocks = text.removesuffix("\n").split("\n\n")
    assert head == "WEBVTT"
    found = []
    for block in blocks:
        timing, words = block.split("\n")
        start, end = re.fullmatch(r"(\d\d:\d\d:\d\d\.\d{3}) --> (\d\d:\d\d:\d\d\.\d{3})", timing).groups()  # type: ignore[union-attr]
        assert start < end
        found.append((start, end, words))
    return found


# --- the document -------------------------------------------------------------------------------------


def test_the_document_says_all_that_the_scene_says(rollout: Rollout) -> None:
    found = document.describe(rollout, 30)
    assert json.loads(document.text(found)) == found, "plain values only"
    assert (found["scene"], found["title"], found["claim"]) == (rollout.name, rollout.title, rollout.claim)
    assert [Mark(**entry) for entry in found["legend"]] == list(rollout.legend)
    start = 0.0
    for part, section in zip(found["sections"], rollout.sections(), strict=True):
        assert (part["name"], part["step"], part["title"]) == (section.name, section.step, section.title)
        assert part["alt"] == section.alt
        assert part["start"] == pytest.approx(start)
        assert part["still"]["time"] == pytest.approx(start + section.still)
        said = [(words["text"], words["start"], words["end"]) for words in part["captions"]]
        lit = [(mark["id"], mark["start"], mark["end"]) for mark in part["marks"]]
        for found_spans, cues_of in ((said, section.captions), (lit, section.marks)):
            assert found_spans == [
                (cue.text, round(start + cue.start, 6), round(start + cue.end, 6)) for cue in cues_of
            ]
        start += section.seconds
    assert found["duration"] == pytest.approx(start)


def test_what_is_made_from_the_document_needs_nothing_else(rollout: Rollout) -> None:
    found = document.describe(rollout, 30)
    again: Document = json.loads(document.text(found))
    for made in (tracks.chapters, tracks.captions, tracks.descriptions, tracks.legend, tracks.transcript):
        assert made(again) == made(found)


@pytest.mark.parametrize("fps", [10, 15, 30])
def test_sections_start_on_frames_and_leave_no_gap(fps: int) -> None:
    found = told(*(section(name=str(index), seconds=1.0 + index * 0.317) for index in range(7)), fps=fps)
    for one, two in pairwise(found["sections"]):
        assert one["start"] + one["duration"] == pytest.approx(two["start"], abs=2e-6)
        assert two["start"] * fps == pytest.approx(round(two["start"] * fps), abs=1e-4)
    assert found["duration"] == pytest.approx(sum(part["duration"] for part in found["sections"]), abs=1e-5)


def test_nothing_lasts_longer_than_its_section() -> None:
    made = section(seconds=1.04, still=1.04, captions=(Cue(0, 1.04, "a"),), marks=(Cue(0.5, 1.04, "dot"),))
    part = told(made)["sections"][0]
    assert part["duration"] == 1.0
    assert part["captions"][0]["end"] == part["marks"][0]["end"] == part["still"]["time"] == 1.0


def test_the_poster_is_the_chosen_section_or_the_first_step(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [section(name=name, step=step) for name, step in (("a", None), ("b", "01"), ("c", "02"))]
    assert told(*parts)["poster"] == {"section": "b"}
    assert told(parts[0])["poster"] == {"section": "a"}
    monkeypatch.setattr(Told, "poster", "c")
    assert told(*parts)["poster"] == {"section": "c"}


# --- tracks -------------------------------------------------------------------------------------------


@given(st.text(max_size=40))
def test_no_words_can_break_a_track(words: str) -> None:
    made = told(section(captions=(Cue(0.0, 1.0, words),), title=words, alt=words, marks=(Cue(0.0, 2.0, words),)))
    for track in (tracks.captions, tracks.chapters, tracks.descriptions, tracks.legend):
        found = cues(track(made))
        assert len(found) == 1
        assert not set("<>") & set(found[0][2])
    payload = json.loads(cues(tracks.legend(made))[0][2])
    assert payload == {"section": "one", "step": "01", "legend": [words]}
    assert len(tracks.transcript(made).split("\n")) == len(
        tracks.transcript(told(section(captions=(Cue(0, 1, "a"),)))).split("\n")
    )


SPANS = st.tuples(st.integers(0, 19), st.integers(1, 20)).filter(lambda span: span[0] < span[1])


@given(st.lists(st.tuples(SPANS, st.sampled_from("abc")), max_size=5))
def test_the_legend_says_at_every_moment_which_marks_are_in_play(marks: list[tuple[tuple[int, int], str]]) -> None:
    made = section(marks=tuple(Cue(start / 10, end / 10, name) for (start, end), name in marks))
    found = cues(tracks.legend(told(made)))
    assert [cue[1] for cue in found[:-1]] == [cue[0] for cue in found[1:]]
    assert (found[0][0], found[-1][1]) == ("00:00:00.000", "00:00:02.000")
    sets = [json.loads(words)["legend"] for _, _, words in found]
    assert all(left != right for left, right in pairwise(sets))
    for tenth in range(20):
        now = tracks.stamp(tenth / 10 + 0.05)
        shown = next(names for (start, end, _), names in zip(found, sets, strict=True) if start <= now < end)
        assert shown == sorted({name for (start, end), name in marks if start <= tenth < end})


def test_stamps() -> None:
    assert [tracks.stamp(at) for at in (0, 59.9996, 3661.5)] == ["00:00:00.000", "00:01:00.000", "01:01:01.500"]


def test_the_transcript_tells_what_is_said_and_seen_in_the_order_of_the_video() -> None:
    first = section(step=None, captions=(Cue(1.5, 2.0, "Later."), Cue(0.1, 1.0, "Said & <b>heard</b>\nfirst.")))
    second = section(name="two", title="Two", seconds=70.0, still=0.0, captions=(Cue(0.5, 1.0, "Then."),), alt="A dot.")
    assert tracks.transcript(told(first, second, second)).splitlines() == [
        *("Told", "It is said."),
        *("", "0:00 One", "", "Said & <b>heard</b> first.", "[On screen: alt]", "Later."),
        *("", "0:02 01 Two", "", "[On screen: A dot.]", "Then."),
        *("", "1:12 01 Two", "", "[On screen: A dot.]", "Then."),
        *("", "Legend", "", "Dot: where it is"),
    ]


def test_a_description_comes_with_its_section() -> None:
    found = cues(tracks.descriptions(told(section(alt="A dot & a box."), section(name="two"))))
    assert found == [
        ("00:00:00.000", "00:00:02.000", "A dot &amp; a box."),
        ("00:00:02.000", "00:00:04.000", "alt"),
    ]
