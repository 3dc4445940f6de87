"""Observed runs of reverse diffusion: what a recording keeps of their steps."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stagelight.engines.experiment.cache import Arrays
from stagelight.engines.experiment.progress import NEVER, Progress, interrupt_after, silent
from stagelight.engines.scan.acquisition import masks, operator
from stagelight.engines.scan.acquisition.operator import A_adjoint, Measured
from stagelight.engines.scan.methods.diffusion import Step
from stagelight.engines.scan.model import denoiser, text_encoder
from stagelight.engines.scan.pictures import PLANES, grey, planes, signed, six_bits

RINGS = 8  # of k-space
NOISY_SPREAD, NOISY_MOST = 0.5, 2.0  # x is divided by hypot(sigma, the first) and cut off at the second


class Watcher:
    """What is kept of the steps of a run: pictures of three planes, and one plane of k-space.

    `scan` is of scale 1, `at` the voxel in which the planes meet, `scale` that of the scan.
    """

    def __init__(self, scan: Measured, at: tuple[int, int, int], scale: float) -> None:
        self.at, self.scale, self.scan = at, scale, scan
        strength = self._kspace(A_adjoint(scan.y, scan.acquisition).real)
        unit = max(float(np.percentile(strength, 40)), 1e-12)
        low, high = np.percentile(np.log1p(strength / unit), (40, 99.9))
        self.levels = unit, float(low), float(high)

    def scale_facts(self) -> dict[str, float]:
        """How strength became brightness: log1p(|k| / unit), `low` to `high` as 0 to 255.

        Both are percentiles, 40 and 99.9, of the adjoint image's own plane, in units of the scan's scale.
        """
        return dict(zip(("kspace_levels.unit", "kspace_levels.low", "kspace_levels.high"), self.levels, strict=True))

    def _kspace(self, x: Tensor) -> NDArray[np.float32]:
        """|F S x| of the axial slice and the first coil, (X, Y), the centre in the middle."""
        z = self.at[2]
        seen = torch.fft.fft2(x[z] * self.scan.acquisition.sens[0, z], norm="ortho")
        return np.asarray(np.fft.fftshift(seen.abs().numpy()), np.float32)

    def _level(self, strength: NDArray[np.float32]) -> NDArray[np.uint8]:
        unit, low, high = self.levels
        return np.ascontiguousarray(six_bits(grey((np.log1p(strength / unit) - low) / (high - low))).T[::-1])

    def kplane(self, x: Tensor) -> NDArray[np.uint8]:
        """The plane of an estimate (S, H, W), turned as the axial picture is: (Y, X)."""
        return self._level(self._kspace(x))

    def kplane_measured(self) -> NDArray[np.uint8]:
        """What was measured of that plane; 0 elsewhere."""
        return self._level(np.fft.fftshift(self.scan.y[0, self.at[2]].abs().numpy()))

    def shells(self, before: Tensor, after: Tensor) -> NDArray[np.float32]:
        """Rms change in rings of the measured plane, over the noise, (RINGS,)."""
        z, mask = self.at[2], self.scan.acquisition.mask
        change = torch.fft.fft2((after - before)[z] * self.scan.acquisition.sens[0, z], norm="ortho").abs().square()
        away = torch.fft.ifftshift(torch.from_numpy(masks.radius(tuple(mask.shape))))
        ring = (away * RINGS).long().clamp_max(RINGS - 1)[mask]
        total = torch.bincount(ring, change[mask].double(), RINGS) / torch.bincount(ring, minlength=RINGS).clamp_min(1)
        return np.asarray((total / 2).sqrt().numpy() / max(self.scan.sigma, 1e-12), np.float32)

    def look(self, step: Step) -> Arrays:
        """What is kept of one step."""
        spread = math.hypot(step.sigma, NOISY_SPREAD)
        seen: Arrays = {
            "step": np.array(step.step, np.int16), "sigma": np.array(step.sigma, np.float32),
            "misfit_before": np.array(step.misfit_before, np.float32),
            "misfit_after": np.array(step.misfit_after, np.float32),
            "shells": self.shells(step.denoised, step.consistent),
            "kplane_before": self.kplane(step.denoised), "kplane_after": self.kplane(step.consistent),
        }  # fmt: skip
        noisy, before, after = (planes(operator.volume(v), self.at) for v in (step.x, step.denoised, step.consistent))
        for p in PLANES:
            seen[f"noisy_{p}"] = signed(noisy[p] / spread, NOISY_MOST)
            seen[f"before_{p}"] = grey(before[p] * self.scale)
            seen[f"after_{p}"] = grey(after[p] * self.scale)
        return seen


def thinned(steps: int, kept: int) -> list[int]:
    """Steps that are recorded, evenly spaced, 1 and the last among them."""
    return sorted({1 + round(k * (steps - 1) / max(1, kept - 1)) for k in range(kept)})


def observe(
    steps: Iterator[Step], count: int, kept: Sequence[int], watcher: Watcher, listeners: Sequence[nn.Module] = (),
    prompt: str = "", progress: Progress = silent, deadline: float = NEVER,
) -> Arrays:  # fmt: skip
    """One run: its end `x` (S, H, W), its `seconds` of one core, and what was kept of its steps.

    Args:
        steps: of the run.
        count: how many there are.
        kept: those to keep something of.
        watcher: that looks.
        listeners: networks whose attention to the words of the prompt is kept.
        prompt: the words.
        progress: told of each step.
        deadline: moment of `time.monotonic()` at which the work is interrupted.

    Raises:
        Interrupted: the deadline passed.
    """
    began = time.process_time()
    seen: list[Arrays] = []
    last: Step | None = None
    for last, state in observed(steps, kept, watcher, listeners, prompt):
        seen += [state] if state else []
        progress("reverse diffusion", last.step, count, {"sigma": last.sigma, "misfit": last.misfit_after})
        interrupt_after(deadline, "reverse diffusion")
    assert last is not None
    found = stacked(seen) if seen else {}
    seconds = time.process_time() - began
    return found | {"x": last.consistent.half().numpy(), "seconds": np.array(seconds)}


def stacked(states: list[Arrays]) -> Arrays:
    """Arrays whose first axis is the recorded step."""
    return {name: np.stack([state[name] for state in states]) for name in states[0]}


def observed(
    steps: Iterator[Step], kept: Sequence[int], watcher: Watcher, listeners: Sequence[nn.Module] = (), prompt: str = ""
) -> Iterator[tuple[Step, Arrays]]:
    """Each step of a run, and what is kept of it: nothing, where it is none of those to keep."""
    spans = words_of(prompt)[1]
    heard = [layer for network in listeners for layer in denoiser.watch(network, True)]
    try:
        for step in steps:
            state: Arrays = {}
            if step.step in kept:
                state = watcher.look(step) | (_attention(heard, spans) if listeners else {})
            for layer in heard:
                layer.clear()
            yield step, state
    finally:
        for network in listeners:
            denoiser.watch(network, False)


def _attention(heard: list[list[Tensor]], spans: list[list[int]]) -> Arrays:
    """Share of attention for each word, mean over slabs, heads, places and layers; and the rest."""
    means = [torch.cat([each.mean((1, 2)) for each in layer]).mean(0) for layer in heard if layer]
    weight = torch.stack(means).mean(0)[1:].double()  # without the silent token
    share = np.array([float(weight[span].sum()) for span in spans], np.float32)
    return {"attention": share, "attention_rest": np.array(1 - share.sum(), np.float32)}


def words_of(sentence: str) -> tuple[list[str], list[list[int]]]:
    """The words of a sentence without its punctuation, and which of its tokens make up each."""
    tokens = [token.removeprefix("##") for token in text_encoder.encode(sentence).words]
    words, spans, at = sentence.split(), [], 1  # the first token opens the sentence
    for word in words:
        span, left = [], word.lower()
        while left and at < len(tokens) - 1 and left.startswith(tokens[at]):
            left = left[len(tokens[at]) :]
            span.append(at)
            at += 1
        bare = [k for k in span if tokens[k] not in {".", ","}]
        spans.append(bare)
    return [word.strip(".,") for word in words], spans
