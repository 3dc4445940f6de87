"""What the fine network practises on: slabs of the pool's volumes, scanned anew each time that they are drawn.

A scan here has one coil or several, a smooth phase of the object and, as where both are estimated, a smooth error of
that phase; a mask of three kinds; noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from scipy import ndimage
from torch import Tensor

from stagelight.engines.scan.acquisition import coils, masks
from stagelight.engines.scan.acquisition.operator import A, A_adjoint, Acquisition, Measured
from stagelight.engines.scan.data import captions, pool
from stagelight.engines.scan.model import text_encoder
from stagelight.engines.scan.model.coarse import MM
from stagelight.engines.scan.model.conditioning import blown_up
from stagelight.engines.scan.model.refiner import FINE

PLANE = (128, 160)
SLICES = FINE.slices


@dataclass(frozen=True)
class Config:
    """How slabs are scanned."""

    scanned: float = 0.6  # share that is shown a scan; the others, the coarse volume
    several: float = 0.4  # of the scanned, share seen by several coils
    astray: float = 0.4  # and share whose phase is known with an error
    quietest: float = 0.003  # noise of real and imaginary part, drawn evenly in its logarithm
    loudest: float = 0.03
    without_text: float = 0.12
    unsaid: float = 0.25  # share that is not told its height


@dataclass(frozen=True)
class Slab:
    """One exercise."""

    x: Tensor  # (S, H, W) in units of the scan's scale
    known: Tensor  # (S, H, W) what is known of it at first: the adjoint image of a scan, or the coarse volume, blown up
    scan: Measured | None  # of these slices
    height: float  # of the middle slice, 0 to 1; 0.5 where it is not said
    sentence: text_encoder.Encoded


class Pool:
    """The volumes of some files, in memory, with what is drawn of them."""

    def __init__(self, files: Sequence[Path], bank: Tensor) -> None:
        self.bank = bank  # (N, H, W) bool, k-space centre in the middle
        self.items = [pool.read(path) for path in files]
        self.volumes, self.coarse, self.extents = [], [], []
        for item in self.items:
            x = torch.from_numpy(np.asarray(item.x, np.float32).transpose(2, 0, 1).copy())
            small = F.avg_pool3d(x[None], MM)[0]
            scale = float(np.quantile(ndimage.gaussian_filter(small.numpy(), 1.0), 0.99))
            filled = torch.nonzero((x > 0.1).flatten(1).any(1)).flatten()
            self.volumes.append((x / max(scale, 1e-3)).half())
            self.coarse.append(small / max(scale, 1e-3))
            self.extents.append((int(filled[0]), int(filled[-1])))

    def slab(self, config: Config, rng: np.random.Generator) -> Slab:
        """A slab of a random volume, mirrored and relit by chance, and what is shown of it."""
        index = int(rng.integers(len(self.items)))
        item, (low, high) = self.items[index], self.extents[index]
        volume, coarse = self.volumes[index], self.coarse[index]
        lowest, highest = max(0, low - 2), min(len(volume), high + 3) - SLICES
        first = int(rng.integers(lowest, max(lowest, highest) + 1))
        x, fact = volume[first : first + SLICES].float(), item.fact
        gamma, gain = float(np.exp(rng.normal(0, 0.12))), float(np.exp(rng.normal(0, 0.1)))
        x, coarse = x.clamp_min(0) ** gamma * gain, coarse.clamp_min(0) ** gamma * gain
        if rng.random() < 0.5:
            x, coarse = x.flip(1), coarse.flip(1)
            fact = fact.mirrored()
        height = None
        if item.view != "window" and rng.random() >= config.unsaid:
            height = (first + SLICES / 2 - low) / max(1, high - low)
        said = "" if rng.random() < config.without_text else captions.describe(fact, height, rng, item.ventricles)
        scan = None
        if rng.random() < config.scanned:
            scan = self._scan(x, config, rng)
            known = A_adjoint(scan.y, scan.acquisition).real
        else:
            noise = torch.from_numpy(rng.standard_normal(coarse.shape).astype(np.float32))
            known = blown_up(coarse + float(rng.uniform(0, 0.08)) * noise, first, SLICES)
        return Slab(x, known, scan, 0.5 if height is None else height, text_encoder.encode(said))

    def _scan(self, x: Tensor, config: Config, rng: np.random.Generator) -> Measured:
        """Measurements of a slab, with its coils and phase as they would be estimated."""
        mask = self.bank[int(rng.integers(len(self.bank)))]
        turned = [axis for axis in (0, 1) if rng.random() < 0.5]  # k to -k: the centre stays
        mask = torch.fft.ifftshift(mask)
        for axis in turned:
            mask = mask.flip(axis).roll(1, axis)
        count = int(rng.choice((4, 8))) if rng.random() < config.several else 1
        shape = (len(x), int(x.shape[1]), int(x.shape[2]))
        sens = torch.from_numpy(np.asarray(coils.maps(count, shape, rng) * coils.phase(shape, rng), np.complex64))
        sigma = float(np.exp(rng.uniform(np.log(config.quietest), np.log(config.loudest))))
        true = Acquisition(mask, sens)
        noise = torch.complex(*torch.from_numpy(rng.standard_normal((2, *sens.shape), np.float32)))
        y = A(x, true) + sigma * noise * mask
        if rng.random() < config.astray:
            angle = np.angle(coils.phase(shape, rng) * np.conj(coils.phase(shape, rng)))
            wrong = ndimage.gaussian_filter(angle, 2.0) * rng.uniform(0, 0.08)
            sens = sens * torch.from_numpy(np.exp(1j * wrong).astype(np.complex64))
        return Measured(Acquisition(mask, sens), y, sigma, 1.0)


def bank(count: int, seed: int, plane: tuple[int, int] = PLANE) -> Tensor:
    """Masks to practise with, (count, *plane) bool: acceleration 3 to 34, half of them from 11; lines up to 8."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        kind = str(rng.choice(("poisson", "density", "lines"), p=(0.55, 0.27, 0.18)))
        low, high = (2.0, 8.0) if kind == "lines" else (11.0, 34.0) if rng.random() < 0.5 else (3.0, 34.0)
        rate = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        center = float(rng.uniform(0.008, min(0.02, 0.8 / rate)))
        drawn = masks.make(masks.Config(kind, rate, center, float(rng.uniform(1.5, 4.5))), plane, rng)
        found.append(drawn)
    return torch.from_numpy(np.stack(found))
