"""What each method makes of the same scans: two adults, three kinds of mask, four accelerations, one coil and four.

A cell is one scan and one method. What it measured is kept under a name made of all that it depends on, so a run that
was cut off goes on, and a change of one method asks for that method again. The classical methods are tuned for each
adult and acceleration on a slab of the very volume, with the reference in hand, down to the number of iterations: more
than they could have at a scanner, and whoever is better than that is better.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engines import recording
from engines.recording import Recording
from engines.scan import baselines, data, kspace, lesion, memory, metrics
from engines.scan.baselines import Setting
from engines.scan.kspace import Measured

Report = Callable[[str, int, int, Mapping[str, float]], None]
ADULTS = ("stroke_T1", "colin27")
KINDS = ("poisson", "density", "points")
ACCELERATIONS = (4.0, 8.0, 12.0, 16.0)
COILS = (1, 4)
SLAB = (48, 80)  # slices on which the classical methods are tuned; within any brain on the grid
STOPS = (24, 36, 48, 60)  # iterations after which a method may stop
_HERE = Path(__file__).parent
_SHARED = [_HERE / f"{name}.py" for name in ("data", "grid", "masks", "coils", "kspace", "metrics", "lesion", "score")]
_CLASSICAL = (_HERE / "baselines.py", _HERE / "transforms.py")


class Paused(RuntimeError):  # noqa: N818  # it is no error
    """The time given was up; the next call goes on."""


@dataclass(frozen=True)
class Case:
    """A simulated scan of an adult."""

    adult: str
    kind: str
    acceleration: float
    coils: int
    seed: int = 1

    @property
    def name(self) -> str:
        """Its part of a dotted name."""
        return f"{self.adult.lower()}.{self.kind}.r{self.acceleration:g}.c{self.coils}"

    @property
    def config(self) -> kspace.Config:
        """What scans it."""
        return kspace.Config(kind=self.kind, acceleration=self.acceleration, coils=self.coils)


@dataclass(frozen=True)
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
    kinds: tuple[str, ...] = KINDS
    coils: tuple[int, ...] = COILS


def cases() -> list[Case]:
    """All of them, those of one coil and the headline's mask first."""
    return [Case(adult, kind, R, c) for c in COILS for kind in KINDS for R in ACCELERATIONS for adult in ADULTS]


def ready(case: Case) -> Bench:
    """Scan an adult.

    Raises:
        ValueError: the adult's files cannot be had.
    """
    volume = data.load(case.adult)
    scan = kspace.simulate(kspace.slices(volume.x), case.config, case.seed)
    regions = {"brain": volume.brain}
    if case.adult == "stroke_T1":
        regions["lesion"] = lesion.of_patient(volume)
    return Bench(case, scan, volume.x, regions)


@cache
def tuned(adult: str, acceleration: float, seed: int, name: str) -> Setting:
    """The weight and the number of iterations that are best in the brain on a slab, by the reference."""
    bench = ready(Case(adult, "poisson", acceleration, 1, seed))
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
        setting = tuned(bench.case.adult, bench.case.acceleration, bench.case.seed, name)
        began = time.process_time()
        x = ITERATIVE[name][0](bench.scan, setting)
        seconds = time.process_time() - began
        return Result(x, settings={"weight": setting.weight, "iterations": setting.stop}, seconds=seconds)

    return make


def _zero_filled(bench: Bench) -> Result:
    return Result(baselines.zero_filled(bench.scan))


ITERATIVE: dict[str, tuple[Callable[..., Tensor], tuple[float, ...]]] = {
    "variation": (baselines.variation, (1e-4, 3e-4, 1e-3, 3e-3)),
    "wavelet": (baselines.wavelet, (1e-4, 3e-4, 1e-3, 3e-3)),
    "wavelet_sigpy": (baselines.wavelet_sigpy, (3e-4, 1e-3)),
}
CLASSICAL = (
    Method("zero_filled", _zero_filled, _CLASSICAL),
    Method("variation", _classical("variation"), _CLASSICAL),
    Method("wavelet", _classical("wavelet"), _CLASSICAL),
    Method("wavelet_sigpy", _classical("wavelet_sigpy"), _CLASSICAL, ("poisson",), (1,)),
)
MEAN = "mean"  # of `variation` and `wavelet`: the method to beat


def key(case: Case, method: Method, fingerprint: str) -> str:
    """Names what a cell's outcome depends on."""
    sources = recording.version_of([*_SHARED, *method.sources])
    return f"{case.name}.{method.name}.{recording.digest(sources, asdict(case.config), case.seed, fingerprint)}"


