"""The forward operator, its adjoint and gradient, and what a simulated scan says of itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytestmark = pytest.mark.engine

import torch  # noqa: E402

from stagelight.engines.scan import metrics  # noqa: E402
from stagelight.engines.scan.acquisition import operator  # noqa: E402
from stagelight.engines.scan.methods import classical  # noqa: E402
from support.scan import SHAPE, complex_noise, phantom, quickly, seeds  # noqa: E402


@quickly
@given(st.sampled_from(["poisson", "points"]), st.sampled_from([1, 4]), seeds)
def test_adjointness(kind: str, count: int, seed: int) -> None:
    """<A x, y> == <x, A_adjoint y>, and over real x with the real part."""
    at = operator.scanner(operator.Config(kind, 4, count, center_fraction=0.05), SHAPE, np.random.default_rng(seed))
    x, y = complex_noise(SHAPE, seed), complex_noise((count, *SHAPE), seed + 1)
    left, right = (
        torch.vdot(y.ravel(), operator.A(x, at).ravel()),
        torch.vdot(operator.A_adjoint(y, at).ravel(), x.ravel()),
    )
    assert abs(left - right) < 1e-4 * abs(right) + 1e-2
    real = torch.vdot(y.ravel(), operator.A(x.real, at).ravel()).real
    assert abs(real - (x.real * operator.A_adjoint(y, at).real).sum()) < 1e-4 * abs(real) + 1e-2


@pytest.mark.parametrize("count", [1, 4])
@pytest.mark.parametrize("kind", ["density", "points"])
def test_full_sampling_returns_the_volume(kind: str, count: int) -> None:
    config = operator.Config(kind, 1.0, count, sigma=0.0)
    x = phantom()
    scan = operator.simulate(x, config, 0)
    assert scan.acquisition.mask.all()
    assert torch.allclose(operator.A_adjoint(scan.y, scan.acquisition).real, x, atol=1e-5)
    assert torch.allclose(classical.zero_filled(scan), x, atol=1e-5)


@pytest.mark.parametrize(("kind", "count"), [("poisson", 1), ("poisson", 4), ("points", 1)])
def test_the_gradient_in_slabs_is_the_gradient(kind: str, count: int) -> None:
    scan = operator.simulate(phantom(), operator.Config(kind, 4, count, center_fraction=0.05), 0)
    x = complex_noise(SHAPE, 1).real
    at = scan.acquisition
    whole = operator.A_adjoint(operator.A(x, at) - scan.y, at).real
    assert torch.allclose(operator.gradient(x, scan), whole, atol=1e-5)


def test_a_slab_is_scanned_as_within_the_volume() -> None:
    scan = operator.simulate(phantom(), operator.Config(acceleration=4, coils=4, center_fraction=0.05), 0)
    x = phantom()
    part = operator.crop(scan.acquisition, 4, 12)
    assert torch.allclose(operator.A(x[4:12], part), operator.A(x, scan.acquisition)[:, 4:12])
    points = operator.simulate(x, operator.Config("points", 4, center_fraction=0.05), 0)
    with pytest.raises(ValueError, match="couples the slices"):
        operator.crop(points.acquisition, 4, 12)


def test_noise_and_scale_come_from_the_measurements() -> None:
    x = phantom()
    scans = [operator.simulate(gain * x, operator.Config(acceleration=2, sigma=0.02), 0) for gain in (1.0, 3.0)]
    assert scans[0].sigma == pytest.approx(0.02, rel=0.05)
    assert scans[1].scale == pytest.approx(3 * scans[0].scale, rel=0.05)
    measured = scans[0].y[..., scans[0].acquisition.mask]
    truth = operator.A(x, scans[0].acquisition)[..., scans[0].acquisition.mask]
    assert float((measured - truth).real.std()) == pytest.approx(0.02, rel=0.1)
    assert (scans[0].y[..., ~scans[0].acquisition.mask] == 0).all()
    assert metrics.residual_over_noise(x, scans[0]) == pytest.approx(1, rel=0.05)
