"""Peak memory of a piece of work."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.engine

from stagelight.engines.scan import peak_memory  # noqa: E402


def test_peak_memory_is_of_the_work_within() -> None:
    with peak_memory.peak() as most:
        before = most()
        held = np.ones(400 << 20, np.uint8)  # much: meanwhile a busy system takes other pages away
        after = most()
    assert held.sum() > 0
    assert np.isnan(after) or after > before + 100
