"""The centre of k-space, from the energy of the samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 2  # samples: a gradient's delay or the object's phase moves the echo by as much
WIDTH = 16  # the low-resolution neighbourhood is a sixteenth of an axis


def peak(kspace: NDArray[np.complex64], axes: Sequence[int]) -> tuple[int, ...]:
    """The index of k-space's centre along each encoded axis.

    The centre is first sought at low resolution: square roots of magnitudes, each coil in units of its own, summed over
    coils and over a neighbourhood, so that one spike does not decide. Then the sample with most energy there is taken.

    Args:
        kspace: (C, S, H, W).
        axes: the encoded ones, of S, H, W as 0, 1, 2.
    """
    away = tuple(axis for axis in range(3) if axis not in axes)
    sides = [kspace.shape[1 + axis] for axis in axes]
    rough, energy = np.zeros(sides, np.float32), np.zeros(sides, np.float32)
    for coil in kspace:
        size = np.abs(coil)
        size /= max(float(np.sqrt(np.mean(np.square(size), dtype=np.float64))), 1e-30)
        rough += np.sqrt(size).sum(away, dtype=np.float32)
        energy += np.square(size).sum(away, dtype=np.float32)
    reach = [max(side // WIDTH, 2) // 2 for side in sides]
    for axis, half in enumerate(reach):
        rough = _neighbourhood(rough, axis, half)
    middle = np.unravel_index(int(rough.argmax()), rough.shape)
    near = [np.arange(at - half, at + half + 1) % n for at, half, n in zip(middle, reach, sides, strict=True)]
    best = np.unravel_index(int(energy[np.ix_(*near)].argmax()), [len(indices) for indices in near])
    return tuple(int(indices[at]) for indices, at in zip(near, best, strict=True))


def shift_to_middle(at: Sequence[int], shape: Sequence[int]) -> tuple[int, ...]:
    """The samples to roll by, along each axis, to bring a centre to n // 2; 0 where it is there within the tolerance.

    To roll k-space leaves magnitudes as they are; it takes a linear phase out of the image.
    """
    shifts = []
    for found, size in zip(at, shape, strict=True):
        shift = (size // 2 - found + size // 2) % size - size // 2
        shifts.append(shift if abs(shift) > TOLERANCE else 0)
    return tuple(shifts)


def _neighbourhood(values: NDArray[np.float32], axis: int, half: int) -> NDArray[np.float32]:
    """The sum of each value and of `half` neighbours on either side, around the edges."""
    total = values.copy()
    for step in range(1, half + 1):
        total += np.roll(values, step, axis) + np.roll(values, -step, axis)
    return total
