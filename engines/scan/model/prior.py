"""The two networks as denoisers of whole volumes, `(x, sigma) -> x0`, which any sampler takes.

A fine volume is cut into slabs, each denoised by itself, and put together again. Where the cuts fall is moved from call
to call, so that no seam stays where it was. All is in units of the scan's scale.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from stagelight.engines.scan.acquisition.operator import A_adjoint, Acquisition, Measured
from stagelight.engines.scan.methods.protocol import Denoiser
from stagelight.engines.scan.model import arithmetic, coarse, denoiser, refiner
from stagelight.engines.scan.model.coarse import Coarse
from stagelight.engines.scan.model.conditioning import blown_up, compensated, condition, of_coarse
from stagelight.engines.scan.model.denoiser import COARSE, FINE, cuts, in_slabs, slab
from stagelight.engines.scan.model.refiner import Given, Refiner
from stagelight.engines.scan.model.text_encoder import SILENT, Encoded, encode

SLICES = refiner.FINE.slices


@dataclass
class FinePrior:
    """A denoiser of volumes, (S, H, W): the fine network, and what it knows of the volume so far.

    At first that is the adjoint image of a scan, or a coarse volume, blown up. Of a scan it is, from the second step of
    a sampler on, the network's own last estimate, made consistent (self-conditioning: Chen et al., arXiv:2208.04202),
    see `recall`. A coarse volume stays: without a scan to correct them, estimates of estimates exaggerate edges.
    """

    model: Refiner
    known: Tensor  # (S, H, W)
    scan: Measured | None  # of scale 1
    extent: tuple[int, int] | None  # first and last slice of the brain, for the height; None: not said
    said: Encoded
    guidance: float = 1.0  # above 1 overdoes the words: D0 + g (D1 - D0)
    lossy: bool = False  # bfloat16 arithmetic: faster where the processor has it

    def __post_init__(self) -> None:
        self._first = self.known
        self._rare = None if self.scan is None else compensated(self.scan)
        self.forget()

    @property
    def spread(self) -> float:
        """The spread of images about what is known."""
        config = self.model.config
        return config.sigma_image if self.scan is None else config.sigma_scan

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        """D(x; sigma)."""
        shift = int(torch.randint(SLICES, (), generator=self._chance))
        told = self._denoise(x, sigma, self.said, shift)
        if self.guidance == 1 or not self.said.words:
            return told
        untold = self._denoise(x, sigma, SILENT, shift)
        return untold + self.guidance * (told - untold)

    def recall(self, estimate: Tensor) -> None:
        """Know an estimate, (S, H, W), from now on, if there is a scan that it was held to."""
        if self.scan is not None:
            self.known = estimate

    def forget(self) -> None:
        """Know what was known at first, and cut again as at first: a sample is then a function of its seed."""
        self.known = self._first
        self._chance = torch.Generator().manual_seed(0)  # where the cuts fall

    def _denoise(self, x: Tensor, sigma: float, said: Encoded, shift: int) -> Tensor:
        starts = cuts(len(x), SLICES, shift)
        total, count = in_slabs(self.model, x, sigma, lambda s: self._given(s, said), starts, self.lossy)
        return total / count

    def _given(self, first: int, said: Encoded) -> Given:
        height = 0.5
        if self.extent is not None:
            low, high = self.extent
            height = (first + SLICES / 2 - low) / max(1, high - low)
        part = slice(first, first + SLICES)
        if self.scan is None or self._rare is None:
            given = of_coarse(self.known[part], height, said)
        else:
            at = self.scan.acquisition
            scan = replace(self.scan, acquisition=Acquisition(at.mask, at.sens[:, part]), y=self.scan.y[:, part])
            given = condition(self.known[part], self._rare[part] - self.known[part], scan, height, said)
        mean, doubt, residue = (slab(image[0], 0, SLICES)[None] for image in given[:3])
        return given._replace(mean=mean, doubt=doubt, residue=residue)


@cache
def fine(path: Path = FINE) -> Refiner:
    """The published fine network, or that of another file of its name.

    Raises:
        ValueError: as `denoiser.load`.
    """
    return denoiser.load(path, refiner.FINE, "the fine network")


@cache
def coarse_network(path: Path = COARSE) -> Coarse:
    """The published coarse network, or that of another file.

    Raises:
        ValueError: as `denoiser.fill`.
    """
    model = Coarse()
    denoiser.fill(model.net, path, "the coarse network")
    return model.eval()


def of_scan(model: Refiner, scan: Measured, sentence: str = "", *, lossy: bool = False) -> FinePrior:
    """The fine network shown a scan as it was measured: its adjoint image and the density of its samples."""
    adjoint = A_adjoint(scan.y, scan.acquisition).real
    filled = torch.nonzero(adjoint.clamp_min(0).flatten(1).quantile(0.9, dim=1) > 0.1).flatten()
    extent = (int(filled[0]), int(filled[-1])) if len(filled) > 8 else None
    return FinePrior(model, adjoint, scan, extent, encode(sentence), lossy=lossy)


def of_coarse_volume(model: Refiner, small: Tensor, sentence: str = "", *, lossy: bool = False) -> FinePrior:
    """The fine network shown a coarse volume, (36, 32, 40), and no scan: the prior alone."""
    big = blown_up(small, 0, len(small) * coarse.MM)
    filled = torch.nonzero(small.flatten(1).amax(1) > 0.25).flatten()
    extent = (int(filled[0]) * coarse.MM, int(filled[-1]) * coarse.MM + coarse.MM - 1) if len(filled) else None
    return FinePrior(model, big, None, extent, encode(sentence), lossy=lossy)


def of_words(
    model: Coarse, sentence: str = "", head: float = 0.0, guidance: float = 1.0, *, lossy: bool = False
) -> Denoiser:
    """The coarse network and a sentence as a denoiser of volumes at 4 mm."""
    said = encode(sentence)

    def one(x: Tensor, sigma: float, heard: Encoded) -> Tensor:
        with torch.no_grad(), arithmetic.autocast(lossy):
            found: Tensor = model(
                x[None], torch.tensor([sigma]), torch.tensor([head]), heard.tokens[None], heard.heard[None]
            ).float()
        return found[0]

    def denoise(x: Tensor, sigma: float) -> Tensor:
        told = one(x, sigma, said)
        if guidance == 1 or not said.words:
            return told
        untold = one(x, sigma, SILENT)
        return untold + guidance * (told - untold)

    return denoise
