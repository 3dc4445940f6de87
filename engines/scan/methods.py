"""What the network makes of a scan, as methods beside the classical ones of `cases`.

`ours` is the unrolled network, `sample` one run of reverse diffusion, `samples` the mean of several, `plug_and_play`
ADMM started from `ours`. `silent` is `ours` without a sentence, `inconsistent` the first round before consistency.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from engines.scan import finishers, prior, sampler
from engines.scan.cases import Bench, Method, Result
from engines.scan.prior import Prior
from engines.scan.score_model import ScoreModel

SENTENCES = {
    "stroke_T1": "T1-weighted MRI of the brain, a large chronic stroke in the left hemisphere.",
    "colin27": "T1-weighted MRI of the brain, normal anatomy.",
}
SEEDS = (0, 1, 2, 3)
STEPS = 30
_HERE = Path(__file__).parent
_SOURCES = (
    *(_HERE / f"{name}.py" for name in ("conditioning", "consistency", "finishers", "prior", "sampler", "score_model")),
    *(_HERE / f"{name}.py" for name in ("baselines", "transforms", "methods", "text")),
    prior.WEIGHTS,
)


@cache
def _model() -> ScoreModel:
    return prior.load()


def _ready(bench: Bench) -> Prior:
    return prior.ready(_model(), bench.scan)


def ours(bench: Bench, sentence: str | None = None) -> Result:
    """The unrolled network, told the truth of the adult unless another sentence is given."""
    told = SENTENCES[bench.case.adult] if sentence is None else sentence
    rounds = list(finishers.unrolled(_ready(bench), told))
    return Result(rounds[-1].consistent * bench.scan.scale, evaluations=len(rounds) * len(finishers.SHIFTS))


def _silent(bench: Bench) -> Result:
    return ours(bench, "")


def _inconsistent(bench: Bench) -> Result:
    first = next(finishers.unrolled(_ready(bench), SENTENCES[bench.case.adult]))
    return Result(first.denoised * bench.scan.scale, evaluations=len(finishers.SHIFTS))


def samples(count: int) -> Callable[[Bench], Result]:
    """The mean of some samples of reverse diffusion."""

    def make(bench: Bench) -> Result:
        ready, total = _ready(bench), torch.zeros(())
        config = sampler.Config(steps=STEPS, prompt=SENTENCES[bench.case.adult])
        for seed in SEEDS[:count]:
            total = total + last(config, seed, ready)
        return Result(total / count * bench.scan.scale, evaluations=count * STEPS)

    return make


def last(config: sampler.Config, seed: int, ready: Prior) -> Tensor:
    """The end of one sample, (S, H, W), in units of the scan's scale."""
    found = ready.mean
    for step in sampler.run(config, seed, ready):
        found = step.consistent
    return found


def _plug_and_play(bench: Bench) -> Result:
    ready, said = _ready(bench), SENTENCES[bench.case.adult]
    start = list(finishers.unrolled(ready, said))[-1].consistent
    rounds = list(finishers.plug_and_play(ready, start, said))
    return Result(rounds[-1].consistent * bench.scan.scale, evaluations=len(rounds) + 3 * len(finishers.SHIFTS))


def _unconditioned(bench: Bench) -> Result:
    ready = replace(_ready(bench), blind=True)
    found = last(sampler.Config(steps=STEPS, prompt=SENTENCES[bench.case.adult]), 0, ready)
    return Result(found * bench.scan.scale, evaluations=STEPS)


_PLANES = ("poisson", "density")
LEARNED = (
    Method("ours", ours, _SOURCES, _PLANES),
    Method("silent", _silent, _SOURCES, _PLANES, (1,)),
    Method("inconsistent", _inconsistent, _SOURCES, _PLANES, (1,)),
    Method("sample", samples(1), _SOURCES, _PLANES, (1,)),
    Method("samples", samples(len(SEEDS)), _SOURCES, _PLANES, (1,)),
    Method("plug_and_play", _plug_and_play, _SOURCES, _PLANES, (1,)),
    Method("unconditioned", _unconditioned, _SOURCES, _PLANES, (1,)),
)
