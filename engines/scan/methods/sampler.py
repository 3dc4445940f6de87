"""The sampler: reverse diffusion with any denoiser `(x, sigma) -> x0`, and with data consistency where there are data.

From pure noise t counts down T -> 0. At each step (DDIM: Song et al., arXiv:2010.02502, in the sigma of EDM;
consistency as in DDS: Chung et al., arXiv:2303.05754):

1. denoise      d = D(x; sigma)
2. consistency  z = the image nearest to d that explains the measurements as their noise asks, over all of k-space
3. step down    x <- z + sigma' (sqrt(1 - eta^2) (x - z) / sigma + eta n)

DDS steps along x - d. Here it is x - z: where d is Gaussian about the image with the spread that consistency expects, z
is E[image | x, y], and the loop is the ODE of the posterior. Its samples are off the measurements by their noise, as
the image itself is. Along x - d each step pulls to the same measurements anew, and their noise is copied.

eta = 0 is deterministic once the first noise is drawn, eta = 1 forgets the noise it had. Sigma falls along EDM's
schedule (Karras et al., arXiv:2206.00364, eq. 5). Without consistency the same loop dreams.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from stagelight.engines.scan.methods.noise_schedule import Levels, karras
from stagelight.engines.scan.methods.protocol import Denoiser

Consistency = Callable[[Tensor, float], Tensor]  # of an estimate and the noise that it was made from


@dataclass(frozen=True)
class Schedule(Levels):
    """The steps of one sample."""

    steps: int = 24
    sigma_min: float = 0.004
    rho: float = 5.0
    eta: float = 0.3  # share of fresh noise


@dataclass(frozen=True)
class Step:
    """One step."""

    step: int  # done, 1 after the first
    sigma: float  # of the noise in x before it
    x: Tensor  # what the step began with
    denoised: Tensor  # the estimate before consistency
    consistent: Tensor  # and after


def sigmas(schedule: Schedule) -> list[float]:
    """sigma_0 > ... > sigma_{n-1} > 0 = sigma_n.

    Raises:
        ValueError: fewer than two steps, or bounds out of order.
    """
    if schedule.steps < 2 or not 0 < schedule.sigma_min < schedule.sigma_max:
        raise ValueError(
            f"{schedule.steps} steps, {schedule.sigma_max:g} to {schedule.sigma_min:g}; wanted 2 or more, falling, "
            "above 0"
        )
    return karras(schedule.steps, schedule.sigma_max, schedule.sigma_min, schedule.rho)


def run(
    schedule: Schedule, chance: torch.Generator, shape: tuple[int, ...], denoise: Denoiser,
    consistency: Consistency | None = None, dtype: torch.dtype = torch.float32, sign: float = 1.0,
) -> Iterator[Step]:  # fmt: skip
    """Sample one volume, a `Step` at a time; the last one's `consistent` is the result.

    Args:
        schedule: the noise levels.
        chance: of all noise; a denoiser may draw from it as well.
        shape: of the volume.
        denoise: the mean of x0 given x0 + sigma noise.
        consistency: the second line above; None: there are no data.
        dtype: of the volume; the noise of a complex one has the spread sigma in each part.
        sign: -1 turns all noise about. The mean of a sample and of its opposite has no error of first order in the
            noise (antithetic variates: Hammersley & Morton 1956), so that two of them do what dozens would else.
    """
    falling = sigmas(schedule)
    x = falling[0] * sign * _noise(shape, chance, dtype)
    for index, (sigma, following) in enumerate(pairwise(falling)):
        denoised = denoise(x, sigma)
        z = denoised if consistency is None else consistency(denoised, sigma)
        yield Step(index + 1, sigma, x, denoised, z)
        fresh = sign * _noise(shape, chance, dtype)
        direction = (1 - schedule.eta**2) ** 0.5 * (x - z) / sigma + schedule.eta * fresh
        x = z + following * direction


def _noise(shape: tuple[int, ...], chance: torch.Generator, dtype: torch.dtype) -> Tensor:
    """White noise of unit spread, of a complex kind in each part."""
    if dtype.is_complex:
        return torch.complex(*torch.randn((2, *shape), generator=chance))
    return torch.randn(shape, generator=chance, dtype=dtype)
