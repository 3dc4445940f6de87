"""The scan's recording as named views, each read when it is first asked for.

Shapes: S kept steps of a run, (H, W) a slice, (Z, Y) the plane of k-space that is undersampled.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.recording import Recording
from stagelight.render.components import slices
from stagelight.render.components.slices import Picture
from stagelight.render.components.volume import Turntable
from stagelight.render.motion import Point

Array = NDArray[Any]
WINDOW = slices.Window(0, 235)  # of recorded grey: one for all pictures
NOISE_SCALE, NOISE_BLACK, NOISE_WHITE = 0.5, -95.0, 120  # of recorded noise: how x was scaled; its window
VOLUME_WHITE = 252
HEAD = 3.0  # a dream over the air around it, in brightness, to be called the outline of a head
LESION_READS = ("facts.ring.across", "facts.ring.down", "facts.ring.radius")


class Data:
    """The recorded scan of one patient."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording

    def event(self, kind: str) -> Mapping[str, Any]:
        """The event of a kind that is recorded once."""
        return next(event for event in self.recording.events if event["kind"] == kind)

    def picture(self, name: str) -> Picture:
        """A recorded picture, (H, W), or several, in the scene's one window."""
        return WINDOW.grey(self.recording.arrays[name])

    @cached_property
    def mask(self) -> NDArray[np.bool_]:
        """(Y, Z) which lines of k-space are measured."""
        return self.recording.arrays["mask"]

    @cached_property
    def measured(self) -> NDArray[np.float32]:
        """(Z, Y) the same as 0 and 1, turned as the axial picture is."""
        return np.ascontiguousarray(self.mask.T[::-1]).astype(np.float32)

    @cached_property
    def turntable(self) -> Turntable:
        """The patient's brain as a solid."""
        return Turntable(self.recording.arrays["volume"].astype(np.float32) / np.float32(VOLUME_WHITE))

    # The lesion, where one is known.

    @property
    def lesion_at(self) -> Point:
        """The middle of the lesion's ring, as shares of the axial picture's width and height."""
        return self.recording.fact("ring.across"), self.recording.fact("ring.down")

    @property
    def lesion_radius(self) -> float:
        """The radius of the lesion's ring, as a share of the width; 0 where no lesion is known."""
        return self.recording.fact("ring.radius")

    @property
    def has_lesion(self) -> bool:
        """True if a lesion is known."""
        return self.lesion_radius > 0

    # The prior, conditioned on words alone.

    @property
    def words(self) -> list[str]:
        """The words that condition the prior."""
        return list(self.event("prompt")["words"])

    @property
    def sentence(self) -> str:
        """The same as a sentence."""
        return str(self.event("prompt")["sentence"])

    @cached_property
    def attention(self) -> list[float]:
        """The share of attention that each word gets, averaged over the steps."""
        return [float(share) for share in self.recording.arrays["attention"].mean(0)]

    @property
    def is_head(self) -> bool:
        """True if what the prior brings up alone has the outline of a head, judged by its contrast."""
        return self.recording.fact("dream.contrast") >= HEAD

    # Reverse diffusion.

    @property
    def steps(self) -> int:
        """The number of steps of the run."""
        return int(self.recording.fact("steps"))

    @cached_property
    def kept_steps(self) -> NDArray[np.integer]:
        """(S,) the numbers of the steps that are kept."""
        return self.recording.arrays["step"]

    @cached_property
    def sigma(self) -> NDArray[np.floating]:
        """(S,) the noise level at each kept step."""
        return self.recording.arrays["sigma"]

    def noisy(self, plane: str) -> Picture:
        """(S, H, W) the noisy states of a plane; black is where air is, and lower the more of it is noise."""
        states = self.recording.arrays[f"noisy_{plane}"]
        black = [NOISE_BLACK * self.noise_share(step) for step in range(len(states))]
        windows = [slices.Window(low, NOISE_WHITE) for low in black]
        return np.stack([window.grey(x) for window, x in zip(windows, states, strict=True)])

    def noise_share(self, step: int) -> float:
        """The share of x that is noise at a kept step, as x is scaled."""
        sigma = float(self.sigma[step])
        return sigma / math.hypot(sigma, NOISE_SCALE)

    @cached_property
    def free(self) -> Picture:
        """(S, H, W) the guesses of the run from the same noise that is held to no measurement."""
        return self.picture("free_before_axial")

    @cached_property
    def growing(self) -> Picture:
        """(G, H, W) the slice while all of its k-space is read from the middle outwards."""
        return self.picture("growing_axial")
