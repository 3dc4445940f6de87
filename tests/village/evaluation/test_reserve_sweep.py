"""The reserve by the day on which the shock starts."""

from __future__ import annotations

import numpy as np
import pytest

from stagelight.engines.village import constants as r
from stagelight.engines.village import episode_trace, exogenous, scenarios
from stagelight.engines.village.agents import registry, scripted
from stagelight.engines.village.evaluation import reserve_sweep


def test_a_table_of_reserves_holds_means_of_real_runs() -> None:
    seeds = (1, 2)
    found = reserve_sweep.table(scenarios.COMPOUND, seeds, lambda *_: None)
    row, column = 3, 2
    weather = [exogenous.draw(scenarios.COMPOUND, seed, reserve_sweep.SHOCKS[column]) for seed in seeds]
    numbers = registry.with_reserve(reserve_sweep.RESERVES[row]).parameters("compound")
    runs = [episode_trace.trace(each, scripted.scripts(numbers)) for each in weather]
    assert found["try_return"][row, column] == pytest.approx(np.mean([run.world.J / r.NORM for run in runs]), abs=1e-6)