def compare(
    methods: tuple[Method, ...], chosen: list[Case], folder: Path, report: Report, until: float = float("inf")
) -> Recording:
    """Measure every method in every case, taking up what `folder` holds.

    Args:
        methods: those of `CLASSICAL`, and any that a network gives.
        chosen: the cases.
        folder: for cells.
        report: called with (what, done, total, latest figures).
        until: `time.monotonic()` at which it is put down.

    Raises:
        ValueError: the adults' files cannot be had.
        Paused: `until` came first.
    """
    torch.set_num_threads(1)
    prints = {adult: recording.digest(data.SCANS[adult].sha256) for adult in {case.adult for case in chosen}}
    facts: dict[str, float] = {}
    for done, case in enumerate(chosen):
        if time.monotonic() > until:
            raise Paused(f"{done} of {len(chosen)} cases are done")
        found = _case(case, methods, folder, prints[case.adult])
        facts |= {f"{case.name}.{name}": value for name, value in found.items()}
        shown = {name: found[f"{name}.brain.psnr"] for name in ("zero_filled", MEAN) if f"{name}.brain.psnr" in found}
        report(case.name, done + 1, len(chosen), shown)
    config = {"cases": [asdict(case) for case in chosen], "methods": [m.name for m in methods], "varies": list(VARIES)}
    version = recording.version_of([*_SHARED, *(path for method in methods for path in method.sources)])
    return Recording("scan_score", chosen[0].seed, config, version, dict(sorted(facts.items())), (), {})


VARIES = ("*.seconds", "*.peak_mib")


def _case(case: Case, methods: tuple[Method, ...], folder: Path, fingerprint: str) -> dict[str, float]:
    """Every method's figures in one case, under `<method>.<figure>`."""
    wanted = [m for m in methods if case.kind in m.kinds and case.coils in m.coils]
    names = {m.name: folder / f"{key(case, m, fingerprint)}.npz" for m in wanted}
    bench: Bench | None = None
    found: dict[str, float] = {}
    pictures: dict[str, Tensor] = {}
    for method in wanted:
        kept = _read(names[method.name])
        if kept is None:
            bench = bench or ready(case)
            kept = _run(method, bench)
            _write(names[method.name], *kept)
        found |= {f"{method.name}.{name}": value for name, value in kept[0].items()}
        pictures[method.name] = kept[1]
    if {"variation", "wavelet"} <= pictures.keys():
        mean = names["variation"].with_name(names["variation"].stem + f".{names['wavelet'].stem[-8:]}.mean.npz")
        kept = _read(mean)
        if kept is None:
            bench = bench or ready(case)
            x = (pictures["variation"] + pictures["wavelet"]) / 2
            measured = metrics.facts(x, bench.reference, bench.scan, dict(bench.regions))
            kept = (measured, x)
            _write(mean, *kept)
        found |= {f"{MEAN}.{name}": value for name, value in kept[0].items()}
        found[f"{MEAN}.seconds"] = found["variation.seconds"] + found["wavelet.seconds"]
    return found


def _run(method: Method, bench: Bench) -> tuple[dict[str, float], Tensor]:
    with memory.peak() as most:
        began = time.process_time()
        result = method.make(bench)
        seconds = result.seconds if result.seconds is not None else time.process_time() - began
    found = metrics.facts(result.x, bench.reference, bench.scan, dict(bench.regions))
    found |= {"seconds": seconds, "evaluations": float(result.evaluations), "peak_mib": most()}
    return found | {f"setting.{name}": value for name, value in (result.settings or {}).items()}, result.x


def _write(path: Path, facts: Mapping[str, float], x: Tensor) -> None:
    """A cell: its figures, and the picture in half precision for whatever is made of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    words = np.frombuffer(json.dumps(dict(facts)).encode(), np.uint8)
    with recording.atomic(path) as file:
        np.savez_compressed(file, words=words, x=x.half().numpy())


def _read(path: Path) -> tuple[dict[str, float], Tensor] | None:
    """A cell, or None where there is nothing usable."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            facts: dict[str, Any] = json.loads(kept["words"].tobytes())
            return {name: float(value) for name, value in facts.items()}, torch.from_numpy(kept["x"]).float()
    except (OSError, ValueError, KeyError, EOFError):
        return None


def lines(facts: Mapping[str, float], figure: str = "psnr", region: str = "brain") -> Iterator[tuple[str, str, float]]:
    """(case, method, value) of one figure, in the order of the cases."""
    for case in cases():
        start, end = f"{case.name}.", f".{region}.{figure}"
        for name, value in facts.items():
            if name.startswith(start) and name.endswith(end):
                yield case.name, name.removeprefix(start).removesuffix(end), value
