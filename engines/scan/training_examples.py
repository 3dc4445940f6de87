"""Examples of the training set to be looked at: of each brain a slice, and a sentence that is true of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.scan.data import captions, training_set
from stagelight.engines.scan.pictures import grey, planes

LEVELS = (0.35, 0.75)  # of the slice in the brain, where no lesion says which


def brains(count: int, seed: int, folder: Path) -> dict[str, NDArray[Any]]:
    """The first items of the corpus of a seed, before they are scanned. What is slow to make is kept in `folder`.

    Returns `pictures` (count, Y, X) uint8, axial, 0 to 1 as 0 to 255; `sentences` (count,) str; `real` (count,) bool.

    Raises:
        ValueError: the files cannot be had.
    """
    pictures, sentences, real = [], [], []
    for index in range(count):
        rng = np.random.default_rng([seed, index])
        brain = training_set.drawn(training_set.Config(), rng, folder)
        low, *_, high = np.flatnonzero(brain.x.any(axis=(0, 1)))
        z = int(low + rng.uniform(*LEVELS) * (high - low))
        if brain.lesion.any():
            z = int(brain.lesion.sum((0, 1)).argmax())
        pictures.append(grey(planes(brain.x, (0, 0, z))["axial"]))
        sentences.append(captions.describe(brain.fact, (z - low) / (high - low), rng))
        real.append(brain.fact.real)
    return {"pictures": np.stack(pictures), "sentences": np.array(sentences), "real": np.array(real)}
