"""One grid for every scan: where its brain is, and how it is laid on 128 x 160 x 144 voxels and back.

A brain with its head around it is found by a stated rule, after BET's idea of an intensity between cerebrospinal fluid
and tissue (Smith 2002), with morphology in place of a surface: tissue is thinned until what holds brain and scalp
together breaks, the largest piece is kept, grown back and closed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

SHAPE = (128, 160, 144)
MARGIN = 2  # voxels left free around a brain
COARSE = 2.0  # mm, at which a brain is looked for
EVEN, SPACING = 1.25, 1.5  # a brain's own voxels are kept up to this ratio of their sides, and up to these mm
STEP = 16  # voxels, of which the sides of a larger grid are multiples
MOST_VOXELS = 6 << 20  # of a larger grid: twice as many as the grid has


@dataclass(frozen=True)
class Placed:
    """An image on the grid."""

    x: NDArray[np.float32]  # SHAPE, or a larger one; [0, 1]; 0 outside the brain
    brain: NDArray[np.bool_]  # of that shape
    affine: NDArray[np.float64]  # (4, 4), grid index -> mm
    spacing: float  # mm; of uneven voxels, the side of a cube as large
    scale: float  # the intensity that became 1


def place(raw: NDArray[np.float32], affine: NDArray[np.float64], head: bool) -> Placed:
    """Lay an image in closest canonical orientation on the grid, at 1 mm if its brain fits, else at what makes it fit.

    Voxels of exactly 1 mm are shifted by whole voxels, so nothing is interpolated; others go through cubic splines.

    Args:
        raw: (X, Y, Z), finite.
        affine: (4, 4), index -> mm.
        head: whether scalp and skull are in it.

    Raises:
        ValueError: no brain is found.
    """
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    placed = lay(raw, affine, brain_of(raw, steps) if head else solid(raw))
    return replace(placed, x=np.minimum(placed.x, 1))


def lay(
    raw: NDArray[np.float32], affine: NDArray[np.float64], brain: NDArray[np.bool_], native: bool = False
) -> Placed:
    """Lay an image with a known brain on the grid as in `place`; what is brighter than 1 is left so.

    Args:
        raw: (X, Y, Z), finite.
        affine: (4, 4), index -> mm.
        brain: (X, Y, Z).
        native: keep the image's own voxels, on a larger grid if need be, where they are nearly even and not too many.

    Raises:
        ValueError: the brain is empty.
    """
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    if not brain.any():
        raise ValueError("no brain is found in it")
    box = np.array([np.flatnonzero(brain.any(axis=tuple({0, 1, 2} - {axis})))[[0, -1]] for axis in range(3)])
    centre, size = box.mean(axis=1), box[:, 1] - box[:, 0] + 1
    shape = _native_shape(size, steps) if native else None
    if shape:
        spacing, zoom = float(np.prod(steps) ** (1 / 3)), np.ones(3)
    else:
        shape = SHAPE
        spacing = max(1.0, float((size * steps / (np.array(SHAPE) - 2 * MARGIN)).max()))
        spacing = float(np.ceil(100 * spacing - 1e-3) / 100)
        zoom = spacing / steps
    if np.allclose(zoom, 1, atol=1e-3):
        zoom, centre = np.ones(3), np.round(centre)
    offset = centre - zoom * (np.array(shape) // 2)
    x = resample(np.where(brain, raw, 0), zoom, offset, shape)
    inside = resample(brain.astype(np.float32), zoom, offset, shape) > 0.5
    scale = float(np.percentile(x[inside], 99.9))
    to_index = np.diag([*zoom, 1.0])
    to_index[:3, 3] = offset
    x = np.maximum(np.where(inside, x, 0) / scale, 0).astype(np.float32)
    return Placed(x, inside, affine @ to_index, spacing, scale)


def _native_shape(size: NDArray[np.int64], steps: NDArray[np.float64]) -> tuple[int, int, int] | None:
    """The grid for a brain of so many voxels of its own, at least `SHAPE`; None where it is laid on that instead."""
    if steps.max() > EVEN * steps.min() or steps.max() > SPACING:
        return None
    rounded = STEP * np.ceil((size + 2 * MARGIN) / STEP).astype(int)
    across, along, up = (int(n) for n in np.maximum(rounded, SHAPE))
    return (across, along, up) if across * along * up <= MOST_VOXELS else None


def solid(raw: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(X, Y, Z) what is not air, without holes: a brain with nothing around it."""
    return largest(ndimage.binary_fill_holes(raw > 0.02 * np.percentile(raw, 99.5)))


