"""The two networks as denoisers of whole volumes, `(x, sigma) -> x0`, which any sampler takes.

A fine volume is cut into slabs, each denoised by itself, and put together again. Where the cuts fall is moved from call
to call, so that no seam stays where it was. All is in units of the scan's scale.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from stagelight.engines.scan.acquisition.operator import Measured
from stagelight.engines.scan.model import arithmetic, coarse, text_encoder
from stagelight.engines.scan.model.coarse import Coarse
from stagelight.engines.scan.model.fine import COARSE, NUMBERS, OWN, SLICES, Fine, Shown, blown_up, seen, stack

Denoiser = Callable[[Tensor, float], Tensor]  # of a volume and the noise in it: the volume without
MULTIPLE = 16  # of each side of a plane
BATCH = 4  # slabs at a time


@dataclass
class FinePrior:
    """A denoiser of volumes, (S, H, W): the fine network and what it is shown."""

    model: Fine
    known: Tensor  # (S, H, W), the coarse volume blown up, or, with a scan, the last estimate; 0 where there is neither
    adjoint: Tensor  # (S, H, W); 0 without a scan
    compensated: Tensor  # (S, H, W); 0 without a scan
    numbers: Tensor  # (NUMBERS,), but for the height
    extent: tuple[int, int] | None  # first and last slice of the brain, for the height; None: not said
    said: text_encoder.Encoded
    guidance: float = 1.0  # above 1 overdoes the words: D0 + g (D1 - D0)
    lossy: bool = False  # bfloat16 arithmetic: faster where the processor has it
    chance: torch.Generator = field(default_factory=lambda: torch.Generator().manual_seed(0))  # where the cuts fall

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        """D(x; sigma)."""
        shift = int(torch.randint(SLICES, (), generator=self.chance))
        told = self._denoise(x, sigma, self.said, shift)
        if self.guidance == 1 or not self.said.words:
            return told
        untold = self._denoise(x, sigma, text_encoder.SILENT, shift)
        return untold + self.guidance * (told - untold)

    def recall(self, estimate: Tensor) -> None:
        """Show the network its own last estimate, made consistent, from now on. (S, H, W)."""
        self.known = estimate
        self.numbers[-2] = OWN

    def _denoise(self, x: Tensor, sigma: float, said: text_encoder.Encoded, shift: int) -> Tensor:
        total, count = torch.zeros_like(x), torch.zeros(len(x), 1, 1)
        starts = cuts(len(x), shift)
        for at in range(0, len(starts), BATCH):
            some = starts[at : at + BATCH]
            noisy = torch.stack([_slab(x, s) for s in some])
            shown = stack([self._shown(s, said) for s in some])
            with torch.no_grad(), arithmetic.autocast(self.lossy):
                found = self.model(noisy, torch.full((len(some),), sigma), shown).float()
            for s, slab in zip(some, found[:, :, : x.shape[1], : x.shape[2]], strict=True):
                total[s : s + SLICES] += slab[: len(x)]
                count[s : s + SLICES] += 1
        return total / count

    def _shown(self, first: int, said: text_encoder.Encoded) -> Shown:
        numbers = self.numbers.clone()
        if self.extent is not None:
            low, high = self.extent
            numbers[1] = 2 * (first + SLICES / 2 - low) / max(1, high - low) - 1
        coarse, adjoint, compensated = (
            _slab(part, first)[None] for part in (self.known, self.adjoint, self.compensated)
        )
        return Shown(coarse, adjoint, compensated, numbers[None], said.tokens[None], said.heard[None])


def of_scan(model: Fine, scan: Measured, sentence: str = "", head: float = 0.0, *, lossy: bool = False) -> FinePrior:
    """The fine network shown a scan as it was measured: adjoint image, compensated image, density of samples."""
    numbers = torch.zeros(NUMBERS)
    numbers[0], numbers[-1] = 1, head
    numbers[2:-2], adjoint, compensated = seen(scan)
    filled = torch.nonzero(adjoint.clamp_min(0).flatten(1).quantile(0.9, dim=1) > 0.1).flatten()
    extent = (int(filled[0]), int(filled[-1])) if len(filled) > 8 else None
    nothing = torch.zeros_like(adjoint)
    return FinePrior(model, nothing, adjoint, compensated, numbers, extent, text_encoder.encode(sentence), lossy=lossy)


def of_coarse(model: Fine, small: Tensor, sentence: str = "", head: float = 0.0, *, lossy: bool = False) -> FinePrior:
    """The fine network shown a coarse volume, (36, 32, 40), and no scan: the prior alone."""
    numbers = torch.zeros(NUMBERS)
    numbers[-2], numbers[-1] = COARSE, head
    big = blown_up(small, 0, len(small) * coarse.MM)
    filled = torch.nonzero(small.flatten(1).amax(1) > 0.25).flatten()
    extent = (int(filled[0]) * coarse.MM, int(filled[-1]) * coarse.MM + coarse.MM - 1) if len(filled) else None
    nothing = torch.zeros_like(big)
    return FinePrior(model, big, nothing, nothing, numbers, extent, text_encoder.encode(sentence), lossy=lossy)


def of_words(
    model: Coarse, sentence: str = "", head: float = 0.0, guidance: float = 1.0, *, lossy: bool = False
) -> Denoiser:
    """The coarse network and a sentence as a denoiser of volumes at 4 mm."""
    said = text_encoder.encode(sentence)

    def one(x: Tensor, sigma: float, heard: text_encoder.Encoded) -> Tensor:
        with torch.no_grad(), arithmetic.autocast(lossy):
            found: Tensor = model(
                x[None], torch.tensor([sigma]), torch.tensor([head]), heard.tokens[None], heard.heard[None]
            ).float()
        return found[0]

    def denoise(x: Tensor, sigma: float) -> Tensor:
        told = one(x, sigma, said)
        if guidance == 1 or not said.words:
            return told
        untold = one(x, sigma, text_encoder.SILENT)
        return untold + guidance * (told - untold)

    return denoise


def cuts(total: int, shift: int) -> list[int]:
    """First slices of slabs that cover a volume; all but the first and last begin at `shift` plus a multiple."""
    if total <= SLICES:
        return [0]
    return sorted({0, total - SLICES, *range(shift % SLICES, total - SLICES + 1, SLICES)})


def _slab(x: Tensor, first: int) -> Tensor:
    """SLICES slices on a plane of sides that the network takes; a volume of fewer slices repeats its last."""
    part = x[first : first + SLICES]
    part = torch.cat((part, part[-1:].expand(SLICES - len(part), -1, -1)))
    height, width = (-n % MULTIPLE for n in part.shape[1:])
    return F.pad(part, (0, width, 0, height))
