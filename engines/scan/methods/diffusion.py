"""Reverse diffusion with the fine network, shown the scan as it was measured: the headline, and its rows of the table.

The network knows the adjoint image, the density of samples and, from the second step on, its own last estimate, made
consistent; it is never shown another method's reconstruction. `run` is one sample. The result, `diffusion`, is the mean
of several, in pairs of opposite noise; `sample` is the first of them, `pair` the mean of two. `silent`,
`wrong_contrast`, `wrong_side` and `nonsense` are pairs told something else, and `inconsistent` is a sample that is not
held to the measurements. In the table it computes in bfloat16 where the processor has it: on the patient's volume a
denoised picture differed from that of float32 by 0.0001 (root mean square; the brightest tissue is 1).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Protocol

import torch
from torch import Tensor

from stagelight.engines.scan.acquisition.operator import Measured
from stagelight.engines.scan.methods import sampler
from stagelight.engines.scan.methods.network import SENTENCES
from stagelight.engines.scan.methods.protocol import Bench, Case, Method, Result, headline
from stagelight.engines.scan.methods.sampler import Schedule
from stagelight.engines.scan.model import denoiser, prior
from stagelight.engines.scan.model.prior import FinePrior
from stagelight.engines.scan.model.text_encoder import encode
from stagelight.engines.scan.solvers import consistent, misfit

# Of the error of a picture, the part that a network told of the scan has in what was measured. Set on a patient kept
# for that, ms_26, at R = 16, so that samples are off the measurements by their noise, as the image itself is.
SHARE = 0.85
SAMPLES = 6  # whose mean is the result: three pairs, which a fourth did not better on ms_26
STEPS = 16  # of each: on ms_26 samples then differ from their mean as much as the mean is off, neither more nor less


@dataclass(frozen=True)
class Step(sampler.Step):
    """One step. Volumes are (S, H, W), in units of the scan's scale."""

    scan: Measured | None  # what it was held to

    @cached_property
    def misfit_before(self) -> float:
        """The rms of A d - y over the noise before consistency; not a number without a scan."""
        return self._off(self.denoised)

    @cached_property
    def misfit_after(self) -> float:
        """The same after consistency."""
        return self._off(self.consistent)

    def _off(self, x: Tensor) -> float:
        return math.nan if self.scan is None else misfit(x, self.scan)


class Informed(Protocol):
    """A denoiser of volumes that is shown its own last estimate, as `FinePrior` is."""

    @property
    def known(self) -> Tensor:
        """What it knows of the volume, (S, H, W)."""

    @property
    def scan(self) -> Measured | None:
        """The scan that it is shown."""

    @property
    def spread(self) -> float:
        """The spread of images about what is known."""

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        """D(x; sigma)."""

    def recall(self, estimate: Tensor) -> None:
        """Know an estimate from now on."""

    def forget(self) -> None:
        """Know what was known at first."""


def run(
    schedule: Schedule, seed: int, net: Informed, scan: Measured | None, dtype: torch.dtype = torch.float32
) -> Iterator[Step]:
    """Sample one volume, a `Step` at a time; the last one's `consistent` is the result.

    Samples 2k and 2k + 1 are drawn from opposite noise.

    Args:
        schedule: the noise levels.
        seed: which sample.
        net: the denoiser.
        scan: what the sample is held to, of scale 1; None: nothing.
        dtype: of the volume.
    """
    net.forget()
    pair, odd = divmod(seed, 2)
    chance = torch.Generator().manual_seed(pair)

    def hold(estimate: Tensor, sigma: float) -> Tensor:
        held = estimate if scan is None else consistent(estimate, scan, expected_error(net, sigma))
        net.recall(held)
        return held

    shape = tuple(net.known.shape)
    for one in sampler.run(schedule, chance, shape, net, hold, dtype, -1.0 if odd else 1.0):
        yield Step(one.step, one.sigma, one.x, one.denoised, one.consistent, scan)


def expected_error(net: Informed, sigma: float) -> float:
    """The spread of the error of D(x; sigma) in what was measured, were images Gaussian about what is known.

    sigma s / sqrt(sigma^2 + s^2), and of one that was told of the scan, the `SHARE` of it.
    """
    spread = net.spread
    return (1.0 if net.scan is None else SHARE) * sigma * spread / math.hypot(sigma, spread)


def last(seed: int, net: Informed, scan: Measured | None, schedule: Schedule | None = None) -> Tensor:
    """The end of one sample, (S, H, W), in units of the scan's scale."""
    *_, step = run(schedule or Schedule(steps=STEPS), seed, net, scan)
    return step.consistent


@lru_cache(maxsize=1)
def ready(bench: Bench) -> FinePrior:
    """The network ready for a case, with the true sentence about the adult."""
    return prior.of_scan(prior.fine(), denoiser.unit(bench.scan), SENTENCES[bench.case.adult], lossy=True)


@lru_cache(maxsize=2 * SAMPLES)
def _end(bench: Bench, seed: int, sentence: str | None = None, held: bool = True) -> Result:
    """One sample, made once for whoever asks."""
    began, net = time.process_time(), ready(bench)
    net.forget()  # else what it knew last would be what another one knows at first
    told = net if sentence is None else replace(net, said=encode(sentence))
    x = last(seed, told, net.scan if held else None)
    return Result(x * bench.scan.scale, evaluations=STEPS, seconds=time.process_time() - began)


def samples(count: int, sentence: str | None = None) -> Callable[[Bench], Result]:
    """The mean of some samples of reverse diffusion, with the true sentence unless another is given."""

    def make(bench: Bench) -> Result:
        ends = [_end(bench, seed, sentence) for seed in range(count)]
        seconds = sum(end.seconds or 0.0 for end in ends)
        return Result(torch.stack([end.x for end in ends]).mean(0), evaluations=count * STEPS, seconds=seconds)

    return make


def _drawn(case: Case) -> bool:
    """All draws of the headline's mask at R = 16, the first at 8 and 32, several coils, and masks of lines."""
    plain = case.kind == "poisson" and case.falloff == Case.falloff and not case.estimated
    rare = case.acceleration == 16 or (case.seed == Case.seed and case.acceleration in (8.0, 32.0))
    return case.kind == "lines" or (plain and rare)


def _worded(case: Case) -> bool:
    return case == Case("stroke_T1", "poisson", case.acceleration, 1) and case.acceleration in (8.0, 16.0, 32.0)


def _method(name: str, make: Callable[[Bench], Result], where: Callable[[Case], bool]) -> Method:
    return Method(name, make, __name__, (denoiser.FINE,), where)


UNTRUE = {
    "wrong_contrast": "T2-weighted MRI of the brain.",
    "wrong_side": SENTENCES["stroke_T1"].replace("left", "right"),
    "nonsense": "A photograph of a dog.",
}
DIFFUSION = (
    _method("sample", samples(1), _drawn),
    _method("diffusion", samples(SAMPLES), _drawn),
    _method("pair", samples(2), _worded),
    _method("silent", samples(2, ""), _worded),
    _method("wrong_contrast", samples(2, UNTRUE["wrong_contrast"]), _worded),
    _method("wrong_side", samples(2, UNTRUE["wrong_side"]), _worded),
    _method("nonsense", samples(2, UNTRUE["nonsense"]), _worded),
    _method("inconsistent", lambda bench: _end(bench, 0, None, held=False), headline),
)
