"""Reverse diffusion as a method: `sample` is one run of it, `samples` the mean of several.

`unconditioned` is a sample of the network that never sees a scan, which data consistency alone holds to this one.
Reverse diffusion computes in bfloat16: on the patient's volume a denoised picture differed from that of float32 by
0.0001 (root mean square; the brightest tissue is 1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import torch
from torch import Tensor

from stagelight.engines.scan.methods import diffusion
from stagelight.engines.scan.methods.network import made, method, ready
from stagelight.engines.scan.methods.protocol import Bench, Method, Result, headline
from stagelight.engines.scan.model import denoiser
from stagelight.engines.scan.model.denoiser import Prior

SEEDS = tuple(range(8))
STEPS = 20  # of reverse diffusion; 30 gave the same on a patient kept for such questions, ms_26


def _blind(net: Prior, sentence: str) -> tuple[Tensor, int]:
    config = diffusion.Config(steps=STEPS, sigma_max=diffusion.SIGMA_FAR, prompt=sentence)
    dreamer = denoiser.alone(replace(net, lossy=True), denoiser.load(denoiser.ALONE))
    return last(config, 0, dreamer), STEPS


def last(config: diffusion.Config, seed: int, net: Prior) -> Tensor:
    """The end of one sample, (S, H, W), in units of the scan's scale."""
    *_, step = diffusion.run(config, seed, net)
    return step.consistent


@lru_cache(maxsize=len(SEEDS))
def _end(bench: Bench, seed: int) -> Result:
    """One sample, made once for whoever asks."""

    def make(net: Prior, sentence: str) -> tuple[Tensor, int]:
        return last(diffusion.Config(steps=STEPS, prompt=sentence), seed, replace(net, lossy=True)), STEPS

    return made(bench, make)


def samples(count: int) -> Callable[[Bench], Result]:
    """The mean of some samples of reverse diffusion."""

    def make(bench: Bench) -> Result:
        ends = [_end(bench, seed) for seed in SEEDS[:count]]
        once = (count - 1) * ready(bench)[1]  # the network was made ready for all of them together
        seconds = sum(end.seconds or 0.0 for end in ends) - once
        return Result(torch.stack([end.x for end in ends]).mean(0), evaluations=count * STEPS, seconds=seconds)

    return make


SAMPLED = (
    Method("sample", samples(1), __name__, (denoiser.WEIGHTS,), headline),
    Method("samples", samples(len(SEEDS)), __name__, (denoiser.WEIGHTS,), headline),
    method("unconditioned", _blind, headline, more=(denoiser.ALONE,)),
)
