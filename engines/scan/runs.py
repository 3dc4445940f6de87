"""Single runs behind a recording, each kept once it is done, and what is watched of them."""

from __future__ import annotations

import math
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stagelight.engines import recording
from stagelight.engines.scan import baselines, finishers, kspace, masks, prior, sampler, text
from stagelight.engines.scan.baselines import Setting
from stagelight.engines.scan.consistency import consistent
from stagelight.engines.scan.kspace import Measured
from stagelight.engines.scan.patient import PLANES, grey, planes, signed
from stagelight.engines.scan.prior import Prior
from stagelight.engines.scan.score_model import ScoreModel

Arrays = dict[str, NDArray[Any]]
RINGS = 8  # of k-space
NOISY_SPREAD, NOISY_MOST = 0.5, 2.0  # x is divided by hypot(sigma, the first) and cut off at the second


class Paused(RuntimeError):  # noqa: N818  # it is no error
    """The time given was up; the next call goes on."""


class Kept(Protocol):
    """What says how many steps are recorded."""

    @property
    def steps(self) -> int: ...  # noqa: D102
    @property
    def kept(self) -> int: ...  # noqa: D102


@dataclass(frozen=True)
class Work:
    """Where finished runs are kept, and under the name of what they depend on."""

    cache: Path
    report: Callable[[str, int, int, Mapping[str, float]], None]
    until: float
    depends: tuple[Any, ...]

    def kept(self, what: str, make: Callable[[], Arrays]) -> Arrays:
        """The arrays of a run, made now unless the cache has them.

        Raises:
            Paused: the time was up before it was done.
        """
        path = self.cache / f"{what.replace(' ', '-').replace('=', '')}-{recording.digest(what, *self.depends)}.npz"
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                return {name: file[name] for name in file.files}
        except (OSError, ValueError, EOFError, zipfile.BadZipFile):
            pass  # not there, or cut off: it is made again
        self.pause(what)
        self.report(what, 0, 1, {})
        arrays = make()
        with recording.atomic(path) as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # arrays by name
        return arrays

    def pause(self, what: str) -> None:
        """Stop here if the time is up."""
        if time.monotonic() > self.until:
            raise Paused(what)


class Watcher:
    """What is kept of the steps of a run: pictures of three planes, one plane of k-space, attention to words."""

    def __init__(self, config: Kept, ready: Prior, at: tuple[int, int, int], scale: float) -> None:
        self.steps, self.at, self.scale, self.scan = thinned(config.steps, config.kept), at, scale, ready.scan
        strength = self._kspace(ready.mean)
        unit = max(float(np.percentile(strength, 40)), 1e-12)
        low, high = np.percentile(np.log1p(strength / unit), (40, 99.9))
        self.levels = unit, float(low), float(high)

    def scale_facts(self) -> dict[str, float]:
        """How strength became brightness: log1p(|k| / unit), `low` to `high` as 0 to 255.

        Both are percentiles, 40 and 99.9, of the quick reconstruction's own plane, in units of the scan's scale.
        """
        return dict(zip(("kspace_levels.unit", "kspace_levels.low", "kspace_levels.high"), self.levels, strict=True))

    def _kspace(self, x: Tensor) -> NDArray[np.float32]:
        """|F S x| of the axial slice and the first coil, (X, Y), the centre in the middle."""
        z = self.at[2]
        seen = torch.fft.fft2(x[z] * self.scan.acquisition.sens[0, z], norm="ortho")
        return np.asarray(np.fft.fftshift(seen.abs().numpy()), np.float32)

    def _level(self, strength: NDArray[np.float32]) -> NDArray[np.uint8]:
        unit, low, high = self.levels
        return np.ascontiguousarray(grey((np.log1p(strength / unit) - low) / (high - low)).T[::-1])

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

    def look(self, step: sampler.Step) -> Arrays:
        """What is kept of one step."""
        spread = math.hypot(step.sigma, NOISY_SPREAD)
        seen: Arrays = {
            "step": np.array(step.step, np.int16), "sigma": np.array(step.sigma, np.float32),
            "misfit_before": np.array(step.misfit_before, np.float32),
            "misfit_after": np.array(step.misfit_after, np.float32),
            "shells": self.shells(step.denoised, step.consistent),
            "kplane_before": self.kplane(step.denoised), "kplane_after": self.kplane(step.consistent),
        }  # fmt: skip
        noisy, before, after = (planes(kspace.volume(v), self.at) for v in (step.x, step.denoised, step.consistent))
        for p in PLANES:
            seen[f"noisy_{p}"] = signed(noisy[p] / spread, NOISY_MOST)
            seen[f"before_{p}"] = grey(before[p] * self.scale)
            seen[f"after_{p}"] = grey(after[p] * self.scale)
        return seen


