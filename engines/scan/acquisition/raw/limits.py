"""Bounds on what a file may ask for, and cleaning of the text that it brings."""

from __future__ import annotations

import math
from collections.abc import Sequence

MOST_BYTES = 4 << 30  # of a file, and of its k-space as complex64
MOST_SIDE = 4096  # samples along an axis
MOST_COILS = 1024
MOST_INFLATION = 128  # bytes of the grid for a byte of the file; undersampling and zero-filling need some
SPARE_BYTES = 64 << 20  # that any file may ask for


def check_shape(shape: Sequence[int], coil_axis: int = 0) -> None:
    """Refuse a k-space by its shape, before it is read.

    Raises:
        ValueError: an axis is empty or too long, or all of it is too large.
    """
    text = " x ".join(map(str, shape))
    for axis, size in enumerate(shape):
        most = MOST_COILS if axis == coil_axis else MOST_SIDE
        if not 1 <= size <= most:
            raise ValueError(f"shape {text}, wanted 1 to {MOST_SIDE} along each axis and at most {MOST_COILS} coils")
    if 8 * math.prod(shape) > MOST_BYTES:
        raise ValueError(f"shape {text} takes {8 * math.prod(shape) >> 20} MiB, wanted at most {MOST_BYTES >> 20}")


def check_grid(shape: Sequence[int], file_bytes: int) -> None:
    """Refuse a grid that is too large for the file it is to be filled from: then its header is damaged.

    Raises:
        ValueError: as above.
    """
    check_shape(shape)
    wanted = 8 * math.prod(shape)
    if wanted > MOST_INFLATION * file_bytes + SPARE_BYTES:
        raise ValueError(f"its header asks for {wanted >> 20} MiB of k-space, the file has {file_bytes >> 10} KiB")


def plain(text: object, most: int = 80) -> str:
    """Text from a file in one line, without control and direction marks, not longer than `most`."""
    found = str(text)[: 4 * most]
    line = " ".join("".join(c if c.isprintable() else " " for c in found).split())
    return line if len(line) <= most else line[: most - 3] + "..."
