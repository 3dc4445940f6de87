"""The training set: scans simulated from imagined and from displaced real brains, made once and kept.

An item is one brain under one mask with one noise: the image, what the quick classical reconstruction makes of its
measurements, the measurements, and what is true of it. Making one takes about as long as thirty training steps, so
items are made beforehand, each from its own seed, into a folder of safetensors files from which a slab is read at a
time.

Everything is in units of the scale that is estimated from the measurements, never of the image's own.

The stroke patient and Colin27 are not in it and cannot be: names of held-out scans are refused. One patient, ms_26, is
set aside for choosing settings (`TUNING`).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save
from scipy import ndimage
from torch import Tensor

from stagelight.engines.experiment import cache, provenance
from stagelight.engines.recording import atomic
from stagelight.engines.scan.acquisition import operator
from stagelight.engines.scan.data import grid, registry, synthetic, tissue
from stagelight.engines.scan.data.synthetic import Fact
from stagelight.engines.scan.methods.classical import first_guess

SEED = 2026  # of what the published networks learnt from

# How often a real scan is drawn. T1 leads, since most scans that are brought are.
REAL = {
    "seg3d": 5.0, "studyforrest": 5.0, "ms_07_T1": 2.5, "ms_19_T1": 2.5, "ms_07_T1POST": 0.7, "ms_19_T1POST": 0.7,
    "ms_07_T2": 1.0, "ms_19_T2": 1.0, "ms_07_FLAIR": 1.0, "ms_19_FLAIR": 1.0,
}  # fmt: skip
TUNING = ("ms_26_T1", "ms_26_T2", "ms_26_FLAIR")
PATIENTS = {"seg3d": "epilepsy", "studyforrest": "healthy", "ms": "multiple sclerosis"}


@dataclass(frozen=True)
class Config:
    """How items are drawn."""

    real: float = 0.65  # share of real brains
    lowest: float = 4.0  # acceleration, drawn evenly in its logarithm
    highest: float = 18.0
    high_share: float = 0.5  # of items drawn from 11 to `highest` only
    quietest: float = 0.003  # noise of real and imaginary part, drawn evenly in its logarithm
    loudest: float = 0.02
    slices: int = 56  # of a brain that are kept, neighbours
    parallel: float = 0.0  # share seen by four coils; the others by one


@dataclass(frozen=True)
class Slab:
    """Some slices of an item; S slices of H x W."""

    x: Tensor  # (S, H, W) float32, in units of the scan's scale
    mean: Tensor  # (S, H, W) the quick reconstruction
    doubt: Tensor  # (S, H, W) where its two parts differ
    measured: operator.Measured  # of these slices, scale 1
    height: float  # of the middle slice in the brain, 0 to 1
    fact: Fact


def make(index: int, config: Config, seed: int, folder: Path) -> Path:
    """Make one item, or find it made. Returns its file."""
    path = folder / f"item-{index:04}.safetensors"
    if path.is_file():
        return path
    rng = np.random.default_rng([seed, index])
    brain = drawn(config, rng, folder)
    least = 11.0 if rng.random() < config.high_share else config.lowest
    acquisition = operator.Config(
        kind="poisson" if rng.random() < 0.7 else "density",
        acceleration=float(np.exp(rng.uniform(np.log(least), np.log(config.highest)))),
        sigma=float(np.exp(rng.uniform(np.log(config.quietest), np.log(config.loudest)))),
        center_fraction=float(rng.uniform(0.008, 0.018)),
        falloff=float(rng.uniform(1.5, 4.5)),
        coils=4 if config.parallel and rng.random() < config.parallel else 1,
    )
    filled = np.flatnonzero(brain.x.any(axis=(0, 1)))
    low, high = int(filled[0]), int(filled[-1])
    first = int(np.clip(rng.integers(low - 4, max(low - 3, high + 4 - config.slices)), 0, 144 - config.slices))
    part = brain.x[:, :, first : first + config.slices]
    write(path, part, (low - first, high - first), brain.fact, acquisition, int(rng.integers(1 << 62)))
    return path


def write(
    path: Path, x: NDArray[np.float32], extent: tuple[int, int], fact: Fact, config: operator.Config, seed: int
) -> None:
    """Scan a volume, (X, Y, S), and keep what the network needs. `extent`: the brain's lowest and highest slice."""
    slices = operator.slices(x)
    measured = operator.simulate(slices, config, seed)
    mean, doubt = first_guess(measured)
    scale, mask = measured.scale, measured.acquisition.mask
    sens = measured.acquisition.sens
    turned = sens.angle() * (32768 / np.pi)
    words = {
        "fact": asdict(fact), "acquisition": asdict(config), "sigma": measured.sigma / scale, "scale": scale,
        "low": extent[0], "high": extent[1], "slices": len(slices),
    }  # fmt: skip
    tensors = {
        "x": (slices / scale).half(), "mean": (mean / scale).half(), "doubt": (doubt / scale).half(), "mask": mask,
        "phase": turned.round().clamp(-32768, 32767).to(torch.int16).movedim(0, 1).contiguous(),
        "strength": (sens.abs() * 255).round().to(torch.uint8).movedim(0, 1).contiguous(),
        "y": torch.view_as_real(measured.y[:, :, mask] / scale).movedim(0, 1).contiguous(),
    }  # fmt: skip
    with atomic(path) as file:
        file.write(save(tensors, {"words": json.dumps(words)}))


