"""The village's recording, what is told of it, and the scene that is drawn from it."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stagelight.engines import recording
from stagelight.engines.recording import Recording
from stagelight.engines.village import constants as r
from stagelight.engines.village import episode_trace, exogenous, narrative, record, scenarios, seed_selection
from stagelight.engines.village.agents import registry, scripted
from stagelight.engines.village.agents.protocol import Choice, Observation
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.batch_episode import play
from stagelight.engines.village.evaluation import reserve_sweep
from stagelight.render.components.village import bubble
from stagelight.render.pages import try_reserve
from stagelight.render.pages.scene_files import Scene
from stagelight.render.scenes.village import HEADLINES, Village, disturbances, goal, tradeoff
from stagelight.render.scenes.village.data import Data
from stagelight.render.scenes.village.paths import PATHS, ROUTES, SPOTS, position, spot
from stagelight.render.stage import Film
from support.drawing import SMALL, any_frame_renders_alone, named, spoken, text_is_large_and_on_the_stage, words_fit
from support.paths import RECORDINGS

NAMES = ("dawn", "goal", "relay", "tradeoff", "disturbances", "results")


@pytest.fixture(scope="module")
def recorded() -> Recording:
    return recording.load(RECORDINGS, "village")


@pytest.fixture(scope="module")
def scene(recorded: Recording) -> Village:
    return Village(recorded)


@pytest.fixture(scope="module")
def played() -> episode_trace.Trace:
    weather = exogenous.draw(scenarios.COMPOUND, 7)
    return episode_trace.trace(weather, scripted.scripts(registry.named("stock").parameters()))


# --- the trace ----------------------------------------------------------------------------------------


def test_a_trace_is_the_run_that_the_compiled_village_plays(played: episode_trace.Trace) -> None:
    """Word by word reports and compiled reports come to the same, to the last bit."""
    weather = exogenous.stack([exogenous.draw(scenarios.COMPOUND, 7)])
    many = play(Villages(weather), scripted.BatchScripted(registry.named("stock").parameters()))
    assert np.array_equal(played.world.numbers(), many.villages.numbers[0])
    assert np.array_equal(played.arrays["state"][1:], many.history[0].astype(np.float32))


def test_what_is_carried_is_what_arrives(played: episode_trace.Trace) -> None:
    """Each load is delivered in full at its end; nobody holds anything while they work, wait or walk to their work."""
    a = played.arrays
    for agent in range(3):
        for tick in np.flatnonzero(a["load"][1:-1, agent] > 0) + 1:
            ends = next(at for at in range(tick, r.TICKS) if a["load"][at + 1, agent] == 0)
            assert a["moved"][ends, agent] == a["load"][tick, agent]
            assert int(a["does"][tick, agent]) in episode_trace.CARRIED
            assert a["good"][tick, agent] == episode_trace.CARRIED[int(a["does"][tick, agent])]
    assert (a["load"] > 0).sum() > 100


def test_nobody_jumps(played: episode_trace.Trace) -> None:
    """From moment to moment a worker goes on along one leg, or reaches a place that it touches."""
    a = played.arrays
    for agent in range(3):
        for tick in range(r.TICKS):
            one, two = ({int(a[name][at, agent]) for name in ("leaves", "heads")} for at in (tick, tick + 1))
            walked = r.TRAVEL[min(one | two), max(one | two)] if len(one | two) == 2 else 0
            assert one & two or walked == 1, f"agent {agent} at {tick}: {one} to {two}"
    assert ((a["way"] >= 0) & (a["way"] < 1)).all()


def test_rewards_are_what_is_eaten_less_twice_what_is_missing(played: episode_trace.Trace) -> None:
    a = played.arrays
    assert np.allclose(a["reward"] * r.NORM, a["eaten"] - r.MISSED * a["missed"], atol=1e-4)
    assert a["reward"].sum() == pytest.approx(played.world.J / r.NORM, abs=1e-4)


def test_words_are_kept_as_they_were_said_and_reasons_are_never_made_up() -> None:
    class Talker(scripted.Idle):
        def act(self, observation: Observation) -> Choice:
            return Choice(r.WAIT, "granary=999 hello", "because I like to", "language model", "", 3)

    weather = exogenous.draw(scenarios.CALM, 1)
    agents = [Talker(), scripted.Scripted(registry.named("stock").parameters()), scripted.Idle()]
    run = episode_trace.trace(weather, agents)
    spoken = [event for event in run.events if event["agent"] == "farmer"]
    assert {(e["message"], e["reason"], e["author"]) for e in spoken} == {
        ("granary=999 hello", "because I like to", "language model")
    }
    assert not any("reason" in event for event in run.events if event["agent"] == "miller")
    assert {event["author"] for event in run.events if event["agent"] == "miller"} == {"script"}
    assert not any(event["agent"] == "baker" for event in run.events)
    seen = run.arrays["observation"][5:, 1, r.KNOWS + r.IN_GRANARY]
    assert (seen == 999).any(), "the miller believes what the farmer says"


@pytest.mark.slow
def test_one_worker_alone_is_not_enough() -> None:
    weather = exogenous.draw(scenarios.CALM, 3)
    for who in range(3):
        assert share_fed(episode_trace.trace(weather, scripted.lone(who))) < 0.6
    assert share_fed(episode_trace.trace(weather, scripted.scripts(registry.named("stock").parameters()))) > 0.9


def share_fed(run: episode_trace.Trace) -> float:
    a = run.arrays
    return float(a["eaten"].sum() / (a["eaten"].sum() + a["missed"].sum()))


# --- the rule -----------------------------------------------------------------------------------------


def days(**spans: tuple[int, int, float]) -> np.ndarray[Any, Any]:
    """Forty days, all well but for spans of (first, one after the last, value)."""
    found = np.ones(r.DAYS)
    for first, last, value in spans.values():
        found[first:last] = value
    return found


def test_the_rule_finds_the_story_and_nothing_else() -> None:
    still = np.zeros(r.DAYS, np.bool_)
    still[10:15] = True
    fed, stored = days(hungry=(13, 16, 0.2)), days(full=(0, 12, 4.0), dry=(12, 20, 0.1))
    found = seed_selection.story(fed, stored, still)
    assert found == seed_selection.Story(still=11, blows=16, dry=13, hungry=(14, 15, 16), recovered=17)
    assert seed_selection.story(days(), stored, still) is None, "nobody was hungry"
    assert seed_selection.story(days(late=(13, 30, 0.2)), stored, still) is None, "no recovery in time"
    assert seed_selection.story(fed, days(poor=(0, 40, 1.0)), still) is None, "nothing was stored"
    assert seed_selection.story(fed, stored, np.zeros(r.DAYS, np.bool_)) is None, "the wind never dropped"
    assert seed_selection.story(days(early=(10, 16, 0.2)), stored, still) is None, "nothing was bridged"


@pytest.mark.slow
@pytest.mark.engine
def test_the_published_run_is_the_first_that_fits(recorded: Recording) -> None:
    """The rule's own words stand in the recording, the run fits them, and no seed before it does."""
    event = next(event for event in recorded.events if event["kind"] == "cast")
    first = int(recorded.config["first_seed"])
    assert event["rule"] == seed_selection.RULE
    assert event["looked_at"] == recorded.seed - first + 1
    maker = record.published(record.Config())
    for seed in range(first, recorded.seed + 1):
        weather = exogenous.draw(scenarios.named(str(recorded.config["scenario"])), seed)
        a = episode_trace.trace(weather, maker.make()).arrays
        found = seed_selection.story(narrative.fed(a), narrative.stored(a), seed_selection.still_days(weather))
        assert (found is not None) == (seed == recorded.seed)


