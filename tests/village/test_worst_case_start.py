"""Shocks that are timed to hurt."""

from __future__ import annotations

import numpy as np
import pytest

from stagelight.engines.village import env, scenarios, worst_case_start
from stagelight.engines.village.agents import fitted
from stagelight.engines.village.exogenous import draw, stack
from stagelight.engines.village.vector_env import VillageVectorEnv
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


def test_the_environment_has_the_adversary_s_start_in_every_form() -> None:
    """As the benchmark: the spell begins when it hurts most, not when it was drawn to begin."""
    worst = [worst_case_start.tape(scenarios.ADVERSARIAL, seed) for seed in range(3)]
    assert any((tape.wind != draw(scenarios.ADVERSARIAL, seed).wind).any() for seed, tape in enumerate(worst))
    parallel, controlled = env.parallel_env(scenario="adversarial"), env.Steward("adversarial")
    vector = VillageVectorEnv(3, "adversarial")
    vector.reset(seed=0)
    assert vector.villages
    for seed, tape in enumerate(worst):
        parallel.reset(seed=seed)
        controlled.reset(seed=seed)
        assert parallel.villages and controlled.village.villages
        for name in ("wind", "rabbits", "omen"):
            drawn = [getattr(one.tapes, name)[0] for one in (parallel.villages, controlled.village.villages)]
            for found in (*drawn, getattr(vector.villages.tapes, name)[seed]):
                np.testing.assert_array_equal(found, getattr(tape, name))
