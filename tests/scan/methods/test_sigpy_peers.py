"""sigpy's reconstructions as peers: they return what is measured in full, and bear a phase that nobody knows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytest.importorskip("nibabel")
pytest.importorskip("pooch")
pytestmark = pytest.mark.engine

import torch  # noqa: E402

from stagelight.engines.scan.acquisition import operator  # noqa: E402
from stagelight.engines.scan.methods import classical, sigpy_peers  # noqa: E402
from stagelight.engines.scan.methods.classical import Setting  # noqa: E402
from stagelight.engines.scan.methods.protocol import Case  # noqa: E402
from support.scan import SHAPE, phantom, tiny  # noqa: E402


@pytest.mark.filterwarnings("ignore")  # sigpy's, of a slab thinner than its wavelet
@pytest.mark.parametrize("coils", [1, 4])
@pytest.mark.parametrize("name", sigpy_peers.APPS)
def test_full_sampling_without_noise_returns_the_picture(name: str, coils: int) -> None:
    x = phantom()
    scan = operator.simulate(x, operator.Config("density", 1.0, coils, sigma=0.0), 1)
    found = np.abs(sigpy_peers.reconstruct(name, sigpy_peers.given(scan), 1e-5, 100))
    assert float(np.sqrt(np.square(found - x.numpy()).mean())) < 0.01


def test_maps_are_those_of_the_coils_up_to_a_phase() -> None:
    scan = operator.simulate(phantom(), operator.Config("density", 2.0, 4, sigma=0.0, center_fraction=0.2), 1)
    maps, true = sigpy_peers.given(scan).maps, scan.acquisition.sens.numpy()
    assert np.abs((maps * true.conj()).sum(0))[phantom().numpy() > 0].mean() > 0.98


@pytest.mark.filterwarnings("ignore")
def test_a_rough_phase_that_nobody_knows_costs_a_method_for_real_images_more() -> None:
    rng, x = np.random.default_rng(0), phantom()
    plane = operator.scanner(operator.Config("density", 2.0, center_fraction=0.05), SHAPE, rng)
    rough = torch.from_numpy(np.exp(1j * rng.normal(0, 0.6, SHAPE)).astype(np.complex64))
    flat = replace(plane, sens=torch.ones_like(plane.sens))
    scan = operator.measure(x * rough, flat, 0.005, rng)
    real = classical.variation(scan, Setting(1e-3, 60))
    complex_ = np.abs(sigpy_peers.reconstruct("wavelet", sigpy_peers.given(scan), 1e-3, 60))
    errors = [float(np.sqrt(np.mean((picture - x.numpy()) ** 2))) for picture in (real.numpy(), complex_)]
    assert errors[1] < 0.7 * errors[0]


@pytest.mark.filterwarnings("ignore")
def test_a_peer_is_tuned_and_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sigpy_peers, "SLAB", (0, 16))
    method, bench = sigpy_peers.SIGPY[1], tiny(Case("colin27", "poisson", 16.0, 4))
    result = method.make(bench)
    assert tuple(result.x.shape) == SHAPE
    assert result.settings is not None
    assert result.settings["weight"] in sigpy_peers.WEIGHTS
    assert result.settings["iterations"] in sigpy_peers.STOPS

    def error(weight: float) -> float:
        known = sigpy_peers.given(bench.scan)
        x = np.abs(sigpy_peers.reconstruct("wavelet", known, weight * bench.scan.scale, sigpy_peers.STOPS[-1]))
        return float(np.square(x.transpose(1, 2, 0) - bench.reference)[bench.regions["brain"]].mean())

    made = float(np.square(operator.volume(result.x) - bench.reference)[bench.regions["brain"]].mean())
    assert made <= min(error(weight) for weight in sigpy_peers.WEIGHTS) + 1e-9


def test_they_are_for_the_cases_named() -> None:
    where = sigpy_peers.SIGPY[0].where
    assert where(Case("colin27", "lines", 4.0, 4))
    assert not where(Case("colin27", "poisson", 12.0, 1))
    assert not where(Case("colin27", "poisson", 16.0, 1, seed=2))
    assert not where(Case("colin27", "poisson", 16.0, 1, estimated=True))
