"""The place of the patient's lesion, by a rule, from three co-registered contrasts; no method is shown it.

An old stroke leaves a scar and a cavity. The scar is bright in FLAIR and in T2: in volumes smoothed by 1 mm, above the
median of the brain by three (FLAIR) and one (T2) of its median absolute deviations, 3 mm within the brain's edge, and
the largest connected piece of that. The cavity is fluid that the other hemisphere does not have: T2, smoothed by 2 mm,
above its mirror image by 1.5 deviations and T1 below its own by one half, at most 12 mm from the scar. Both together,
closed by 3 mm, largest piece.
"""

from __future__ import annotations

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from stagelight.engines.scan.data import grid, registry
from stagelight.engines.scan.data.registry import Volume

CONTRASTS = ("T1", "T2", "FLAIR")


def of_patient(volume: Volume) -> NDArray[np.bool_]:
    """The lesion on the grid of the patient's T1.

    Raises:
        ValueError: as `registry.path`; or the volume is not the patient's T1.
    """
    if volume.name != "stroke_T1":
        raise ValueError(f"{volume.name}: the lesion is known in stroke_T1 only")
    t1, t2, flair = (_on(f"stroke_{name}", volume) for name in CONTRASTS)
    return mask(t1, t2, flair, volume.brain)


def _on(name: str, volume: Volume) -> NDArray[np.float32]:
    """Another contrast of the same session on a volume's grid, in its own units."""
    image = nib.as_closest_canonical(nib.load(registry.path(name)))
    to_index = np.linalg.inv(np.asarray(image.affine)) @ volume.affine
    return grid.resample(np.asarray(image.dataobj, np.float32), np.diag(to_index)[:3], to_index[:3, 3], grid.SHAPE)


def mask(
    t1: NDArray[np.float32], t2: NDArray[np.float32], flair: NDArray[np.float32], brain: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """The rule of this module. All (X, Y, Z) with X from left to right, at 1 mm."""
    within = ndimage.distance_transform_edt(brain) > 3
    hot, wet = (_deviations(image, brain, 1.0) for image in (flair, t2))
    scar = grid.largest((hot > 3) & (wet > 1) & within)
    middle = round(2 * float(np.argwhere(brain)[:, 0].mean()))  # x and middle - x are mirror images
    mirror = np.clip(middle - np.arange(brain.shape[0]), 0, brain.shape[0] - 1)
    wet, dark = (_deviations(image, brain, 2.0) for image in (t2, t1))
    cavity = (wet - wet[mirror] > 1.5) & (dark - dark[mirror] < -0.5)
    near = ndimage.distance_transform_edt(~scar) <= 12
    both = scar | (cavity & near & brain)
    grown = ndimage.distance_transform_edt(~both) <= 3
    closed = ndimage.distance_transform_edt(grown) > 3
    return grid.largest((closed | both) & brain)


def _deviations(image: NDArray[np.float32], brain: NDArray[np.bool_], smooth: float) -> NDArray[np.float32]:
    """How far from the brain's median, in its median absolute deviations times 1.48, after smoothing by so many mm."""
    blurred = ndimage.gaussian_filter(image, smooth)
    median = np.median(blurred[brain])
    return np.asarray((blurred - median) / (1.4826 * np.median(np.abs(blurred[brain] - median))), np.float32)
