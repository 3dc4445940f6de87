"""The network that starts from a classical reconstruction, made ready for a case once, asked by several methods."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache

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


def made(bench: Bench, make: Make) -> Result:
    """The result of one way to use the network, with the true sentence about the adult."""
    net, seconds = ready(bench)
    began = time.process_time()
    x, evaluations = make(net, SENTENCES[bench.case.adult])
    seconds += time.process_time() - began
    return Result(x * bench.scan.scale, evaluations=evaluations, seconds=seconds)


def method(name: str, make: Make, where: Callable[[Case], bool]) -> Method:
    """One way to use the network as a method."""
    return Method(name, lambda bench: made(bench, make), make.__module__, (denoiser.WEIGHTS,), where)
