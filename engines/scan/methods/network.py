"""The network as a method of the benchmark: made ready for a case once, asked by whoever reconstructs with it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from torch import Tensor

from stagelight.engines.scan.methods.protocol import Bench, Case, Method, Result
from stagelight.engines.scan.model import denoiser
from stagelight.engines.scan.model.denoiser import Prior

SENTENCES = {
    "stroke_T1": "T1-weighted MRI of the brain, a medium-sized chronic stroke in the left hemisphere.",
    "colin27": "T1-weighted MRI of the brain, normal anatomy.",
}
Make = Callable[[Prior, str], tuple[Tensor, int]]  # of a sentence: a volume in units of the scan, evaluations a slice


@lru_cache(maxsize=1)
def ready(bench: Bench) -> tuple[Prior, float]:
    """The network ready for a case, and the seconds of processor time that this took."""
    began = time.process_time()
    return denoiser.ready(denoiser.load(), bench.scan), time.process_time() - began


def made(bench: Bench, make: Make, sentence: str | None = None) -> Result:
    """The result of one way to use the network, with the true sentence about the adult unless another is given."""
    net, seconds = ready(bench)
    began = time.process_time()
    x, evaluations = make(net, SENTENCES[bench.case.adult] if sentence is None else sentence)
    seconds += time.process_time() - began
    return Result(x * bench.scan.scale, evaluations=evaluations, seconds=seconds)


def method(
    name: str, make: Make, where: Callable[[Case], bool], sentence: str | None = None, more: tuple[Path, ...] = ()
) -> Method:
    """One way to use the network as a method; `more` are weights beside the published ones."""
    return Method(name, lambda bench: made(bench, make, sentence), make.__module__, (denoiser.WEIGHTS, *more), where)
