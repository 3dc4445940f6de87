"""Scan a reader's own volume and reconstruct it: with the network where its weights are, and the classical way.

The volume is taken for the truth: k-space is simulated from it, so what comes back can be measured against it, on the
grid that was scanned and on the file's own voxels. Each method's volume and figures are there as soon as it is done,
and what is done is not done again for the same file, request and code.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stagelight.engines.experiment.cache import Arrays
from stagelight.engines.experiment.progress import interrupt_after
from stagelight.engines.experiment.provenance import code_version
from stagelight.engines.recording import Recording, atomic
from stagelight.engines.scan import metrics, record, uncertainty
from stagelight.engines.scan.acquisition import operator
from stagelight.engines.scan.acquisition.operator import Measured
from stagelight.engines.scan.data import captions, nifti, training_set, volume_file
from stagelight.engines.scan.data.nifti import Own
from stagelight.engines.scan.data.patient import Patient
from stagelight.engines.scan.methods import classical, diffusion, unrolled
from stagelight.engines.scan.methods.rounds import SIGMAS
from stagelight.engines.scan.methods.sampler import Schedule
from stagelight.engines.scan.model import arithmetic, denoiser, prior
from stagelight.engines.scan.model.prior import FinePrior
from stagelight.engines.scan.run_cache import Work

MOST = 40.0  # acceleration
NOISE = (0.0005, 0.2)  # of noise, where 1 is the brightest tissue
LEARNT_COILS = (1, 4)
BESIDE = ("reference.nii.gz", "brain.nii.gz", "measured_points.npy")  # what is written before any method


@dataclass(frozen=True)
class Asked:
    """What a reader asks for."""

    path: Path
    acceleration: float = 16.0
    prompt: str = ""  # a sentence about the scan; empty says nothing
    kind: str = "poisson"
    coils: int = 1
    sigma: float = operator.SIGMA
    samples: int = 2  # of reverse diffusion, an even number, whose mean and spread are written; 0 for none
    head: bool | None = None  # whether scalp and skull are in it; None to find out
    mask: Path | None = None  # a file with the brain in it; None to find it
    force: bool = False  # go on with what does not look like a brain
    device: str = "cpu"  # on which the network computes


@dataclass(frozen=True)
class Scanned:
    """A reader's volume in the simulated scanner."""

    asked: Asked
    own: Own
    scan: Measured
    reference: NDArray[np.float32]  # the file's own voxels, see `Own.reference`
    seed: int
    notes: tuple[str, ...]  # what a reader should know before the figures

    def native(self, x: NDArray[np.float32]) -> dict[str, float]:
        """Figures of a volume on the grid, taken to the file's own voxels."""
        found = nifti.back(x, self.own)
        error = float(np.abs(found - self.reference)[self.own.brain].max())
        psnr = metrics.psnr(found, self.reference, self.own.brain) if error else math.inf
        return {"native.psnr": psnr, "native.ssim": metrics.ssim(found, self.reference, self.own.brain)}


@dataclass(frozen=True)
class Outcome:
    """What is done: a method, or what the methods are given."""

    name: str
    figures: Mapping[str, float]
    paths: tuple[Path, ...]


