"""The classical methods, each tuned with the reference in hand.

They are tuned for each adult, acceleration and number of coils on a slab of the very volume, down to the number of
iterations: more than they could have at a scanner, and whoever is better than that is better. They are tuned under the
headline's kind of mask, its first draw, and keep that under the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from torch import Tensor

from stagelight.engines.scan import metrics
from stagelight.engines.scan.acquisition import operator
from stagelight.engines.scan.benchmark_cases import ready
from stagelight.engines.scan.methods import classical
from stagelight.engines.scan.methods.classical import Setting
from stagelight.engines.scan.methods.protocol import Bench, Case, Method, Result, headline

SLAB = (48, 80)  # slices on which the methods are tuned; within any brain on the grid
WEIGHTS = (3e-5, 1e-4, 3e-4, 1e-3, 3e-3)
STOPS = (48, 72, 96, 120)  # iterations after which a method may stop


@cache
def tuned(adult: str, acceleration: float, coils: int, name: str) -> Setting:
    """The weight and the number of iterations that are best in the brain on a slab, by the reference."""
    bench = ready(Case(adult, "poisson", acceleration, coils))
    (first, last), scan = SLAB, bench.scan
    part = replace(scan, acquisition=operator.crop(scan.acquisition, first, last), y=scan.y[:, first:last])
    inside, target = bench.regions["brain"][:, :, first:last], bench.reference[:, :, first:last]
    method, grid = ITERATIVE[name]
    found: dict[Setting, float] = {}
    for weight in grid:

        def watch(k: int, x: Tensor, weight: float = weight) -> None:
            if k in STOPS:
                found[Setting(weight, STOPS[-1], k)] = metrics.psnr(operator.volume(x), target, inside)

        method(part, Setting(weight, STOPS[-1]), watch)
    return max(found, key=lambda setting: found[setting])


def _classical(name: str) -> Callable[[Bench], Result]:
    def make(bench: Bench) -> Result:
        setting = tuned(bench.case.adult, bench.case.acceleration, bench.case.coils, name)
        began = time.process_time()
        x = ITERATIVE[name][0](bench.scan, setting)
        seconds = time.process_time() - began
        return Result(x, settings={"weight": setting.weight, "iterations": setting.stop}, seconds=seconds)

    return make


def _zero_filled(bench: Bench) -> Result:
    return Result(classical.zero_filled(bench.scan))


ITERATIVE: dict[str, tuple[Callable[..., Tensor], tuple[float, ...]]] = {
    "variation": (classical.variation, WEIGHTS),
    "wavelet": (classical.wavelet, WEIGHTS),
    "wavelet_sigpy": (classical.wavelet_sigpy, (3e-4, 1e-3)),
}
CLASSICAL = (
    Method("zero_filled", _zero_filled, __name__),
    Method("variation", _classical("variation"), __name__),
    Method("wavelet", _classical("wavelet"), __name__),
    Method("wavelet_sigpy", _classical("wavelet_sigpy"), __name__, where=headline),
)
