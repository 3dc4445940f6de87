"""The potential that rewards are shaped by."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagelight.engines.village import constants as r
from stagelight.engines.village.training.reward_shaping import potential

pytestmark = pytest.mark.engine


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_the_potential_ends_at_nothing_and_more_is_never_worth_less(seed: int) -> None:
    rng = np.random.default_rng(seed)
    row = rng.uniform(0, 20, 25)
    row[r.PLOTS + 11] = rng.integers(0, 8)
    tick = int(rng.integers(0, r.TICKS))
    assert potential(row, r.TICKS) == 0
    here = potential(row, tick)
    for item in range(r.PLOTS, r.PLOTS + 8):
        more = row.copy()
        more[item] += 1
        assert potential(more, tick) >= here