def thinned(steps: int, kept: int) -> list[int]:
    """Steps that are recorded, evenly spaced, 1 and the last among them."""
    return sorted({1 + round(k * (steps - 1) / max(1, kept - 1)) for k in range(kept)})


def sample(ready: Prior, config: sampler.Config, seed: int, watcher: Watcher | None, work: Work) -> Arrays:
    """One run of reverse diffusion: its end `x` (S, H, W), its `seconds` of one core, and what was watched.

    Raises:
        Paused: the time was up.
    """
    began = time.process_time()
    seen: list[Arrays] = []
    last: sampler.Step | None = None
    for last, state in _attended(ready, config, seed, watcher, words_of(config.prompt)[1]):
        if state:
            seen.append(state)
        work.report("reverse diffusion", last.step, config.steps, {"sigma": last.sigma, "misfit": last.misfit_after})
        work.pause("reverse diffusion")
    assert last is not None
    found = {name: np.stack([state[name] for state in seen]) for name in (seen[0] if seen else ())}
    seconds = time.process_time() - began
    return found | {"x": last.consistent.half().numpy(), "seconds": np.array(seconds)}


def _attended(
    ready: Prior, config: sampler.Config, seed: int, watcher: Watcher | None, spans: list[list[int]]
) -> Iterator[tuple[sampler.Step, Arrays]]:
    """Each step, and what is kept of it; attention is listened to in the steps before those that are kept."""
    model = ready.model
    kept = prior.watch(model, watcher is not None)
    try:
        for step in sampler.run(config, seed, ready):
            state: Arrays = {}
            if watcher is not None and step.step in watcher.steps:
                state = watcher.look(step) | _attention(kept, spans)
            for heard in kept:
                heard.clear()
            yield step, state
    finally:
        prior.watch(model, False)


def _attention(kept: list[list[Tensor]], spans: list[list[int]]) -> Arrays:
    """Share of attention for each word, mean over slabs, heads, places and layers; and the rest."""
    means = [torch.cat([heard.mean((1, 2)) for heard in layer]).mean(0) for layer in kept if layer]
    weight = torch.stack(means).mean(0)[1:].double()  # without the silent token
    share = np.array([float(weight[span].sum()) for span in spans], np.float32)
    return {"attention": share, "attention_rest": np.array(1 - share.sum(), np.float32)}


def words_of(sentence: str) -> tuple[list[str], list[list[int]]]:
    """The words of a sentence without its punctuation, and which of its tokens make up each."""
    tokens = [token.removeprefix("##") for token in text.encode(sentence).words]
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


def accept(blind: Prior, x: Tensor) -> Tensor:
    """One step of consistency from an image that knows nothing of the scan: nearly a projection onto the data."""
    return consistent(x, blind.scan, blind.model.config.sigma_image)


def methods(
    model: ScoreModel, scan: Measured, sentence: str, lossy: bool, settings: tuple[Setting, Setting] | None
) -> Arrays:
    """Volumes (X, Y, Z) in [0, 1] of what needs no sampling, and the seconds of one core that each took.

    `settings` are those of total variation and of wavelets; None takes the quick reconstruction's, by the noise.
    """
    scale, scan = scan.scale, prior.unit(scan)
    found: Arrays = {}
    began = time.process_time()

    def keep(name: str, x: Tensor) -> Tensor:
        nonlocal began
        found[f"{name}_seconds"] = np.array(time.process_time() - began)
        found[name] = (kspace.volume(x) * scale).astype(np.float16)
        began = time.process_time()
        return x

    keep("zero_filled", baselines.zero_filled(scan))
    noise = max(scan.sigma, 0.002)
    edges, waves = settings or (Setting(0.25 * noise, 40), Setting(0.40 * noise, 40))
    keep(
        "mean",
        (keep("variation", baselines.variation(scan, edges)) + keep("wavelet", baselines.wavelet(scan, waves))) / 2,
    )
    *_, last = finishers.unrolled(prior.ready(model, scan, lossy=lossy), sentence)
    keep("ours", last.consistent)
    found["mean_seconds"] = found["variation_seconds"] + found["wavelet_seconds"]
    return found
