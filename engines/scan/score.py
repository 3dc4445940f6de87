"""What each method makes of the same scans, a cell at a time.

A cell is one scan and one method. What it measured is kept under a name made of all that it depends on, so a run that
was cut off goes on, and a change of one method asks for that method again.
"""

from __future__ import annotations

import json
import math
import time
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engines import recording
from engines.recording import Recording
from engines.scan import data, memory, metrics
from engines.scan.cases import CLASSICAL, SHARED, Bench, Case, Method, every, ready

Report = Callable[[str, int, int, Mapping[str, float]], None]
VARIES = ("*.seconds", "*.peak_mib")
MEAN = "mean"  # of `variation` and `wavelet`: the method to beat


class Paused(RuntimeError):  # noqa: N818  # it is no error
    """The time given was up; the next call goes on."""


def methods() -> tuple[Method, ...]:
    """The classical ones, and the network's where its weights are."""
    if not (Path(__file__).parent / "data" / "prior.safetensors").is_file():
        return CLASSICAL
    from engines.scan.methods import LEARNED  # noqa: PLC0415  # bring in the sentence encoder
    from engines.scan.peer_methods import PEERS  # noqa: PLC0415

    return (*CLASSICAL, *LEARNED, *PEERS)


def key(case: Case, method: Method, fingerprint: str) -> str:
    """Names what a cell's outcome depends on."""
    sources = recording.version_of([*SHARED, *method.sources])
    return f"{case.name}.{method.name}.{recording.digest(sources, asdict(case.config), case.seed, fingerprint)}"


def compare(
    methods: tuple[Method, ...], chosen: list[Case], folder: Path, report: Report, until: float = float("inf")
) -> Recording:
    """Measure every method in every case, taking up what `folder` holds.

    Args:
        methods: those of `cases.CLASSICAL`, and any that a network gives.
        chosen: the cases.
        folder: for cells.
        report: called with (what, done, total, latest figures).
        until: `time.monotonic()` at which it is put down.

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
        facts |= {f"{case.name}.{name}": value for name, value in found.items() if math.isfinite(value)}
        shown = {name: found[f"{name}.brain.psnr"] for name in ("zero_filled", MEAN) if f"{name}.brain.psnr" in found}
        report(case.name, done + 1, len(chosen), shown)
    config = {"cases": [asdict(case) for case in chosen], "methods": [m.name for m in methods], "varies": list(VARIES)}
    version = recording.version_of([*SHARED, *(path for method in methods for path in method.sources)])
    return Recording("scan_score", chosen[0].seed, config, version, dict(sorted(facts.items())), (), {})


def _case(case: Case, methods: tuple[Method, ...], folder: Path, starts: Callable[[str], None]) -> dict[str, float]:
    """Every method's figures in one case, under `<method>.<figure>`. `starts` is told what is about to be made."""
    fingerprint = recording.digest(data.SCANS[case.adult].sha256)
    wanted = [m for m in methods if case.kind in m.kinds and case.coils in m.coils]
    names = {m.name: folder / f"{key(case, m, fingerprint)}.npz" for m in wanted}
    bench: Bench | None = None
    found: dict[str, float] = {}
    pictures: dict[str, Tensor] = {}
    for method in wanted:
        kept = _read(names[method.name])
        if kept is None:
            starts(method.name)
            bench = bench or ready(case)
            kept = _run(method, bench)
            _write(names[method.name], *kept)
        found |= {f"{method.name}.{name}": value for name, value in kept[0].items()}
        pictures[method.name] = kept[1]
    if {"variation", "wavelet"} <= pictures.keys():
        mean = names["variation"].with_name(names["variation"].stem + f".{names['wavelet'].stem[-8:]}.mean.npz")
        kept = _read(mean)
        if kept is None:
            starts(MEAN)
            bench = bench or ready(case)
            x = (pictures["variation"] + pictures["wavelet"]) / 2
            kept = (metrics.facts(x, bench.reference, bench.scan, dict(bench.regions)), x)
            _write(mean, *kept)
        found |= {f"{MEAN}.{name}": value for name, value in kept[0].items()}
        found[f"{MEAN}.seconds"] = found["variation.seconds"] + found["wavelet.seconds"]
    return found


def _run(method: Method, bench: Bench) -> tuple[dict[str, float], Tensor]:
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


def _read(path: Path) -> tuple[dict[str, float], Tensor] | None:
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
