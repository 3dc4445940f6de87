"""Other people's ways to use a denoiser on the same measurements: DPS and DiffPIR, from their papers.

They are given any `denoise(x, sigma)`, ours for one, and start as they do from pure noise, with x_t = x + sigma_t noise
(their discrete schedules become the one sigma here; Karras et al. 2022, appendix C). Both work in units in which the
brightest tissue is about 1. deepinv has both, but imports torchvision, which does not load beside this torch unless two
of its operators are made up first; `tests/scan/test_deepinv.py` holds these steps to its.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor

from stagelight.engines.scan.acquisition.operator import A, A_adjoint, Measured
from stagelight.engines.scan.consistency import consistent

Pullback = Callable[[Tensor, float, Tensor], Tensor]  # (x, sigma, v) -> J^T v, J the derivative of D(x; sigma) by x


class Denoiser(Protocol):
    """The mean of x given x + sigma noise."""

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        """D(x; sigma) of a volume, (S, H, W)."""


@dataclass(frozen=True)
class Config:
    """How a peer goes from noise to a picture. Defaults as in the papers where they say."""

    steps: int = 50
    sigma_max: float = 5.0
    sigma_min: float = 0.005
    rho: float = 7.0  # of the spacing of sigmas, Karras et al. 2022, equation 5
    zeta: float = 1.0  # DPS: step along the gradient of |A x0 - y|, section 4
    weight: float = 8.0  # DiffPIR: lambda, trust in the denoiser
    fresh: float = 0.3  # DiffPIR: zeta, share of noise drawn anew


def sigmas(config: Config) -> list[float]:
    """steps + 1 of them, falling from sigma_max to sigma_min, then 0."""
    high, low = config.sigma_max ** (1 / config.rho), config.sigma_min ** (1 / config.rho)
    last = max(config.steps - 1, 1)
    return [float((high + k / last * (low - high)) ** config.rho) for k in range(config.steps)] + [0.0]


def pull_through(denoise: Denoiser) -> Pullback:
    """J^T v by automatic differentiation through the whole volume; of a network, memory for all of it at once."""

    def pullback(x: Tensor, sigma: float, v: Tensor) -> Tensor:
        leaf = x.detach().requires_grad_()
        return torch.autograd.grad(denoise(leaf, sigma), leaf, v)[0]

    return pullback


def dps(scan: Measured, denoise: Denoiser, pullback: Pullback, config: Config, seed: int) -> Iterator[Tensor]:
    """Diffusion posterior sampling (Chung et al., arXiv:2209.14687, algorithm 1), ancestral steps in sigma.

    x <- ancestral step of x - zeta grad_x |A D(x; sigma) - y|, the norm taken of each slice by itself where the mask
    leaves them independent, so that a step does not depend on how many slices there are. Yields x after each step.
    """
    generator = torch.Generator().manual_seed(seed)
    course, at = sigmas(config), scan.acquisition
    x = config.sigma_max * torch.randn(at.sens.shape[1:], generator=generator)
    over = (0, 2, 3) if at.mask.ndim == 2 else (0, 1, 2, 3)
    for now, then in pairwise(course):
        denoised = denoise(x, now).detach()
        residual = A(denoised, at) - scan.y
        length = residual.abs().square().sum(over).sqrt().clamp_min(1e-12)
        pull = A_adjoint(residual, at).real / length.reshape(-1, 1, 1)
        step = config.zeta * pullback(x, now, pull)
        new = (then**2 * (now**2 - then**2)) ** 0.5 / now
        kept = (then**2 - new**2) ** 0.5
        x = denoised + kept / now * (x - denoised) - step
        if new > 0:
            x = x + new * torch.randn(x.shape, generator=generator)
        yield x


def diffpir(scan: Measured, denoise: Denoiser, config: Config, seed: int) -> Iterator[Tensor]:
    """DiffPIR (Zhu et al., arXiv:2305.08995, algorithm 1): denoise, be consistent, add noise anew in part.

    The data step is argmin |A x - y|^2 / sigma_n^2 + lambda |x - x0|^2 / sigma_t^2, by conjugate gradients. Yields the
    consistent estimate of each step.
    """
    generator = torch.Generator().manual_seed(seed)
    course = sigmas(config)
    x = config.sigma_max * torch.randn(scan.acquisition.sens.shape[1:], generator=generator)
    for now, then in pairwise(course):
        estimate = consistent(denoise(x, now), scan, now / config.weight**0.5)
        noise = (x - estimate) / now
        drawn = torch.randn(x.shape, generator=generator)
        x = estimate + then * ((1 - config.fresh) ** 0.5 * noise + config.fresh**0.5 * drawn)
        yield estimate
