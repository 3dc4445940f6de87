"""Every run on one patient, and the arrays and figures that a recording takes from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import nn

from stagelight.engines.experiment.cache import Arrays
from stagelight.engines.experiment.provenance import code_version
from stagelight.engines.scan import direct_reconstructions, metrics, observers, uncertainty
from stagelight.engines.scan.acquisition import masks, operator
from stagelight.engines.scan.acquisition.operator import Measured
from stagelight.engines.scan.data.patient import Patient
from stagelight.engines.scan.methods import alone, diffusion
from stagelight.engines.scan.methods.sampler import Schedule
from stagelight.engines.scan.model import denoiser, prior
from stagelight.engines.scan.model.coarse import MM
from stagelight.engines.scan.pictures import PLANES, grey, planes, signed, six_bits
from stagelight.engines.scan.run_cache import Work

GRID_METHODS = (*direct_reconstructions.METHODS, "diffusion")
METHODS = (*GRID_METHODS, "sample", "alone")
ERROR_MOST, SPREAD_MOST = 0.25, 0.1
GROWTH = 12  # pictures of a scan of which not all is read yet
# The networks by their names: the files of their weights within a folder.
WEIGHTS = {"coarse": denoiser.COARSE, "fine": denoiser.FINE, "unrolled": denoiser.WEIGHTS}

# The recorded arrays of each watched run: name in the recording -> name in the run.
_SHOWN = ("step", "sigma", "misfit_before", "misfit_after", "before_axial", "after_axial", "kplane_before",
          "kplane_after")  # fmt: skip
SAMPLE = {name: name for name in (*_SHOWN, "shells", "noisy_axial")}
FREE = {"free_before_axial": "before_axial"}
DREAM = {f"dream_step_{p}": f"before_{p}" for p in PLANES} | {n: n for n in ("attention", "attention_rest")}


@dataclass(frozen=True)
class Config:
    """One recording. The defaults are the published one."""

    acceleration: float = 16.0  # the headline's
    grid: tuple[float, ...] = (4.0, 8.0, 12.0, 16.0)  # accelerations to choose from on the page
    kind: str = "poisson"
    coils: int = 1
    steps: int = diffusion.STEPS  # of reverse diffusion
    kept: int = diffusion.STEPS  # of those, recorded
    samples: int = diffusion.SAMPLES  # of which the result is the mean
    prompt: str = "An axial T1-weighted magnetic resonance image."  # nothing of a lesion
    lossy: bool = True  # bfloat16 in the networks' arithmetic, where the processor has it
    seen: int = 12  # brains of the training data that are shown
    measured: bool = True  # show a real head beside, see `measured_head`
    dreams: int = 12  # of several sentences, beside their nearest training volumes, see `dreams`


class PatientRuns:
    """All runs on one patient, each computed when it is first asked for or read from the cache.

    Raises:
        ValueError: weights cannot be had, or the scan is refused.
    """

    def __init__(self, config: Config, seed: int, shown: Patient, weights: Path, work: Work) -> None:
        self.config, self.seed, self.shown, self.work = config, seed, shown, work
        self.weights = {name: weights / path.name for name, path in WEIGHTS.items()}
        self.unrolled = denoiser.load(self.weights["unrolled"])
        self.fine, self.coarse = prior.fine(self.weights["fine"]), prior.coarse_network(self.weights["coarse"])
        self.x = operator.slices(shown.x)
        self.scan = self.scanned(config.acceleration)
        self.scale, self.unit = self.scan.scale, denoiser.unit(self.scan)
        self.schedule = Schedule(steps=config.steps)
        self.net = self._net(self.unit)
        self.cascade = alone.Cascade(self.coarse, self.fine, config.prompt, head=-1.0, lossy=config.lossy)
        self.watcher = observers.Watcher(self.unit, shown.at, self.scale)
        slices, height, width = self.x.shape
        self.small = slices // MM, height // MM, width // MM
        self.kept = observers.thinned(config.steps, config.kept)
        self.kept_dream = observers.thinned(alone.STEPS, config.kept)

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
        arrays["kplane_full"] = self.watcher.kplane(self.x / self.scale)
        arrays["growing_axial"], arrays["growing_radius"] = self._growing()
        arrays["volume"] = six_bits(grey(shown.x))
        return arrays

    def sample(self, held: bool = True) -> Iterator[diffusion.Step]:
        """The first sample of the result, a step at a time; or one from the same noise, held to no measurement."""
        return diffusion.run(self.schedule, 2 * self.seed, self.net, self.unit if held else None)

    def dream(self) -> Iterator[diffusion.Step]:
        """A sample of the prior alone, a step at a time."""
        return alone.run(self.cascade, 2 * self.seed, None, self.small)

    def everything(self) -> tuple[Arrays, dict[str, float]]:
        """Every array and every fact.

        Raises:
            Interrupted: the deadline passed; the same call resumes.
        """
        shown, at, config = self.shown, self.shown.at, self.config
        samples = self._samples(self.unit, config.acceleration)
        free = self._observed("without consistency", self.sample(held=False), config.steps, self.kept)
        dream = self._observed("dream", self.dream(), alone.STEPS, self.kept_dream, (self.coarse, self.fine))
        held = [
            self._observed(
                f"alone, sample {k + 1}", alone.run(self.cascade, 2 * self.seed + k, self.unit, self.small), alone.STEPS
            )
            for k in range(config.samples)
        ]
        volumes = [self._volume(each["x"]) for each in samples]
        finals, facts = self._direct(config.acceleration)
        finals["sample"], finals["diffusion"] = volumes[0], np.mean(volumes, 0, dtype=np.float32)
        finals["alone"] = np.mean([self._volume(each["x"]) for each in held], 0, dtype=np.float32)
        for name, runs in (("sample", samples[:1]), ("diffusion", samples), ("alone", held)):
            facts[f"{name}.seconds"] = sum(float(each["seconds"]) for each in runs)
        dreamt, adrift = self._volume(dream["x"]), self._volume(free["x"])
        for name, x in (*finals.items(), ("dream", dreamt), ("free", adrift)):
            facts |= {f"{name}.{k}": v for k, v in self._measured(x, self.scan).items()}
        arrays = self.still() | taken(samples[0], SAMPLE) | taken(free, FREE) | taken(dream, DREAM)
        for name, x in (*finals.items(), ("dream", dreamt), ("free", adrift)):
            arrays[f"{name}_axial"] = grey(planes(x, at)["axial"])
        for name, x in finals.items():
            arrays[f"error_{name}"] = signed(planes(x - shown.x, at)["axial"], ERROR_MOST)
        unsure = uncertainty.expected(volumes)
        arrays["uncertainty_axial"] = grey(planes(unsure, at)["axial"], SPREAD_MOST)
        grid, more = self._grid(finals)
        facts |= more | self._summary(unsure) | {"dream.contrast": self._contrast(dreamt)}
        for region, within in self._regions().items():
            named = "" if region == "brain" else f"{region}."
            facts |= uncertainty.coverage(volumes, shown.x, within, f"{named}r{config.acceleration:g}")
        return arrays | grid, {name: _plain(value) for name, value in facts.items()}

    def _growing(self) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """The slice while all of k-space is read from its centre outwards: (GROWTH, Y, X); the radius read so far."""
        k = np.fft.fftshift(np.fft.fft2(self.x[self.shown.at[2]].numpy()))
        away = masks.radius(k.shape)
        radii = np.linspace(0, 1, GROWTH + 1)[1:] ** 2 * away.max()  # a picture grows most in the middle
        read = [np.fft.ifft2(np.fft.ifftshift(k * (away <= radius))).real for radius in radii]
        return np.stack([grey(x.T[::-1]) for x in read]), radii.astype(np.float32)

    def _grid(self, finals: Mapping[str, NDArray[np.float32]]) -> tuple[Arrays, dict[str, float]]:
        """Axial pictures and figures at every acceleration."""
        arrays: Arrays = {}
        facts: dict[str, float] = {}
        for rate in self.config.grid:
            scan, made = self.scan, finals
            if rate != self.config.acceleration:
                scan = self.scanned(rate)
                samples = self._samples(denoiser.unit(scan), rate)
                x = np.mean([each["x"] for each in samples], 0, dtype=np.float32)
                made = self._direct(rate)[0] | {"diffusion": operator.volume(torch.from_numpy(x)) * scan.scale}
            for name in GRID_METHODS:
                arrays[f"grid_r{rate:g}_{name}"] = grey(planes(made[name], self.shown.at)["axial"])
                measured = self._measured(made[name], scan)
                facts |= {f"grid.r{rate:g}.{name}.{k}": measured[k] for k in measured if k.endswith((".psnr", ".ssim"))}
        return arrays, facts

    def _net(self, unit: Measured) -> prior.FinePrior:
        return prior.of_scan(self.fine, unit, self.config.prompt, lossy=self.config.lossy)

    def _samples(self, unit: Measured, rate: float) -> list[Arrays]:
        """The samples of a scan; of the headline's the first is watched, of the others their ends are kept."""
        net, found, count = self.net if unit is self.unit else self._net(unit), [], self.config.samples
        for k in range(count):
            steps = diffusion.run(self.schedule, 2 * self.seed + k, net, unit)
            kept = self.kept if k == 0 and unit is self.unit else ()
            found.append(self._observed(f"R = {rate:g}, sample {k + 1} of {count}", steps, self.config.steps, kept))
        return found

    def _observed(
        self, what: str, steps: Iterator[diffusion.Step], count: int, kept: Sequence[int] = (),
        listeners: Sequence[nn.Module] = (),
    ) -> Arrays:  # fmt: skip
        """A run, from the cache or made now."""
        compute = partial(observers.observe, steps, count, kept, self.watcher, listeners, self.config.prompt,
                          self.work.progress, self.work.deadline)  # fmt: skip
        version = code_version(observers.__name__, alone.__name__, files=[self.weights["fine"], self.weights["coarse"]])
        return self.work.piece(what, compute, version, *self._depends())

    def _direct(self, acceleration: float) -> tuple[dict[str, NDArray[np.float32]], dict[str, float]]:
        """The methods that need no sampling, at an acceleration, and the seconds that each took."""
        config, acquisition = self.config, self._acquisition(acceleration)

        def compute() -> Arrays:
            scan = self.scan if acceleration == config.acceleration else self.scanned(acceleration)
            tuned = direct_reconstructions.settings(self.shown.name, acquisition)
            return direct_reconstructions.volumes(self.unrolled, scan, config.prompt, config.lossy, tuned)

        version = code_version(direct_reconstructions.__name__, files=[self.weights["unrolled"]])
        kept = self.work.piece(f"methods at R = {acceleration:g}", compute, version, *self._depends())
        names = direct_reconstructions.METHODS
        facts = {f"{name}.seconds": float(kept[f"{name}_seconds"]) for name in names}
        return {name: kept[name].astype(np.float32) for name in names}, facts

    def _depends(self) -> tuple[Any, ...]:
        """What every run depends on beside code and weights."""
        return asdict(self.config), self.seed, self.shown.fingerprint

    def _acquisition(self, acceleration: float) -> operator.Config:
        return operator.Config(self.config.kind, acceleration, self.config.coils)

    def _volume(self, x: NDArray[np.float16]) -> NDArray[np.float32]:
        """Slices in units of the scan as a volume (X, Y, Z) in [0, 1]."""
        return operator.volume(torch.from_numpy(x.astype(np.float32))) * self.scale

    def _measured(self, x: NDArray[np.float32], scan: Measured) -> dict[str, float]:
        return metrics.facts(operator.slices(x), self.shown.x, scan, self._regions())

    def _regions(self) -> dict[str, NDArray[np.bool_]]:
        return {"brain": self.shown.brain} | ({"lesion": self.shown.lesion} if self.shown.lesion.any() else {})

    def _summary(self, unsure: NDArray[np.float32]) -> dict[str, float]:
        """Figures of no single method."""
        shown, mask = self.shown, self.scan.acquisition.mask
        across, down, radius = shown.ring
        facts = {"ring.across": across, "ring.down": down, "ring.radius": radius, "spacing": shown.spacing,
                 "lesion.millilitres": shown.millilitres, "sigma": self.scan.sigma,
                 "acceleration": mask.numel() / int(mask.sum()), "measured": int(mask.sum()), "points": mask.numel(),
                 "steps": self.config.steps, "samples": self.config.samples,
                 "uncertainty.mean": unsure[shown.brain].mean(),
                 **{f"parameters.{name}": _count(model) for name, model in self._networks().items()}}  # fmt: skip
        return facts | self.watcher.scale_facts()

    def _networks(self) -> dict[str, nn.Module]:
        return {"coarse": self.coarse, "fine": self.fine, "unrolled": self.unrolled}

    def _contrast(self, x: NDArray[np.float32]) -> float:
        """How much brighter a volume is within the brain than in the air well around it: about 1 of noise."""
        air = ~ndimage.binary_dilation(self.shown.brain, iterations=6)
        if not air.any():
            return 0.0
        inside, outside = (float(np.abs(x[part]).mean()) for part in (self.shown.brain, air))
        return min(inside / max(outside, 1e-6), 1000.0)


def taken(watched: Mapping[str, NDArray[Any]], names: Mapping[str, str]) -> Arrays:
    """The recorded arrays of a watched run; `names` is `SAMPLE`, `FREE` or `DREAM`."""
    return {name: watched[own] for name, own in names.items()}


def _count(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def _plain(value: Any) -> float:
    """A number as JSON writes it, to six decimals where it is not whole."""
    number = float(value)
    return int(number) if number.is_integer() else round(number, 6)
