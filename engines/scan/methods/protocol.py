"""The protocol of the benchmark: a case, what a method is given of it, and what it gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from stagelight.engines.scan.acquisition import operator
from stagelight.engines.scan.acquisition.operator import Measured


class Denoiser(Protocol):
    """The mean of x given x + sigma noise."""

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        """D(x; sigma) of a volume, (S, H, W)."""


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
    """Tell whether everything is tried in a case: the first draw of the headline's mask, one coil, R = 16 or 8."""
    return case == Case(case.adult, "poisson", case.acceleration, 1) and case.acceleration in (16.0, 8.0)
