"""Pictures of a volume, as a recording holds them: three planes through a place, and numbers as bytes.

Each plane is turned as a picture: from above (front at the top), from behind, and from the right (front at the right);
the person's right is at the right of the first two.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

PLANES = ("axial", "coronal", "sagittal")
Picture = NDArray[np.uint8]


def planes(volume: NDArray[Any], at: tuple[int, int, int]) -> dict[str, NDArray[Any]]:
    """The pictures of `PLANES` through a place of (X, Y, Z): (Y, X), (Z, X), (Z, Y)."""
    x, y, z = at
    cut = (volume[:, :, z].T[::-1], volume[:, y].T[::-1], volume[x].T[::-1])
    return {name: np.ascontiguousarray(picture) for name, picture in zip(PLANES, cut, strict=True)}


def grey(values: NDArray[Any], white: float = 1.0) -> Picture:
    """0 to `white` as 0 to 255."""
    return np.asarray((np.clip(values / white, 0, 1) * 255 + 0.5).astype(np.uint8))


def signed(values: NDArray[Any], most: float) -> NDArray[np.int8]:
    """-most to most as -127 to 127."""
    return np.asarray((np.clip(values / most, -1, 1) * 127).round().astype(np.int8))


def six_bits(picture: Picture) -> Picture:
    """The same in steps of 4, so that a file stays small."""
    return np.asarray(picture // 4 * 4, np.uint8)
