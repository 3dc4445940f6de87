"""What each method makes of the same scans, a cell at a time.

A cell is one scan and one method. What it measured is kept under a name made of all that it depends on, so a run that
was cut off goes on, and a change of one method asks for that method again. `told` says what it comes to.
"""

from __future__ import annotations

import json
import math
import time
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stagelight.engines import recording
from stagelight.engines.recording import Recording
from stagelight.engines.scan import data, kspace, memory, metrics, told
from stagelight.engines.scan.cases import (
    ACCELERATIONS,
    ADULTS,
    CLASSICAL,
    KINDS,
    SHARED,
    Bench,
    Case,
    Method,
    headline,
    ready,
)

Report = Callable[[str, int, int, Mapping[str, float]], None]
Cell = tuple[dict[str, float], Tensor]  # figures, and a picture (S, H, W)
VARIES = ("*.seconds", "*.peak_mib", "seconds.*", "peak_memory_gb")


class Paused(RuntimeError):  # noqa: N818  # it is no error
    """The time given was up; the next call goes on."""


def every() -> list[Case]:
    """What is published: each acceleration under three draws of a mask, and other scanners at R = 16 and 8.

    In the order of what is wanted most, because a run may be put down: where one method alone is in question first.
    """
    drawn = [Case(adult, KINDS[0], R, 1, seed=seed) for R in ACCELERATIONS for seed in told.DRAWS for adult in ADULTS]
    first = [case for case in drawn if not headline(case) and case.acceleration != 4]
    every_way = [case for case in drawn if headline(case)]
    last = [case for case in drawn if case.acceleration == 4]
    coils, fewer = ([Case(adult, KINDS[0], R, 4) for adult in ADULTS] for R in (16.0, 8.0))
    kinds = [Case(adult, kind, 16.0, 1) for kind in KINDS[1:] for adult in ADULTS]
    own = [Case(adult, KINDS[0], 16.0, count, estimated=True) for count in (1, 4) for adult in ADULTS]
    steep = [Case(adult, KINDS[0], 16.0, 1, falloff=4.0) for adult in ADULTS]
    return first + every_way[:2] + coils + every_way[2:] + last + own + steep + kinds + fewer


def methods() -> tuple[Method, ...]:
    """The classical ones, and the network's where its weights are."""
    if not (Path(__file__).resolve().parent / "data" / "prior.safetensors").is_file():
        return CLASSICAL
    from stagelight.engines.scan.methods import LEARNED  # noqa: PLC0415  # bring in the sentence encoder
    from stagelight.engines.scan.peer_methods import PEERS  # noqa: PLC0415

    return (*CLASSICAL, *LEARNED, *PEERS)


def key(case: Case, method: Method, fingerprint: str) -> str:
    """Names what a cell's outcome depends on."""
    sources = recording.version_of([*SHARED, *method.sources])
    depends = (sources, asdict(case.config), case.seed, case.estimated, fingerprint)
    return f"{case.name}.{method.name}.{recording.digest(*depends)}"


def compare(before: Recording, cache: Path, report: Report, until: float = float("inf")) -> Recording:
    """The scan's recording with the whole table beside it.

    Raises:
        ValueError: the recording is of another engine than this one; or the adults' files cannot be had.
        Paused: `until` came first.
    """
    if before.code_version != (now := recording.source_version(Path(__file__).resolve().parent)):
        raise ValueError(
            f"{before.name}.json: recorded by the engine as it was ({before.code_version}, now {now}); "
            "run `click record scan` first"
        )
    every_method, chosen = methods(), every()
    cells = measure(every_method, chosen, cache / "cells", report, until)
    compared = {"cases": [case.name for case in chosen], "methods": [method.name for method in every_method]}
    varies = sorted({*before.config["varies"], *VARIES})
    return replace(
        before,
        config={**before.config, "compared": compared, "varies": varies},
        facts=dict(sorted({**before.facts, **cells, **told.facts(cells)}.items())),
    )


