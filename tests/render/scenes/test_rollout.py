"""The scenes: drawn from the recording and nothing else, legible, said once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from stagelight.engines import recording
from stagelight.engines.recording import Recording
from stagelight.render.components import board, fan, network
from stagelight.render.scene import Section
from stagelight.render.scenes.rollout import Rollout
from stagelight.render.scenes.rollout.games import Starts
from stagelight.render.stage import Film
from stagelight.render.wording import signed
from support.drawing import SMALL, any_frame_renders_alone, named, spoken, text_is_large_and_on_the_stage, words_fit
from support.paths import RECORDINGS


@pytest.fixture(scope="module")
def recorded() -> Recording:
    return recording.load(RECORDINGS, "rollout")


@pytest.fixture(scope="module")
def scene(recorded: Recording) -> Rollout:
    return Rollout(recorded)


def changed(recorded: Recording, **arrays: Any) -> Rollout:
    return Rollout(replace(recorded, arrays={**recorded.arrays, **arrays}))


def test_sections_are_the_storyboards(scene: Rollout) -> None:
    sections = scene.sections()
    assert [s.name for s in sections] == [
        "position",
        "sample",
        "reward",
        "advantage",
        "update",
        "training",
        "curriculum",
    ]
    assert [s.step for s in sections] == [None, "01", "02", "03", "04", None, None]
    assert 70 <= sum(s.seconds for s in sections) <= 90


def test_words_fit_their_time(scene: Rollout) -> None:
    words_fit(scene)


@pytest.mark.parametrize("name", ["position", "sample", "reward", "advantage", "update", "training", "curriculum"])
def test_text_is_large_enough_and_stays_on_the_stage(
    monkeypatch: pytest.MonkeyPatch, scene: Rollout, name: str
) -> None:
    text_is_large_and_on_the_stage(monkeypatch, scene, name)


@pytest.mark.parametrize("name", ["sample", "update", "training"])
def test_any_frame_renders_alone(scene: Rollout, name: str) -> None:
    any_frame_renders_alone(named(scene, name), 17)


def test_the_picture_follows_the_recording(recorded: Recording, scene: Rollout) -> None:
    """Change one recorded number, and the section that shows it changes; leave all, and none does."""
    again = Rollout(recorded)
    louder = np.array(recorded.arrays["watch_after"])
    louder[0] = np.roll(louder[0], 3)
    other = changed(recorded, watch_after=louder)
    for name, moved in (("sample", False), ("advantage", False), ("update", True), ("training", True)):
        index = [s.name for s in scene.sections()].index(name)
        t = 12.0 if name != "training" else 2.0
        frames = [Film(s.sections()[index], SMALL).at(t).copy() for s in (scene, again, other)]
        assert np.array_equal(frames[0], frames[1])
        assert np.array_equal(frames[0], frames[2]) is not moved, name


def test_printed_numbers_are_recorded_ones(
    monkeypatch: pytest.MonkeyPatch, recorded: Recording, scene: Rollout
) -> None:
    said = {words for words, *_ in spoken(monkeypatch, scene, "sample", 12.5)}
    for move in recorded.arrays["watch_move"][0]:
        assert f"{100 * recorded.arrays['watch_before'][0][move]:.1f} %" in said
    said = {words for words, *_ in spoken(monkeypatch, scene, "advantage", 12.5)}
    for value in recorded.arrays["watch_advantage"][0]:
        assert signed(float(value)) in said
    said = {words for words, *_ in spoken(monkeypatch, scene, "training", 21.5)}
    assert f"{100 * recorded.fact('mate_in_one.solve_rate'):.0f} %" in said


def test_no_name_gives_the_verdict_away_before_the_verifier(monkeypatch: pytest.MonkeyPatch, scene: Rollout) -> None:
    for t in np.linspace(0, 12.9, 9):
        assert not any("#" in words for words, *_ in spoken(monkeypatch, scene, "sample", float(t)))


# --- components ---------------------------------------------------------------------------------------


def test_a_fen_is_read_as_it_stands() -> None:
    placed = board.placement("r3k3/8/8/8/8/8/4P3/4K2R w - - 0 1")
    assert placed == {56: "r", 60: "k", 12: "P", 4: "K", 7: "R"}
    for bad in ("8/8", "9/8/8/8/8/8/8/8", "ppppppppp/8/8/8/8/8/8/8"):
        with pytest.raises(ValueError, match="wanted 8"):
            board.placement(bad)


def test_a_move_is_drawn_from_its_square_to_its_square() -> None:
    before, after = board.placement("8/8/8/8/8/8/8/R7"), board.placement("8/8/8/8/8/8/8/7R")

    def picture(share: float) -> Any:
        paint = Section(
            "m", None, "", 1, lambda pen, t: board.move(pen, before, "a1h1", 100, 100, 800, share, after),
            lambda pen: None, (), (), 0, "",
        )  # fmt: skip
        return Film(paint, SMALL).at(0).astype(int).copy()

    start, middle, end = picture(0), picture(0.5), picture(1)
    left, right = (slice(190, 226), slice(26, 50)), (slice(190, 226), slice(200, 224))
    assert np.abs(start[left] - end[left]).sum() > 1000 < np.abs(start[right] - end[right]).sum()
    assert not np.array_equal(middle, start)


def test_rays_are_as_wide_as_they_are_probable() -> None:
    def light(p: float) -> float:
        ends = fan.tips(2, 1500, 300, 800)
        paint = Section(
            "f", None, "", 1, lambda pen, t: fan.fan(pen, (200, 550), ends, np.array([p, 1 - p])),
            lambda pen: None, (), (), 0, "",
        )  # fmt: skip
        return float(Film(paint, SMALL).at(0)[:130, 250:].sum())

    values = [light(p) for p in (0.0, 0.2, 0.5, 0.9)]
    assert values == sorted(values)
    assert len(set(values)) == 4


def test_a_ray_starts_and_ends_where_it_should() -> None:
    assert fan.on_ray((0, 0), (100, 50), 0) == pytest.approx((0, 0))
    assert fan.on_ray((0, 0), (100, 50), 1) == pytest.approx((100, 50))


def test_the_strongest_links_are_the_strongest() -> None:
    weights = np.arange(-12, 12, dtype=float).reshape(4, 6)
    (links,) = network.strongest([weights], 5)
    found = sorted(abs(weights[end, start]) for start, end, _ in links)
    assert found == sorted(np.sort(np.abs(weights).ravel())[-5:])
    assert {np.sign(strength) for *_, strength in links} == {-1.0, 1.0}


def test_minus_is_a_minus() -> None:
    assert signed(-0.125) == "\u22120.125"
    assert signed(0.75) == "+0.75"


def test_a_group_in_which_nothing_paid_is_not_told_as_a_success(recorded: Recording) -> None:
    """A reader's own position may meet an unlucky group, and a run may end on a wrong move."""
    tied = np.zeros_like(recorded.arrays["watch_reward"])
    never = np.zeros_like(recorded.arrays["mate"])
    scene = changed(recorded, watch_reward=tied, watch_advantage=tied, mate=never)
    sections = {section.name: section for section in scene.sections()}
    assert "None is mate" in sections["reward"].alt
    assert "None of 8 paid." in [cue.text for cue in sections["reward"].captions]
    assert "All are flat" in sections["advantage"].alt
    assert not any("fades" in cue.text for cue in sections["training"].captions)
    assert "ring" not in {cue.text for cue in sections["training"].marks}
    for section in sections.values():
        for t in np.linspace(0, section.seconds, 4):
            Film(section, SMALL).at(float(t))


