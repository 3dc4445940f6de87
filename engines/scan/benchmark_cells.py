"""A cell of the benchmark: one simulated scan reconstructed by one method, measured, and cached.

A cell's file is named after the code that makes it, its method's module included, and the weights that it reads. So a
run that was cut off resumes, and a change of one method asks for that method again.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from stagelight.engines.experiment import cache, provenance
from stagelight.engines.scan import metrics, peak_memory
from stagelight.engines.scan.acquisition import operator
from stagelight.engines.scan.benchmark_cases import ready
from stagelight.engines.scan.methods.protocol import Bench, Case, Method

Cell = tuple[dict[str, float], Tensor]  # figures, and a picture (S, H, W)


def key(case: Case, method: Method) -> str:
    """A name that changes with all that a cell's outcome depends on."""
    version = provenance.code_version(__name__, method.module, files=method.files)
    return f"{case.name}.{method.name}.{provenance.key(version, asdict(case))}"


def figures_of(case: Case, methods: tuple[Method, ...], folder: Path, begin: Callable[[str], None]) -> dict[str, float]:
    """Every method's figures in one case, under `<method>.<figure>`. `begin` is told what is about to be made."""
    bench: Bench | None = None

    def cell(name: str, file: str, make: Callable[[Bench], Cell]) -> Cell:
        def compute() -> cache.Arrays:
            nonlocal bench
            begin(name)
            bench = bench or ready(case)
            figures, x = make(bench)
            return {"words": cache.pack_words(figures), "x": x.half().numpy()}

        kept = cache.get_or_compute(folder / f"{file}.npz", compute, "words", "x")
        return cache.unpack_words(kept["words"]), torch.from_numpy(kept["x"]).float()

    keys = {method.name: key(case, method) for method in methods if method.where(case)}
    found: dict[str, float] = {}
    pictures: dict[str, Tensor] = {}
    for method in methods:
        if method.name in keys:
            figures, pictures[method.name] = cell(method.name, keys[method.name], partial(_run, method))
            found |= {f"{method.name}.{name}": value for name, value in figures.items()}
    for name, (one, other, make) in DERIVED.items():
        if {one, other} <= pictures.keys():
            file = f"{case.name}.{name}.{provenance.key(keys[one], keys[other])}"
            figures, _ = cell(name, file, partial(make, pictures[one], pictures[other]))
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
    moved = operator.volume(other - one)
    figures = {
        f"{name}.change": float(np.sqrt(np.mean(np.square(moved[within], dtype=np.float64)))) / bench.scan.sigma
        for name, within in bench.regions.items()
    }
    return figures, other - one


# What is made of two methods' pictures: under its name, both methods, how.
DERIVED: dict[str, tuple[str, str, Callable[[Tensor, Tensor, Bench], Cell]]] = {
    "mean": ("variation", "wavelet", _mean),
    **{name: ("pair", name, _change) for name in ("silent", "wrong_contrast", "wrong_side", "nonsense")},
}


def _run(method: Method, bench: Bench) -> Cell:
    with peak_memory.peak() as most, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sigpy's of a slab thinner than its wavelet, and of dividing 0 by 0
        began = time.process_time()
        result = method.make(bench)
        seconds = result.seconds if result.seconds is not None else time.process_time() - began
    found = metrics.facts(result.x, bench.reference, bench.scan, dict(bench.regions))
    found |= {"seconds": seconds, "evaluations": float(result.evaluations), "peak_mib": most()}
    return found | {f"setting.{name}": value for name, value in (result.settings or {}).items()}, result.x
