"""The numbers of the scripted workers."""

from __future__ import annotations

import numpy as np
import pytest

from stagelight.engines.village import scenarios
from stagelight.engines.village.agents import base_stock_policy, fitted
from stagelight.engines.village.evaluation import metrics
from stagelight.engines.village.training import cem
from support.village import lists_return

pytestmark = pytest.mark.engine


def test_every_scenario_has_numbers_of_its_own_and_they_do_no_worse_than_those_for_all() -> None:
    assert set(fitted.by_scenario()["spoken"]) == {fitted.ALL, *scenarios.SCENARIOS}
    assert set(fitted.by_scenario()["silent"]) == {fitted.ALL, *(one.name for one in scenarios.CALIBRATED)}
    for rows in fitted.by_scenario().values():
        for row in rows.values():
            assert len(row) == len(base_stock_policy.PARAMETERS)
            assert ((np.array(row) >= cem.LOW) & (np.array(row) <= cem.HIGH)).all()
    for name in ("calm", "rabbits"):
        drawn = metrics.tapes(name, range(1000, 1030))
        own, everyone = (lists_return(drawn, fitted.parameters(scenario=one)).mean() for one in (name, fitted.ALL))
        assert own > everyone - 0.02
