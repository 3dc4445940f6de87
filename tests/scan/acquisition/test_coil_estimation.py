"""Coil maps estimated from a scan."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytestmark = pytest.mark.engine

import torch  # noqa: E402
from sigpy.mri.app import EspiritCalib  # noqa: E402

from stagelight.engines.scan import metrics  # noqa: E402
from stagelight.engines.scan.acquisition import coil_estimation, operator  # noqa: E402
from stagelight.render.trials.kspace_files import coil_images, to_kspace  # noqa: E402


@pytest.mark.parametrize("count", [1, 4])
def test_maps_from_the_scan_itself_come_near_the_true_ones(count: int) -> None:
    s, h, w = np.meshgrid(*(np.linspace(-1, 1, n) for n in (16, 64, 80)), indexing="ij")
    ball = h**2 + w**2 < 0.6
    x = torch.from_numpy(np.where(ball, 0.6 + 0.4 * np.sin(9 * h + 3 * s) * np.cos(11 * w), 0).astype(np.float32))
    scan = operator.simulate(x, operator.Config("density", 3.0, count, 0.005, center_fraction=0.05), 1)

    def off(found: operator.Measured) -> float:
        """Root mean square of what the maps differ by within the object."""
        gap = (found.acquisition.sens - scan.acquisition.sens)[:, x > 0]
        return float(gap.abs().square().sum(0).mean().sqrt())

    first, last = coil_estimation.from_centre(scan), coil_estimation.calibrated(scan)
    assert off(last) < 0.6 * off(first) < 0.3
    power = last.acquisition.sens.abs().square().sum(0)
    assert torch.allclose(power, torch.ones_like(power), atol=1e-4)
    assert metrics.residual_over_noise(x, last) < 0.6 * metrics.residual_over_noise(x, first)
    with pytest.raises(ValueError, match="no plane of k-space"):
        coil_estimation.calibrated(operator.simulate(x, operator.Config("points", 3.0, count, center_fraction=0.05), 1))


def test_espirit_finds_the_maps_that_sigpy_finds_and_the_true_ones() -> None:
    images = coil_images((1, 64, 56), coils=6)
    kspace = to_kspace(images, (2, 3))[:, 0]
    first, second = coil_estimation.espirit(kspace, 20, sets=2)
    peer = EspiritCalib(kspace, calib_width=20, crop=0.9, max_iter=300, show_pbar=False).run()
    both = (np.abs(first).sum(0) > 0) & (np.abs(peer).sum(0) > 0)
    assert both.mean() > 0.3 and np.abs(first - peer)[:, both].max() < 0.02
    strength = np.sqrt((np.abs(images[:, 0]) ** 2).sum(0))
    inside = both & (strength > 0.3 * strength.max())
    true = images[:, 0] / np.where(strength > 0, strength, 1)
    true = true * np.exp(-1j * np.angle(true[:1]))
    assert np.abs(first - true)[:, inside].mean() < 0.05
    assert np.abs(second).sum(0)[inside].mean() < 0.05  # one set explains a head within the field of view
    with pytest.raises(ValueError, match="middle of 4 samples"):
        coil_estimation.espirit(kspace, 4)
