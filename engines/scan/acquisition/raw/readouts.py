"""Readouts, as a scanner stores them one by one, put on a Cartesian grid; and where that grid lies in the patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.scan.acquisition.raw import limits
from stagelight.engines.scan.acquisition.raw.contents import Bools, Complex, Kind, encoded_axes, kind_of

RIGHT_FRONT_TOP = np.diag([-1.0, -1.0, 1.0])  # from the scanners' left, back, top


def remove_oversampling(kspace: Complex, kept: int, axis: int) -> Complex:
    """Keep the middle `kept` voxels of the field of view along an axis, in k-space; samples keep their scale."""
    size = kspace.shape[axis]
    if kept == size:
        return kspace
    start = size // 2 - kept // 2
    image = np.fft.fftshift(np.fft.ifft(np.fft.ifftshift(kspace, axis), axis=axis), axis)
    image = np.take(image, range(start, start + kept), axis)
    cropped = np.fft.fftshift(np.fft.fft(np.fft.ifftshift(image, axis), axis=axis), axis)
    return np.asarray(cropped, np.complex64)


def trimmed(samples: Complex, centre: int, discard: tuple[int, int], reverse: bool) -> tuple[Complex, int]:
    """A readout, (C, n), without the samples to discard, in the direction of the others, and its central sample.

    Args:
        samples: as stored.
        centre: the sample at k = 0, as stored.
        discard: samples at the beginning and at the end.
        reverse: whether it was read backwards.

    Raises:
        ValueError: nothing would be left.
    """
    before, after = discard
    size = samples.shape[1] - before - after
    if size < 1:
        raise ValueError(f"a readout of {samples.shape[1]} samples, {before + after} to be discarded, wanted some left")
    kept = samples[:, before : before + size]
    return (kept[:, ::-1], size - 1 - (centre - before)) if reverse else (kept, centre - before)


@dataclass(frozen=True)
class Sizes:
    """The grid on which readouts are put. Centres are at n // 2."""

    coils: int
    slices: int
    read: int  # samples of a whole readout, with oversampling
    kept: int  # samples without it
    first: int  # phase encoding
    second: int  # phase encoding of a volume, else 1


class Grid:
    """A grid that is filled readout by readout. What is measured more than once is averaged."""

    def __init__(self, sizes: Sizes, file_bytes: int) -> None:
        self.sizes = sizes
        shape = (sizes.coils, sizes.slices, sizes.kept, sizes.first, sizes.second)
        limits.check_shape((sizes.coils, sizes.read))
        limits.check_grid(shape, file_bytes)
        self._sums = np.zeros(shape, np.complex64)
        self._counts = np.zeros((sizes.slices, sizes.first, sizes.second), np.int32)
        self._span = (sizes.kept, 0)  # of the samples along the readout that were measured

    def add(self, samples: Complex, centre: int, slice_: int, first: int, second: int) -> None:
        """Add one readout, (C, n), whose sample `centre` is at k = 0, at a line of the grid.

        Raises:
            ValueError: it lies outside.
        """
        sizes = self.sizes
        start = sizes.read // 2 - centre
        end = start + samples.shape[1]
        if start < 0 or end > sizes.read:
            raise ValueError(
                f"a readout of {samples.shape[1]} samples with its centre at {centre}, wanted it within the header's "
                f"{sizes.read}; correct the header's matrix or centre"
            )
        for name, line, lines in (("first", first, sizes.first), ("second", second, sizes.second)):
            if not 0 <= line < lines:
                raise ValueError(
                    f"a line at {line} of the {name} phase encoding, wanted 0 to {lines - 1}; "
                    "correct the header's matrix or its encoding limits"
                )
        whole = np.zeros((sizes.coils, sizes.read), np.complex64)
        whole[:, start:end] = samples
        begin, stop = self._kept_span(start, end)
        kept = remove_oversampling(whole, sizes.kept, 1)
        self._sums[:, slice_, begin:stop, first, second] += kept[:, begin:stop]
        self._counts[slice_, first, second] += 1
        self._span = (min(self._span[0], begin), max(self._span[1], stop))

    def finished(self) -> tuple[Complex, Bools, Kind, float]:
        """K-space as (C, S, H, W), its mask, its kind, and how often a line was measured on average."""
        self._sums /= np.maximum(self._counts, 1)[:, None]
        measured = self._counts > 0
        mask = np.zeros(self._sums.shape[1:], bool)
        mask[:, self._span[0] : self._span[1]] = measured[:, None]
        averages = float(self._counts[measured].mean()) if measured.any() else 0.0
        if self.sizes.second > 1:
            return self._sums[:, 0], mask[0], "volume", averages
        return self._sums[..., 0], mask[..., 0], kind_of(self.sizes.slices), averages

    def _kept_span(self, start: int, end: int) -> tuple[int, int]:
        """The samples of the grid without oversampling that lie within those measured."""
        factor, middle = self.sizes.read / self.sizes.kept, self.sizes.read // 2
        begin = int(np.ceil((start - middle) / factor)) + self.sizes.kept // 2
        last = int(np.floor((end - 1 - middle) / factor)) + self.sizes.kept // 2
        return max(begin, 0), min(last + 1, self.sizes.kept)


def centred_extent(lines: Sequence[int], centre: int) -> int:
    """The lines of the smallest grid with a given line at its n // 2 that holds all of these."""
    low, high = min(lines), max(lines)
    return max(2 * (centre - low), 2 * (high - centre) + 1, 1)


def affine(
    kind: Kind,
    shape: tuple[int, int, int],
    spacing: tuple[float, float, float],
    directions: NDArray[np.float64],
    positions: NDArray[np.float64],
) -> NDArray[np.float64] | None:
    """The map from the index (s, h, w) of the image to mm to the right, front and top; None where directions are none.

    The voxel at n // 2 along each encoded axis lies at a slice's or slab's position.

    Args:
        kind: of the scan.
        shape: (S, H, W).
        spacing: mm along S, H, W.
        directions: (3, 3), a row for the readout, the first phase encoding, and the slice or second phase encoding,
            in mm to the left, back and top.
        positions: (S, 3) of each slice, or (1, 3) of a slab, in the same.
    """
    good = np.isfinite(directions).all() and np.isfinite(positions).all() and np.abs(positions).max() < 1e5
    if not good or np.abs(directions @ directions.T - np.eye(3)).max() > 1e-2 or min(spacing) <= 0:
        return None
    read, phase, across = directions
    columns = np.stack((read, phase, across) if kind == "volume" else (across, read, phase), 1) * spacing
    if kind == "stack":
        columns[:, 0] = (positions[-1] - positions[0]) / (len(positions) - 1)
    if abs(np.linalg.det(columns)) < 1e-9:
        return None
    middle = np.zeros(3)
    for axis in encoded_axes(kind):
        middle[axis] = shape[axis] // 2
    found = np.eye(4)
    found[:3, :3] = RIGHT_FRONT_TOP @ columns
    found[:3, 3] = RIGHT_FRONT_TOP @ (positions[0] - columns @ middle)
    return found


def slice_order(numbers: NDArray[np.int64], positions: NDArray[np.float64], across: NDArray[np.float64]) -> list[int]:
    """The slices' numbers in the order in which they lie, or as they are where their positions do not tell.

    Args:
        numbers: (S,) distinct.
        positions: (S, 3) of each.
        across: (3,) the direction of the slices.
    """
    along = positions @ across
    apart = np.isfinite(along).all() and len(np.unique(np.round(along, 3))) == len(along)
    order = np.argsort(along) if apart else np.argsort(numbers)
    return [int(numbers[index]) for index in order]
