"""Reconstructions of a recording's patient by the methods that need no sampling."""

from __future__ import annotations

import time

import numpy as np
from torch import Tensor

from stagelight.engines.experiment.cache import Arrays
from stagelight.engines.scan.acquisition import operator
from stagelight.engines.scan.acquisition.operator import Measured
from stagelight.engines.scan.benchmark_cases import ADULTS
from stagelight.engines.scan.methods import classical, tuned_classical, unrolled
from stagelight.engines.scan.methods.classical import Setting
from stagelight.engines.scan.model import denoiser
from stagelight.engines.scan.model.refiner import Refiner

METHODS = ("zero_filled", "variation", "wavelet", "mean", "unrolled")


def settings(name: str, config: operator.Config) -> tuple[Setting, Setting] | None:
    """Weights and iterations of total variation and wavelets that are best for this very patient; None if not known."""
    if name not in ADULTS or config.kind != "poisson":
        return None
    edges, waves = (
        tuned_classical.tuned(name, config.acceleration, config.coils, method) for method in ("variation", "wavelet")
    )
    return edges, waves


def volumes(
    model: Refiner, scan: Measured, sentence: str, lossy: bool, settings: tuple[Setting, Setting] | None
) -> Arrays:
    """Each method's volume (X, Y, Z) in [0, 1], and under `<method>_seconds` the seconds of one core that it took.

    `settings` are those of total variation and of wavelets; None takes `classical.usual`.
    """
    scale, scan = scan.scale, denoiser.unit(scan)
    found: Arrays = {}
    began = time.process_time()

    def keep(name: str, x: Tensor) -> Tensor:
        nonlocal began
        found[f"{name}_seconds"] = np.array(time.process_time() - began)
        found[name] = (operator.volume(x) * scale).astype(np.float16)
        began = time.process_time()
        return x

    keep("zero_filled", classical.zero_filled(scan))
    edges, waves = settings or (classical.usual(scan),) * 2
    keep(
        "mean",
        (keep("variation", classical.variation(scan, edges)) + keep("wavelet", classical.wavelet(scan, waves))) / 2,
    )
    *_, last = unrolled.run(denoiser.ready(model, scan, lossy=lossy), sentence)
    keep("unrolled", last.consistent)
    found["mean_seconds"] = found["variation_seconds"] + found["wavelet_seconds"]
    return found
