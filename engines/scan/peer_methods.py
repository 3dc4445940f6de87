"""DPS and DiffPIR with our denoiser, as methods beside the others of `cases`.

DPS asks for derivatives through the network at every step, slab by slab, so it costs several times a sample.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from engines.scan import methods, peers, text
from engines.scan.cases import Bench, Method, Result
from engines.scan.methods import SENTENCES
from engines.scan.prior import FAINT, Prior, cuts, load, ready

STEPS = 30
_HERE = Path(__file__).parent
_SOURCES = (*methods.LEARNED[0].sources, _HERE / "peers.py", _HERE / "peer_methods.py")


def pullback(prior: Prior, sentence: str) -> peers.Pullback:
    """J^T v of the network on a volume, one slab at a time, as `Prior.denoise` cuts it with a shift of 0."""
    said = text.encode(sentence) if sentence.strip() else text.SILENT
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


def _dps(bench: Bench) -> Result:
    prior, said = ready(load(), bench.scan), SENTENCES[bench.case.adult]
    course = peers.Config(steps=STEPS)

    def denoise(x: Tensor, sigma: float) -> Tensor:
        return prior.denoise(x, sigma, said)

    *_, found = peers.dps(prior.scan, denoise, pullback(prior, said), course, 0)
    return Result(found * bench.scan.scale, evaluations=2 * STEPS)


def _diffpir(bench: Bench) -> Result:
    prior, said = ready(load(), bench.scan), SENTENCES[bench.case.adult]

    def denoise(x: Tensor, sigma: float) -> Tensor:
        return prior.denoise(x, sigma, said)

    *_, found = peers.diffpir(prior.scan, denoise, peers.Config(steps=STEPS), 0)
    return Result(found * bench.scan.scale, evaluations=STEPS)


PEERS = (
    Method("dps", _dps, _SOURCES, ("poisson",), (1,)),
    Method("diffpir", _diffpir, _SOURCES, ("poisson",), (1,)),
)
