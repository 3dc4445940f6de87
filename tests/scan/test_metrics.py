"""Figures of reconstructions: known errors have known figures."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytestmark = pytest.mark.engine

from stagelight.engines.scan import metrics  # noqa: E402
from stagelight.engines.scan.acquisition import operator  # noqa: E402
from stagelight.engines.scan.methods import classical  # noqa: E402
from support.scan import SCAN, phantom  # noqa: E402


def test_metrics_of_known_errors() -> None:
    reference = operator.volume(phantom())
    inside = reference > 0
    assert metrics.psnr(reference + 0.1, reference, inside) == pytest.approx(20, abs=1e-3)
    assert metrics.nrmse(1.1 * reference, reference, inside) == pytest.approx(0.1, rel=1e-4)
    assert metrics.ssim(reference, reference, inside) == pytest.approx(1, abs=1e-5)
    worse = reference + 0.2 * np.random.default_rng(0).standard_normal(reference.shape).astype(np.float32)
    assert metrics.ssim(worse, reference, inside) < 0.8
    assert metrics.bands(2 * reference, reference, inside) == pytest.approx([1, 1, 1, 1], rel=1e-4)


def test_error_of_one_frequency_is_in_its_band() -> None:
    rng = np.random.default_rng(0)
    reference = rng.random((32, 32, 32)).astype(np.float32)
    everywhere = np.ones(reference.shape, np.bool_)
    wave = 0.1 * np.cos(2 * np.pi * 8 * np.arange(32) / 32)[:, None, None].astype(np.float32)  # half way out
    found = metrics.bands(reference + wave, reference, everywhere)
    assert np.argmax(found) == 2
    assert max(found[0], found[1], found[3]) < 1e-4


def test_facts_name_region_and_figure() -> None:
    x = phantom()
    scan, reference = operator.simulate(x, SCAN, 0), operator.volume(x)
    found = metrics.facts(
        classical.zero_filled(scan), reference, scan, {"brain": reference > 0, "lesion": reference == 1}
    )
    assert {"residual", "brain.psnr", "brain.ssim", "brain.nrmse", "lesion.psnr", "brain.band_1"} <= found.keys()
    assert all(np.isfinite(value) for value in found.values())
