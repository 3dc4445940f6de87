"""The rule that finds the patient's lesion."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch")
ndimage = pytest.importorskip("scipy.ndimage")
pytest.importorskip("nibabel")
pytest.importorskip("pooch")
pytestmark = pytest.mark.engine

from stagelight.engines.scan.data import lesion, registry  # noqa: E402
from support.scan import needs_data  # noqa: E402


@needs_data
def test_the_lesion_is_on_the_left_and_dark() -> None:
    patient = registry.load("stroke_T1")
    found = lesion.of_patient(patient)
    assert 10_000 < found.sum() < 60_000
    assert (found & ~patient.brain).sum() == 0
    assert np.argwhere(found)[:, 0].mean() < 0.7 * np.argwhere(patient.brain)[:, 0].mean()
    assert patient.x[found].mean() < patient.x[patient.brain].mean()
    with pytest.raises(ValueError, match="in stroke_T1 only"):
        lesion.of_patient(registry.load("stroke_T2"))


def test_the_rule_of_the_lesion_finds_a_scar_with_its_cavity() -> None:
    rng = np.random.default_rng(0)
    axes = np.meshgrid(*(np.arange(n) - n / 2 for n in (64, 80, 64)), indexing="ij")
    inside = sum((a / r) ** 2 for a, r in zip(axes, (28, 36, 28), strict=True)) < 1
    center = np.sqrt(sum((a - c) ** 2 for a, c in zip(axes, (-14, -10, 0), strict=True)))
    scar, cavity = (center < 8) & (center >= 4), center < 4

    def tissue() -> NDArray[Any]:
        folds = ndimage.gaussian_filter(rng.standard_normal(inside.shape), 2)
        return np.where(inside, 100 + 15 * folds / folds.std(), 0)

    t1, t2, flair = tissue(), tissue(), tissue()
    t1[scar], t2[scar], flair[scar] = 70, 160, 190
    t1[cavity], t2[cavity], flair[cavity] = 20, 260, 30
    found = lesion.mask(t1.astype(np.float32), t2.astype(np.float32), flair.astype(np.float32), inside)
    truth = center < 8
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.75  # smoothing makes it a voxel wider