def scanned(asked: Asked, seed: int) -> Scanned:
    """Read the reader's volume and scan it.

    Raises:
        ValueError: as `nifti.read`; or an acceleration, noise or device that cannot be.
    """
    torch.set_num_threads(1)
    if asked.samples % 2:
        raise ValueError(f"{asked.samples} samples, wanted an even number: they come in pairs of opposite noise")
    for name, value, least, most in (
        ("acceleration", asked.acceleration, 1, MOST),
        ("noise", asked.sigma, *NOISE),
        ("number of coils", asked.coils, 1, 16),
    ):
        if not least <= value <= most:
            raise ValueError(f"{name} {value:g}, wanted {least:g} to {most:g}")
    try:
        torch.zeros(1, device=asked.device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device {asked.device!r}: torch does not find it here; leave it out for cpu") from error
    own = nifti.read(asked.path, asked.head, asked.mask, force=asked.force)
    config = operator.Config(asked.kind, asked.acceleration, asked.coils, asked.sigma)
    scan = operator.simulate(operator.slices(own.placed.x), config, seed)
    return Scanned(asked, own, scan, own.reference, seed, (*own.notes, *_warnings(asked)))


def reconstruct(ready: Scanned, folder: Path, work: Work) -> Iterator[Outcome]:
    """Reconstruct by each method and write `<name>_<method>.nii.gz`, on the file's own grid in its own intensities.

    First come `reference`, the file within the brain, with the brain and the points of k-space that are measured; its
    figures are those of the volume as it was scanned, which no method can exceed but by chance. Then `zero_filled`,
    `variation`, `wavelet`, `mean` of these two, and where the weights are `unrolled`, and `diffusion`, the mean of the
    samples if any were asked for.

    Raises:
        ValueError: the mask that was given would be written over.
        Interrupted: time is up; the same call resumes.
    """
    own, stem = ready.own, volume_file.stem(ready.asked.path)
    if ready.asked.mask and ready.asked.mask.resolve() in {(folder / f"{stem}_{name}").resolve() for name in BESIDE}:
        raise ValueError(f"--mask {ready.asked.mask} would be written over; give another folder with --out")
    folder.mkdir(parents=True, exist_ok=True)
    facts: dict[str, float] = {}

    def done(name: str, figures: dict[str, float], *paths: Path) -> Outcome:
        facts.update({f"{name}.{key}": value for key, value in figures.items() if math.isfinite(value)})
        said = {**asdict(ready.asked), "seed": ready.seed, "brain_litres": own.litres, "notes": ready.notes, **facts}
        with atomic(folder / f"{stem}_figures.json") as file:
            file.write((json.dumps(said, indent=1, default=str) + "\n").encode())
        return Outcome(name, figures, paths)

    def measured(name: str, kept: Arrays, more: Mapping[str, float] | None = None, *beside: Path) -> Outcome:
        x = torch.from_numpy(kept["x"])
        figures = metrics.facts(x, own.placed.x, ready.scan, {"brain": own.placed.brain})
        path = folder / f"{stem}_{name}.nii.gz"
        nifti.write(operator.volume(x), own, path)
        seconds = float(kept["seconds"])
        figures |= ready.native(operator.volume(x)) | {"seconds": seconds} | dict(more or {})
        return done(name, figures, path, *beside)

    paths = [folder / f"{stem}_{name}" for name in BESIDE]
    nifti.save(np.where(own.brain, ready.reference * own.placed.scale + own.levels.dark, own.levels.air), own, paths[0])
    nifti.save(own.brain, own, paths[1])
    with atomic(paths[2]) as file:
        np.save(file, np.fft.fftshift(ready.scan.acquisition.mask.numpy()))
    yield done("reference", ready.native(own.placed.x), *paths)
    kept: dict[str, Arrays] = {}
    for name, way in _classical(ready.scan).items():
        kept[name] = _piece(ready, work, name, way)
        yield measured(name, kept[name])
    edges, waves = kept["variation"], kept["wavelet"]
    yield measured("mean", {"x": (edges["x"] + waves["x"]) / 2, "seconds": edges["seconds"] + waves["seconds"]})
    if denoiser.FINE.is_file() and ready.scan.acquisition.mask.ndim == 2:
        net = _Networks(ready, work)
        yield measured("unrolled", _piece(ready, work, "unrolled", net.unrolled))
        found = [_piece(ready, work, f"sample {k}", partial(net.sample, k)) for k in range(ready.asked.samples)]
        if found:
            volumes = [operator.volume(torch.from_numpy(each["x"])) for each in found]
            path = folder / f"{stem}_uncertainty.nii.gz"
            nifti.save(nifti.back(uncertainty.expected(volumes), own) * np.float32(own.placed.scale), own, path)
            rate = f"r{ready.asked.acceleration:g}"
            more = uncertainty.coverage(volumes, own.placed.x, own.placed.brain, rate)
            mean, seconds = np.mean([each["x"] for each in found], 0), np.sum([each["seconds"] for each in found], 0)
            yield measured("diffusion", {"x": mean, "seconds": np.asarray(seconds)}, more, path)


def recorded(asked: Asked, seed: int, work: Work) -> Recording:
    """A recording of the reader's own volume, as of the patient; nothing is known of a lesion in it.

    It is of the common grid, which the scene is drawn for, and of the published noise.

    Raises:
        ValueError: as `scanned`; or the weights cannot be had.
        Interrupted: time is up; the same call resumes.
    """
    own = nifti.read(asked.path, asked.head, asked.mask, force=asked.force, native=False)
    x, rate = np.minimum(own.placed.x, 1), asked.acceleration
    shown = Patient("own", x, own.placed.brain, np.zeros(x.shape, np.bool_), own.placed.spacing, asked.path.name)
    config = record.Config(
        acceleration=rate, grid=(rate,), kind=asked.kind, coils=asked.coils,
        prompt=asked.prompt.strip() or "A brain scan.", seen=0, measured=False, dreams=0,
    )  # fmt: skip
    return record.make(work.folder, work.progress, config=config, seed=seed, shown=shown, deadline=work.deadline)


class _Networks:
    """The networks made ready for the scan when they are first asked."""

    def __init__(self, ready: Scanned, work: Work) -> None:
        self.asked, self.scan, self.work = ready.asked, ready.scan, work
        self.net: FinePrior | None = None

    def unrolled(self) -> Tensor:
        model = denoiser.load().to(self.asked.device)
        rounds = unrolled.run(denoiser.ready(model, self.scan, lossy=True), self.asked.prompt)
        return self._last("unrolled", len(SIGMAS), (each.consistent for each in rounds))

    def sample(self, k: int) -> Tensor:
        if self.net is None:
            model = prior.fine().to(self.asked.device)
            self.net = prior.of_scan(model, denoiser.unit(self.scan), self.asked.prompt, lossy=True)
        steps = diffusion.run(Schedule(steps=diffusion.STEPS), k, self.net, self.net.scan)
        return self._last(f"sample {k}", diffusion.STEPS, (each.consistent for each in steps))

    def _last(self, what: str, total: int, states: Iterator[Tensor]) -> Tensor:
        for done, x in enumerate(states, 1):
            self.work.progress(what, done, total, {})
            if done == total:
                return x * self.scan.scale
            interrupt_after(self.work.deadline, what)
        raise AssertionError(f"fewer than {total} steps of {what}")


def _classical(scan: Measured) -> dict[str, Callable[[], Tensor]]:
    setting = classical.usual(scan)
    return {
        "zero_filled": lambda: classical.zero_filled(scan),
        "variation": lambda: classical.variation(scan, setting),
        "wavelet": lambda: classical.wavelet(scan, setting),
    }


def _piece(ready: Scanned, work: Work, name: str, make: Callable[[], Tensor]) -> Arrays:
    """A method's slices and the seconds of processor time they took, from the cache or made now."""
    asked = ready.asked
    network = name not in ("zero_filled", "variation", "wavelet")
    files = [denoiser.FINE, denoiser.WEIGHTS] if network else []
    of_network = (asked.prompt, asked.device, arithmetic.has_bfloat16()) if network else ()

    def compute() -> Arrays:
        began = time.process_time()
        x = make().numpy()
        return {"x": x, "seconds": np.array(time.process_time() - began)}

    return work.piece(
        name, compute, code_version(__name__, files=files), ready.own.sha256, asked.acceleration, asked.kind,
        asked.coils, asked.sigma, asked.head, asked.force, ready.seed, *of_network,
    )  # fmt: skip


def _warnings(asked: Asked) -> list[str]:
    """Where a request is beyond what the networks have learnt."""
    learnt, said = training_set.Config(), []
    if asked.acceleration > learnt.highest:
        said.append(f"the network has learnt accelerations up to {learnt.highest:g}, this is {asked.acceleration:g}")
    if not learnt.quietest <= asked.sigma <= learnt.loudest:
        said.append(
            f"the network has learnt noise of {learnt.quietest:g} to {learnt.loudest:g}, this is {asked.sigma:g}"
        )
    if asked.coils not in LEARNT_COILS:
        said.append(f"the network has learnt scans by 1 and by 4 coils, these are {asked.coils}")
    if unknown := unheard(asked.prompt):
        said.append(f"words of the prompt that the network has not learnt: {', '.join(unknown)}; no effect is claimed")
    return said


def unheard(prompt: str) -> list[str]:
    """The words of a prompt, of three letters and more, that are in no sentence of the training."""
    parts = (
        *(captions.CONTRAST_WORDS, captions.PATHOLOGY_WORDS, captions.SIDE_WORDS, captions.LEVELS),
        *(
            captions.HEAD_OPENINGS,
            captions.OPENINGS,
            "small medium sized large, wide or narrow ventricles, slices, and with",
        ),
    )
    known = set(re.findall(r"\w+", str(parts).lower()))
    return sorted({word for word in re.findall(r"\w{3,}", prompt.lower()) if word not in known})
