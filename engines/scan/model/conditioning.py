"""Conditioning of the network on a scan: images and a vector, from the measurements alone."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from stagelight.engines.scan.acquisition import masks
from stagelight.engines.scan.acquisition.operator import A, A_adjoint, Measured
from stagelight.engines.scan.model.coarse import MM
from stagelight.engines.scan.model.refiner import SCAN_NUMBERS, Given
from stagelight.engines.scan.model.text_encoder import Encoded

SIGMA_MAX = 5.0  # five times the brightest tissue: the slab is pure noise
RINGS = 8  # of k-space, over which the density of samples is given
RAREST = 12.0  # what a rare point of k-space is weighted by at most in the compensated image


def condition(mean: Tensor, doubt: Tensor, scan: Measured, height: float, sentence: Encoded) -> Given:
    """The conditioning of one slab, B = 1.

    Args:
        mean: (S, H, W) quick reconstruction, in units of the scan's scale, as is all else.
        doubt: (S, H, W) difference of its two parts.
        scan: the measurements of these slices, scale 1.
        height: of the slab's middle in the brain, 0 to 1.
        sentence: what was said; `text_encoder.SILENT` for nothing.
    """
    numbers = torch.cat((torch.tensor([1.0, 2 * height - 1]), described(scan)))
    residue = A_adjoint(scan.y - A(mean, scan.acquisition), scan.acquisition).real
    parts = (mean, doubt, residue)
    images = [p[None].contiguous(memory_format=torch.channels_last) for p in parts]
    return Given(images[0], images[1], images[2], numbers[None], sentence.tokens[None], sentence.heard[None])


def described(scan: Measured) -> Tensor:
    """(SCAN_NUMBERS - 2,) log2 of the acceleration over 4, noise, and the share of k-space sampled in each ring."""
    mask = scan.acquisition.mask
    share = _sampled(mask)[1]
    rate = float(np.log2(mask.numel() / max(1, int(mask.sum())))) / 4
    return torch.cat((torch.tensor([rate, 50 * scan.sigma]), share)).float()


def _sampled(mask: Tensor) -> tuple[Tensor, Tensor]:
    """The ring of k-space in which each point lies, and the share of each ring that is sampled, (RINGS,)."""
    away = torch.fft.ifftshift(torch.from_numpy(masks.radius(tuple(mask.shape))))
    ring = (away * RINGS).long().clamp_max(RINGS - 1)
    size = torch.bincount(ring.flatten(), minlength=RINGS).clamp_min(1)  # a small plane has none in some
    return ring, torch.bincount(ring.flatten(), mask.flatten().float(), RINGS) / size


def stack(parts: list[Given]) -> Given:
    """Several slabs as one batch."""
    return Given(*(torch.cat(values) for values in zip(*parts, strict=True)))


def of_coarse(known: Tensor, height: float, sentence: Encoded) -> Given:
    """The conditioning of one slab, B = 1, on a coarse volume, blown up, and on no scan. known: (S, H, W)."""
    numbers = torch.zeros(SCAN_NUMBERS)
    numbers[1] = 2 * height - 1
    nothing = torch.zeros_like(known)
    images = [p[None].contiguous(memory_format=torch.channels_last) for p in (known, nothing, nothing)]
    return Given(images[0], images[1], images[2], numbers[None], sentence.tokens[None], sentence.heard[None])


def compensated(scan: Measured) -> Tensor:
    """The adjoint image with each point of k-space weighted by how rare it is, Re A* W y: (S, H, W)."""
    ring, share = _sampled(scan.acquisition.mask)
    rare = (1 / share.clamp_min(1 / RAREST))[ring]
    return A_adjoint(scan.y * rare, scan.acquisition).real


def blown_up(coarse: Tensor, first: int, count: int) -> Tensor:
    """Some slices at 1 mm of a volume at 4 mm, linearly between its voxels: (count, 4 H, 4 W)."""
    at = ((torch.arange(first, first + count) + 0.5) / MM - 0.5).clamp(0, len(coarse) - 1)
    below = at.floor().long().clamp_max(len(coarse) - 2)
    share = (at - below)[:, None, None]
    slices = coarse[below] * (1 - share) + coarse[below + 1] * share
    big: Tensor = F.interpolate(slices[None], scale_factor=float(MM), mode="bilinear", align_corners=False)[0]
    return big
