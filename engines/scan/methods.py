"""What the network makes of a scan, as methods beside the classical ones of `cases`.

`ours` is the unrolled network, `sample` one run of reverse diffusion, `samples` the mean of several, `plug_and_play`
ADMM started from the quick reconstruction. Of the rest each lacks something: `silent` is `ours` without a sentence,
`wrong_contrast` and `wrong_side` are told an untruth, `inconsistent` is the first round before consistency, and
`unconditioned` is a sample of the network that never sees a scan, which data consistency alone holds to this one.

Reverse diffusion computes in bfloat16: on the patient's volume a denoised picture differed from that of float32 by
0.0001 (root mean square; the brightest tissue is 1).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from stagelight.engines.scan import finishers, prior, sampler
from stagelight.engines.scan.cases import Bench, Case, Method, Result, headline
from stagelight.engines.scan.prior import Prior

SENTENCES = {
    "stroke_T1": "T1-weighted MRI of the brain, a medium-sized chronic stroke in the left hemisphere.",
    "colin27": "T1-weighted MRI of the brain, normal anatomy.",
}
SEEDS = tuple(range(8))
STEPS = 20  # of reverse diffusion; 30 gave the same on a patient kept for such questions, ms_26
_HERE = Path(__file__).resolve().parent
SOURCES = (
    *(_HERE / f"{name}.py" for name in ("conditioning", "consistency", "finishers", "prior", "sampler", "score_model")),
    *(_HERE / f"{name}.py" for name in ("baselines", "transforms", "methods", "text")),
    prior.WEIGHTS,
)


@lru_cache(maxsize=1)
def ready(bench: Bench) -> tuple[Prior, float]:
    """The network ready for a case, and the seconds of processor time that this took."""
    began = time.process_time()
    return prior.ready(prior.load(), bench.scan), time.process_time() - began


def made(bench: Bench, make: Callable[[Prior, str], tuple[Tensor, int]], sentence: str | None = None) -> Result:
    """What `make` gives of the network and a sentence: a volume in units of the scan, and evaluations a slice.

    The sentence is the truth of the adult unless another is given.
    """
    net, seconds = ready(bench)
    began = time.process_time()
    x, evaluations = make(net, SENTENCES[bench.case.adult] if sentence is None else sentence)
    seconds += time.process_time() - began
    return Result(x * bench.scan.scale, evaluations=evaluations, seconds=seconds)


def _unrolled(net: Prior, sentence: str) -> tuple[Tensor, int]:
    rounds = list(finishers.unrolled(net, sentence))
    return rounds[-1].consistent, len(rounds) * len(finishers.SHIFTS)


def _first_round(net: Prior, sentence: str) -> tuple[Tensor, int]:
    return next(finishers.unrolled(net, sentence)).denoised, len(finishers.SHIFTS)


def _plug_and_play(net: Prior, sentence: str) -> tuple[Tensor, int]:
    rounds = list(finishers.plug_and_play(net, net.mean, sentence))
    return rounds[-1].consistent, len(rounds)


def _blind(net: Prior, sentence: str) -> tuple[Tensor, int]:
    config = sampler.Config(steps=STEPS, sigma_max=sampler.SIGMA_FAR, prompt=sentence)
    dreamer = prior.alone(replace(net, lossy=True), prior.load(prior.ALONE))
    return last(config, 0, dreamer), STEPS


def last(config: sampler.Config, seed: int, net: Prior) -> Tensor:
    """The end of one sample, (S, H, W), in units of the scan's scale."""
    *_, step = sampler.run(config, seed, net)
    return step.consistent


@lru_cache(maxsize=len(SEEDS))
def _end(bench: Bench, seed: int) -> Result:
    """One sample, made once for whoever asks."""

    def make(net: Prior, sentence: str) -> tuple[Tensor, int]:
        return last(sampler.Config(steps=STEPS, prompt=sentence), seed, replace(net, lossy=True)), STEPS

    return made(bench, make)


def samples(count: int) -> Callable[[Bench], Result]:
    """The mean of some samples of reverse diffusion."""

    def make(bench: Bench) -> Result:
        ends = [_end(bench, seed) for seed in SEEDS[:count]]
        once = (count - 1) * ready(bench)[1]  # the network was made ready for all of them together
        seconds = sum(end.seconds or 0.0 for end in ends) - once
        return Result(torch.stack([end.x for end in ends]).mean(0), evaluations=count * STEPS, seconds=seconds)

    return make


def _injured(case: Case) -> bool:
    return headline(case) and case.adult == "stroke_T1"


def _method(name: str, make: Callable[[Prior, str], tuple[Tensor, int]], where: Callable[[Case], bool],
            sentence: str | None = None, more: tuple[Path, ...] = ()) -> Method:  # fmt: skip
    return Method(name, lambda bench: made(bench, make, sentence), (*SOURCES, *more), where)


LEARNED = (
    _method("ours", _unrolled, lambda case: case.kind != "points"),
    _method("silent", _unrolled, headline, ""),
    _method("wrong_contrast", _unrolled, headline, "T2-weighted MRI of the brain."),
    _method("wrong_side", _unrolled, _injured, SENTENCES["stroke_T1"].replace("left", "right")),
    _method("inconsistent", _first_round, headline),
    Method("sample", samples(1), SOURCES, headline),
    Method("samples", samples(len(SEEDS)), SOURCES, headline),
    _method("unconditioned", _blind, headline, more=(prior.ALONE,)),
    _method("plug_and_play", _plug_and_play, headline),
)
