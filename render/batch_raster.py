"""Many lines or discs of one colour at once, as a mask of what they cover.

Each cairo path costs tens of microseconds, however small it is, most of it a call for every row of pixels. Where
shapes of one colour lie over each other, the light that passes is the product of what each lets through, in any
order. So its logarithm is a sum, which numpy makes for all shapes together. All lengths are device pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.floating]
HALO_CELLS = 6  # cells across which a halo fades out: fewer show their corners
DARKEST = 1e-3  # the least light that a shape lets through: a quarter of a level of 255


class Mask(NamedTuple):
    """A coverage mask, 255 being all, (height, width) in rows a multiple of four long; and its corner."""

    cover: NDArray[np.uint8]
    left: int
    top: int


@dataclass
class _Sheet:
    """The logarithm of the light that passes, for each pixel of a rectangle, row by row."""

    left: int
    top: int
    width: int
    height: int

    def __post_init__(self) -> None:
        self.light = np.zeros(self.width * self.height, np.float32)

    def add(self, pixels: NDArray[np.integer], cover: NDArray[np.float32]) -> None:
        """Lay covers, which are overwritten, on pixels, any of them any number of times."""
        np.subtract(1, cover, out=cover)
        np.maximum(cover, DARKEST, out=cover)
        np.log(cover, out=cover)
        np.add.at(self.light, pixels.ravel(), cover.ravel())

    def mask(self) -> Mask:
        """The coverage mask."""
        np.exp(self.light, out=self.light)
        self.light *= -255
        self.light += 255.5
        return Mask(self.light.astype(np.uint8).reshape(self.height, self.width), self.left, self.top)


def _sheet(points: Numbers, margin: float) -> _Sheet:
    """A sheet that holds the points, (N, 2), and a margin round them."""
    left, top = np.floor(points.min(0) - margin).astype(int).tolist()
    right, bottom = np.ceil(points.max(0) + margin).astype(int).tolist()
    return _Sheet(left, top, -(-(right - left) // 4) * 4, bottom - top)


def discs(middles: Numbers, radius: Numbers, alpha: Numbers) -> Mask:
    """Discs: middles (N, 2), radius and alpha (N,)."""
    reach = int(np.ceil(radius.max() + 0.5))
    sheet = _sheet(middles, reach + 1)
    middles = middles - (sheet.left, sheet.top)
    corner = np.floor(middles).astype(np.int64) - reach
    steps = np.arange(2 * reach + 1)
    # (rows or columns, N): squared distances of pixel middles, along x and along y
    x, y = ((steps[:, None] + 0.5 - (middles - corner)[:, axis]).astype(np.float32) ** 2 for axis in (0, 1))
    cover = np.sqrt(y[:, None] + x)  # (rows, columns, N)
    np.subtract((radius + 0.5).astype(np.float32), cover, out=cover)
    np.clip(cover, 0, 1, out=cover)
    cover *= alpha.astype(np.float32)
    offsets = steps[:, None] * sheet.width + steps
    sheet.add(offsets[..., None] + (corner[:, 1] * sheet.width + corner[:, 0]), cover)
    return sheet.mask()


def halos(middles: Numbers, radius: float, alpha: Numbers) -> Mask:
    """Soft light round points, middles (N, 2), that fades to nothing at the radius; alpha (N,) at the middle of each.

    Light adds up, then saturates. The cost grows with the area of the sheet: give lengths in coarse cells.
    """
    reach = int(np.ceil(radius))
    sheet = _sheet(middles, reach + 2)
    at = middles - (sheet.left + 0.5, sheet.top + 0.5)
    corner = np.floor(at).astype(np.int64)
    (x, y), base = (at - corner).T, corner[:, 1] * sheet.width + corner[:, 0]
    places = np.concatenate([base, base + 1, base + sheet.width, base + sheet.width + 1])
    parts = np.concatenate([(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y]) * np.tile(alpha, 4)
    light = np.bincount(places, parts, sheet.width * sheet.height).reshape(sheet.height, sheet.width)
    steps = np.arange(-reach, reach + 1) / (radius + 1)
    bell = (1 - steps**2).clip(0) ** 4
    for axis in (0, 1):
        light = sum(weight * np.roll(light, index - reach, axis) for index, weight in enumerate(bell))
    return Mask(np.rint(255 * (1 - np.exp(-light))).astype(np.uint8), sheet.left, sheet.top)


def lines(ends: Numbers, width: Numbers, alpha: Numbers) -> Mask:
    """Straight lines with ends cut along the nearer axis: ends (N, 2, 2), each (x, y); width and alpha (N,)."""
    sheet = _sheet(ends.reshape(-1, 2), float(width.max()) + 2)
    ends = ends - (sheet.left, sheet.top)
    run = np.abs(ends[:, 1] - ends[:, 0])
    steep = run[:, 1] > run[:, 0]
    reach = (width / 2 + 0.5) * np.hypot(*run.T) / np.maximum(run.max(1), 1e-9)
    span = reach.astype(int) * 2 + 2  # pixels across a line, seen along an axis
    for turned in (False, True):
        for across in np.unique(span[steep == turned]):
            chosen = (steep == turned) & (span == across)
            _bundle(sheet, ends[chosen], width[chosen], alpha[chosen], int(across), turned)
    return sheet.mask()


def _bundle(sheet: _Sheet, ends: Numbers, width: Numbers, alpha: Numbers, across: int, turned: bool) -> None:
    """Add lines that all run along x, or `turned`, along y, and are at most `across` pixels wide, seen that way."""
    if turned:
        ends = ends[..., ::-1]
    back = ends[:, 0, 0] > ends[:, 1, 0]
    ends = np.where(back[:, None, None], ends[:, ::-1], ends)
    (x0, y0), (x1, y1) = ends[:, 0].T, ends[:, 1].T
    slope = (y1 - y0) / np.maximum(x1 - x0, 1e-9)
    first = np.floor(x0).astype(np.int64)
    length = np.ceil(x1).astype(np.int64) - first
    line = np.repeat(np.arange(len(ends)), length)  # for each step along a line, which line it is
    x = np.arange(len(line)) + np.repeat(first - np.cumsum(length) + length, length)
    middle = (y0 - slope * (x0 - 0.5))[line] + slope[line] * x
    base = np.floor(middle + 0.5).astype(np.int64) - across // 2
    strength = (alpha[line] * (np.minimum(x + 1, x1[line]) - np.maximum(x, x0[line]))).astype(np.float32)
    upright = (1 / np.hypot(1, slope))[line].astype(np.float32)  # from a distance along y to one across the line
    steps = np.arange(across)
    cover = np.abs(steps[:, None].astype(np.float32) - (middle - base - 0.5).astype(np.float32))
    cover *= -upright
    cover += ((width + 1) / 2).astype(np.float32)[line]
    np.clip(cover, 0, np.minimum(width, 1).astype(np.float32)[line], out=cover)
    cover *= strength
    here, next_across = (x * sheet.width + base, 1) if turned else (base * sheet.width + x, sheet.width)
    sheet.add(here + steps[:, None] * next_across, cover)
