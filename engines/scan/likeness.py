"""Likeness of volumes at 4 mm: the correlation of two after the best shift, and the two halves of one.

A volume is (S, H, W), slices of right and anterior, as `train_coarse.half` halved once more has it. What is compared is
what lies within the first volume's tissue, so that two brains are not alike for having air around them; the tissue of
the second that the first has none of does not count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

REACH = 3  # voxels that a volume may be shifted by along each axis
TISSUE = 0.15  # of a scan's scale, above which a smoothed voxel is tissue
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Match:
    """The best shift of a volume onto another."""

    correlation: float
    shift: tuple[int, int, int]  # voxels
    mirrored: bool  # left and right exchanged, before the shift


def tissue(x: Floats) -> NDArray[np.bool_]:
    """All that is not air, without holes: (S, H, W) bool."""
    return np.asarray(ndimage.binary_fill_holes(ndimage.gaussian_filter(x, 0.7) > TISSUE))


def match(fixed: Floats, moving: Floats, mirrors: tuple[bool, ...] = (False, True)) -> Match:
    """The greatest correlation within the tissue of `fixed` over shifts of `moving` up to `REACH`, and over its mirror
    image.

    Sums over the tissue are found for all shifts at once, as correlations by Fourier transforms of volumes with
    air beyond.
    """
    inside = tissue(fixed).astype(np.float32)
    count = max(inside.sum(), 1.0)
    level = np.where(inside > 0, fixed - (fixed * inside).sum() / count, 0.0)
    size = [fft.next_fast_len(n + REACH) for n in fixed.shape]
    own = [np.conj(fft.rfftn(each, size)) for each in (level, inside)]
    near = np.ix_(*[np.arange(-REACH, REACH + 1)] * 3)
    found = []
    for mirrored in mirrors:
        image = moving[:, ::-1] if mirrored else moving
        first, second = fft.rfftn(image, size), fft.rfftn(image**2, size)
        product, total, squares = (
            fft.irfftn(a * b, size)[near] for a, b in ((own[0], first), (own[1], first), (own[1], second))
        )
        spread = np.sqrt(np.maximum(squares - total**2 / count, 1e-9) * max((level**2).sum(), 1e-9))
        s, h, w = (int(n) for n in np.unravel_index((product / spread).argmax(), spread.shape))
        found.append(Match(float((product / spread)[s, h, w]), (REACH - s, REACH - h, REACH - w), mirrored))
    return max(found, key=lambda one: one.correlation)


def moved(x: Floats, found: Match, voxel: int = 1) -> Floats:
    """A volume mirrored and shifted as was found, with air where nothing came; `voxel`: its own to one of 4 mm."""
    image = x[:, ::-1] if found.mirrored else x
    out = np.zeros_like(image)
    into, of = [], []
    for n, by in zip(x.shape, (voxel * s for s in found.shift), strict=True):
        into.append(slice(max(0, by), n + min(0, by)))
        of.append(slice(max(0, -by), n - max(0, by)))
    out[tuple(into)] = image[tuple(of)]
    return out
