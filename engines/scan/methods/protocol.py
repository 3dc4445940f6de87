"""What is scored: simulated scans of two adults, and what a method is given and gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from stagelight.engines.scan.acquisition import coil_estimation, operator
from stagelight.engines.scan.acquisition.operator import Measured
from stagelight.engines.scan.data import lesion, registry

ADULTS = ("stroke_T1", "colin27")
KINDS = ("poisson", "density", "points")
ACCELERATIONS = (16.0, 8.0, 12.0, 4.0)  # the headline first


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
    def config(self) -> operator.Config:
        """What scans it."""
        return operator.Config(kind=self.kind, acceleration=self.acceleration, coils=self.coils, falloff=self.falloff)


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
    module: str  # that implements it: its code decides whether a cached outcome still holds
    files: tuple[Path, ...] = ()  # weights that it reads
    where: Callable[[Case], bool] = lambda _: True  # the cases it is for


def headline(case: Case) -> bool:
    """Whether it is a case in which everything is tried: the first draw of the headline's mask, one coil, R = 16, 8."""
    return case == Case(case.adult, "poisson", case.acceleration, 1) and case.acceleration in (16.0, 8.0)


def ready(case: Case) -> Bench:
    """Scan an adult.

    Raises:
        ValueError: the adult's files cannot be had.
    """
    volume = registry.load(case.adult)
    scan = operator.simulate(operator.slices(volume.x), case.config, case.seed)
    if case.estimated:
        scan = coil_estimation.calibrated(scan)
    regions = {"brain": volume.brain}
    if case.adult == "stroke_T1":
        regions["lesion"] = lesion.of_patient(volume)
    return Bench(case, scan, volume.x, regions)
