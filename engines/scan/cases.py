"""What is scored: simulated scans of two adults, and what a method is given and gives.

The classical methods are tuned for each adult, acceleration and number of coils on a slab of the very volume, with the
reference in hand, down to the number of iterations: more than they could have at a scanner, and whoever is better than
that is better. They are tuned under the headline's kind of mask, its first draw, and keep that under the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from stagelight.engines.scan import baselines, calibration, data, kspace, lesion, metrics
from stagelight.engines.scan.baselines import Setting
from stagelight.engines.scan.kspace import Measured

ADULTS = ("stroke_T1", "colin27")
KINDS = ("poisson", "density", "points")
ACCELERATIONS = (16.0, 8.0, 12.0, 4.0)  # the headline first
SLAB = (48, 80)  # slices on which the classical methods are tuned; within any brain on the grid
WEIGHTS = (3e-5, 1e-4, 3e-4, 1e-3, 3e-3)
STOPS = (48, 72, 96, 120)  # iterations after which a method may stop
_HERE = Path(__file__).resolve().parent
SHARED = tuple(
    _HERE / f"{name}.py"
    for name in ("data", "grid", "masks", "coils", "kspace", "metrics", "lesion", "cases", "calibration")
)
_CLASSICAL = (_HERE / "baselines.py", _HERE / "transforms.py")


@dataclass(frozen=True)
class Case:
    """A simulated scan of an adult."""

    adult: str
    kind: str
    acceleration: float
    coils: int
    falloff: float = 2.0
    seed: int = 1  # of mask, phase, coils and noise
    estimated: bool = False  # maps of coils and phase from the scan itself; else the true ones are known

    @property
    def name(self) -> str:
        """Its part of a dotted name."""
        steep = "" if self.falloff == Case.falloff else f"_falloff_{self.falloff:g}"
        drawn = "" if self.seed == Case.seed else f"_{self.seed}"
        own = "_estimated" if self.estimated else ""
        return f"{self.adult.lower()}.{self.kind}{steep}{drawn}{own}.r{self.acceleration:g}.c{self.coils}"

    @property
    def config(self) -> kspace.Config:
        """What scans it."""
        return kspace.Config(kind=self.kind, acceleration=self.acceleration, coils=self.coils, falloff=self.falloff)


@dataclass(frozen=True, eq=False)  # one is itself alone, so that what was made ready for it can be kept
class Bench:
    """A case made ready: what a method may see, and what it is then measured by."""

    case: Case
    scan: Measured
    reference: NDArray[np.float32]  # (X, Y, Z)
    regions: Mapping[str, NDArray[np.bool_]]  # brain, and the patient's lesion


@dataclass(frozen=True)
class Result:
    """What a method made, before it is measured."""

    x: Tensor  # (S, H, W)
    evaluations: int = 0  # of a network, for each slice
    settings: Mapping[str, float] | None = None
    seconds: float | None = None  # of processor time, where not all of it went into this picture


@dataclass(frozen=True)
class Method:
    """A way to reconstruct."""

    name: str
    make: Callable[[Bench], Result]
    sources: tuple[Path, ...]  # what its outcome depends on besides the shared ones
    where: Callable[[Case], bool] = lambda _: True  # the cases it is for


def headline(case: Case) -> bool:
    """Whether it is a case in which everything is tried: the first draw of the headline's mask, one coil, R = 16, 8."""
    return case == Case(case.adult, "poisson", case.acceleration, 1) and case.acceleration in (16.0, 8.0)


def ready(case: Case) -> Bench:
    """Scan an adult.

    Raises:
        ValueError: the adult's files cannot be had.
    """
    volume = data.load(case.adult)
    scan = kspace.simulate(kspace.slices(volume.x), case.config, case.seed)
    if case.estimated:
        scan = calibration.calibrated(scan)
    regions = {"brain": volume.brain}
    if case.adult == "stroke_T1":
        regions["lesion"] = lesion.of_patient(volume)
    return Bench(case, scan, volume.x, regions)


@cache
def tuned(adult: str, acceleration: float, coils: int, name: str) -> Setting:
    """The weight and the number of iterations that are best in the brain on a slab, by the reference."""
    bench = ready(Case(adult, "poisson", acceleration, coils))
    (first, last), scan = SLAB, bench.scan
    part = replace(scan, acquisition=kspace.crop(scan.acquisition, first, last), y=scan.y[:, first:last])
    inside, target = bench.regions["brain"][:, :, first:last], bench.reference[:, :, first:last]
    method, grid = ITERATIVE[name]
    found: dict[Setting, float] = {}
    for weight in grid:

        def watch(k: int, x: Tensor, weight: float = weight) -> None:
            if k in STOPS:
                found[Setting(weight, STOPS[-1], k)] = metrics.psnr(kspace.volume(x), target, inside)

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
    return Result(baselines.zero_filled(bench.scan))


ITERATIVE: dict[str, tuple[Callable[..., Tensor], tuple[float, ...]]] = {
    "variation": (baselines.variation, WEIGHTS),
    "wavelet": (baselines.wavelet, WEIGHTS),
    "wavelet_sigpy": (baselines.wavelet_sigpy, (3e-4, 1e-3)),
}
CLASSICAL = (
    Method("zero_filled", _zero_filled, _CLASSICAL),
    Method("variation", _classical("variation"), _CLASSICAL),
    Method("wavelet", _classical("wavelet"), _CLASSICAL),
    Method("wavelet_sigpy", _classical("wavelet_sigpy"), _CLASSICAL, headline),
)