# --- the recording ------------------------------------------------------------------------------------


def test_a_seed_that_tells_no_story_is_refused_in_one_line(tmp_path: Path) -> None:
    config = record.Config(scenario="calm", seeds=1)
    with pytest.raises(ValueError, match=r"village: seed 7 of calm, with .* give another --seed") as raised:
        record.make(tmp_path, lambda *_: None, config=config, seed=7, cast=record.scripted(config))
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.slow
@pytest.mark.engine
def test_recorded_twice_gives_the_same_bytes(tmp_path: Path, recorded: Recording) -> None:
    config = record.Config(measured=2)
    for name in ("one", "two"):
        made = record.make(tmp_path, lambda *_: None, config=config, seed=recorded.seed)
        recording.save(made, tmp_path / name)
    for end in ("npz", "json"):
        assert (tmp_path / "one" / f"village.{end}").read_bytes() == (tmp_path / "two" / f"village.{end}").read_bytes()
    again = recording.load(tmp_path / "one", "village")
    story = tuple(event for event in recorded.events if event["kind"] != "answered")  # which is added when it is scored
    assert again.events == story, "the same words, the rule's among them"
    for name in ("shown_state", "hoarder_state", "wind", "alone_load"):
        assert np.array_equal(again.arrays[name], recorded.arrays[name]), "the run of the published recording"


def test_the_recording_is_of_this_code(recorded: Recording) -> None:
    """After a change of the village or its policy: `click record village`."""
    assert recorded.code_version == record.version()
    assert recorded.config["policy_sha256"] == recording.sha256(record.POLICY), "and of this policy"


def test_facts_are_in_the_arrays(recorded: Recording) -> None:
    for name in ("shown", "idle", "alone", "hoarder", "investor"):
        assert recorded.fact(f"{name}.return") == pytest.approx(recorded.arrays[f"{name}_reward"].sum(), abs=1e-4)
    assert recorded.fact("story.still_days") == (recorded.arrays["wind"].reshape(40, 12).max(1) == 0).sum()
    assert recorded.fact("compound.best_reserve") in reserve_sweep.RESERVES
    assert len(json.dumps(recorded.config)) < 2000


def test_a_table_of_reserves_holds_means_of_real_runs() -> None:
    seeds = (1, 2)
    found = reserve_sweep.table(scenarios.COMPOUND, seeds, lambda *_: None)
    row, column = 3, 2
    weather = [exogenous.draw(scenarios.COMPOUND, seed, reserve_sweep.SHOCKS[column]) for seed in seeds]
    numbers = registry.with_reserve(reserve_sweep.RESERVES[row]).parameters("compound")
    runs = [episode_trace.trace(each, scripted.scripts(numbers)) for each in weather]
    assert found["try_return"][row, column] == pytest.approx(np.mean([run.world.J / r.NORM for run in runs]), abs=1e-6)


