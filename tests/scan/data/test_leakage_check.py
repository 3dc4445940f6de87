"""Likeness of two scans: of one person and of two."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch")
ndimage = pytest.importorskip("scipy.ndimage")
pytest.importorskip("nibabel")
pytest.importorskip("pooch")
pytestmark = pytest.mark.engine

from stagelight.engines.scan.data import leakage_check  # noqa: E402
from support.scan import brain  # noqa: E402


def test_the_same_head_moved_is_alike_and_another_is_not() -> None:
    rng = np.random.default_rng(0)
    egg = brain((32, 38, 32)) > 0

    def person() -> NDArray[np.float32]:
        folds = ndimage.gaussian_filter(rng.standard_normal(egg.shape), 2.5)
        return np.where(egg, 100 + 30 * folds / folds.std(), 0).astype(np.float32)

    one, other = person(), person()
    turned = ndimage.rotate(one, 9, (1, 2), reshape=False, order=1)
    moved = ndimage.shift(turned, (1, -2, 1), order=1) + rng.standard_normal(egg.shape) * egg
    same = leakage_check.likeness(one, moved.astype(np.float32), egg, 3.0)
    assert same > 0.9
    assert leakage_check.likeness(one, other, egg, 3.0) < same - 0.3
