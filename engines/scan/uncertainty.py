"""Uncertainty of the mean of several samples: what it may be off by, and how often it is off by no more."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Volumes = list[NDArray[np.float32]]


def expected(volumes: Volumes) -> NDArray[np.float32]:
    """What the mean of n samples may be off by: their spread; 0 of a single one.

    Samples come in pairs of opposite noise, whose means hardly differ; so half the difference of a pair is off as a
    sample is, and the spread is its root mean square over the pairs. Were the truth and the samples drawn alike, the
    difference of the truth from their mean over this would be Student's t of n / 2 degrees.

    Raises:
        ValueError: an odd number of samples above one.
    """
    if len(volumes) < 2:
        return np.zeros_like(volumes[0])
    if len(volumes) % 2:
        raise ValueError(f"{len(volumes)} samples, wanted an even number: they come in pairs")
    total = sum(np.square((one - other) / 2) for one, other in zip(volumes[::2], volumes[1::2], strict=True))
    return np.asarray(np.sqrt(total / (len(volumes) / 2)), np.float32)


def coverage(volumes: Volumes, truth: NDArray[np.float32], within: NDArray[np.bool_], name: str) -> dict[str, float]:
    """The share of a region within two sigma of the samples' mean, under `coverage.two_sigma.<name>`; and what it would
    be of right samples, which Student's t of n / 2 degrees says. Nothing of a single sample."""
    n = len(volumes)
    if n < 2:
        return {}
    off = np.abs(np.mean(volumes, 0) - truth)[within]
    covered = float((off <= 2 * expected(volumes)[within]).mean())
    return {f"coverage.two_sigma.{name}": covered, "coverage.wanted": 1 - 2 * float(stats.t.sf(2, n / 2))}
