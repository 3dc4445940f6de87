"""The prior alone: a volume from words and noise, first the whole at 4 mm, then its detail; held to a scan, or a dream.

Neither network is shown the scan. Where there is one, data consistency alone holds the sample to it, at each step of
both stages.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from stagelight.engines.scan.acquisition.operator import Measured
from stagelight.engines.scan.methods import diffusion, sampler
from stagelight.engines.scan.methods.network import SENTENCES
from stagelight.engines.scan.methods.protocol import Bench, Method, Result, headline
from stagelight.engines.scan.methods.sampler import Schedule
from stagelight.engines.scan.model import coarse, denoiser, prior
from stagelight.engines.scan.model.coarse import MM, Coarse
from stagelight.engines.scan.model.conditioning import blown_up
from stagelight.engines.scan.model.refiner import Refiner
from stagelight.engines.scan.solvers import consistent

# Of the coarse network. Nearly all noise is fresh at each step, which takes out what earlier steps got wrong: with eta
# of 0 or .3 outlines were ragged.
SMALL = Schedule(steps=60, sigma_max=12.0, sigma_min=0.05, eta=0.95)
DETAIL = Schedule(steps=diffusion.STEPS)  # of the fine one
STEPS = SMALL.steps + DETAIL.steps


@dataclass(frozen=True)
class Cascade:
    """The two networks, and what they are told."""

    coarse: Coarse
    fine: Refiner
    sentence: str = ""
    head: float = 0.0  # 1: with skull and scalp; -1: without; 0: not said
    guidance: float = 1.0  # of the coarse network; above 1 overdoes the words
    lossy: bool = True  # bfloat16 arithmetic, where the processor has it


@cache
def published(sentence: str = "", head: float = 0.0, guidance: float = 1.0) -> Cascade:
    """The networks that are shipped.

    Raises:
        ValueError: their weights cannot be had.
    """
    return Cascade(prior.coarse_network(), prior.fine(), sentence, head, guidance)


def small(
    nets: Cascade, seed: int, scan: Measured | None = None, shape: tuple[int, int, int] = coarse.SHAPE
) -> Iterator[sampler.Step]:
    """The first stage, a volume at 4 mm, a step at a time; arguments are those of `run`."""
    pair, odd = divmod(seed, 2)
    denoise = prior.of_words(nets.coarse, nets.sentence, nets.head, nets.guidance, lossy=nets.lossy)

    def hold(estimate: Tensor, sigma: float) -> Tensor:
        if scan is None:
            return estimate
        big = blown_up(estimate, 0, len(estimate) * MM)
        held = consistent(big, scan, sigma * coarse.SPREAD / (sigma**2 + coarse.SPREAD**2) ** 0.5)
        corrected: Tensor = estimate + F.avg_pool3d((held - big)[None], MM)[0]
        return corrected

    chance = torch.Generator().manual_seed(pair)
    return sampler.run(SMALL, chance, shape, denoise, hold, sign=-1.0 if odd else 1.0)


def run(
    nets: Cascade, seed: int, scan: Measured | None = None, shape: tuple[int, int, int] = coarse.SHAPE
) -> Iterator[diffusion.Step]:
    """Both stages, a step at a time; those of the first are blown up. The last one's `consistent` is the result.

    Args:
        nets: the networks and what they are told.
        seed: which sample; 2k and 2k + 1 are drawn from opposite noise.
        scan: what the sample is held to, of scale 1; None: nothing.
        shape: of the volume at 4 mm; that which the networks were trained on, or another for a small experiment.
    """
    volume = torch.zeros(shape)
    for step in small(nets, seed, scan, shape):
        x, before, after = (blown_up(v, 0, len(v) * MM) for v in (step.x, step.denoised, step.consistent))
        yield diffusion.Step(step.step, step.sigma, x, before, after, scan)
        volume = step.consistent
    known = prior.of_coarse_volume(nets.fine, volume, nets.sentence, lossy=nets.lossy)
    for one in diffusion.run(DETAIL, seed, known, scan):
        yield replace(one, step=SMALL.steps + one.step)


def _alone(bench: Bench) -> Result:
    began, scan = time.process_time(), denoiser.unit(bench.scan)
    ends = []
    for seed in range(diffusion.SAMPLES):
        *_, last = run(published(SENTENCES[bench.case.adult]), seed, scan)
        ends.append(last.consistent)
    evaluations = diffusion.SAMPLES * DETAIL.steps
    x = torch.stack(ends).mean(0) * bench.scan.scale
    return Result(x, evaluations=evaluations, seconds=time.process_time() - began)


ALONE = Method(
    "alone", _alone, __name__, (denoiser.FINE, denoiser.COARSE), lambda case: headline(case) and case.acceleration == 16
)
