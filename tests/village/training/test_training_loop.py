"""The published policy."""

from __future__ import annotations

import pytest

from stagelight.engines.village.training import networks, training_loop
from support.paths import RECORDINGS

pytestmark = pytest.mark.engine
PUBLISHED = RECORDINGS / training_loop.FILE


@pytest.mark.slow
def test_the_published_policy_is_small_and_beats_the_best_scripted_workers_in_every_scenario() -> None:
    """On tapes of its own; the reserve of the scripted workers is chosen on these very tapes."""
    if not PUBLISHED.exists():
        pytest.skip("no policy is published yet")
    assert PUBLISHED.stat().st_size < 1_000_000
    mine, _ = networks.load(PUBLISHED)
    found = training_loop.scores(mine, range(6000, 6030))
    assert {
        name: one["policy"] - one["best_stock"] for name, one in found.items() if one["policy"] <= one["best_stock"]
    } == {}
