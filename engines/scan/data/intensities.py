"""Intensities of a reader's volume: where its air lies, and whether it can be a magnitude image of a brain.

Scans are not negative and their air is dark, but files may be shifted, standardised or masked. What is found here is
the level that stands for darkness, so that it can be taken for 0 and put back afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

LITRES = (0.2, 2.2)  # of a brain, least and most: of a child born early, more than any
EQUAL = 0.6  # share of neighbours alike, above which it is a label map; images have up to .1, label maps .86 and more
ALIKE = 0.3  # correlation of neighbours, below which it is noise; images have .66 and more
BELOW = 0.05  # share of voxels darker than a constant background, above which it lies within the brain's intensities
STANDARD = 0.05  # how far mean and spread of standardised voxels may be from 0 and 1
SYMMETRIC = (
    0.15,
    0.3,
)  # skewness and excess kurtosis below which a histogram is a bell, as of a statistic without effect
SOFT, SHARE = (0.0, 100.0), 0.4  # Hounsfield units of soft tissue, and the share of what is not air that has them

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Levels:
    """What intensities mean."""

    kind: str  # of the histogram, in words
    dark: float  # the intensity that is taken for 0
    air: float  # the intensity where there is nothing
    background: Mask | None  # where the file says that there is nothing; None where it does not
    within: bool  # whether the background's intensity lies among the brain's
    notes: tuple[str, ...]


def levels(raw: Floats) -> Levels:
    """Find what stands for darkness.

    Raises:
        ValueError: nothing is in it.
    """
    finite = np.isfinite(raw)
    lost = int(raw.size - np.count_nonzero(finite))
    if lost == raw.size:
        raise ValueError("no voxel is a finite number")
    notes = [f"{lost} voxels are not finite numbers; they are taken for air"] if lost else []
    faces = np.concatenate([np.take(raw, at, axis).ravel() for axis in range(3) for at in (0, -1)])
    empty = float(np.mean(~np.isfinite(faces))) > 0.5
    values, counts = np.unique(faces[np.isfinite(faces)], return_counts=True)
    constant = not empty and counts.max() > 0.5 * len(faces)
    background = (~finite | (raw == values[counts.argmax()])) if constant else ~finite if empty else None
    tissue = raw[finite] if background is None else raw[~background]
    if tissue.size == 0 or (background is None and tissue.max() == tissue.min()):
        raise ValueError(f"every voxel is {raw[finite][0]:g}")
    air = float(values[counts.argmax()]) if constant else None
    within = air is not None and float(np.mean(tissue < air)) > BELOW
    if air is None or within:
        low = float(np.percentile(tissue, 0.1 if background is not None else 1))
        dark = low if within else min(low, 0.0)
    else:
        dark = air
    standard = any(_standard(some) for some in (tissue, raw[finite]))
    if standard:
        kind = "standardised (mean 0, spread 1)"
    elif within:
        kind = "of both signs around its background"
    else:
        kind = "of a magnitude image" if dark == 0 else f"of a magnitude image shifted by {dark:.4g}"
    if within:
        notes.append(
            f"its background, {air:g}, lies among the brain's intensities; it is taken for air, and {dark:.4g}, the "
            "darkest of the brain, for 0"
        )
    elif dark != 0:
        notes.append(f"{dark:.4g} is taken for 0; results are shifted back")
    return Levels(kind, dark, dark if air is None else air, background, within, tuple(notes))


def lifted(raw: Floats, found: Levels) -> Floats:
    """The volume with darkness at 0 and nothing below, 0 in the background."""
    nothing = ~np.isfinite(raw) if found.background is None else found.background
    return np.where(nothing, 0, np.maximum(raw - np.float32(found.dark), 0)).astype(np.float32)


def doubts(raw: Floats, found: Levels, statistic: bool) -> list[str]:
    """Why it cannot be a magnitude image of a brain, in words; none if it can."""
    image = lifted(raw, found)
    tissue = image > 0.02 * np.percentile(image, 99.5) if found.background is None else ~found.background
    said = []
    both = tissue[1:] & tissue[:-1]
    one, other = image[1:][both], image[:-1][both]
    equal = float(np.mean(one == other)) if one.size else 1.0
    if equal > EQUAL:
        said.append(f"it looks like a label map, for {100 * equal:.0f}% of neighbours are equal")
    elif np.corrcoef(one, other)[0, 1] < ALIKE:
        said.append(f"it looks like noise, for neighbours have a correlation of {np.corrcoef(one, other)[0, 1]:.2f}")
    inside = raw[tissue & np.isfinite(raw)]
    if statistic:
        said.append("it is a map of a statistic, by its header")
    elif found.within and (not _standard(inside) or _bell(inside)):
        said.append(f"it looks like a map of a statistic, for it has both signs around a background of {found.air:g}")
    if found.dark <= -900:
        solid = inside[inside > -500]
        if solid.size and float(np.mean((solid >= SOFT[0]) & (solid <= SOFT[1]))) > SHARE:
            said.append(
                f"it looks like computed tomography, with air at {found.dark:.0f} and tissue at {np.median(solid):.0f}"
            )
    return said


def _standard(values: Floats) -> bool:
    """Mean 0 and spread 1, as standardising leaves them."""
    mean, spread = float(values.mean(dtype=np.float64)), float(values.std(dtype=np.float64))
    return abs(mean) < STANDARD and abs(spread - 1) < STANDARD


def _bell(values: Floats) -> bool:
    return abs(float(stats.skew(values))) < SYMMETRIC[0] and abs(float(stats.kurtosis(values))) < SYMMETRIC[1]
