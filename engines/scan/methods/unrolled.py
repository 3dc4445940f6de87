"""The same network without the long way down: a few rounds of consistency and denoising, and plug-and-play ADMM."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from stagelight.engines.scan.consistency import consistent
from stagelight.engines.scan.model.conditioning import SIGMA_MAX
from stagelight.engines.scan.model.denoiser import Prior

SHIFTS = (0, 2)  # cuts into slabs whose results are averaged
TAUS = (0.05, 0.04, 0.035)  # expected error of an estimate after each round, for its consistency
SIGMAS = (SIGMA_MAX, 0.05, 0.04)  # sigma told to the network in each round; trained with these, see `train`


@dataclass(frozen=True)
class Round:
    """One round. Volumes (S, H, W), in units of the scan's scale."""

    round: int  # done, 1 after the first
    denoised: Tensor
    consistent: Tensor


def unrolled(prior: Prior, sentence: str = "", rounds: int = 3, shifts: tuple[int, ...] = SHIFTS) -> Iterator[Round]:
    """From the quick reconstruction, rounds of denoising and consistency as they were trained.

    Each is the mean over several cuts into slabs. The first asks the network for the mean of all images that fit.
    """
    z = prior.mean
    for r in range(rounds):
        denoised = torch.stack([prior.denoise(z, SIGMAS[r], sentence, shift) for shift in shifts]).mean(0)
        z = consistent(denoised, prior.scan, TAUS[r])
        yield Round(r + 1, denoised, z)


def plug_and_play(
    prior: Prior, start: Tensor, sentence: str = "", rounds: int = 10, sigma: tuple[float, float] = (0.05, 0.01)
) -> Iterator[Round]:
    """ADMM with D as the proximal step (Venkatakrishnan et al. 2013; Chan et al., arXiv:1605.01710), sigma falling."""
    z, dual = start, torch.zeros_like(start)
    for r in range(rounds):
        level = sigma[0] * (sigma[1] / sigma[0]) ** (r / max(1, rounds - 1))
        x = consistent(z - dual, prior.scan, level)
        z = prior.denoise(x + dual, level, sentence, shift=(3 * r) % prior.model.config.slices)
        dual = dual + x - z
        yield Round(r + 1, z, x)
