"""Items to train on, shared by several of the scan's tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def items(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two small items of a training set, made as the real ones are."""
    from stagelight.engines.scan.acquisition import operator
    from stagelight.engines.scan.data import synthetic, training_set

    path = tmp_path_factory.mktemp("items")
    rng = np.random.default_rng(0)
    for index, side in enumerate(("left", "right")):
        x = np.clip(np.abs(synthetic.field((24, 32, 16), 4.0, rng)) / 3, 0, 1).astype(np.float32)
        config = operator.Config("density", 3.0, 1, 0.01, center_fraction=0.03)
        fact = synthetic.Fact("T1w", "stroke", side, 12.0, False)
        training_set.write(path / f"item-{index:04}.safetensors", x, (0, 15), fact, config, index)
    return path


@pytest.fixture(scope="session")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three small items of the pool: a brain with a lesion on its left, a head, and a part of one."""
    from stagelight.engines.scan.data.synthetic import VIEWS, Fact
    from support.scan import pooled

    place, sides = tmp_path_factory.mktemp("volumes"), dict(zip(VIEWS, ("left", "", "right"), strict=True))
    return [
        pooled(
            place / f"{view}.safetensors", (32, 40, 24), Fact("T1w", "stroke", side, 12.0, False, view != "brain"), view
        )
        for view, side in sides.items()
    ]
