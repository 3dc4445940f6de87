"""Uncertainty of the mean of several samples: what it may be off by, and how often it is off by no more."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Volumes = list[NDArray[np.float32]]
WIDER = 1.3  # samples differ by less than they are off; set on a patient kept for that, ms_26, see `expected`


def expected(volumes: Volumes, wider: float = WIDER) -> NDArray[np.float32]:
    """What the mean of n samples may be off by: `wider` times their spread times sqrt(1 + 1/n); 0 of a single one.

    Were the truth and the samples drawn alike, the difference of the truth from their mean over this, with `wider` 1,
    would be Student's t of n - 1 degrees: a mean of few samples is itself uncertain. Samples of a network that has
    learnt little are too sure of themselves. `wider` mends that on average, as temperature scaling does.
    """
    if len(volumes) < 2:
        return np.zeros_like(volumes[0])
    spread = np.std(volumes, axis=0, ddof=1)
    return np.asarray(wider * math.sqrt(1 + 1 / len(volumes)) * spread, np.float32)


def coverage(
    volumes: Volumes, truth: NDArray[np.float32], within: NDArray[np.bool_], acceleration: float
) -> dict[str, float]:
    """The share of a region within two sigma of the samples' mean: as it is, as it was before sigma was widened, and
    what it would be of right samples, which Student's t of n - 1 degrees says. Nothing of a single sample."""
    n = len(volumes)
    if n < 2:
        return {}
    off = np.abs(np.mean(volumes, 0) - truth)[within]
    covered, narrow = (float((off <= 2 * expected(volumes, wider)[within]).mean()) for wider in (WIDER, 1.0))
    name = f"coverage.two_sigma.r{acceleration:g}"
    return {name: covered, f"{name}.narrow": narrow, "coverage.wanted": 1 - 2 * float(stats.t.sf(2, n - 1)),
            "coverage.wider": WIDER}  # fmt: skip
