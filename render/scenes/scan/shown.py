"""The recording made ready to be drawn, and the drawings that several sections share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.components import frame, kplane, slices
from stagelight.render.components.slices import Picture
from stagelight.render.components.volume import Turntable
from stagelight.render.motion import Box, Point, ease, px, py
from stagelight.render.pen import Pen

WINDOW = slices.Window(0, 235)  # of recorded grey: one for all pictures
SPREAD, NOISE_BLACK = 0.5, -95.0  # of recorded noise: how x was scaled; what is black where there is nothing else
HERO = (px(26), py(16.5), px(48), py(67))  # where the slice stands when it stands alone
LEFT, MIDDLE, RIGHT = ((px(x), py(17), px(27), py(62)) for x in (4, 36.5, 69))  # three of them side by side
NAMES = {"zero_filled": "zero-filled", "variation": "variation", "wavelet": "wavelets", "mean": "classical",
         "samples": "diffusion", "ours": "3 rounds"}  # fmt: skip


BRAIN, HEAD = 3.0, 1.5  # by how much a dream's head is brighter than the air around it, to be called either
LIT, BELIEVED = 0.8, 0.7  # least brightness of a measured point, so that it is seen to be lit; dimming of the others


class Shown:
    """The recorded scan of one patient."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.a: Mapping[str, Any] = recording.arrays
        self.rate = f"{recording.fact('acceleration'):.0f}"
        self.ring_at: Point = (recording.fact("ring.across"), recording.fact("ring.down"))
        self.radius = recording.fact("ring.radius")
        prompt = next(event for event in recording.events if event["kind"] == "prompt")
        self.words: list[str] = prompt["words"]
        self.sentence: str = prompt["sentence"]
        self.steps = int(recording.fact("steps"))
        contrast = recording.fact("stranger.contrast")
        self.dreamt = "brain" if contrast >= BRAIN else "head" if contrast >= HEAD else "texture"
        self.loop = "guided_" if self.better("guided", "zero_filled") else ""  # the run of which every step is shown
        self.mask: NDArray[np.bool_] = recording.arrays["mask"]
        self.measured = np.ascontiguousarray(self.mask.T[::-1]).astype(np.float32)  # as the axial picture is turned

    def grey(self, name: str) -> Picture:
        """A recorded picture, or several, in the scene's one window."""
        return WINDOW.grey(self.a[name])

    def noise(self, plane: str) -> Picture:
        """The recorded noisy states of a plane; black is where air is, and lower the more of it is noise."""
        states = self.a[f"noisy_{plane}"]
        black = [NOISE_BLACK * self.noisy(k) for k in range(len(states))]
        return np.stack([slices.Window(low, 120).grey(x) for low, x in zip(black, states, strict=True)])

    def noisy(self, index: int) -> float:
        """The share of x that is noise at a recorded step, as x is scaled."""
        sigma = float(self.a["sigma"][index])
        return sigma / math.hypot(sigma, SPREAD)

    @cached_property
    def turntable(self) -> Turntable:
        """The patient's brain as a solid."""
        return Turntable(self.a["volume"].astype(np.float32) / 252)

    def box(self, place: tuple[float, float, float, float], plane: str = "axial") -> Box:
        """The box of a plane's picture within a place."""
        return slices.fitted(self.a[f"reference_{plane}"], *place)

    @property
    def ringed(self) -> bool:
        """True if there is a lesion that is known."""
        return self.radius > 0

    def lesion(self, pen: Pen, box: Box, alpha: float = 1.0) -> None:
        """The ring round the lesion of an axial picture, if there is a lesion."""
        if self.ringed:
            slices.ring(pen, box, self.ring_at, self.radius * box.width, alpha)

    def counter(self, pen: Pen, words: str, alpha: float = 1.0) -> None:
        """Write the position in the run, at the top right."""
        pen.text(words, frame.RIGHT, py(6.6), theme.FLOOR, theme.TEXT, font=theme.MONO_BOLD, anchor="end", alpha=alpha)

    def named(self, pen: Pen, box: Box, words: str, colour: str = theme.QUIET, alpha: float = 1.0) -> None:
        """A name below a picture."""
        pen.text(words, box.x + box.width / 2, box.y + box.height + 46, theme.FLOOR, colour, anchor="middle",
                 alpha=alpha)  # fmt: skip

    def kplane(self, pen: Pen, before: Picture, after: Picture, share: NDArray[np.floating], box: Box,
               alpha: float = 1.0) -> None:  # fmt: skip
        """A plane of k-space on its way from before consistency to after it; `share` (Y, X) says how far each point is.

        Measured points go from blue to amber, the others stay blue.
        """
        level = kplane.brightness(before) * (1 - share) + kplane.brightness(after) * share
        known = share * self.measured
        level = np.maximum(level * (BELIEVED + (1 - BELIEVED) * known), LIT * known)
        kplane.plane(pen, level, known, box, alpha)

    def better(self, one: str, other: str) -> bool:
        """True if one method is nearer to the reference in the brain than another."""
        return self.recording.fact(f"{one}.brain.psnr") > self.recording.fact(f"{other}.brain.psnr")

    @property
    def dream(self) -> str:
        """The name of the picture that the prior brings up alone."""
        return "stranger" if self.dreamt == "brain" else "dream"

    def db(self, method: str, region: str = "brain") -> str:
        """A method's PSNR as printed."""
        return f"{self.recording.fact(f'{method}.{region}.psnr'):.1f}"


def arrow(pen: Pen, a: Point, b: Point, words: str, share: float, colour: str = theme.QUIET) -> None:
    """An arrow that grows from a to b, named above its middle."""
    if share <= 0:
        return
    x = a[0] + (b[0] - a[0]) * share
    pen.line(a, (x, a[1]), colour, 3, share)
    pen.polygon([(x + 12, a[1]), (x - 6, a[1] - 9), (x - 6, a[1] + 9)])
    pen.fill(colour, share)
    if not words:
        return
    pen.text(words, (a[0] + b[0]) / 2, a[1] - 22, theme.FLOOR, colour, anchor="middle", alpha=share)


def settled(t: float, start: float, seconds: float, count: int) -> float:
    """The step, 0 to count - 1, that is shown at t of a run that plays from `start` on, gently at its ends."""
    return (count - 1) * (0.5 * ease(t, start, seconds) + 0.5 * min(max((t - start) / seconds, 0.0), 1.0))