def measure(
    methods: tuple[Method, ...], chosen: list[Case], folder: Path, report: Report, until: float = float("inf")
) -> dict[str, float]:
    """Measure every method in every case it is for, taking up what `folder` holds.

    Args:
        methods: those of `cases.CLASSICAL`, and any that a network gives.
        chosen: the cases.
        folder: for cells.
        report: called with (what, done, total, latest figures).
        until: `time.monotonic()` at which it is put down.

    Returns the figures, under `<case>.<method>.<figure>`.

    Raises:
        ValueError: the adults' files cannot be had.
        Paused: `until` came first.
    """
    torch.set_num_threads(1)
    facts: dict[str, float] = {}
    for done, case in enumerate(chosen):

        def starts(method: str, case: Case = case, done: int = done) -> None:
            if time.monotonic() > until:
                raise Paused(f"{done} of {len(chosen)} cases are done")
            report(f"{case.name}, {method}", done, len(chosen), {})

        found = _case(case, methods, folder, starts)
        facts |= {f"{case.name}.{name}": round(value, 6) for name, value in found.items() if math.isfinite(value)}
        shown = {name: found[f"{name}.brain.psnr"] for name in ("mean", "ours") if f"{name}.brain.psnr" in found}
        report(case.name, done + 1, len(chosen), shown)
    return facts


def _case(case: Case, methods: tuple[Method, ...], folder: Path, starts: Callable[[str], None]) -> dict[str, float]:
    """Every method's figures in one case, under `<method>.<figure>`. `starts` is told what is about to be made."""
    fingerprint = recording.digest(data.SCANS[case.adult].sha256)
    bench: Bench | None = None

    def cell(path: Path, name: str, make: Callable[[Bench], Cell]) -> Cell:
        nonlocal bench
        kept = _read(path)
        if kept is None:
            starts(name)
            bench = bench or ready(case)
            figures, x = make(bench)
            kept = figures, x.half().float()  # as it will be read
            _write(path, *kept)
        return kept

    found: dict[str, float] = {}
    keys: dict[str, str] = {}
    pictures: dict[str, Tensor] = {}
    for method in methods:
        if not method.where(case):
            continue
        keys[method.name] = key(case, method, fingerprint)
        path = folder / f"{keys[method.name]}.npz"
        figures, picture = cell(path, method.name, partial(_run, method))
        found |= {f"{method.name}.{name}": value for name, value in figures.items()}
        pictures[method.name] = picture
    for name, (one, other, make) in DERIVED.items():
        if {one, other} <= pictures.keys():
            path = folder / f"{case.name}.{name}.{recording.digest(keys[one], keys[other])}.npz"
            figures, _ = cell(path, name, partial(make, pictures[one], pictures[other]))
            found |= {f"{name}.{figure}": value for figure, value in figures.items()}
    if "mean.brain.psnr" in found:
        found["mean.seconds"] = found["variation.seconds"] + found["wavelet.seconds"]
        found["mean.evaluations"] = 0.0
        found["mean.peak_mib"] = max(found["variation.peak_mib"], found["wavelet.peak_mib"])
    return found


def _mean(one: Tensor, other: Tensor, bench: Bench) -> Cell:
    x = (one + other) / 2
    return metrics.facts(x, bench.reference, bench.scan, dict(bench.regions)), x


def _change(one: Tensor, other: Tensor, bench: Bench) -> Cell:
    """How far a picture moves, root mean square, over the noise that a full scan's voxel would have."""
    moved = kspace.volume(other - one)
    figures = {
        f"{name}.change": float(np.sqrt(np.mean(np.square(moved[within], dtype=np.float64)))) / bench.scan.sigma
        for name, within in bench.regions.items()
    }
    return figures, other - one


# What is made of two methods' pictures: under its name, both methods, how.
DERIVED: dict[str, tuple[str, str, Callable[[Tensor, Tensor, Bench], Cell]]] = {
    "mean": ("variation", "wavelet", _mean),
    **{name: ("ours", name, _change) for name in ("silent", "wrong_contrast", "wrong_side")},
}


def _run(method: Method, bench: Bench) -> Cell:
    with memory.peak() as most, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sigpy's of a slab thinner than its wavelet, and of dividing 0 by 0
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


def _read(path: Path) -> Cell | None:
    """A cell, or None where there is nothing usable."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            facts: dict[str, Any] = json.loads(kept["words"].tobytes())
            return {name: float(value) for name, value in facts.items()}, torch.from_numpy(kept["x"]).float()
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None


def lines(facts: Mapping[str, float], figure: str = "psnr", region: str = "brain") -> Iterator[tuple[str, str, float]]:
    """(case, method, value) of one figure, in the order of the cases."""
    for case in every():
        start, end = f"{case.name}.", f".{region}.{figure}"
        for name, value in facts.items():
            if name.startswith(start) and name.endswith(end):
                yield case.name, name.removeprefix(start).removesuffix(end), value
