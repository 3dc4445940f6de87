"""Data consistency: the image nearest to an estimate that explains what was measured as well as its noise asks.

Of a real image x with an estimate z whose error has spread `tau`, and measurements y of noise `sigma` in each part,

    argmin_x |A x - y|^2 / (2 sigma^2) + |x - z|^2 / (2 tau^2)

which solves (Re A* A + w) x = Re A* y + w z, w = (sigma / tau)^2: by conjugate gradients, started at z. Measured
points of k-space snap to what was measured as far as it is to be trusted; with sigma = 0 it is the projection onto the
data. A few steps do not reach it, only near it; how far a result is off the data is what `misfit` says.
"""

from __future__ import annotations

import math

from torch import Tensor

from stagelight.engines.scan.acquisition.operator import A, A_adjoint, Measured
from stagelight.engines.scan.solvers import conjugate_gradients

STEPS = 4


def consistent(z: Tensor, scan: Measured, tau: float, steps: int = STEPS) -> Tensor:
    """The solution above. z: (S, H, W) real; tau in the unit of z, above 0. Differentiable in z.

    Raises:
        ValueError: tau is not above 0.
    """
    if not tau > 0:
        raise ValueError(f"tau {tau:g}, wanted above 0: the spread of the estimate's error")
    pull, acquisition = (scan.sigma / tau) ** 2, scan.acquisition

    def operator(x: Tensor) -> Tensor:
        return A_adjoint(A(x, acquisition), acquisition).real + pull * x

    residual = A_adjoint(scan.y - A(z, acquisition), acquisition).real
    return conjugate_gradients(operator, z, residual, steps)


def misfit(x: Tensor, scan: Measured) -> float:
    """Root mean square of A x - y over the measured points, over the noise: 1 where x explains y to the noise."""
    acquisition = scan.acquisition
    count = int(acquisition.mask.expand(scan.y.shape).sum())
    power = float((A(x, acquisition) - scan.y).abs().square().sum()) / (2 * count)
    return math.sqrt(power) / max(scan.sigma, 1e-12)