# --- sliding back ------------------------------------------------------------------------------------------------


def test_the_slide_shows_recorded_starts_from_mate_in_one_to_the_opening(recorded: Recording) -> None:
    starts = Starts(recorded)
    arrays = recorded.arrays
    assert starts.depths[0] == 1
    assert starts.name(len(starts.depths) - 1) == "opening"
    assert starts.depths == sorted(set(starts.depths))
    assert starts.steps == sorted(set(starts.steps)), "the counter never goes back"
    assert starts.boards[-1] == board.placement("rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR")
    for step, depth, chance in zip(starts.steps, starts.depths, starts.probability, strict=True):
        assert arrays["public_moves"][step] == 0
        assert arrays["public_left"][step] == depth
        assert chance == arrays["public_after"][step].max()
    for placed, uci in zip(starts.boards, starts.likeliest, strict=True):
        start = ord(uci[0]) - 97 + 8 * (int(uci[1]) - 1)
        assert placed[start].isupper(), "the policy's side stands below and moves"


def test_the_whole_game_ends_in_the_mate_that_is_ringed(recorded: Recording) -> None:
    game = next(event for event in recorded.events if event["kind"] == "showcase")
    assert game["san"][-1].endswith("#")
    assert len(game["uci"]) % 2 == 1, "White mates"
    assert len(game["boards"]) == len(game["uci"]) + 1


def test_a_recording_without_whole_games_ends_with_what_it_has(recorded: Recording) -> None:
    kept = {name: array for name, array in recorded.arrays.items() if not name.startswith(("slide_", "public_"))}
    less = Rollout(replace(recorded, arrays=kept))
    assert [section.name for section in less.sections()][-1] == "training"
