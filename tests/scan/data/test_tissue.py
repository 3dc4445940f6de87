"""Signals of tissues under each sequence."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.engine

from stagelight.engines.scan.data import tissue  # noqa: E402


def test_contrasts_order_tissues_as_they_do_in_a_scanner() -> None:
    rng = np.random.default_rng(0)
    kinds = (tissue.WHITE, tissue.GREY, tissue.FLUID, tissue.PLAQUE)
    t1, t2, pd = (np.array([getattr(k, name) for k in kinds], np.float32) for name in ("t1", "t2", "pd"))
    white, grey, fluid, _ = tissue.signal("T1w", t1, t2, pd, rng)
    assert white > grey > fluid
    white, grey, fluid, _ = tissue.signal("T2w", t1, t2, pd, rng)
    assert fluid > grey > white
    white, grey, fluid, plaque = tissue.signal("FLAIR", t1, t2, pd, rng)
    assert plaque > grey > white > fluid
