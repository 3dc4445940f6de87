"""sigpy's own reconstructions: complex total variation and complex L1-wavelet, as anyone would run them.

They are given k-space, its mask, and maps by sigpy's ESPIRiT of the fully sampled centre (of one coil, a map of ones).
They know nothing of the image's phase, nor that it is real and not negative, which every other row is told; the picture
is the modulus of what they find. That is the point of these rows: what the knowledge is worth, and what is had without.

The readout is measured in full, so one problem over all three axes is solved, not one for each slice. Weight and number
of iterations are tuned on a slab of the very scan with the reference in hand.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
import sigpy
import torch
from numpy.typing import NDArray
from sigpy.mri.app import EspiritCalib, L1WaveletRecon, TotalVariationRecon

from stagelight.engines.scan import metrics
from stagelight.engines.scan.acquisition import operator
from stagelight.engines.scan.acquisition.operator import Measured
from stagelight.engines.scan.methods.protocol import Bench, Case, Method, Result
from stagelight.engines.scan.methods.tuned_classical import SLAB

Complex = NDArray[np.complex64]
WEIGHTS = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
STOPS = (15, 30, 45, 60)  # iterations after which a method may stop
WIDEST = 24  # samples of the centre that ESPIRiT is calibrated on, sigpy's default
# The norms of the operators are known, so that steps need not be searched for: 1 of the scan, 12 of the differences.
# Of the primal-dual method the dual step is short, for the penalty is small: 30 iterations do more than 100 of step 1.
DUAL = 0.1
APPS: dict[str, Callable[..., Any]] = {
    "variation": partial(TotalVariationRecon, sigma=DUAL, tau=1 / (13 * DUAL)),
    "wavelet": partial(L1WaveletRecon, alpha=1.0),
}


@dataclass(frozen=True)
class Given:
    """A scan as sigpy takes it, its centre of k-space and of the image in the middle."""

    y: Complex  # (C, S, H, W), the readout's transform undone
    maps: Complex  # (C, S, H, W)
    mask: NDArray[np.float32]  # (1, H, W)


def given(scan: Measured) -> Given:
    """The k-space centred, and maps of coils from it.

    Raises:
        ValueError: the mask couples slices.
    """
    if scan.acquisition.mask.ndim != 2:
        raise ValueError("a mask over three axes has no plane of k-space to calibrate on; choose poisson or lines")
    plane = tuple(scan.acquisition.mask.shape)
    mask = np.fft.fftshift(scan.acquisition.mask.numpy())
    y = np.fft.fftshift((scan.y * operator.middle(plane).conj()).numpy(), (-2, -1))
    return Given(y, _maps(y, _width(mask)), mask[None].astype(np.float32))


def _width(mask: NDArray[np.bool_]) -> int:
    """The side of the largest square in the middle that is measured in full, up to `WIDEST`."""
    widths = [n for n in range(1, WIDEST + 1) if sigpy.resize(mask.astype(np.uint8), (n, n)).all()]
    return max(widths, default=0)


def _maps(y: Complex, width: int) -> Complex:
    """One set of ESPIRiT maps for each slice; none is cut off where the eigenvalue is small, as in air."""
    if len(y) == 1:
        return np.ones_like(y)
    options = {"calib_width": width, "kernel_width": min(6, width // 2), "crop": 0, "max_iter": 30, "show_pbar": False}
    with np.errstate(divide="ignore", invalid="ignore"):  # where nothing is seen
        slices = [EspiritCalib(np.ascontiguousarray(y[:, s]), **options).run() for s in range(y.shape[1])]
    return np.asarray(np.nan_to_num(np.stack(slices, 1)), np.complex64)


def reconstruct(
    name: str, known: Given, weight: float, iterations: int, watch: Callable[[int, Complex], None] | None = None
) -> Complex:
    """The image, (S, H, W) complex, by one of `APPS`.

    Args:
        name: of the app.
        known: the scan.
        weight: of the penalty, in the units of y.
        iterations: how many to run.
        watch: told of each iteration's image, counted from 1.
    """
    y = sigpy.fft(known.y, axes=(-3,))
    app = APPS[name](y, known.maps, weight, weights=known.mask, max_iter=iterations, show_pbar=False)
    for k in range(iterations):
        app.alg.update()
        if watch:
            watch(k + 1, app.x)
    return np.asarray(app.x)


def tuned(name: str, known: Given, bench: Bench) -> tuple[float, int]:
    """The weight of `WEIGHTS`, for a scale of 1, and the number of iterations that are best in the brain on a slab.

    From the middle of the weights, uphill.
    """
    part = slice(*SLAB)
    slab = Given(known.y[:, part], np.ascontiguousarray(known.maps[:, part]), known.mask)
    target, inside = bench.reference[:, :, part], bench.regions["brain"][:, :, part]

    @lru_cache
    def best(at: int) -> tuple[float, int]:
        found: dict[int, float] = {}

        def watch(k: int, x: Complex) -> None:
            if k in STOPS:
                found[k] = metrics.psnr(np.abs(x).transpose(1, 2, 0), target, inside)

        reconstruct(name, slab, WEIGHTS[at] * bench.scan.scale, STOPS[-1], watch)
        return max((psnr, k) for k, psnr in found.items())

    at, last = len(WEIGHTS) // 2, len(WEIGHTS) - 1
    while (better := max((at, max(at - 1, 0), min(at + 1, last)), key=best)) != at:
        at = better
    return WEIGHTS[at], best(at)[1]


@lru_cache(maxsize=1)
def _ready(bench: Bench) -> tuple[Given, float]:
    began = time.process_time()
    return given(bench.scan), time.process_time() - began


def _peer(name: str) -> Method:
    def make(bench: Bench) -> Result:
        known, seconds = _ready(bench)
        weight, iterations = tuned(name, known, bench)
        began = time.process_time()
        x = torch.from_numpy(np.abs(reconstruct(name, known, weight * bench.scan.scale, iterations)))
        seconds += time.process_time() - began
        return Result(x, settings={"weight": weight, "iterations": iterations}, seconds=seconds)

    return Method(f"sigpy_{name}", make, __name__, where=_where)


def _where(case: Case) -> bool:
    """Tell whether a case is one of theirs: one and four coils, the headline's mask at R = 16 and 8, lines at 4."""
    first = case == Case(case.adult, case.kind, case.acceleration, case.coils)
    return first and (case.kind, case.acceleration) in {("poisson", 16.0), ("poisson", 8.0), ("lines", 4.0)}


SIGPY = (_peer("variation"), _peer("wavelet"))
