"""Imagined brains: a lesion is where its fact says."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy")
pytestmark = pytest.mark.engine

from stagelight.engines.scan.data import synthetic  # noqa: E402


@pytest.fixture(scope="module")
def head() -> np.ndarray:
    """A label map: white matter in grey matter in fluid, left and right, with ventricles."""
    axes = np.ogrid[:110, :140, :120]
    away = np.sqrt(sum(((a - c) / r) ** 2 for a, c, r in zip(axes, (55, 70, 60), (48, 62, 52), strict=True)))
    labels = np.zeros((110, 140, 120), np.int16)
    left = np.arange(110)[:, None, None] < 55
    for reach, pair in ((1.05, (24, 24)), (1.0, (3, 42)), (0.85, (2, 41)), (0.2, (4, 43))):
        labels = np.where(away < reach, np.where(left, *pair), labels)
    return labels.astype(np.int16)


@pytest.mark.parametrize("pathology", ["stroke", "tumour"])
def test_a_lesion_is_where_its_fact_says(head: np.ndarray, pathology: str) -> None:
    seen = set()
    for seed in range(4):
        found = synthetic.imagine(head, "T1w", pathology, np.random.default_rng(seed))
        assert found.x.shape == synthetic.SHAPE and found.x.min() >= 0 and found.x.max() <= 1
        where = np.argwhere(found.lesion)
        brain = np.argwhere(found.x > 0.2)
        assert (where[:, 0].mean() < brain[:, 0].mean()) == (found.fact.side == "left")
        seen.add(found.fact.side)
        assert 0 < found.fact.millilitres < 300
        if len(seen) == 2:
            break
    assert seen == {"left", "right"}


@pytest.fixture
def skull(head: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """Half as large, in fat and bone, on a grid of which it fills the half."""
    monkeypatch.setattr(synthetic, "SHAPE", (32, 40, 36))
    brain = np.pad(head[::2, ::2, ::2], 8)
    axes = np.ogrid[tuple(slice(0, n) for n in brain.shape)]
    away = np.sqrt(sum(((a - n / 2) / r) ** 2 for a, n, r in zip(axes, brain.shape, (33, 40, 35), strict=True)))
    around = np.where(away < 0.95, 515, np.where(away < 1, 516, 0))
    return np.where(brain > 0, brain, around).astype(np.int16)


@pytest.mark.parametrize("view", ["head", "window"])
def test_heads_have_what_surrounds_a_brain(skull: np.ndarray, view: str) -> None:
    found = synthetic.imagine(skull, "T1w", "stroke", np.random.default_rng(2), view)
    assert found.x.shape == found.lesion.shape == (32, 40, 36)
    assert found.x.min() >= 0 and found.x.max() <= 1 and found.fact.head
    assert found.fact.pathology == ("stroke" if found.lesion.any() else "healthy")
    fat = np.quantile(found.x, 0.98)  # brighter than all else in T1w
    edge = np.concatenate([found.x[:, n] for n in (0, -1)]).max()
    if view == "head":  # all of it is seen, so there is air about it, and that has noise
        assert edge < 0.4 * fat
        assert found.x[0, 0, -1] >= 0 and found.x[:3, :3].any()
    else:
        assert edge > 0.4 * fat


def test_a_window_is_at_a_millimetre_and_a_head_is_made_to_fit(skull: np.ndarray) -> None:
    within = skull > 0
    cells = {
        view: np.mean(
            [synthetic.Places.draw(skull.shape, np.random.default_rng(n), within, view=view).cell for n in range(4)]
        )
        for view in ("head", "window")
    }
    assert 0.8 < cells["window"] < 1.4
    assert 2.1**3 < cells["head"] < 3.0**3  # 80 voxels on 36


def test_a_brain_is_cut_out_of_a_head(skull: np.ndarray) -> None:
    found = synthetic.imagine(skull, "T1w", "healthy", np.random.default_rng(0), "brain")
    assert not found.fact.head and not found.x[:2, :2].any() and (found.x == 0).mean() > 0.25


def test_a_real_head_that_is_moved_stays_a_head_and_keeps_its_fact(skull: np.ndarray) -> None:
    fact, sides = synthetic.Fact("T1w", "stroke", "left", 12.0, True), set()
    for seed in range(4):
        x = np.where(skull > 0, 0.3 + 0.5 * (skull == 41), 0).astype(np.float32)  # its right is brighter
        found = synthetic.displace(x, skull > 0, fact, np.random.default_rng(seed), noise=0.01, order=1, view="head")
        assert (found.fact.contrast, found.fact.pathology, found.fact.millilitres) == ("T1w", "stroke", 12.0)
        assert found.fact.head and found.fact.real and not found.lesion.any()
        assert (found.x[:16].mean() < found.x[16:].mean()) == (found.fact.side == "left")
        sides.add(found.fact.side)
    assert sides == {"left", "right"}


def test_a_map_without_a_brain_is_refused() -> None:
    with pytest.raises(ValueError, match="no brain in the map"):
        synthetic.imagine(np.full((20, 20, 20), 507, np.int16), "T1w", "healthy", np.random.default_rng(0))
