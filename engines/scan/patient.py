"""Whose scan is shown, where, and what three planes of a volume are kept.

A place of the volume is chosen by rule: in the plane of the most lesion, its middle; without a lesion, the middle of
the brain. Three planes go through it, each turned as a picture: from above (front at the top), from behind, and from
the right (front at the right); the person's right is at the right of the first two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.scan import data
from stagelight.engines.scan.lesion import of_patient

PLANES = ("axial", "coronal", "sagittal")
Volume = NDArray[np.float32]
Mask = NDArray[np.bool_]
Picture = NDArray[np.uint8]
__all__ = ["PLANES", "Patient", "grey", "held_out", "planes", "signed"]


@dataclass(frozen=True)
class Patient:
    """A reference volume and what is known of it."""

    name: str
    x: Volume  # (X, Y, Z) right, front, up; [0, 1]
    brain: Mask  # (X, Y, Z)
    lesion: Mask  # (X, Y, Z); all False where there is none or it is not known
    spacing: float  # mm
    source: str  # whom to cite

    @property
    def at(self) -> tuple[int, int, int]:
        """The place through which the planes go."""
        inside = self.lesion if self.lesion.any() else self.brain
        z = int(inside.sum((0, 1)).argmax())
        x, y = np.argwhere(inside[:, :, z]).mean(0).round()
        return int(x), int(y), z

    @property
    def ring(self) -> tuple[float, float, float]:
        """A circle about the lesion from above: middle across and down and radius, in shares of the picture's width,
        height and width; the radius is 0 without a lesion."""
        if not self.lesion.any():
            return 0.5, 0.5, 0.0
        x, y, z = self.at
        places = np.argwhere(self.lesion[:, :, z])
        far = float(np.percentile(np.hypot(places[:, 0] - x, places[:, 1] - y), 90))
        across, down, _ = self.x.shape
        return (x + 0.5) / across, 1 - (y + 0.5) / down, (far + 2) / across

    @property
    def side(self) -> str:
        """Where most of the lesion is: "left", "right", or "" without one."""
        if not self.lesion.any():
            return ""
        middle = np.argwhere(self.brain)[:, 0].mean()
        return "left" if np.argwhere(self.lesion)[:, 0].mean() < middle else "right"

    @property
    def millilitres(self) -> float:
        """Of the lesion."""
        return float(self.lesion.sum()) * self.spacing**3 / 1000


def held_out() -> Patient:
    """The patient with an old stroke, whom nothing was trained on.

    Raises:
        ValueError: the files cannot be had.
    """
    volume = data.load("stroke_T1")
    return Patient(volume.name, volume.x, volume.brain, of_patient(volume), volume.spacing, volume.scan.source)


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