# --- the scene ----------------------------------------------------------------------------------------


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


def test_the_picture_follows_the_recording(recorded: Recording, scene: Village) -> None:
    """Change what was recorded, and the section that shows it changes; leave it, and nothing does."""
    hungry, stored = (np.array(recorded.arrays["shown_state"]) for _ in range(2))
    hungry[:, 6 + 8] = 1.0
    stored[:, 6 + 6] += 20
    turned = np.array(recorded.arrays["turned"]) + 0.1
    changes = {"shown_state": hungry}, {"shown_state": stored}, {"turned": turned}
    for change in changes:
        other = Village(replace(recorded, arrays={**recorded.arrays, **change}))
        assert not np.array_equal(picture(scene, "disturbances", 2.0), picture(other, "disturbances", 2.0)), list(
            change
        )
        assert np.array_equal(picture(scene, "goal", 12.0), picture(other, "goal", 12.0)), "the run without work"


def test_still_wind_is_still_and_then_a_blade_moves(data: Data) -> None:
    turns = [data.turned(disturbances.clock(data, t)) for t in np.linspace(0, disturbances.SECONDS, 200)]
    assert (np.diff(turns) >= 0).all()
    stands, moves = (data.turned(disturbances.clock(data, t)) for t in (disturbances.STANDS, disturbances.RETURN - 1))
    assert stands == moves
    assert data.turned(disturbances.clock(data, disturbances.BLOWS)) > moves


@pytest.fixture(scope="module")
def data(recorded: Recording) -> Data:
    return Data(recorded)


def test_printed_numbers_are_recorded_ones(
    monkeypatch: pytest.MonkeyPatch, recorded: Recording, scene: Village, data: Data
) -> None:
    said = {words for words, *_ in spoken(monkeypatch, scene, "relay", 15.0)}
    assert f"{recorded.fact('shown.fed'):.0%} fed" in said
    assert f"{recorded.fact('alone.fed'):.0%} fed" in said
    said = {words for words, *_ in spoken(monkeypatch, scene, "tradeoff", 18.0)}
    assert {f"return {recorded.fact(f'{name}.return'):.2f}" for name in ("hoarder", "investor")} <= said
    said = {words for words, *_ in spoken(monkeypatch, scene, "results", 14.0)}
    assert f"{recorded.fact('score.compound.small_taught.return'):.2f}" in said
    now = disturbances.clock(data, 9.0)
    said = {words for words, *_ in spoken(monkeypatch, scene, "disturbances", 9.0)}
    assert f"{data.main.days_stored(now):.1f}" in said


def test_the_bubble_holds_the_recorded_words(monkeypatch: pytest.MonkeyPatch, scene: Village, data: Data) -> None:
    event = tradeoff.choice(data)
    said = [words for words, *_ in spoken(monkeypatch, scene, "tradeoff", 3.0)]
    assert event["author"] in said
    assert bubble.plain(event["message"]) in " ".join(said)
    assert event in data.recording.events
    assert "reason" in event or any("gives no reasons" in cue.text for cue in scene.sections()[3].captions)


def test_a_language_models_words_are_shown_as_its_own(monkeypatch: pytest.MonkeyPatch, recorded: Recording) -> None:
    """Its run can stand in the place of the script's: author, reason and border follow the recording."""
    words = {"author": "language model", "reason": "The wind may drop tomorrow."}
    event = tradeoff.choice(Data(recorded))
    events = tuple({**e, **words} if e is event else e for e in recorded.events)
    scene = Village(replace(recorded, events=events))
    said = " ".join(text for text, *_ in spoken(monkeypatch, scene, "tradeoff", 3.0))
    assert "language model" in said
    assert "The wind may drop tomorrow." in said
    assert not any("no reasons" in cue.text for cue in scene.sections()[3].captions)


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


def test_clocks_only_go_forward(data: Data) -> None:
    spans = (
        (lambda t: disturbances.clock(data, t), 0.0, disturbances.SECONDS),
        (lambda t: goal.clock(data, t), 0.0, goal.TURN - 0.01),
        (lambda t: goal.clock(data, t), goal.TURN, goal.SECONDS),
        (tradeoff.clock, tradeoff.SPLIT, tradeoff.SECONDS),
    )
    for clock, start, end in spans:
        assert (np.diff([clock(float(t)) for t in np.linspace(start, end, 300)]) >= 0).all()


# --- the page -----------------------------------------------------------------------------------------


def test_the_table_to_try_holds_what_was_recorded(recorded: Recording) -> None:
    head = recording.load_head(RECORDINGS, "village")
    html = try_reserve.table(Scene("village", head, {}, RECORDINGS.parent), "village.md")
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
        try_reserve.table(Scene("village", recording.load_head(folder, "village"), {}, tmp_path), "village.md")
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert "try_reserve" in said[0]
