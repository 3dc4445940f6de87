"""Conditioning of the network on a scan, or on a coarse volume."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytest.importorskip("tokenizers")
pytestmark = pytest.mark.engine

import torch  # noqa: E402

from stagelight.engines.scan.acquisition import operator  # noqa: E402
from stagelight.engines.scan.model import conditioning  # noqa: E402
from stagelight.engines.scan.model.coarse import MM  # noqa: E402
from stagelight.engines.scan.model.refiner import SCAN_NUMBERS  # noqa: E402
from support.scan import heard, quickly, scanned, seeds  # noqa: E402


def test_a_scan_of_every_point_needs_no_compensation() -> None:
    _, scan = scanned(1.0)
    adjoint = operator.A_adjoint(scan.y, scan.acquisition).real
    assert torch.allclose(conditioning.compensated(scan), adjoint, atol=1e-5)


@pytest.mark.parametrize("acceleration", [2.0, 4.0])
def test_a_point_keeps_its_height_when_compensated(acceleration: float) -> None:
    _, scan = scanned(acceleration)
    assert float(conditioning.described(scan)[2:].min()) > 1 / conditioning.RAREST
    x = torch.zeros(scan.y.shape[1:])
    x[5, 7, 3] = 1
    seen = replace(scan, y=operator.A(x, scan.acquisition))
    adjoint = operator.A_adjoint(seen.y, scan.acquisition).real[5, 7, 3]
    assert abs(float(adjoint) - 1 / acceleration) < 0.02
    assert abs(float(conditioning.compensated(seen)[5, 7, 3]) - 1) < 1e-5


@pytest.mark.parametrize("plane", [(128, 160), (30, 25), (8, 8)])
def test_a_scan_is_described_by_finite_numbers_on_any_plane(plane: tuple[int, int]) -> None:
    mask = torch.zeros(plane, dtype=torch.bool)
    mask[0] = True
    acquisition = operator.Acquisition(mask, torch.ones(1, 2, *plane, dtype=torch.complex64))
    scan = operator.Measured(acquisition, torch.zeros(1, 2, *plane, dtype=torch.complex64), 0.02, 1.0)
    numbers = conditioning.described(scan)
    assert len(numbers) == SCAN_NUMBERS - 2 and numbers.isfinite().all()
    assert torch.allclose(numbers[:2], torch.tensor([torch.log2(torch.tensor(plane[0])) / 4, 1.0]))
    assert (numbers[2:] >= 0).all() and (numbers[2:] <= 1).all()


@quickly
@given(seeds, st.integers(1, 6))
def test_the_mean_is_kept_when_a_volume_is_blown_up(seed: int, slices: int) -> None:
    coarse = torch.randn(slices, 5, 3, generator=torch.Generator().manual_seed(seed))
    big = conditioning.blown_up(coarse, 0, slices * MM)
    assert big.shape == (slices * MM, 5 * MM, 3 * MM)
    assert abs(float(big.mean() - coarse.mean())) < 1e-5
    assert big.max() <= coarse.max() + 1e-5 and big.min() >= coarse.min() - 1e-5
    assert torch.allclose(conditioning.blown_up(coarse, 2, 2), big[2:4], atol=1e-5)


def test_ramps_stay_ramps_when_a_volume_is_blown_up() -> None:
    """The mean over each voxel of a ramp at 1 mm, blown up, is that ramp, but for the outermost half voxels."""
    places = torch.meshgrid(*(torch.arange(n, dtype=torch.float32) for n in (24, 20, 16)), indexing="ij")
    ramp = 0.3 * places[0] - 0.2 * places[1] + 0.5 * places[2] + 1
    coarse = torch.nn.functional.avg_pool3d(ramp[None], MM)[0]
    inner = (slice(2, -2),) * 3
    assert torch.allclose(conditioning.blown_up(coarse, 0, 24)[inner], ramp[inner], atol=1e-4)


def test_of_a_coarse_volume_the_network_is_told_that_there_is_no_scan() -> None:
    known, said = torch.randn(4, 8, 8, generator=torch.Generator().manual_seed(0)), heard()
    given = conditioning.of_coarse(known, 0.75, said)
    assert torch.equal(given.mean[0], known)
    assert not given.doubt.any() and not given.residue.any()
    assert given.scan[0, 1] == 0.5 and given.scan.count_nonzero() == 1
    assert torch.equal(given.tokens[0], said.tokens) and torch.equal(given.heard[0], said.heard)
    both = conditioning.stack([given, given._replace(scan=given.scan + 1)])
    assert all(len(part) == 2 for part in both) and both.scan[1, 1] == 1.5
