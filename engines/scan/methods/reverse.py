"""Reverse diffusion from pure noise with any denoiser, and with data consistency where there are data.

At each step (DDIM: Song et al., arXiv:2010.02502, in the sigma of EDM; consistency as in DDS: Chung et al.,
arXiv:2303.05754):

1. denoise      d = D(x; sigma)
2. consistency  z = the image nearest to d that explains the measurements as their noise asks
3. step down    x <- z + sigma' (sqrt(1 - eta^2) (x - z) / sigma + eta n)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from stagelight.engines.scan.model.prior import Denoiser

Consistency = Callable[[Tensor, float], Tensor]  # of an estimate and the noise that it was made from


@dataclass(frozen=True)
class Config:
    """One sample."""

    steps: int = 24
    sigma_max: float = 5.0
    sigma_min: float = 0.004  # of the last step before 0
    rho: float = 5.0  # above 1: steps shrink with sigma
    eta: float = 0.3  # share of fresh noise


@dataclass(frozen=True)
class Step:
    """One step."""

    step: int  # done, 1 after the first
    sigma: float  # of the noise in x before it
    x: Tensor  # what the step began with
    denoised: Tensor  # the estimate before consistency
    consistent: Tensor  # and after


def sigmas(config: Config) -> list[float]:
    """sigma_0 > ... > sigma_{n-1} > 0 = sigma_n, along EDM's schedule (Karras et al., arXiv:2206.00364, eq. 5).

    Raises:
        ValueError: fewer than two steps, or bounds out of order.
    """
    if config.steps < 2 or not 0 < config.sigma_min < config.sigma_max:
        raise ValueError(
            f"{config.steps} steps, {config.sigma_max:g} to {config.sigma_min:g}; wanted 2 or more, falling, above 0"
        )
    high, low = config.sigma_max ** (1 / config.rho), config.sigma_min ** (1 / config.rho)
    return [(high + i / (config.steps - 1) * (low - high)) ** config.rho for i in range(config.steps)] + [0.0]


def run(
    config: Config, seed: int, shape: tuple[int, ...], denoise: Denoiser, consistency: Consistency | None = None,
    dtype: torch.dtype = torch.float32,
) -> Iterator[Step]:  # fmt: skip
    """Sample one volume, a `Step` at a time; the last one's `consistent` is the result."""
    chance = torch.Generator().manual_seed(seed)
    schedule = sigmas(config)
    x = schedule[0] * _noise(shape, chance, dtype)
    for index, (sigma, following) in enumerate(pairwise(schedule)):
        denoised = denoise(x, sigma)
        z = denoised if consistency is None else consistency(denoised, sigma)
        yield Step(index + 1, sigma, x, denoised, z)
        fresh = _noise(shape, chance, dtype)
        direction = (1 - config.eta**2) ** 0.5 * (x - z) / sigma + config.eta * fresh
        x = z + following * direction


def _noise(shape: tuple[int, ...], chance: torch.Generator, dtype: torch.dtype) -> Tensor:
    """White noise of unit spread, of a complex kind in each part."""
    if dtype.is_complex:
        return torch.complex(*torch.randn((2, *shape), generator=chance))
    return torch.randn(shape, generator=chance, dtype=dtype)
