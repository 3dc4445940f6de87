"""The scene of the village, drawn from its recording."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stagelight.engines import recording
from stagelight.engines.recording import Recording
from stagelight.render.components.village import bubble
from stagelight.render.pages import try_village
from stagelight.render.pages.scene_files import Scene
from stagelight.render.scenes.village import (
    HEADLINES,
    Village,
    camera,
    dawn,
    disturbances,
    goal,
    relay,
    results,
    speech,
    tradeoff,
)
from stagelight.render.scenes.village.data import Data
from stagelight.render.scenes.village.paths import PATHS, ROUTES, SPOTS, position, spot
from stagelight.render.stage import Film
from support.drawing import (
    SMALL,
    any_frame_renders_alone,
    named,
    no_cut,
    nothing_stands_still,
    read_on_a_telephone,
    spoken,
    text_is_large_and_on_the_stage,
    words_fit,
)
from support.paths import RECORDINGS

NAMES = ("dawn", "goal", "relay", "tradeoff", "disturbances", "results")


@pytest.fixture(scope="module")
def recorded() -> Recording:
    return recording.load(RECORDINGS, "village")


@pytest.fixture(scope="module")
def scene(recorded: Recording) -> Village:
    return Village(recorded)


def picture(scene: Village, name: str, t: float) -> np.ndarray[Any, Any]:
    return Film(named(scene, name), SMALL).at(t).copy()


def test_sections_are_the_storyboards(scene: Village) -> None:
    sections = scene.sections()
    assert tuple(s.name for s in sections) == NAMES
    assert [s.step for s in sections] == [None, "01", "02", "03", "04", None]
    assert 80 <= sum(s.seconds for s in sections) <= 100


def test_words_are_few_and_stay_until_they_are_read(scene: Village) -> None:
    """Nine words a headline at most; a caption holds two seconds or a third of a second a word and one more."""
    words_fit(scene)
    for section in scene.sections():
        assert len(HEADLINES[section.name].split()) <= 9
        for cue in section.captions:
            count = len(cue.text.split())
            assert count <= 18
            assert cue.end - cue.start >= max(2.0, count / 3 + 1) - 1e-6, cue.text
    marks = {mark.id for mark in scene.legend}
    assert marks == {cue.text for section in scene.sections() for cue in section.marks}


@pytest.mark.parametrize("name", NAMES)
def test_text_is_large_enough_and_stays_on_the_stage(
    monkeypatch: pytest.MonkeyPatch, scene: Village, name: str
) -> None:
    text_is_large_and_on_the_stage(monkeypatch, scene, name)


@pytest.mark.parametrize("name", ["relay", "disturbances"])
def test_any_frame_renders_alone(scene: Village, name: str) -> None:
    any_frame_renders_alone(named(scene, name), 57)


def test_the_film_is_one_shot(scene: Village) -> None:
    no_cut(scene)


def test_the_upright_cut_is_read_on_a_telephone(scene: Village) -> None:
    read_on_a_telephone(scene)


@pytest.mark.slow
def test_nothing_stands_still_but_while_it_is_read(scene: Village) -> None:
    nothing_stands_still(scene)


def test_the_film_goes_forward_from_the_first_dawn_to_the_last_night(data: Data) -> None:
    clocks = {"goal": goal.clock, "relay": relay.clock, "tradeoff": tradeoff.clock, "disturbances": disturbances.clock,
              "results": results.clock}  # fmt: skip
    ticks = [clock(data, t) for name, clock in clocks.items() for t in np.linspace(0, camera.SECONDS[name], 300)]
    assert ticks[0] == dawn.ENDS
    assert (np.diff(ticks) >= 0).all()
    assert ticks[-1] > data.main.ticks - 1


def test_the_picture_follows_the_recording(recorded: Recording, scene: Village) -> None:
    """Change what was recorded, and the section that shows it changes; change what is not shown, and nothing does."""
    hungry, stored = (np.array(recorded.arrays["shown_state"]) for _ in range(2))
    hungry[:, 6 + 8] = 1.0
    stored[:, 6 + 6] += 20
    turned = np.array(recorded.arrays["turned"]) + 0.1
    alone = np.array(recorded.arrays["alone_state"]) + 1
    changes = {"shown_state": hungry}, {"shown_state": stored}, {"turned": turned}, {"alone_state": alone}
    for change in changes:
        other = Village(replace(recorded, arrays={**recorded.arrays, **change}))
        same = np.array_equal(picture(scene, "disturbances", 4.4), picture(other, "disturbances", 4.4))
        assert same == ("alone_state" in change), list(change)


def test_still_wind_is_still_and_then_a_blade_moves(data: Data) -> None:
    turns = [data.turned(disturbances.clock(data, t)) for t in np.linspace(0, disturbances.SECONDS, 200)]
    assert (np.diff(turns) >= 0).all()
    stands, moves = (data.turned(disturbances.clock(data, t)) for t in (disturbances.STANDS, disturbances.BLOWS - 0.5))
    assert stands == moves
    assert data.turned(disturbances.clock(data, disturbances.BLOWN)) > moves


@pytest.fixture(scope="module")
def data(recorded: Recording) -> Data:
    return Data(recorded)


def test_printed_numbers_are_recorded_ones(
    monkeypatch: pytest.MonkeyPatch, recorded: Recording, scene: Village, data: Data
) -> None:
    said = {words for words, *_ in spoken(monkeypatch, scene, "goal", 10.0)}
    now = goal.clock(data, 10.0)
    assert any(words.endswith(f"{abs(goal.reward(data.idle, now)):.0f}") for words in said)
    said = {words for words, *_ in spoken(monkeypatch, scene, "tradeoff", 18.0)}
    now = tradeoff.clock(data, 18.0)
    for run in (data.main, data.investor):
        assert any(words.startswith(f"{run.mouths(now)} mouths") for words in said)
    now = disturbances.clock(data, 12.5)
    said = {words for words, *_ in spoken(monkeypatch, scene, "disturbances", 12.5)}
    assert f"{data.main.days_stored(now):.1f}" in said
    captions = " ".join(cue.text for cue in named(scene, "results").captions)
    for name in ("shown", "investor"):
        assert f"{recorded.fact(f'{name}.hungry_days'):.0f}" in captions


def test_the_bubbles_hold_the_recorded_words(monkeypatch: pytest.MonkeyPatch, scene: Village, data: Data) -> None:
    event = tradeoff.choice(data)
    said = " ".join(words for words, *_ in spoken(monkeypatch, scene, "tradeoff", 5.0))
    assert f"{event['agent']}, {event['author']}: store flour" in said
    assert bubble.plain(event["reason"]) in said
    assert event in data.recording.events
    for order, one in enumerate(relay.voices(data)):
        t = relay.BEGIN + relay.EACH * order + 3.2
        said = " ".join(words for words, *_ in spoken(monkeypatch, scene, "relay", t))
        assert bubble.plain(one.get("reason", "")) in said


def test_a_message_that_swayed_another_says_what_would_have_been(
    monkeypatch: pytest.MonkeyPatch, scene: Village, data: Data
) -> None:
    swaying = [(order, other) for order, one in enumerate(relay.voices(data)) for other in data.swayed_by(one)[:1]]
    assert swaying, "at least one of those that are shown"
    for order, other in swaying:
        said = {words for words, *_ in spoken(monkeypatch, scene, "relay", relay.BEGIN + relay.EACH * order + 3.6)}
        assert f"had it not heard: {speech.PLAIN[other['instead']]}" in said


def test_another_authors_words_are_shown_as_its_own(monkeypatch: pytest.MonkeyPatch, recorded: Recording) -> None:
    """Any run can stand in the place of this one: author, reason and border follow the recording."""
    event = tradeoff.choice(Data(recorded))
    other = {key: value for key, value in event.items() if key != "fact"}
    other = {**other, "author": "script", "reason": "The wind may drop tomorrow."}
    events = tuple(other if e is event else e for e in recorded.events)
    scene = Village(replace(recorded, events=events))
    said = " ".join(text for text, *_ in spoken(monkeypatch, scene, "tradeoff", 5.0))
    assert "script" in said
    assert "The wind may drop tomorrow." in said


def test_every_place_is_reached_along_the_paths() -> None:
    ways = {frozenset(path) for path in PATHS}
    for (start, end), stops in ROUTES.items():
        assert stops[0] == start
        assert stops[-1] == end
        assert all(frozenset(pair) in ways for pair in itertools.pairwise(stops))
    assert len(ROUTES) == len(SPOTS) ** 2


def test_workers_stand_where_they_were_recorded(data: Data) -> None:
    run = data.main
    for tick in range(0, run.ticks, 7):
        for agent in range(3):
            (x, y), _, _ = position(run, agent, float(tick))
            if run.array("way")[tick, agent] == 0:
                place = ("field", "mill", "bakery", "granary", "market", "square")[run.array("leaves")[tick, agent]]
                assert (x, y) == pytest.approx(spot(place, agent), abs=1e-6)


def test_the_table_to_try_holds_what_was_recorded(recorded: Recording) -> None:
    head = recording.load_head(RECORDINGS, "village")
    html, _ = try_village.table(Scene("village", head, {}, RECORDINGS.parent), "village.md")
    values = recorded.arrays["try_return"]
    assert html.count("<td") == values.size
    shown = values.astype(float).round(2)
    assert html.count("<strong>") == (shown == shown.max(0)).sum() >= len(recorded.arrays["try_shock"])
    for row in values:
        for value in row:
            assert f"{value:.2f}".replace("-", "−") in html


def test_a_missing_table_ends_the_build_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "recordings"
    recording.save(Recording("village", 0, {}, "v", {}, (), {"wind": np.zeros(3)}), folder)
    with pytest.raises(SystemExit):
        try_village.table(Scene("village", recording.load_head(folder, "village"), {}, tmp_path), "village.md")
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert "try_reserve" in said[0]
