"""Every run on one patient, and the arrays and figures that a recording takes from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from stagelight.engines.experiment.cache import Arrays
from stagelight.engines.experiment.provenance import code_version
from stagelight.engines.scan import direct_reconstructions, metrics, observers, uncertainty
from stagelight.engines.scan.acquisition import operator
from stagelight.engines.scan.acquisition.operator import Measured
from stagelight.engines.scan.data.patient import Patient
from stagelight.engines.scan.methods.diffusion import SIGMA_FAR
from stagelight.engines.scan.methods.diffusion import Config as Sampling
from stagelight.engines.scan.model import denoiser
from stagelight.engines.scan.model.denoiser import Prior
from stagelight.engines.scan.model.refiner import Refiner
from stagelight.engines.scan.pictures import PLANES, grey, planes, signed, six_bits
from stagelight.engines.scan.run_cache import Work

GRID_METHODS = direct_reconstructions.METHODS
METHODS = (*GRID_METHODS, "sample", "samples")
ERROR_MOST, SPREAD_MOST = 0.25, 0.1
DREAM_END, DREAM_ETA = 0.1, 0.6  # of sigma, below which the dreaming network leaves grain; share of fresh noise

# The recorded arrays of each watched run: name in the recording -> name in the run.
_SHOWN = ("step", "sigma", "misfit_before", "misfit_after", "before_axial", "after_axial", "kplane_before",
          "kplane_after")  # fmt: skip
SAMPLE = {name: name for name in (*_SHOWN, "shells", "after_coronal", "after_sagittal")}
SAMPLE |= {f"noisy_{p}": f"noisy_{p}" for p in PLANES}
DREAM = {"stranger_step_axial": "before_axial", "attention": "attention", "attention_rest": "attention_rest"}
GUIDED = {f"guided_{name}": name for name in _SHOWN}


@dataclass(frozen=True)
class Config:
    """One recording. The defaults are the published one."""

    acceleration: float = 16.0  # the headline's
    grid: tuple[float, ...] = (4.0, 8.0, 12.0, 16.0)  # accelerations to choose from on the page
    kind: str = "poisson"
    coils: int = 1
    steps: int = 40  # of reverse diffusion
    kept: int = 14  # of those, recorded
    samples: int = 8  # seeds of which the result is the mean
    prompt: str = "An axial T1-weighted magnetic resonance image."  # nothing of a lesion
    lossy: bool = True  # bfloat16 in the network's arithmetic, where the processor has it
    seen: int = 12  # brains of the training data that are shown


class PatientRuns:
    """All runs on one patient, each computed when it is first asked for or read from the cache.

    Raises:
        ValueError: weights cannot be had, or the scan is refused.
    """

    def __init__(self, config: Config, seed: int, shown: Patient, weights: Path, work: Work) -> None:
        self.config, self.seed, self.shown, self.work = config, seed, shown, work
        self.weights, self.beside = weights, weights.with_name(denoiser.ALONE.name)
        self.model, self.dreamer = denoiser.load(self.weights), denoiser.load(self.beside)
        self.x = operator.slices(shown.x)
        self.scan = self.scanned(config.acceleration)
        self.scale = self.scan.scale
        self.sampling = Sampling(steps=config.steps, prompt=config.prompt)
        self.guiding = replace(self.sampling, sigma_max=SIGMA_FAR, sigma_min=DREAM_END, eta=DREAM_ETA)
        self.dreaming = replace(self.guiding, consistency=False)
        self.ready = denoiser.ready(self.model, self.scan, lossy=config.lossy)
        self.blind = denoiser.alone(self.ready, self.dreamer)
        self.watcher = observers.Watcher(observers.thinned(config.steps, config.kept), self.ready, shown.at, self.scale)
        self.seconds: list[float] = []  # of each sample

    def scanned(self, acceleration: float) -> Measured:
        """The patient in the simulated scanner."""
        return operator.simulate(self.x, self._acquisition(acceleration), self.seed)

    def still(self) -> Arrays:
        """Pictures of the patient and of the scan, which no run changes."""
        shown, at = self.shown, self.shown.at
        arrays: Arrays = {f"lesion_{p}": picture for p, picture in planes(shown.lesion, at).items()}
        arrays |= {f"reference_{p}": grey(picture) for p, picture in planes(shown.x, at).items()}
        arrays["mask"] = np.fft.fftshift(self.scan.acquisition.mask.numpy())
        arrays["kplane_measured"] = self.watcher.kplane_measured()
        arrays["volume"] = six_bits(grey(shown.x))
        return arrays

    def everything(self) -> tuple[Arrays, dict[str, float]]:
        """Every array and every fact.

        Raises:
            Interrupted: the deadline passed; the same call resumes.
        """
        shown, at = self.shown, self.shown.at
        sampled, volumes = self._samples()
        arrays = self.still() | sampled | self._dream()
        finals, facts = self._finals(volumes)
        for name, x in finals.items():
            arrays |= {f"{name}_{p}": grey(picture) for p, picture in planes(x, at).items()}
            arrays[f"error_{name}"] = signed(planes(x - shown.x, at)["axial"], ERROR_MOST)
        unsure = uncertainty.expected(volumes)
        arrays |= {f"uncertainty_{p}": grey(picture, SPREAD_MOST) for p, picture in planes(unsure, at).items()}
        grid, more = self._grid(finals)
        facts |= more | self._summary(unsure)
        facts |= uncertainty.coverage(volumes, shown.x, shown.brain, self.config.acceleration)
        return arrays | grid, {name: _plain(value) for name, value in facts.items()}

    def _samples(self) -> tuple[Arrays, list[NDArray[np.float32]]]:
        """The first sample watched, the others for their ends alone."""
        count = self.config.samples
        found = [
            self._sampled(f"sample {k + 1} of {count}", self.ready, self.sampling, self.seed + k, k == 0)
            for k in range(count)
        ]
        self.seconds = [float(each["seconds"]) for each in found]
        return taken(found[0], SAMPLE), [self._volume(each["x"]) for each in found]

    def _dream(self) -> Arrays:
        """The prior's dream, what one step of consistency makes of it, and the same prior held to the data."""
        at, watcher = self.shown.at, self.watcher
        dream = self._sampled("stranger", self.blind, self.dreaming, self.seed, True)
        guided = self._sampled("guided", self.blind, self.guiding, self.seed, True)
        x = torch.from_numpy(dream["x"].astype(np.float32))
        accepted = observers.accept(self.blind, x)
        self.dreamt, self.held = self._volume(dream["x"]), self._volume(guided["x"])
        arrays: Arrays = {f"stranger_{p}": grey(v) for p, v in planes(self.dreamt, at).items()}
        arrays |= {f"accepted_{p}": grey(v) for p, v in planes(operator.volume(accepted) * self.scale, at).items()}
        arrays |= {"kplane_stranger": watcher.kplane(x), "kplane_accepted": watcher.kplane(accepted)}
        return arrays | taken(dream, DREAM) | taken(guided, GUIDED)

    def _finals(self, volumes: list[NDArray[np.float32]]) -> tuple[dict[str, NDArray[np.float32]], dict[str, float]]:
        """Each method's volume (X, Y, Z) in [0, 1] and its figures."""
        found, facts = self._direct(self.config.acceleration)
        found |= {"sample": volumes[0], "samples": np.mean(volumes, 0, dtype=np.float32)}
        facts["sample.seconds"], facts["samples.seconds"] = self.seconds[0], sum(self.seconds)
        for name, x in (*found.items(), ("stranger", self.dreamt), ("guided", self.held)):
            facts |= {f"{name}.{k}": v for k, v in self._measured(x, self.scan).items()}
        return found, facts

    def _grid(self, finals: Mapping[str, NDArray[np.float32]]) -> tuple[Arrays, dict[str, float]]:
        """Axial pictures and figures at every acceleration."""
        arrays: Arrays = {}
        facts: dict[str, float] = {}
        for rate in self.config.grid:
            scan = self.scan if rate == self.config.acceleration else self.scanned(rate)
            made = finals if rate == self.config.acceleration else self._direct(rate)[0]
            for name in GRID_METHODS:
                arrays[f"grid_r{rate:g}_{name}"] = grey(planes(made[name], self.shown.at)["axial"])
                measured = self._measured(made[name], scan)
                facts |= {f"grid.r{rate:g}.{name}.{k}": measured[k] for k in measured if k.endswith((".psnr", ".ssim"))}
        return arrays, facts

    def _sampled(self, what: str, ready: Prior, config: Sampling, seed: int, watched: bool) -> Arrays:
        """A run of reverse diffusion."""
        compute = partial(observers.sample, ready, config, seed, self.watcher if watched else None,
                          self.work.progress, self.work.deadline)  # fmt: skip
        weights = self.beside if ready.blind else self.weights
        return self.work.piece(what, compute, code_version(observers.__name__, files=[weights]), *self._depends())

    def _direct(self, acceleration: float) -> tuple[dict[str, NDArray[np.float32]], dict[str, float]]:
        """The methods that need no sampling, at an acceleration, and the seconds that each took."""
        config, acquisition = self.config, self._acquisition(acceleration)

        def compute() -> Arrays:
            scan = self.scan if acceleration == config.acceleration else self.scanned(acceleration)
            tuned = direct_reconstructions.settings(self.shown.name, acquisition)
            return direct_reconstructions.volumes(self.model, scan, config.prompt, config.lossy, tuned)

        version = code_version(direct_reconstructions.__name__, files=[self.weights])
        kept = self.work.piece(f"methods at R = {acceleration:g}", compute, version, *self._depends())
        facts = {f"{name}.seconds": float(kept[f"{name}_seconds"]) for name in GRID_METHODS}
        return {name: kept[name].astype(np.float32) for name in GRID_METHODS}, facts

    def _depends(self) -> tuple[Any, ...]:
        """What every run depends on beside code and weights."""
        return asdict(self.config), self.seed, self.shown.fingerprint

    def _acquisition(self, acceleration: float) -> operator.Config:
        return operator.Config(self.config.kind, acceleration, self.config.coils)

    def _volume(self, x: NDArray[np.float16]) -> NDArray[np.float32]:
        """Slices in units of the scan as a volume (X, Y, Z) in [0, 1]."""
        return operator.volume(torch.from_numpy(x.astype(np.float32))) * self.scale

    def _measured(self, x: NDArray[np.float32], scan: Measured) -> dict[str, float]:
        regions = {"brain": self.shown.brain} | ({"lesion": self.shown.lesion} if self.shown.lesion.any() else {})
        return metrics.facts(operator.slices(x), self.shown.x, scan, regions)

    def _summary(self, unsure: NDArray[np.float32]) -> dict[str, float]:
        """Figures of no single method."""
        shown, mask = self.shown, self.scan.acquisition.mask
        across, down, radius = shown.ring
        facts = {"ring.across": across, "ring.down": down, "ring.radius": radius, "spacing": shown.spacing,
                 "lesion.millilitres": shown.millilitres, "sigma": self.scan.sigma,
                 "acceleration": mask.numel() / int(mask.sum()), "measured": int(mask.sum()), "points": mask.numel(),
                 "steps": self.config.steps, "samples": self.config.samples,
                 "uncertainty.mean": unsure[shown.brain].mean(), "stranger.contrast": self._contrast(self.dreamt),
                 "parameters": _count(self.model), "alone.parameters": _count(self.dreamer)}  # fmt: skip
        return facts | self.watcher.scale_facts()

    def _contrast(self, x: NDArray[np.float32]) -> float:
        """How much brighter a volume is within the brain than in the air well around it: about 1 of noise."""
        air = ~ndimage.binary_dilation(self.shown.brain, iterations=6)
        if not air.any():
            return 0.0
        inside, outside = (float(np.abs(x[part]).mean()) for part in (self.shown.brain, air))
        return min(inside / max(outside, 1e-6), 1000.0)


def taken(watched: Mapping[str, NDArray[Any]], names: Mapping[str, str]) -> Arrays:
    """The recorded arrays of a watched run; `names` is `SAMPLE`, `DREAM` or `GUIDED`."""
    return {name: watched[own] for name, own in names.items()}


def _count(model: Refiner) -> int:
    return sum(p.numel() for p in model.parameters())


def _plain(value: Any) -> float:
    """A number as JSON writes it, to six decimals where it is not whole."""
    number = float(value)
    return int(number) if number.is_integer() else round(number, 6)
