"""The lists of the scripted workers."""

from __future__ import annotations

import pytest

from stagelight.engines.village import constants as r
from stagelight.engines.village.agents import base_stock_policy, fitted
from stagelight.engines.village.batch import Villages
from support.village import calm

pytestmark = pytest.mark.engine


def test_a_worker_who_filled_a_cart_knows_that_it_is_gone_from_where_it_stood() -> None:
    """Nobody has looked since: without this the baker serves twice from one batch, and walks the second time empty."""
    villages = Villages(calm(1))
    o, p = villages.observations[0, 2].copy(), fitted.parameters()
    o[r.KNOWS + r.BAKERY_BREAD], o[r.AGE + r.BAKERY_BREAD], o[r.PLACE] = 12, 1, r.SQUARE
    base_stock_policy.recall(o, r.SERVE, p)
    assert o[r.KNOWS + r.BAKERY_BREAD] == 0
    o[r.KNOWS + r.BAKERY_BREAD], o[r.AGE + r.BAKERY_BREAD] = 12, 0  # seen now
    base_stock_policy.recall(o, r.SERVE, p)
    assert o[r.KNOWS + r.BAKERY_BREAD] == 12
    o[r.KNOWS + r.MILL_FLOUR], o[r.AGE + r.MILL_FLOUR] = 0, p[base_stock_policy.STALE] + 1  # not heard of for long
    base_stock_policy.recall(o, r.BAKE, p)
    assert o[r.KNOWS + r.MILL_FLOUR] > 0
