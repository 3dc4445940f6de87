"""The network unrolled: a few rounds of denoising and data consistency, as they were trained.

It starts from a classical reconstruction, and is the fast row.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from stagelight.engines.scan.methods.network import method
from stagelight.engines.scan.methods.rounds import SIGMAS, TAUS, Round
from stagelight.engines.scan.model.denoiser import Prior
from stagelight.engines.scan.solvers import consistent

SHIFTS = (0, 2)  # cuts into slabs whose results are averaged


def run(prior: Prior, sentence: str = "", rounds: int = 3, shifts: tuple[int, ...] = SHIFTS) -> Iterator[Round]:
    """From the quick reconstruction, rounds of denoising and consistency as they were trained.

    Each is the mean over several cuts into slabs. The first asks the network for the mean of all images that fit.
    """
    z = prior.mean
    for r in range(rounds):
        denoised = torch.stack([prior.denoise(z, SIGMAS[r], sentence, shift) for shift in shifts]).mean(0)
        z = consistent(denoised, prior.scan, TAUS[r])
        yield Round(r + 1, denoised, z)


def _unrolled(net: Prior, sentence: str) -> tuple[Tensor, int]:
    rounds = list(run(net, sentence))
    return rounds[-1].consistent, len(rounds) * len(SHIFTS)


UNROLLED = method("unrolled", _unrolled, lambda case: case.kind != "points")
