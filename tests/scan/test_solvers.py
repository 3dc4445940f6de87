"""Data consistency: it projects onto the data, as far as their noise lets it."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytestmark = pytest.mark.engine

import torch  # noqa: E402

from stagelight.engines.scan.acquisition import operator  # noqa: E402
from stagelight.engines.scan.solvers import consistent, misfit  # noqa: E402
from support.scan import scanned  # noqa: E402


@pytest.mark.parametrize("coils", [1, 4])
def test_consistency_projects_onto_the_data(coils: int) -> None:
    x, scan = scanned(3.0, coils=coils)
    z = x + 0.1 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    found = consistent(z, scan, 0.1, 40)
    gap = operator.A(found, scan.acquisition) - scan.y
    assert gap.abs().max() < 3e-3 * scan.y.abs().max()  # without noise measured points are met
    assert (found - x).norm() < 0.95 * (z - x).norm()  # a projection onto a set that holds x comes nearer to it
    again = consistent(found, scan, 0.1, 40)
    assert (again - found).norm() < 0.1 * (found - z).norm()  # conjugate gradients near it, 6 % after 40 steps
    noisy = replace(scan, sigma=0.05)
    assert misfit(x, noisy) < 1e-3


def test_consistency_trusts_noisy_measurements_less() -> None:
    x, scan = scanned(2.0, sigma=0.1)
    z = x + 0.05 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    sceptical, gullible = consistent(z, scan, 0.05, 30), consistent(z, scan, 5.0, 30)
    assert (sceptical - z).norm() < 0.6 * (gullible - z).norm()
    assert (sceptical - x).norm() < min((gullible - x).norm(), (z - x).norm())
    with pytest.raises(ValueError, match="tau 0"):
        consistent(z, scan, 0.0)
