"""The trace of an episode, tick by tick."""

from __future__ import annotations

import numpy as np
import pytest

from stagelight.engines.village import constants as r
from stagelight.engines.village import episode_trace, exogenous, scenarios
from stagelight.engines.village.agents import registry, scripted
from stagelight.engines.village.agents.protocol import Choice, Observation
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.batch_episode import play


@pytest.fixture(scope="module")
def played() -> episode_trace.Trace:
    weather = exogenous.draw(scenarios.COMPOUND, 7)
    return episode_trace.trace(weather, scripted.scripts(registry.named("stock").parameters()))


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
