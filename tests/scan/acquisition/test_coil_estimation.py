"""Coil maps estimated from a scan."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytestmark = pytest.mark.engine

import torch  # noqa: E402

from stagelight.engines.scan import metrics  # noqa: E402
from stagelight.engines.scan.acquisition import coil_estimation, operator  # noqa: E402


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
