"""DiffPIR, from its paper (Zhu et al., arXiv:2305.08995): given any denoiser and started from noise, as `dps` is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from stagelight.engines.scan.acquisition.operator import Measured
from stagelight.engines.scan.methods.network import method
from stagelight.engines.scan.methods.noise_schedule import Levels, karras
from stagelight.engines.scan.methods.protocol import Denoiser, headline
from stagelight.engines.scan.model.denoiser import Prior
from stagelight.engines.scan.solvers import consistent

STEPS = 30  # in the benchmark


@dataclass(frozen=True)
class Config(Levels):
    """How DiffPIR goes from noise to a picture. Defaults as in the paper where it says."""

    weight: float = 8.0  # lambda, trust in the denoiser
    fresh: float = 0.3  # zeta, share of noise drawn anew


def run(scan: Measured, denoise: Denoiser, config: Config, seed: int) -> Iterator[Tensor]:
    """DiffPIR (Zhu et al., arXiv:2305.08995, algorithm 1): denoise, be consistent, add noise anew in part.

    The data step is argmin |A x - y|^2 / sigma_n^2 + lambda |x - x0|^2 / sigma_t^2, by conjugate gradients. Yields the
    consistent estimate of each step.
    """
    generator = torch.Generator().manual_seed(seed)
    course = karras(config.steps, config.sigma_max, config.sigma_min, config.rho)
    x = config.sigma_max * torch.randn(scan.acquisition.sens.shape[1:], generator=generator)
    for now, then in pairwise(course):
        estimate = consistent(denoise(x, now), scan, now / config.weight**0.5)
        noise = (x - estimate) / now
        drawn = torch.randn(x.shape, generator=generator)
        x = estimate + then * ((1 - config.fresh) ** 0.5 * noise + config.fresh**0.5 * drawn)
        yield estimate


def _diffpir(net: Prior, sentence: str) -> tuple[Tensor, int]:
    def denoise(x: Tensor, sigma: float) -> Tensor:
        return net.denoise(x, sigma, sentence)

    *_, found = run(net.scan, denoise, Config(steps=STEPS), 0)
    return found, STEPS


DIFFPIR = method("diffpir", _diffpir, headline)
