"""Rules that tell from a volume at 4 mm what its sentence should have said: the contrast, and a lesion's side.

They are simple, so that it can be measured how often they are right where the truth is known. Volumes are (S, H, W),
slices of right and anterior, brains without a skull.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from stagelight.engines.scan.likeness import Floats, match, moved, tissue

DEPTHS = 6  # shells of a voxel from the surface inwards
SHARES = np.linspace(0.1, 0.9, 9)  # of the tissue that is darker
RIM = 2  # voxels at the surface, where the halves differ by how they lie
RIDGE = 0.01  # of the features' variances, added to them

Features = NDArray[np.float64]


def features(x: Floats) -> Features:
    """What a contrast shows in: the mean in shells from the surface inwards, and quantiles of the tissue."""
    inside = tissue(x)
    if not inside.any():
        return np.zeros(DEPTHS + len(SHARES))
    depth = np.minimum(np.ceil(ndimage.distance_transform_edt(inside)), DEPTHS).astype(int)
    shells = [float(x[depth == d].mean()) if (depth == d).any() else 0.0 for d in range(1, DEPTHS + 1)]
    return np.array([*shells, *np.quantile(x[inside], SHARES)])


def contrast(found: Features, known: Mapping[str, Sequence[Features]]) -> str:
    """The contrast whose mean features are nearest, by Mahalanobis' distance within contrasts (Fisher's rule)."""
    means = {name: np.mean(each, 0) for name, each in known.items()}
    rest = np.concatenate([np.asarray(each) - means[name] for name, each in known.items()])
    spread = rest.T @ rest / len(rest)
    spread += np.diag(RIDGE * np.diag(spread) + 1e-9)
    away = {name: found - mean for name, mean in means.items()}
    return min(away, key=lambda name: float(away[name] @ np.linalg.solve(spread, away[name])))


def asymmetry(x: Floats) -> Floats:
    """How much further a place is from the brain's median than its mirror image, on the side where it is: (S, H, W).

    A lesion is darker or brighter than what it replaces, by the contrast; in the other half the same place is as usual.
    The mirror is where the volume and its mirror image fit best.
    """
    smooth = ndimage.gaussian_filter(x, 1.0)
    other = moved(smooth, match(smooth, smooth, (True,)))
    inside = ndimage.binary_erosion(tissue(x) & tissue(other), iterations=RIM)
    if not inside.any():
        return np.zeros_like(x)
    usual = float(np.median(smooth[inside]))
    more = np.abs(smooth - usual) - np.abs(other - usual)
    return np.where(inside, np.maximum(more, 0), 0).astype(np.float32)


def side(x: Floats) -> str:
    """The side of a lesion, if there is one on one side: "left" or "right", the half with more asymmetry."""
    middle = ndimage.center_of_mass(tissue(x).astype(float))[1]
    by_column = np.square(asymmetry(x)).sum(axis=(0, 2))
    left = np.arange(len(by_column)) < middle
    return "left" if by_column[left].sum() > by_column[~left].sum() else "right"
