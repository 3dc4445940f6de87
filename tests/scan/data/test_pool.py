"""Volumes that the prior learns from: made once, read back, and of no held-out adult."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytest.importorskip("tokenizers")
pytestmark = pytest.mark.engine

from stagelight.engines.scan.data import pool, registry, synthetic, training_set  # noqa: E402
from stagelight.engines.scan.data.synthetic import Fact  # noqa: E402
from support.scan import saved  # noqa: E402

SHAPE = (24, 28, 24)
IMAGINED = pool.Config(heads=0.5, windows=0.5, real_brains=0, real_heads=0)


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small grid, and for every label map of the registry one small head."""
    axes = np.ogrid[:40, :48, :44]
    away = np.sqrt(sum(((a - c) / r) ** 2 for a, c, r in zip(axes, (20, 24, 22), (16, 20, 17), strict=True)))
    labels = np.zeros(away.shape, np.int16)
    left = np.arange(40)[:, None, None] < 20
    for reach, pair in ((1.15, (516, 516)), (1.05, (515, 515)), (1.0, (3, 42)), (0.85, (2, 41)), (0.4, (4, 43))):
        labels = np.where(away < reach, np.where(left, *pair), labels).astype(np.int16)
    file = saved(tmp_path / "labels.nii.gz", labels, dtype=np.int16)
    monkeypatch.setattr(registry, "path", lambda _: file)
    monkeypatch.setattr(synthetic, "SHAPE", SHAPE)
    return file


def test_items_are_made_of_every_view_and_what_is_said_of_them_is_so(small: Path, tmp_path: Path) -> None:
    items = [pool.read(pool.make(n, IMAGINED, 1, tmp_path)) for n in range(8)]
    assert {item.view for item in items} == set(synthetic.VIEWS)
    for item in items:
        assert item.x.shape == SHAPE and item.x.dtype == np.float16 and 0 <= item.x.min() < item.x.max() <= 1
        assert item.fact.head == (item.view != "brain") and not item.fact.real
        assert abs(item.ventricles - 0.4**3) < 0.01


def test_an_item_is_a_function_of_its_seed_and_is_made_once(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "same"):
        (tmp_path / name).mkdir()
    path = pool.make(3, IMAGINED, 1, tmp_path / "one")
    made = path.read_bytes()
    assert pool.make(3, IMAGINED, 1, tmp_path / "same").read_bytes() == made
    assert pool.make(4, IMAGINED, 1, tmp_path / "same").read_bytes() != made

    def again(*_: Any) -> Path:
        raise AssertionError("made again")

    monkeypatch.setattr(registry, "path", again)
    assert pool.make(3, IMAGINED, 1, tmp_path / "one") == path and path.read_bytes() == made
    assert [file.name for file in (tmp_path / "one").iterdir()] == ["volume-0003.safetensors"]


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    x = np.random.default_rng(0).random((4, 6, 8)).astype(np.float16)
    item = pool.Item(x, Fact("FLAIR", "tumour", "left", 3.25, True, head=True), "window", 0.0625)
    pool.write(tmp_path / "item.safetensors", item)
    found = pool.read(tmp_path / "item.safetensors")
    assert np.array_equal(found.x, x)
    assert (found.fact, found.view, found.ventricles) == (item.fact, item.view, item.ventricles)


@pytest.mark.parametrize("view", ["brain", "head"])
def test_real_scans_are_displaced_and_nothing_is_said_of_their_ventricles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, view: str
) -> None:
    monkeypatch.setattr(synthetic, "SHAPE", SHAPE)
    axes = np.ogrid[:28, :32, :48]
    depth = np.sqrt(sum(((a - c) / 8) ** 2 for a, c in zip(axes, (14, 16, 30), strict=True))) * 8 - 8
    raw = np.where(depth < 5, 80.0, 0.0).astype(np.float32)
    raw[depth < 0] = 100

    def base(name: str, folder: Path) -> tuple[np.ndarray, np.ndarray]:
        return raw, np.maximum(depth, 0).astype(np.float32)

    monkeypatch.setattr(training_set, "base", base)
    config = pool.Config(heads=float(view == "head"), windows=0, real_brains=1, real_heads=1)
    item = pool.read(pool.make(0, config, 0, tmp_path))
    assert item.view == view and item.fact.head == (view == "head") and item.fact.real and item.ventricles == -1
    assert item.x.shape == SHAPE and item.x.max() > 0.9


@pytest.mark.parametrize("name", ["stroke_T1", "stroke_T2", "stroke_FLAIR", "colin27", "arc_M2265"])
def test_held_out_adults_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert name not in pool.HEADS
    monkeypatch.setattr(training_set, "REAL", {name: 1.0})
    monkeypatch.setattr(pool, "HEADS", (name,))
    for heads in (0.0, 1.0):
        with pytest.raises(ValueError, match=f"{name}: held out"):
            pool.make(0, pool.Config(heads=heads, real_brains=1, real_heads=1), 0, tmp_path)
    assert not any(tmp_path.iterdir())
