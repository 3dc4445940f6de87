"""Classical reconstructions: zero-filled, total variation, wavelets, and the mean of the last two.

Each minimises |A x - y|^2 / 2 + weight R(x) within the support, by FISTA (Beck and Teboulle 2009): over complex
volumes, or, where `real`, over real ones x >= 0. All are told the same: y, the mask, phase and coil sensitivities,
where `real` that x is real and not negative, and that x is 0 outside of a support taken from y. All weights are in
units of the scan's own `scale`. Stopping early is a setting like the weight: it does better than convergence, and is
tuned as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sigpy.linop
import sigpy.prox
import torch
from torch import Tensor

from stagelight.engines.scan.acquisition import masks
from stagelight.engines.scan.acquisition.operator import A_adjoint, Measured
from stagelight.engines.scan.methods import proximal
from stagelight.engines.scan.solvers import Watch, fista


@dataclass(frozen=True)
class Setting:
    """How a method is tuned."""

    weight: float  # of the penalty at the end, for an image whose brightest tissue is 1
    iterations: int  # of the whole course
    stop: int = 0  # after how many of them to stop early; 0 for none
    first: float = 0.1  # the weight at the start; it falls geometrically until nine tenths of the way

    @property
    def last(self) -> int:
        """The iteration after which it stops."""
        return self.stop or self.iterations


# Acceleration over coils, and the weight of total variation and of wavelets that the benchmark's search with the
# reference in hand finds there, the geometric mean of its two adults; 120 iterations nearly everywhere.
TUNED = ((4.0, 1e-3), (8.0, 5e-4), (12.0, 1.7e-4), (16.0, 3e-5))
ITERATIONS = 120
QUICK = Setting(weight=5e-4, iterations=16)
GUESS = Setting(weight=5e-4, iterations=60)


def zero_filled(scan: Measured, real: bool = True) -> Tensor:
    """A_adjoint(y), (S, H, W); where `real`, real and not negative."""
    image = A_adjoint(scan.y, scan.acquisition)
    return image.real.clamp_min(0) if real else image


def support(scan: Measured, level: float = 0.05, grow: int = 3) -> Tensor:
    """Where the object can be, from the data alone: the image of the centre of k-space above `level`, grown. (S, H, W).

    The centre is what every mask measures in full, a tenth of the way out; its image is blurred, so nothing is cut off.
    """
    mask = scan.acquisition.mask
    low = mask & torch.fft.ifftshift(torch.from_numpy(masks.radius(tuple(mask.shape)) <= 0.12))
    image = A_adjoint(scan.y * low, scan.acquisition).abs()
    inside = (image > level * scan.scale).float()[None, None]
    return torch.nn.functional.max_pool3d(inside, 2 * grow + 1, 1, grow)[0, 0]


def weights(setting: Setting, scale: float) -> list[float]:
    """The penalty's weight at each iteration, in the units of the scan.

    Starting far too heavy and easing off reaches in 20 iterations what a constant weight does not in 90: large
    structure first, from the centre of k-space outward.
    """
    last = max(0.9 * (setting.iterations - 1), 1.0)
    fall = setting.weight / setting.first
    return [scale * setting.first * fall ** min(k / last, 1.0) for k in range(setting.iterations)]


def variation(scan: Measured, setting: Setting, watch: Watch | None = None, real: bool = True) -> Tensor:
    """Total variation, isotropic, in three dimensions; two steps of its own dual in each iteration."""
    allowed, weight, start = support(scan), weights(setting, scan.scale), zero_filled(scan, real)
    dual = torch.zeros((3, *allowed.shape), dtype=start.dtype)

    def prox(x: Tensor, k: int) -> Tensor:
        return proximal.shrink_variation(x, weight[k], dual, 2, allowed)

    return fista(scan, start, prox, setting.last, watch)


def wavelet(scan: Measured, setting: Setting, watch: Watch | None = None, real: bool = True) -> Tensor:
    """Haar wavelets of three levels under a shift that changes with every iteration, in a fixed order."""
    allowed, weight = support(scan), weights(setting, scan.scale)

    def prox(x: Tensor, k: int) -> Tensor:
        return proximal.shrink_haar(x, 2 * weight[k], (5 * k % 8, 3 * k % 8, 7 * k % 8), 3, allowed)

    return fista(scan, zero_filled(scan, real), prox, setting.last, watch)


def wavelet_sigpy(scan: Measured, setting: Setting, watch: Watch | None = None) -> Tensor:
    """Daubechies wavelets of sigpy, its transform and its shrinking, within the same iteration; not shift-invariant."""
    allowed, weight = support(scan), weights(setting, scan.scale)
    transform = sigpy.linop.Wavelet(allowed.shape, wave_name="db4", level=3)
    shrink = sigpy.prox.UnitaryTransform(sigpy.prox.L1Reg(transform.oshape, 2.0), transform)

    def prox(x: Tensor, k: int) -> Tensor:
        # Once sigpy has shrunk complex numbers its threshold, compiled by numba at call, takes real ones for such.
        shrunk = np.ascontiguousarray(shrink(weight[k], x.numpy()).real)
        return torch.from_numpy(shrunk).clamp_min_(0).mul_(allowed)

    return fista(scan, zero_filled(scan), prox, setting.last, watch)


def quick(scan: Measured, setting: Setting = QUICK) -> Tensor:
    """A classical picture in a few core-seconds: the mean of short runs of total variation and wavelets. (S, H, W).

    What a network may be conditioned on and started from. In units of y (divide by `scan.scale` for about [0, 1]). Of a
    mask over (ky, kz) any slab of at least 8 slices, in multiples of 8, can be had alone (`operator.crop`, with
    `scale` and `sigma` of the whole scan); its outermost slices miss their neighbours.
    """
    return (variation(scan, setting) + wavelet(scan, setting)) / 2


def usual(scan: Measured) -> Setting:
    """The setting for a scan whose reference nobody has: `TUNED`, between its rows by the logarithm of both."""
    mask = scan.acquisition.mask
    rate = mask.numel() / max(1, int(mask.sum())) / len(scan.acquisition.sens)
    rates, found = np.log(TUNED).T
    return Setting(float(np.exp(np.interp(np.log(rate), rates, found))), ITERATIONS)


def first_guess(scan: Measured) -> tuple[Tensor, Tensor]:
    """Total variation and shifted Haar wavelets as in `quick`, but longer: their mean and their difference.

    (S, H, W) each. Set on a patient kept for that, ms_26, T1w: 60 iterations in place of 16 give .93 dB more at R = 16
    and 1.07 at R = 8 for three times the time, about 12 processor seconds for 144 slices.
    """
    edges, waves = variation(scan, GUESS), wavelet(scan, GUESS)
    return (edges + waves) / 2, edges - waves
