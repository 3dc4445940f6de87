"""Items that the network learns from: each is a scan of its image, and of no held-out adult."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytest.importorskip("nibabel")
pytest.importorskip("pooch")
pytestmark = pytest.mark.engine

import torch  # noqa: E402

from stagelight.engines.scan.acquisition import operator  # noqa: E402
from stagelight.engines.scan.data import synthetic, training_set  # noqa: E402
from stagelight.engines.scan.data.synthetic import Fact  # noqa: E402


def test_held_out_adults_are_refused() -> None:
    for name in ("stroke_T1", "stroke_T2", "stroke_FLAIR", "colin27", "arc_M2265", "arc_M2307"):
        with pytest.raises(ValueError, match="held out"):
            training_set.fact_of(name)
        assert name not in training_set.REAL
    assert not {n.rsplit("_", 1)[0] for n in training_set.TUNING} & {n.rsplit("_", 1)[0] for n in training_set.REAL}


def test_an_item_is_a_scan_of_its_image_and_so_is_its_mirror_image(items: Path) -> None:
    reader = training_set.Reader(items, 2)
    for seen, side in ((reader.slab, "left"), (reader.mirrored, "right")):
        slab = seen(0, 3, 8)
        acquisition = slab.measured.acquisition
        gap = (operator.A(slab.x, acquisition) - slab.measured.y)[..., acquisition.mask]
        assert abs(float(gap.real.std()) / slab.measured.sigma - 1) < 0.1  # what is left is the noise
        assert slab.fact.side == side
    assert torch.equal(reader.mirrored(0, 3, 8).x.flip(1), reader.slab(0, 3, 8).x)
    with pytest.raises(ValueError, match="no items of training"):
        training_set.Reader(items / "none", 2)


def test_an_item_of_four_coils_is_a_scan_of_its_image_too(tmp_path: Path) -> None:
    x = np.clip(np.abs(synthetic.field((24, 32, 16), 4.0, np.random.default_rng(0))) / 3, 0, 1).astype(np.float32)
    config = operator.Config("density", 3.0, 4, 0.02, center_fraction=0.03)
    fact = Fact("T1w", "stroke", "left", 12.0, False)
    training_set.write(tmp_path / "item-0000.safetensors", x, (0, 15), fact, config, 1)
    reader = training_set.Reader(tmp_path, 1)
    for seen in (reader.slab, reader.mirrored):
        slab = seen(0, 3, 8)
        acquisition = slab.measured.acquisition
        assert len(acquisition.sens) == 4
        gap = (operator.A(slab.x, acquisition) - slab.measured.y)[..., acquisition.mask]
        assert abs(float(gap.real.std()) / slab.measured.sigma - 1) < 0.1
