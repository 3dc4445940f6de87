"""Plug-and-play ADMM with the network as its proximal step, started from the quick reconstruction."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from stagelight.engines.scan.methods.network import method
from stagelight.engines.scan.methods.protocol import headline
from stagelight.engines.scan.methods.rounds import Round
from stagelight.engines.scan.model.denoiser import Prior
from stagelight.engines.scan.solvers import consistent


def run(
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


def _plug_and_play(net: Prior, sentence: str) -> tuple[Tensor, int]:
    rounds = list(run(net, net.mean, sentence))
    return rounds[-1].consistent, len(rounds)


PLUG_AND_PLAY = method("plug_and_play", _plug_and_play, headline)
