"""The fine network: a few neighbouring slices at 1 mm, told of the coarse volume, of a scan, or of both.

D(x; sigma) of a slab of four slices (2.5D: the slices are channels, the plane is the one in which k-space was
undersampled). What it may be shown:

    known       without a scan the volume at 4 mm, blown up: where things are. With one, the network's own last estimate
                made consistent with it (self-conditioning: Chen et al., arXiv:2208.04202), from the second step on
    the scan    as it was measured, never reconstructed: the adjoint image, the same with each point of k-space weighted
                by how rare it is, and the density of samples. See `Shown`

With nothing but words and the coarse volume it is the prior alone. The preconditioning is EDM's (Karras et al.,
arXiv:2206.00364); planes are folded two by two into channels first, which costs a quarter of the arithmetic.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from stagelight.engines.scan.acquisition import masks
from stagelight.engines.scan.acquisition.operator import A_adjoint, Measured
from stagelight.engines.scan.model import unet
from stagelight.engines.scan.model.coarse import MM
from stagelight.engines.scan.model.conditioning import RINGS, described
from stagelight.engines.scan.model.unet import UNet

SLICES = 4  # of a slab
SPREAD = 0.25  # of slabs about zero, in units of a scan's scale
RAREST = 12.0  # what a rare point of k-space is weighted by at most in the compensated image
NUMBERS = 6 + RINGS  # see `Shown.numbers`
COARSE, OWN = 1.0, -1.0  # the number that says of which kind `known` is; 0: there is none
_WIDTHS = (48, 96, 128, 160)


class Shown(NamedTuple):
    """What a slab's estimate is conditioned on; B slabs of S slices on an H x W plane."""

    known: Tensor  # (B, S, H, W) the coarse volume, blown up, or the last estimate; 0 where there is neither
    adjoint: Tensor  # (B, S, H, W) Re A* y; 0 without a scan
    compensated: Tensor  # (B, S, H, W) Re A* W y, W one over the density of samples; 0 without a scan
    numbers: Tensor  # (B, NUMBERS) has a scan, height -1 to 1, log2 R / 4, 50 sigma, density by ring, `known`, head
    tokens: Tensor  # (B, T, TOKEN_WIDTH) of the sentence
    heard: Tensor  # (B, T) bool, which of the tokens there are; none: no sentence


class Fine(nn.Module):
    """D above."""

    def __init__(self, widths: tuple[int, ...] = _WIDTHS) -> None:
        super().__init__()
        inside = 4 * (4 * SLICES + 2)
        self.net = UNet(unet.Config(dimensions=2, inside=inside, outside=4 * SLICES, numbers=NUMBERS, widths=widths))

    def forward(self, x: Tensor, sigma: Tensor, shown: Shown) -> Tensor:
        """The denoised slabs. x (B, S, H, W), H and W multiples of 16; sigma (B,)."""
        skip, out, scale, noise = unet.precondition(sigma, SPREAD, 2)
        where = unet.coordinates(x.shape[2:]).to(x).expand(len(x), -1, -1, -1)
        # Each input is brought to about unit spread, so that none drowns the others.
        told = [part / SPREAD for part in (shown.known, shown.adjoint, shown.compensated)]
        images = F.pixel_unshuffle(torch.cat([scale * x, *told, where], 1), 2)
        found = self.net(images.contiguous(memory_format=torch.channels_last), noise, *shown[3:])
        return skip * x + out * F.pixel_shuffle(found, 2)


def stack(parts: list[Shown]) -> Shown:
    """Several slabs as one batch."""
    return Shown(*(torch.cat(values) for values in zip(*parts, strict=True)))


def seen(scan: Measured) -> tuple[Tensor, Tensor, Tensor]:
    """What is shown of a scan: (2 + RINGS,) numbers as `conditioning.described`, the adjoint and compensated images.

    Both images (S, H, W).
    """
    mask = scan.acquisition.mask
    numbers = described(scan)
    away = torch.fft.ifftshift(torch.from_numpy(masks.radius(tuple(mask.shape))))
    rare = (1 / numbers[2:].clamp_min(1 / RAREST))[(away * RINGS).long().clamp_max(RINGS - 1)]
    adjoint = A_adjoint(scan.y, scan.acquisition).real
    return numbers, adjoint, A_adjoint(scan.y * rare, scan.acquisition).real


def blown_up(coarse: Tensor, first: int, count: int) -> Tensor:
    """Some slices at 1 mm of a volume at 4 mm, linearly between its voxels: (count, 4 H, 4 W)."""
    at = ((torch.arange(first, first + count) + 0.5) / MM - 0.5).clamp(0, len(coarse) - 1)
    below = at.floor().long().clamp_max(len(coarse) - 2)
    share = (at - below)[:, None, None]
    slices = coarse[below] * (1 - share) + coarse[below + 1] * share
    big: Tensor = F.interpolate(slices[None], scale_factor=float(MM), mode="bilinear", align_corners=False)[0]
    return big
