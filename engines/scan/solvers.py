"""Solvers: conjugate gradients, accelerated proximal gradient, and data consistency.

Data consistency is the image nearest to an estimate that explains what was measured as well as its noise asks.
Of an image x with an estimate z whose error has spread `tau`, and measurements y of noise `sigma` in each part,

    argmin_x |A x - y|^2 / (2 sigma^2) + |x - z|^2 / (2 tau^2)

which solves (A* A + w) x = A* y + w z, w = (sigma / tau)^2, with Re A* for A* where images are real: by conjugate
gradients, started at z. Measured points of k-space snap to what was measured as far as it is to be trusted; with
sigma = 0 it is the projection onto the data. A few steps do not reach it, only near it; how far a result is off the
data is what `misfit` says.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import Tensor

from stagelight.engines.scan.acquisition.operator import A, Measured, gradient, normal, slabs

Prox = Callable[[Tensor, int], Tensor]  # (volume, iteration, counted from 0) -> volume
Watch = Callable[[int, Tensor], None]  # told of each iteration's volume, counted from 1
STEPS = 4  # of conjugate gradients towards consistency
TINY = 1e-20  # below which a power is taken for nothing


def conjugate_gradients(operator: Callable[[Tensor], Tensor], x: Tensor, residual: Tensor, steps: int) -> Tensor:
    """An approximate solution of `operator`(x) = b by conjugate gradients (Hestenes and Stiefel 1952).

    For tensors of any shape, real or complex. Differentiable in `x` and `residual`.

    Args:
        operator: linear, self-adjoint and positive.
        x: the start.
        residual: b - operator(x).
        steps: how many to take.
    """
    direction, power = residual, residual.abs().square().sum()
    for _ in range(steps):
        moved = operator(direction)
        stride = power / (direction.conj() * moved).sum().real.clamp_min(TINY)
        x = x + stride * direction
        residual = residual - stride * moved
        before, power = power, residual.abs().square().sum()
        direction = residual + (power / before.clamp_min(TINY)) * direction
    return x


def fista(scan: Measured, start: Tensor, prox: Prox, iterations: int, watch: Watch | None = None) -> Tensor:
    """Accelerated proximal gradient (Beck and Teboulle 2009), step 1, the norm of A being 1 at most. (S, H, W)."""
    x, z, t = start, start, 1.0
    for k in range(iterations):
        ahead = prox(z - gradient(z, scan), k)
        following = (1 + math.sqrt(1 + 4 * t * t)) / 2
        z = ahead + ((t - 1) / following) * (ahead - x)
        x, t = ahead, following
        if watch:
            watch(k + 1, x)
    return x


def consistent(z: Tensor, scan: Measured, tau: float, steps: int = STEPS) -> Tensor:
    """The solution above, differentiable in z.

    Args:
        z: (S, H, W), real or complex as x is to be.
        scan: the measurements.
        tau: in the unit of z, above 0.
        steps: of conjugate gradients.

    Raises:
        ValueError: tau is not above 0.
    """
    if not tau > 0:
        raise ValueError(f"tau {tau:g}, wanted above 0: the spread of the estimate's error")
    pull, acquisition = (scan.sigma / tau) ** 2, scan.acquisition

    def operator(x: Tensor) -> Tensor:
        return normal(x, acquisition) + pull * x

    return conjugate_gradients(operator, z, -gradient(z, scan), steps)


def misfit(x: Tensor, scan: Measured) -> float:
    """Root mean square of A x - y over the measured points, over the noise: 1 where x explains y to the noise."""
    count = int(scan.acquisition.mask.expand(scan.y.shape).sum())
    power = sum(float((A(x[part], at) - scan.y[:, part]).abs().square().sum()) for part, at in slabs(scan.acquisition))
    return math.sqrt(power / (2 * count)) / max(scan.sigma, 1e-12)
