"""The benchmark: each method on the same scans.

`benchmark_cells` measures and caches it, `benchmark_summary` summarises it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import torch

from stagelight.engines.experiment.progress import NEVER, Progress, interrupt_after
from stagelight.engines.experiment.provenance import code_version, require_version
from stagelight.engines.recording import Recording
from stagelight.engines.scan import benchmark_cells, benchmark_summary, record
from stagelight.engines.scan.acquisition.masks import KINDS
from stagelight.engines.scan.benchmark_cases import ACCELERATIONS, ADULTS
from stagelight.engines.scan.methods import registry
from stagelight.engines.scan.methods.protocol import Case, Method, headline

SHOWN = ("mean", "diffusion", "unrolled")  # to a listener
VARIES = ("*.seconds", "*.peak_mib", "seconds.*", "peak_memory_gb")


def every() -> list[Case]:
    """What is published: each acceleration under three draws of a mask, and other scanners at R = 16 and 8.

    In the order of what is wanted most, because a run may be interrupted: where one method alone is in question first.
    """
    drawn = [
        Case(adult, KINDS[0], R, 1, seed=seed)
        for R in ACCELERATIONS
        for seed in benchmark_summary.DRAWS
        for adult in ADULTS
    ]
    first = [case for case in drawn if not headline(case) and case.acceleration != 4]
    every_way = [case for case in drawn if headline(case)]
    last = [case for case in drawn if case.acceleration == 4]
    coils, fewer = ([Case(adult, KINDS[0], R, 4) for adult in ADULTS] for R in (16.0, 8.0))
    kinds = [Case(adult, kind, 16.0, 1) for kind in ("density", "points") for adult in ADULTS]
    lines = [Case(adult, "lines", 4.0, 1) for adult in ADULTS]
    own = [Case(adult, KINDS[0], 16.0, count, estimated=True) for count in (1, 4) for adult in ADULTS]
    rarest = [Case(adult, KINDS[0], 32.0, 1) for adult in ADULTS]
    steep = [Case(adult, KINDS[0], 16.0, 1, falloff=4.0) for adult in ADULTS]
    return first + every_way[:2] + coils + every_way[2:] + lines + rarest + last + own + steep + kinds + fewer


def version() -> str:
    """The version of the code that makes the table."""
    return code_version(__name__)


def compare(before: Recording, cache: Path, progress: Progress, deadline: float = NEVER) -> Recording:
    """The scan's recording with the whole benchmark beside it.

    Raises:
        ValueError: the recording is of another engine than this one, or its table has a method that cannot be run here;
            or the adults' files cannot be had.
        Interrupted: the deadline passed; the same call resumes.
    """
    require_version(before, record.version())
    if lost := registry.lost(before.config.get("compared", {}).get("methods", ())):
        raise ValueError(f"{before.name}.json: its table would lose rows: {lost}, or choose cases with --only")
    every_method, chosen = registry.methods(), every()
    found = measure(every_method, chosen, cache / "cells", progress, deadline)
    compared = {"cases": [case.name for case in chosen], "methods": [method.name for method in every_method],
                "code_version": version()}  # fmt: skip
    varies = sorted({*before.config["varies"], *VARIES})
    return replace(
        before,
        config={**before.config, "compared": compared, "varies": varies},
        facts=dict(sorted({**before.facts, **found, **benchmark_summary.facts(found)}.items())),
    )


def measure(
    methods: tuple[Method, ...], chosen: list[Case], folder: Path, progress: Progress, deadline: float = NEVER
) -> dict[str, float]:
    """Measure every method in every case it is for; what `folder` holds is not measured again.

    Args:
        methods: as `registry.methods` returns them.
        chosen: the cases.
        folder: for cells.
        progress: told of each method and each case.
        deadline: moment of `time.monotonic()` at which the work is interrupted.

    Returns the figures, under `<case>.<method>.<figure>`.

    Raises:
        ValueError: an adult's files cannot be had.
        Interrupted: the deadline passed; the same call resumes.
    """
    torch.set_num_threads(1)
    facts: dict[str, float] = {}
    for done, case in enumerate(chosen):

        def begin(method: str, case: Case = case, done: int = done) -> None:
            interrupt_after(deadline, f"{done} of {len(chosen)} cases are done")
            progress(f"{case.name}, {method}", done, len(chosen), {})

        found = benchmark_cells.figures_of(case, methods, folder, begin)
        facts |= {f"{case.name}.{name}": round(value, 6) for name, value in found.items() if math.isfinite(value)}
        shown = {name: found[f"{name}.brain.psnr"] for name in SHOWN if f"{name}.brain.psnr" in found}
        progress(case.name, done + 1, len(chosen), shown)
    return facts


def lines(facts: Mapping[str, float], figure: str = "psnr", region: str = "brain") -> Iterator[tuple[str, str, float]]:
    """(case, method, value) of one figure, in the order of the cases."""
    for case in every():
        start, end = f"{case.name}.", f".{region}.{figure}"
        for name, value in facts.items():
            if name.startswith(start) and name.endswith(end):
                yield case.name, name.removeprefix(start).removesuffix(end), value
