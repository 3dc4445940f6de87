"""The rollout scene: drawn from the recording and nothing else, without a cut, legible, said once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagelight.engines import recording
from stagelight.engines.recording import Recording
from stagelight.render.components import board, fan, network
from stagelight.render.scene import Section
from stagelight.render.scenes.rollout import Rollout, curriculum, policy_network, schedule, second_step
from stagelight.render.scenes.rollout.data import Data
from stagelight.render.stage import Film
from stagelight.render.wording import percent, signed
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

NAMES = ["position", "sample", "reward", "advantage", "update", "training", "curriculum", "game"]
NOT_SAID = {"rollout", "rollouts", "policy", "ply", "plies", "greedy", "verifier", "san"}


@pytest.fixture(scope="module")
def recorded() -> Recording:
    return recording.load(RECORDINGS, "rollout")


@pytest.fixture(scope="module")
def scene(recorded: Recording) -> Rollout:
    return Rollout(recorded)


@pytest.fixture(scope="module")
def data(recorded: Recording) -> Data:
    return Data(recorded)


def changed(recorded: Recording, **arrays: Any) -> Rollout:
    return Rollout(replace(recorded, arrays={**recorded.arrays, **arrays}))


def test_sections_are_the_storyboards(scene: Rollout) -> None:
    sections = scene.sections()
    assert [s.name for s in sections] == NAMES
    assert [s.step for s in sections] == [None, "01", "02", "03", "04", None, None, None]
    assert 80 <= sum(s.seconds for s in sections) <= 95


def test_words_fit_their_time(scene: Rollout) -> None:
    words_fit(scene)


def test_captions_are_whole_plain_sentences(scene: Rollout) -> None:
    for section in scene.sections():
        for cue in section.captions:
            assert cue.text.endswith(".")
            assert cue.text[0].isupper() or cue.text[0].isdigit() or cue.text[0] == ">", cue.text
            assert not NOT_SAID & set(cue.text.lower().strip(".").split()), cue.text


@pytest.mark.parametrize("name", NAMES)
def test_text_is_large_enough_and_stays_on_the_stage(
    monkeypatch: pytest.MonkeyPatch, scene: Rollout, name: str
) -> None:
    text_is_large_and_on_the_stage(monkeypatch, scene, name)


@pytest.mark.parametrize("name", ["sample", "update", "training", "curriculum", "game"])
def test_any_frame_renders_alone(scene: Rollout, name: str) -> None:
    any_frame_renders_alone(named(scene, name), 23)


# --- one shot --------------------------------------------------------------------------------------------------


def test_no_cut(scene: Rollout) -> None:
    no_cut(scene)


def test_the_upright_cut_is_read_on_a_telephone(scene: Rollout) -> None:
    read_on_a_telephone(scene)


def test_nothing_stands_still_unless_it_is_read(scene: Rollout) -> None:
    nothing_stands_still(scene)


def test_the_counter_never_goes_back(monkeypatch: pytest.MonkeyPatch, scene: Rollout, recorded: Recording) -> None:
    counted = []
    for section in scene.sections():
        for t in np.linspace(0, section.seconds, 12):
            (words,) = {
                said for said, *_ in spoken(monkeypatch, scene, section.name, float(t)) if said.startswith("step ")
            }
            counted.append(int(words.split()[1]))
    assert counted == sorted(counted)
    assert counted[-1] == len(recorded.arrays["game_board"])


# --- what is shown is what was recorded ------------------------------------------------------------------------


def test_the_picture_follows_the_recording(recorded: Recording, scene: Rollout, data: Data) -> None:
    """Change one recorded number, and the sections that show it change; leave all, and none does."""
    again = Rollout(recorded)
    still = np.array(recorded.arrays["game_change"])
    still[data.first] = still[data.first][:, ::-1]
    other = changed(recorded, game_change=still)
    for name, t, moved in (("sample", 6.0, False), ("advantage", 6.0, False), ("update", 2.62, True)):
        frames = [Film(named(s, name), SMALL).at(t).copy() for s in (scene, again, other)]
        assert np.array_equal(frames[0], frames[1])
        assert np.array_equal(frames[0], frames[2]) is not moved, name


def test_printed_numbers_are_recorded_ones(monkeypatch: pytest.MonkeyPatch, scene: Rollout, data: Data) -> None:
    step = data.step(data.first)
    said = [words for words, *_ in spoken(monkeypatch, scene, "sample", 9.0)]
    for move in step.group:
        assert percent(step.rays.before[move]) in said
    said = [words for words, *_ in spoken(monkeypatch, scene, "advantage", 9.0)]
    size, paid = len(step.reward), int(step.reward.sum())
    assert said.count(f"+{size - paid}/{size}") == paid
    assert said.count(f"\N{MINUS SIGN}{paid}/{size}") == size - paid
    assert f"mean {paid}/{size}" in said
    said = [words for words, *_ in spoken(monkeypatch, scene, "update", 7.5)]
    best = step.rays.order[0]
    assert {step.name(step.rays.uci[best]), percent(step.rays.after[best])} <= set(said)


def test_a_groups_advantages_add_up_to_nothing(data: Data) -> None:
    for index in (data.first, data.second):
        assert abs(float(data.step(index).advantage.sum())) < 1e-4


def test_nothing_gives_the_verdict_away_before_the_rules_have_looked(
    monkeypatch: pytest.MonkeyPatch, scene: Rollout
) -> None:
    for name in ("position", "sample"):
        for t in np.linspace(0, named(scene, name).seconds, 9):
            assert not any("#" in words for words, *_ in spoken(monkeypatch, scene, name, float(t)))


def test_the_game_goes_on_from_what_was_played(data: Data) -> None:
    """The position drawn after move and answer is the one recorded at the next step, all along the training game."""
    over, moves = data.array("game_over"), data.array("game_moves")
    going = [k for k in range(data.last) if not over[k]]
    assert going
    for index in going:
        assert moves[index + 1] == moves[index] + 1
        assert data.step(index).answered == data.step(index + 1).board, index


def test_the_learner_is_below_and_moves(data: Data) -> None:
    for index in range(data.last):
        step = data.step(index)
        assert step.board[board.parse_square(step.played[:2])].isupper(), index


def test_lanes_lie_in_the_order_of_their_rays(data: Data) -> None:
    step = data.step(data.first)
    places = [step.rays.places[move] for move in step.group]
    assert places == sorted(places)
    assert sorted(step.draws) == list(range(len(step.group)))


def test_a_unit_is_thrown_by_its_own_change(data: Data) -> None:
    step = data.step(data.first)
    rest = policy_network.columns(step, policy_network.PolicyNetwork(hit=-1))
    for layer in range(3):
        hit = policy_network.EACH_LAYER * (2 - layer) + network.RISE
        thrown = policy_network.columns(step, policy_network.PolicyNetwork(hit=hit))
        moved = [before[0] - after[0] for before, after in zip(rest[layer + 1], thrown[layer + 1], strict=True)]
        assert np.corrcoef(moved, step.change[layer])[0, 1] > 0.999
    assert policy_network.columns(step, policy_network.PolicyNetwork(hit=60)) == rest


@given(st.floats(-1, 10))
def test_a_spring_is_never_further_out_than_its_throw_and_comes_to_rest(seconds: float) -> None:
    assert abs(network.spring(seconds)) <= 1
    assert network.spring(seconds) == 0 or 0 < seconds < network.RESTS


def test_a_group_in_which_nothing_paid_is_not_told_as_a_success(recorded: Recording) -> None:
    """A reader's own position may meet an unlucky group."""
    tied = np.zeros_like(recorded.arrays["game_reward"])
    scene = changed(recorded, game_reward=tied, game_advantage=tied)
    sections = {section.name: section for section in scene.sections()}
    assert "None is mate" in sections["reward"].alt
    assert any("None of the" in cue.text for cue in sections["reward"].captions)
    assert "All are flat" in sections["advantage"].alt
    for name in ("reward", "advantage", "update"):
        for t in np.linspace(0, sections[name].seconds, 4):
            Film(sections[name], SMALL).at(float(t))


