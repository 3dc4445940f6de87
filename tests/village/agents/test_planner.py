"""The planner."""

from __future__ import annotations

import pytest

from stagelight.engines.village import constants as r
from stagelight.engines.village import scenarios
from stagelight.engines.village.agents import fitted, planner, registry
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.exogenous import draw, stack

pytestmark = pytest.mark.engine


def test_a_planner_knows_nothing_of_the_tape() -> None:
    """The same observation gives the same choice, whatever is to come."""
    tapes = stack([draw(scenarios.CALM, 3), draw(scenarios.PLAGUE, 3)])
    villages = Villages(tapes)
    chosen = [
        planner.choose(villages.observations[b, 0], r.FREE, villages.masks[b, 0], fitted.parameters()) for b in range(2)
    ]
    assert chosen[0] == chosen[1]
    s, w = planner.believed(villages.observations[0, 1])
    assert s[17] == 0
    assert w[15] == 0
    assert s[12] == 24
    found = registry.episodes(registry.named("planner"), stack([draw(scenarios.CALM, 3)]))
    assert found.returns[0] > 0
    assert found.history.shape == (1, r.TICKS, 25)
