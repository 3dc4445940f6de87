"""The patient whose scan is shown, and the place in the volume that is shown.

The place is chosen by rule: in the plane of the most lesion, its middle; without a lesion, the middle of the brain.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.scan.data import registry
from stagelight.engines.scan.data.lesion import of_patient

Volume = NDArray[np.float32]
Mask = NDArray[np.bool_]


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

    @property
    def fingerprint(self) -> str:
        """A short name of what is on the grid, for what is cached about it."""
        parts = (self.x, self.brain, self.lesion)
        return hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()[:16]


def held_out() -> Patient:
    """The patient with an old stroke, whom nothing was trained on.

    Raises:
        ValueError: the files cannot be had.
    """
    volume = registry.load("stroke_T1")
    return Patient(volume.name, volume.x, volume.brain, of_patient(volume), volume.spacing, volume.scan.source)
