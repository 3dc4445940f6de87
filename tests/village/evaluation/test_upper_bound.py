"""The bound that no plan exceeds."""

from __future__ import annotations

import pytest

from stagelight.engines.village import scenarios
from stagelight.engines.village.agents import fitted, oracle
from stagelight.engines.village.evaluation import upper_bound
from stagelight.engines.village.exogenous import draw

pytestmark = pytest.mark.engine


@pytest.mark.slow
@pytest.mark.parametrize("name", ["calm", "rabbits", "compound"])
def test_no_plan_exceeds_the_bound(name: str) -> None:
    tape = draw(scenarios.named(name), 3)
    assert oracle.plan(tape, fitted.parameters(), 0, 2000)[0] < upper_bound.upper(tape) <= 2.375 + 1e-6
