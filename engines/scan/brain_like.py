"""A distance of a volume from real scans of its contrast, in units of how real scans differ among themselves.

Two things are compared, which need no registration and which a blurred, a noisy or a mottled brain gets wrong: the
power spectrum (the logarithm of its mean in shells of frequency: how much there is of coarse and of fine detail), and
the histogram of the tissue (its quantiles: how dark fluid is beside grey and white matter). The distance of two volumes
is the root mean square difference of one of these. That of a volume from the real ones is its mean over them, over the
mean distance of two different real ones. So 1 is a volume that differs from real scans as they do from each other, by
definition the mean of them; what is 3 is as far from any as three times that.

A volume may be closer than 1: a mean of real ones would be. Nothing here tells where things are in the brain.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.scan.likeness import Floats

SHELLS = 12  # of frequency, from the lowest to that of two voxels
SHARES = np.linspace(0.05, 0.95, 19)
FAINT = 1e-6  # power, in units of a scan's scale, squared, per voxel, below which there is none

Curve = NDArray[np.float64]


def spectrum(x: Floats) -> Curve:
    """The logarithm of the mean power in shells of frequency, the lowest first."""
    power = np.abs(np.fft.rfftn(x)) ** 2 / x.size
    axes = (*(np.fft.fftfreq(n) for n in x.shape[:-1]), np.fft.rfftfreq(x.shape[-1]))
    away = np.sqrt(sum(axis**2 for axis in np.meshgrid(*axes, indexing="ij", sparse=True)))
    shell = np.minimum((away * 2 * SHELLS).astype(int), SHELLS).ravel()
    total, count = np.bincount(shell, power.ravel(), SHELLS + 1), np.bincount(shell, minlength=SHELLS + 1)
    return np.log(total[:SHELLS] / np.maximum(count[:SHELLS], 1) + FAINT)


def histogram(x: Floats, inside: NDArray[np.bool_]) -> Curve:
    """Quantiles of the intensity of tissue; 0 where there is none."""
    return np.quantile(x[inside], SHARES) if inside.any() else np.zeros(len(SHARES))


def distance(found: Curve, real: Sequence[Curve]) -> float:
    """How far a curve is from the real ones, as above; of a real one, leave itself out of `real`.

    Raises:
        ValueError: fewer than two real ones, which do not differ.
    """
    if len(real) < 2:
        raise ValueError(f"{len(real)} real volumes, wanted 2 or more: how they differ is the unit")
    usual = np.mean([_apart(a, b) for a, b in combinations(real, 2)])
    return float(np.mean([_apart(found, one) for one in real]) / usual)


def _apart(a: Curve, b: Curve) -> float:
    return float(np.sqrt(np.mean((a - b) ** 2)))
