"""DPS and DiffPIR with our denoiser, as methods beside the others of `cases`.

DPS asks for derivatives through the network at every step, slab by slab, so it costs several times a sample, and is run
at R = 16 alone.
"""

from __future__ import annotations

import torch
from torch import Tensor

from stagelight.engines.scan.methods import dps
from stagelight.engines.scan.methods.network import method
from stagelight.engines.scan.methods.protocol import headline
from stagelight.engines.scan.model import text_encoder
from stagelight.engines.scan.model.denoiser import FAINT, Prior, cuts

STEPS = 30


def pullback(prior: Prior, sentence: str) -> dps.Pullback:
    """J^T v of the network on a volume, one slab at a time, as `Prior.denoise` cuts it with a shift of 0."""
    said = text_encoder.encode(sentence) if sentence.strip() else text_encoder.SILENT
    slices = prior.model.config.slices

    def pulled(x: Tensor, sigma: float, v: Tensor) -> Tensor:
        count, total = torch.zeros(len(x), 1, 1), torch.zeros_like(x)
        starts = cuts(len(x), slices, 0)
        for s in starts:
            count[s : s + slices] += 1
        for s in starts:
            if float(prior.mean[s : s + slices].max()) <= FAINT:
                continue  # air: the network is not asked, and what is returned does not depend on x
            leaf = x[s : s + slices].detach().clone().requires_grad_()
            found = prior.model(leaf[None], torch.full((1,), sigma), prior.given(s, said))[0]
            (back,) = torch.autograd.grad(found, leaf, (v / count)[s : s + slices])
            total[s : s + slices] += back
        return total

    return pulled


def _dps(net: Prior, sentence: str) -> tuple[Tensor, int]:
    def denoise(x: Tensor, sigma: float) -> Tensor:
        return net.denoise(x, sigma, sentence)

    *_, found = dps.dps(net.scan, denoise, pullback(net, sentence), dps.Config(steps=STEPS), 0)
    return found, 2 * STEPS


def _diffpir(net: Prior, sentence: str) -> tuple[Tensor, int]:
    def denoise(x: Tensor, sigma: float) -> Tensor:
        return net.denoise(x, sigma, sentence)

    *_, found = dps.diffpir(net.scan, denoise, dps.Config(steps=STEPS), 0)
    return found, STEPS


PEERS = (
    method("diffpir", _diffpir, headline),
    method("dps", _dps, lambda case: headline(case) and case.acceleration == 16),
)