def test_a_run_without_a_mistake_has_none(recorded: Recording) -> None:
    kept = tuple(event for event in recorded.events if event["kind"] != "surest_mistake")
    section = named(Rollout(replace(recorded, events=kept)), "training")
    assert not any("no mate" in cue.text for cue in section.captions)
    Film(section, SMALL).at(section.seconds / 2)


@pytest.mark.parametrize("late", [False, True])
def test_a_mistake_outside_the_shown_stretch_is_passed_over(recorded: Recording, late: bool) -> None:
    """One of the first two steps, and one from when training started at the opening."""
    data = Data(recorded)
    step = len(recorded.arrays["game_board"]) if late else data.second + 1
    words = {
        "uci": "a1a2",
        "san": "Ra2",
        "best_uci": "a1a8",
        "best_san": "Ra8#",
        "best_probability": 0.1,
        "best_final": 0.9,
    }
    told = {"kind": "surest_mistake", "step": step, "probability": 0.9, **words}
    kept = [event for event in recorded.events if event["kind"] != "surest_mistake"]
    opened = {"kind": "frontier", "step": step - 1, "depth": 1001}
    changed = Data(replace(recorded, events=(*kept, opened, told)))
    assert changed.mistake is None
    assert not any(beat.mistake for beat in schedule.beats(changed, second_step.SECONDS))


def test_the_shown_steps_rise_and_hold_the_mistake(data: Data) -> None:
    shown = schedule.beats(data, second_step.SECONDS)
    steps = [beat.step for beat in shown]
    assert steps == sorted(set(steps))
    assert steps[0] > data.second > data.first
    assert steps[-1] == schedule.last_step(data)
    mistake = data.mistake
    assert [beat.step + 1 for beat in shown if beat.mistake] == ([mistake["step"]] if mistake else [])