class Reader:
    """The items of a folder, in order, read a slab at a time."""

    def __init__(self, folder: Path, count: int) -> None:
        self.files: list[Any] = []
        for path in sorted(folder.glob("item-*.safetensors"))[:count]:
            self.files.append(safe_open(path, "pt"))
        if not self.files:
            raise ValueError(
                f"{folder}: no items of training in it, wanted item-0000.safetensors; make the corpus first"
            )
        self.words = [json.loads(file.metadata()["words"]) for file in self.files]

    def __len__(self) -> int:
        return len(self.files)

    def slab(self, item: int, first: int, slices: int) -> Slab:
        """Slices `first` to `first + slices` of an item."""
        file, words = self.files[item], self.words[item]
        last = first + slices
        x, mean, doubt, phase, strength, values = (
            file.get_slice(name)[first:last].float() for name in ("x", "mean", "doubt", "phase", "strength", "y")
        )
        mask = file.get_tensor("mask")
        y = torch.zeros((phase.shape[1], *x.shape), dtype=torch.complex64)
        y[:, :, mask] = torch.view_as_complex(values).movedim(1, 0)
        strength = strength / strength.square().sum(1, keepdim=True).sqrt()
        acquisition = operator.Acquisition(mask, torch.polar(strength, phase * (np.pi / 32768)).movedim(1, 0))
        span = max(1, words["high"] - words["low"])
        height = ((first + last - 1) / 2 - words["low"]) / span
        measured = operator.Measured(acquisition, y, words["sigma"], 1.0)
        return Slab(x, mean, doubt, measured, float(height), Fact(**words["fact"]))

    def mirrored(self, item: int, first: int, slices: int) -> Slab:
        """The same, seen in a mirror: left is right, and k-space is turned about its centre along that axis.

        Of x'[i] = x[N - 1 - i] the transform is exp(2 pi i k / N) X[-k].
        """
        slab = self.slab(item, first, slices)
        scan, height = slab.measured, slab.x.shape[1]
        ramp = torch.polar(torch.ones(height), 2 * np.pi * torch.fft.fftfreq(height))[:, None]
        mask = scan.acquisition.mask.flip(0).roll(1, 0)
        acquisition = operator.Acquisition(mask, scan.acquisition.sens.flip(2))
        return Slab(
            slab.x.flip(1),
            slab.mean.flip(1),
            slab.doubt.flip(1),
            operator.Measured(acquisition, scan.y.flip(2).roll(1, 2) * ramp, scan.sigma, scan.scale),
            slab.height,
            slab.fact.mirrored(),
        )

    def acceleration(self, item: int) -> float:
        """R of an item."""
        return float(self.words[item]["acquisition"]["acceleration"])


def drawn(config: Config, rng: np.random.Generator, folder: Path) -> synthetic.Imagined:
    """A brain by chance, real and displaced or imagined. What is slow to make is kept in `folder`."""
    return _displaced(config, rng, folder) if rng.random() < config.real else _imagined(rng)


def _imagined(rng: np.random.Generator) -> synthetic.Imagined:
    """A brain from a random label map."""
    names = sorted(registry.LABELS)
    image = nib.as_closest_canonical(nib.load(registry.path(names[int(rng.integers(len(names)))])))
    labels = np.asarray(image.dataobj).astype(np.int16)
    contrast = tissue.CONTRASTS[int(rng.choice(3, p=(0.6, 0.2, 0.2)))]
    pathology = synthetic.PATHOLOGIES[int(rng.choice(4, p=(0.25, 0.45, 0.15, 0.15)))]
    return synthetic.imagine(labels, contrast, pathology, rng)


def _displaced(config: Config, rng: np.random.Generator, folder: Path) -> synthetic.Imagined:
    """A real brain in another position, with more or less of what surrounds it, some as quiet as they came."""
    names = sorted(REAL)
    share = np.array([REAL[name] for name in names])
    name = names[int(rng.choice(len(names), p=share / share.sum()))]
    raw, depth = base(name, folder)
    brain = depth < rng.uniform(0, 5)
    noise = float(rng.uniform(0, 0.03)) if rng.random() < 0.6 else 0.0
    return synthetic.displace(np.where(brain, raw, 0), brain, fact_of(name), rng, noise=noise)


def fact_of(name: str) -> Fact:
    """What is known of a real scan.

    Raises:
        ValueError: it is held out.
    """
    scan = registry.SCANS[name]
    if scan.held_out or name.startswith("arc"):
        raise ValueError(f"{name}: held out of training; choose one of {', '.join([*REAL, *TUNING])}")
    patient = PATIENTS[name.split("_", maxsplit=1)[0]]
    return Fact(scan.contrast, patient, "", 0.0 if patient == "healthy" else -1.0, True)


def base(name: str, folder: Path) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A real scan at 1 mm, and how far each voxel is from its brain, in mm; cached, since finding a brain is slow."""
    fact_of(name)
    path = folder / f"base-{name}-{provenance.code_version(__name__)}.npz"
    found = cache.get_or_compute(path, lambda: _with_depth(name), "raw", "depth")
    return found["raw"], found["depth"]


def _with_depth(name: str) -> cache.Arrays:
    image = nib.as_closest_canonical(nib.load(registry.path(name)))
    raw = np.asarray(image.dataobj, np.float32)
    steps = np.linalg.norm(image.affine[:3, :3], axis=0)
    head = registry.SCANS[name].head
    brain = grid.brain_of(raw, steps) if head else ndimage.binary_fill_holes(raw > 0.02 * np.percentile(raw, 99.5))
    if not np.allclose(steps, 1, atol=1e-3):
        shape = tuple(int(n * s) for n, s in zip(raw.shape, steps, strict=True))
        raw = grid.resample(raw, 1 / steps, np.zeros(3), shape)
        brain = grid.resample(brain.astype(np.float32), 1 / steps, np.zeros(3), shape) > 0.5
    depth = ndimage.distance_transform_edt(~brain) if head else np.where(brain, 0, 99)
    return {"raw": raw, "depth": np.asarray(depth, np.float32)}
