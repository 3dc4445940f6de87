"""The cross-entropy method."""

from __future__ import annotations

import numpy as np
import pytest

from stagelight.engines.village.agents import fitted
from stagelight.engines.village.training import cem
from support.village import calm, lists_return

pytestmark = pytest.mark.engine


def test_a_fit_finds_numbers_that_do_better() -> None:
    drawn = calm(4)
    poor = fitted.parameters({"reserve": 9.0, "bread_days": 2.4, "ahead": 2.0})
    found = cem.fit(drawn, poor, True, np.random.default_rng(0), rounds=4, count=24)
    assert lists_return(drawn, found).mean() > lists_return(drawn, poor).mean() + 0.1
