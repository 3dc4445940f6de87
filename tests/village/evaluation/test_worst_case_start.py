"""Shocks that are timed to hurt."""

from __future__ import annotations

import numpy as np
import pytest

from stagelight.engines.village import scenarios
from stagelight.engines.village.agents import fitted
from stagelight.engines.village.evaluation import worst_case_start
from stagelight.engines.village.exogenous import draw, stack
from support.village import lists_return

pytestmark = pytest.mark.engine


def test_the_adversary_never_helps() -> None:
    p = fitted.parameters()
    for seed in range(3):
        worst = lists_return(stack([worst_case_start.tape(scenarios.ADVERSARIAL, seed)]), p)[0]
        starts = range(5, 31, worst_case_start.EVERY)
        tried = lists_return(stack([draw(scenarios.ADVERSARIAL, seed, start) for start in starts]), p)
        assert worst == tried.min()
    plain = worst_case_start.tape(scenarios.STD, 1)
    np.testing.assert_array_equal(plain.wind, draw(scenarios.STD, 1).wind)
