"""The speed of the compiled villages."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.engine


def test_the_compiled_village_is_fast() -> None:
    """The promise is a million steps a second of a quiet core; here half of it, on a core that is not."""
    pytest.importorskip("mpe2")
    from stagelight.engines.village.evaluation.throughput import throughput

    found = throughput(count=32, rounds=3, cycles=300)
    assert found["env.steps_per_second"] > 500_000
    assert found["env.ratio_to_mpe2"] > 100
