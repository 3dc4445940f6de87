"""Imagined brains: a lesion is where its fact says."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy")
pytestmark = pytest.mark.engine

from stagelight.engines.scan.data import synthetic  # noqa: E402


@pytest.fixture(scope="module")
def head() -> np.ndarray:
    """A label map: white matter in grey matter in fluid, left and right, with ventricles."""
    axes = np.ogrid[:110, :140, :120]
    away = np.sqrt(sum(((a - c) / r) ** 2 for a, c, r in zip(axes, (55, 70, 60), (48, 62, 52), strict=True)))
    labels = np.zeros((110, 140, 120), np.int16)
    left = np.arange(110)[:, None, None] < 55
    for reach, pair in ((1.05, (24, 24)), (1.0, (3, 42)), (0.85, (2, 41)), (0.2, (4, 43))):
        labels = np.where(away < reach, np.where(left, *pair), labels)
    return labels.astype(np.int16)


@pytest.mark.parametrize("pathology", ["stroke", "tumour"])
def test_a_lesion_is_where_its_fact_says(head: np.ndarray, pathology: str) -> None:
    seen = set()
    for seed in range(4):
        found = synthetic.imagine(head, "T1w", pathology, np.random.default_rng(seed))
        assert found.x.shape == synthetic.SHAPE and found.x.min() >= 0 and found.x.max() <= 1
        where = np.argwhere(found.lesion)
        brain = np.argwhere(found.x > 0.2)
        assert (where[:, 0].mean() < brain[:, 0].mean()) == (found.fact.side == "left")
        seen.add(found.fact.side)
        assert 0 < found.fact.millilitres < 300
        if len(seen) == 2:
            break
    assert seen == {"left", "right"}


def test_a_map_without_a_brain_is_refused() -> None:
    with pytest.raises(ValueError, match="no brain in the map"):
        synthetic.imagine(np.full((20, 20, 20), 507, np.int16), "T1w", "healthy", np.random.default_rng(0))
