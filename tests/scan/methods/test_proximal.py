"""The proximal steps of classical methods: laws, and answers that are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytestmark = pytest.mark.engine

import torch  # noqa: E402

from stagelight.engines.scan.methods import proximal  # noqa: E402
from support.scan import SHAPE, complex_noise, phantom, quickly, seeds  # noqa: E402


@quickly
@given(seeds)
def test_divergence_is_the_negative_adjoint_of_the_gradient(seed: int) -> None:
    x, p = complex_noise(SHAPE, seed).real, complex_noise((3, *SHAPE), seed + 1).real
    left, right = (proximal.gradient(x) * p).sum(), -(x * proximal.divergence(p)).sum()
    assert left == pytest.approx(float(right), abs=1e-2)


@quickly
@given(st.integers(1, 3), seeds)
def test_haar_is_orthonormal_and_undone_by_its_inverse(levels: int, seed: int) -> None:
    x = complex_noise(SHAPE, seed).real
    c = proximal.haar(x, levels)
    assert float(c.square().sum()) == pytest.approx(float(x.square().sum()), rel=1e-4)
    assert torch.allclose(proximal.inverse_haar(c, levels), x, atol=1e-5)
    flat = proximal.haar(torch.ones(SHAPE), levels)
    assert int((flat.abs() > 1e-5).sum()) == np.prod([n >> levels for n in SHAPE])


@quickly
@given(st.floats(0.01, 0.3), seeds)
def test_shrinking_variation_lowers_what_it_minimises(weight: float, seed: int) -> None:
    x = phantom(0.1, seed % 1000)
    dual = torch.zeros((3, *SHAPE))
    u = proximal.shrink_variation(x, weight, dual, 30, torch.ones(SHAPE))

    def objective(v: torch.Tensor) -> float:
        return float((v - x).square().sum()) / 2 + weight * proximal.total_variation(v)

    assert objective(u) < objective(x.clamp_min(0))
    assert float(torch.linalg.vector_norm(dual, dim=0).max()) <= 1 + 1e-5
    for other in (0.9 * u, u + 0.01, x.clamp_min(0) * 0.5 + u * 0.5):
        assert objective(u) < objective(other.clamp_min(0)) * 1.01


def _not_negative(x: torch.Tensor) -> torch.Tensor:
    return x if x.is_complex() else x.clamp_min(0)


@pytest.mark.parametrize("real", [True, False])
def test_the_compiled_step_is_the_one_in_torch(real: bool) -> None:
    x, dual = complex_noise(SHAPE, 0), complex_noise((3, *SHAPE), 1)
    x, dual = (x.real, dual.real) if real else (x, dual)
    dual /= torch.linalg.vector_norm(dual, dim=0).clamp_min(1)
    for axis in range(3):  # a dual is 0 where its gradient is
        dual[axis].select(axis, -1).zero_()
    allowed, weight = torch.ones(SHAPE), 0.1
    u = _not_negative(x + weight * proximal.divergence(dual))
    moved = dual + proximal.gradient(u) / (12 * weight)
    moved /= torch.linalg.vector_norm(moved, dim=0).clamp_min(1)
    wanted = _not_negative(x + weight * proximal.divergence(moved))
    assert torch.allclose(proximal.shrink_variation(x, weight, dual, 1, allowed), wanted, atol=1e-4)
    assert torch.allclose(dual, moved, atol=1e-4)


def test_shrinking_stays_within_the_support_and_not_below_zero() -> None:
    x, allowed = complex_noise(SHAPE, 0).real, torch.zeros(SHAPE)
    allowed[4:12] = 1
    for u in (
        proximal.shrink_variation(x, 0.1, torch.zeros((3, *SHAPE)), 3, allowed),
        proximal.shrink_haar(x, 0.1, (1, 2, 3), 2, allowed),
    ):
        assert float(u.min()) >= 0
        assert float(u[:4].abs().max()) == 0
        assert float(u[4:12].max()) > 0


@pytest.mark.parametrize("shape", [(1, 30, 25), (5, 18, 23), (16, 24, 32)])
def test_a_volume_of_any_sides_is_shrunk_in_modulus(shape: tuple[int, int, int]) -> None:
    x, allowed = complex_noise(shape, 0), torch.ones(shape)
    u = proximal.shrink_haar(x, 0.1, (3, 2, 1), 3, allowed)
    assert u.shape == shape and u.is_complex()
    turned = proximal.shrink_haar(1j * x, 0.1, (3, 2, 1), 3, allowed)
    assert torch.allclose(turned, 1j * u, atol=1e-5)  # the phase does not matter
    assert float(u.abs().square().sum()) < float(x.abs().square().sum())
    assert torch.allclose(proximal.shrink_haar(x, 0.0, (3, 2, 1), 3, allowed), x, atol=1e-5)