# --- sliding back ------------------------------------------------------------------------------------------------


def test_the_rewind_runs_from_mate_to_the_deepest_start(data: Data) -> None:
    rewind = curriculum.Rewind(data)
    fars = [curriculum.plies(rewind, t) for t in np.linspace(0, curriculum.SECONDS, 200)]
    assert fars == sorted(fars)
    assert fars[0] == 0
    assert fars[-1] == pytest.approx(rewind.deepest)
    assert rewind.boards[0] == board.placement("rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR")
    steps, depths = zip(*rewind.passes, strict=True)
    assert list(steps) == sorted(steps)
    assert list(depths) == sorted(set(depths))


def test_the_rewound_game_is_made_of_its_moves(data: Data) -> None:
    event, boards = data.event("rewind"), curriculum.Rewind(data).boards
    assert event is not None
    for uci, before, after in zip(event["uci"], boards[:-1], boards[1:], strict=True):
        assert board.moved(before, uci) == after


def test_the_whole_game_ends_in_the_mate_that_is_ringed(data: Data) -> None:
    game = data.event("showcase")
    assert game is not None
    assert game["san"][-1].endswith("#")
    assert len(game["uci"]) % 2 == 1, "White mates"
    assert len(game["boards"]) == len(game["uci"]) + 1


def test_a_recording_without_a_curriculum_ends_with_what_it_has(recorded: Recording) -> None:
    kept = {name: array for name, array in recorded.arrays.items() if not name.startswith("frontier_")}
    less = Rollout(replace(recorded, arrays=kept))
    assert [section.name for section in less.sections()][-1] == "training"


# --- components ---------------------------------------------------------------------------------------


def test_a_fen_is_read_as_it_stands() -> None:
    placed = board.placement("r3k3/8/8/8/8/8/4P3/4K2R w - - 0 1")
    assert placed == {56: "r", 60: "k", 12: "P", 4: "K", 7: "R"}
    for bad in ("8/8", "9/8/8/8/8/8/8/8", "ppppppppp/8/8/8/8/8/8/8"):
        with pytest.raises(ValueError, match="wanted 8"):
            board.placement(bad)


@pytest.mark.parametrize(
    ("before", "uci", "after"),
    [
        ("4k3/8/8/8/8/8/8/4K2R", "e1g1", "4k3/8/8/8/8/8/8/5RK1"),
        ("r3k3/8/8/8/8/8/8/4K3", "e8c8", "2kr4/8/8/8/8/8/8/4K3"),
        ("4k3/8/8/3pP3/8/8/8/4K3", "e5d6", "4k3/8/3P4/8/8/8/8/4K3"),
        ("4k3/P7/8/8/8/8/8/4K3", "a7a8n", "N3k3/8/8/8/8/8/8/4K3"),
        ("4k3/8/8/8/8/8/p7/1N2K3", "a2b1q", "4k3/8/8/8/8/8/8/1q2K3"),
        ("4k3/8/8/8/8/8/8/R3K2r", "e1e2", "4k3/8/8/8/8/8/4K3/R6r"),
    ],
)
def test_a_move_leads_where_it_leads(before: str, uci: str, after: str) -> None:
    assert board.moved(board.placement(before), uci) == board.placement(after)


def test_men_glide_between_two_positions() -> None:
    one, two = board.placement("4k3/8/8/8/3n4/8/8/R3K3"), board.placement("4k3/8/8/8/8/8/8/3QK2R")

    def picture(paint: Any) -> Any:
        return (
            Film(Section("m", None, "", 1, lambda pen, t: paint(pen), lambda pen: None, (), (), 0, ""), SMALL)
            .at(0)
            .copy()
        )

    place = (100, 100, 800)
    start, middle, end = (picture(lambda pen, s=share: board.morph(pen, one, two, *place, s)) for share in (0, 0.5, 1))
    assert np.array_equal(start, picture(lambda pen: board.men(pen, one, *place)))
    assert np.array_equal(end, picture(lambda pen: board.men(pen, two, *place)))
    assert not np.array_equal(middle, start)


def test_a_move_is_drawn_from_its_square_to_its_square() -> None:
    before = board.placement("8/8/8/8/8/8/8/R7")

    def picture(share: float) -> Any:
        paint = Section(
            "m", None, "", 1, lambda pen, t: board.travel(pen, before, "a1h1", 100, 100, 800, share),
            lambda pen: None, (), (), 0, "",
        )  # fmt: skip
        return Film(paint, SMALL).at(0).astype(int).copy()

    start, middle, end = picture(0), picture(0.5), picture(1)
    left, right = (slice(190, 226), slice(26, 50)), (slice(190, 226), slice(200, 224))
    assert np.abs(start[left] - end[left]).sum() > 1000 < np.abs(start[right] - end[right]).sum()
    assert not np.array_equal(middle, start)


def test_rays_are_as_wide_as_they_are_probable() -> None:
    def light(p: float) -> float:
        ends = fan.tips((-1, 1), 1500, 550, 250)
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
