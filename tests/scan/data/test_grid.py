"""The grid on which every scan is laid."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("scipy")
pytest.importorskip("nibabel")
pytestmark = pytest.mark.engine

from stagelight.engines.scan.data import grid  # noqa: E402
from support.scan import brain  # noqa: E402


def test_voxels_of_one_millimetre_are_shifted_and_not_changed() -> None:
    raw = brain()
    placed = grid.place(raw, np.eye(4), head=False)
    assert placed.spacing == 1.0
    assert placed.x.shape == grid.SHAPE
    start = placed.affine[:3, 3].astype(int)
    window = placed.x[tuple(slice(max(-a, 0), max(-a, 0) + n) for a, n in zip(start, raw.shape, strict=True))]
    assert np.allclose(window, np.clip(raw / placed.scale, 0, 1) * (window > 0), atol=1e-6)
    assert placed.x.max() == 1
    assert (placed.x[~placed.brain] == 0).all()


def test_a_brain_larger_than_the_grid_is_sampled_more_coarsely_evenly() -> None:
    placed = grid.place(brain((100, 240, 100)), np.eye(4), head=False)
    assert placed.spacing > 1
    assert np.allclose(np.linalg.norm(placed.affine[:3, :3], axis=0), placed.spacing)
    for axis in range(3):
        filled = np.flatnonzero(placed.brain.any(axis=tuple({0, 1, 2} - {axis})))
        assert filled[0] >= 1
        assert filled[-1] <= grid.SHAPE[axis] - 2


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.8, 1.2, 2.0)])
def test_the_grid_keeps_a_place_where_it_is(spacing: tuple[float, float, float]) -> None:
    raw = brain((110, 100, 60))
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = (-40, 20, 7)
    placed = grid.place(raw, affine, head=False)
    center = np.argwhere(placed.brain).mean(0)
    seen = placed.affine @ [*center, 1]
    wanted = affine @ [*np.argwhere(raw > 0).mean(0), 1]
    assert np.allclose(seen, wanted, atol=0.6)


def test_a_brain_is_found_within_a_head() -> None:
    axes = np.meshgrid(*(np.arange(n) - n / 2 for n in (150, 170, 150)), indexing="ij")
    away = np.sqrt(sum((a / r) ** 2 for a, r in zip(axes, (55, 65, 52), strict=True)))
    head = np.where(away < 1, 200.0, np.where(away < 1.1, 30.0, np.where(away < 1.25, 260.0, 0.0)))
    head += 5 * np.random.default_rng(0).standard_normal(head.shape)
    found = grid.brain_of(np.maximum(head, 0).astype(np.float32), np.ones(3))
    both = (found & (away < 1)).sum()
    assert 2 * both / (found.sum() + (away < 1).sum()) > 0.95
    assert not found[away > 1.12].any()