def resample(
    image: NDArray[np.float32],
    zoom: NDArray[np.float64],
    offset: NDArray[np.float64],
    shape: tuple[int, ...],
    order: int = 3,
) -> NDArray[np.float32]:
    """out[i] = image[zoom * i + offset], 0 beyond its edge; where zoom exceeds 1 it is smoothed first."""
    blur = 0.5 * np.sqrt(np.maximum(zoom**2 - 1, 0))  # brings a voxel's width from 1 to zoom
    if (blur > 0.1).any():
        image = ndimage.gaussian_filter(image, blur)
    whole = np.allclose(zoom, 1) and np.allclose(offset, np.round(offset))
    out = ndimage.affine_transform(image, zoom, offset, shape, order=0 if whole else order, mode="constant")
    return np.asarray(out, np.float32)


def brain_of(raw: NDArray[np.float32], steps: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(X, Y, Z) the brain in a head; feet to head along the last axis. steps: (3,) mm. Worked out at 2 mm.

    In a ball of 45 mm whose middle lies 75 mm below the crown there is brain and nothing else. Tissue is what has at
    least 0.6 of the median there; fat is what outshines all of it. Tissue without fat is thinned by 3.5 mm; the largest
    piece left within 90 mm is grown back by 5.5 mm within tissue, closed by 10 mm and filled.
    """
    zoom = COARSE / steps
    smooth = ndimage.gaussian_filter(raw, 0.5 / steps)
    small = ndimage.zoom(smooth, 1 / zoom, order=1)
    lit = small > 0.15 * np.percentile(small[small > 0], 98) if (small > 0).any() else small > 0
    filled = np.flatnonzero(lit.mean(axis=(0, 1)) > 0.02)
    if len(filled) == 0:
        return np.zeros(raw.shape, np.bool_)
    crown = int(filled[-1])
    level = max(crown - round(75 / COARSE), 0)
    middle = ndimage.center_of_mass(lit[:, :, max(level - round(60 / COARSE), 0) : crown + 1])
    axes = np.meshgrid(*(np.arange(n) for n in small.shape), indexing="ij", sparse=True)
    away = COARSE * np.sqrt((axes[0] - middle[0]) ** 2 + (axes[1] - middle[1]) ** 2 + (axes[2] - level) ** 2)
    within = small[(away < 45) & lit]
    if within.size == 0:
        return np.zeros(raw.shape, np.bool_)
    tissue = small > 0.6 * np.median(within)
    core = largest((_depth(tissue & (small < 1.2 * np.percentile(within, 98))) > 3.5) & (away < 90))
    brain = largest(tissue & (_depth(~core) < 5.5))
    closed = _depth(_depth(~brain) < 10) > 10
    whole = ndimage.binary_fill_holes(closed | brain).astype(np.float32)
    return resample(whole, 1 / zoom, np.zeros(3), raw.shape, order=1) > 0.5


def _depth(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How deep within a mask at COARSE spacing, mm; without end where there is no outside."""
    if mask.all():
        return np.full(mask.shape, np.inf)
    return np.asarray(ndimage.distance_transform_edt(mask, sampling=COARSE))


def largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Its largest connected piece."""
    pieces, count = ndimage.label(mask)
    if count < 2:
        return np.asarray(mask, np.bool_)
    return np.asarray(pieces == 1 + np.argmax(np.bincount(pieces.ravel())[1:]), np.bool_)
