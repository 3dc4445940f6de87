"""The plan of one who knows the weather."""

from __future__ import annotations

import numpy as np
import pytest

from stagelight.engines.village import constants as r
from stagelight.engines.village import record, scenarios
from stagelight.engines.village.agents import fitted, oracle
from stagelight.engines.village.agents.scripted import BatchPlanned
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.batch_episode import play
from stagelight.engines.village.exogenous import draw, stack

pytestmark = pytest.mark.engine


def test_a_plan_is_really_played_and_more_search_is_never_worse() -> None:
    tape = draw(scenarios.STD, 7)
    found, p, plan = oracle.plan(tape, fitted.parameters(), 1, 2000)
    assert oracle.played(tape, p, plan) == pytest.approx(found, abs=1e-12)
    alone = oracle._play(oracle._rows(tape), oracle.fit(tape, fitted.parameters(), np.random.default_rng(1)))
    assert found >= alone / r.NORM
    assert found == oracle.plan(tape, fitted.parameters(), 1, 2000)[0]
    began = oracle.choices(tape, p, plan)
    replayed = play(Villages(stack([tape])), BatchPlanned(began[None]))
    assert replayed.returns[0] == found, "without any lists"


@pytest.mark.parametrize("name", ["calm", "compound", "illness"])
def test_who_knows_the_weather_is_never_below_what_the_policy_did_in_it(name: str) -> None:
    """The policy's own choices are a plan, which plays as the policy did; the search goes on from there."""
    if not record.POLICY.exists():
        pytest.skip("no policy is published yet")
    from stagelight.engines.village.agents.policy import BatchPolicy
    from stagelight.engines.village.training import networks

    tape = draw(scenarios.named(name), 12)
    played = play(Villages(stack([tape])), BatchPolicy(networks.load(record.POLICY)[0]))
    p = np.tile(fitted.parameters(), (r.DAYS, 1))
    assert oracle.played(tape, p, played.choices[0]) == played.returns[0]
    found = oracle.plan(tape, fitted.parameters(), 0, 300, [played.choices[0]])[0]
    assert found >= played.returns[0]
