"""Diffusion posterior sampling (DPS), from its paper (Chung et al., arXiv:2209.14687).

It is given any `denoise(x, sigma)`, ours for one, and starts as in its paper from pure noise, with x_t = x + sigma_t
noise (its discrete schedule becomes the one sigma here; Karras et al. 2022, appendix C). It works in units in which the
brightest tissue is about 1. deepinv has it, as it has DiffPIR: `tests/scan/methods/test_deepinv.py` holds these steps
to its, and `deepinv_peers` has its own as rows of the table.

DPS asks for derivatives through the network at every step, slab by slab, so it costs several times a sample, and is run
at R = 16 alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from stagelight.engines.scan.acquisition.operator import A, A_adjoint, Measured
from stagelight.engines.scan.methods.network import method
from stagelight.engines.scan.methods.noise_schedule import Levels, karras
from stagelight.engines.scan.methods.protocol import Denoiser, headline
from stagelight.engines.scan.model import text_encoder
from stagelight.engines.scan.model.denoiser import FAINT, Prior, cuts

Pullback = Callable[[Tensor, float, Tensor], Tensor]  # (x, sigma, v) -> J^T v, J the derivative of D(x; sigma) by x
STEPS = 30  # in the benchmark


@dataclass(frozen=True)
class Config(Levels):
    """How DPS goes from noise to a picture. Defaults as in the paper where it says."""

    zeta: float = 1.0  # step along the gradient of |A x0 - y|, section 4


def pull_through(denoise: Denoiser) -> Pullback:
    """J^T v by automatic differentiation through the whole volume; of a network, memory for all of it at once."""

    def pullback(x: Tensor, sigma: float, v: Tensor) -> Tensor:
        leaf = x.detach().requires_grad_()
        return torch.autograd.grad(denoise(leaf, sigma), leaf, v)[0]

    return pullback


def run(scan: Measured, denoise: Denoiser, pullback: Pullback, config: Config, seed: int) -> Iterator[Tensor]:
    """Diffusion posterior sampling (Chung et al., arXiv:2209.14687, algorithm 1), ancestral steps in sigma.

    x <- ancestral step of x - zeta grad_x |A D(x; sigma) - y|, the norm taken of each slice by itself where the mask
    leaves them independent, so that a step does not depend on how many slices there are. Yields x after each step.
    """
    generator = torch.Generator().manual_seed(seed)
    course, at = karras(config.steps, config.sigma_max, config.sigma_min, config.rho), scan.acquisition
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


def pullback(prior: Prior, sentence: str) -> Pullback:
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

    *_, found = run(net.scan, denoise, pullback(net, sentence), Config(steps=STEPS), 0)
    return found, 2 * STEPS


DPS = method("dps", _dps, lambda case: headline(case) and case.acceleration == 16)
