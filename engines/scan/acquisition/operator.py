"""The forward operator and the simulated acquisition: y = M F S x + noise, and what follows from it.

x is a volume as slices, (S, H, W): S along the readout (feet to head), H and W along the two phase-encoded axes (left
to right, back to front). The readout is measured in full, so its Fourier transform can be undone at once; what is left
is one plane of k-space for each slice, all under one mask, and y is (C, S, H, W) in that form. It is unitary, so noise
stays white and of one sigma. A mask of `points` couples the slices; then the transform is over all three axes.

In memory k-space has its centre at index 0 of each axis; `masks` and pictures have it in the middle.
S multiplies by the smooth phase of the object and by each coil's sensitivity, both known to every method, as is that x
is real: `A_adjoint(y).real` is the adjoint for real volumes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stagelight.engines.scan.acquisition import coils, masks

SIGMA = 0.01  # of real and imaginary part each, where 1 is the brightest tissue
SLAB = 8  # slices times coils that are worked on at once
PRESCAN = 4096  # samples of noise alone, taken before the scan as scanners do


@dataclass(frozen=True)
class Config:
    """One acquisition."""

    kind: str = "poisson"
    acceleration: float = 16.0
    coils: int = 1
    sigma: float = SIGMA  # standard deviation of noise in the real part, and in the imaginary part
    center_fraction: float = 0.0125
    falloff: float = 2.0


@dataclass(frozen=True)
class Acquisition:
    """The scanner: what is measured and how it is seen. Says nothing of the object but its phase."""

    mask: Tensor  # (H, W), or (S, H, W) of kind `points`; bool, k-space centre at 0
    sens: Tensor  # (C, S, H, W) complex64: phase times coil sensitivity, sum over C of |sens|^2 = 1

    @property
    def axes(self) -> tuple[int, ...]:
        """Axes of the Fourier transform."""
        return (-2, -1) if self.mask.ndim == 2 else (-3, -2, -1)


@dataclass(frozen=True)
class Measured:
    """A scan: all that a method may look at."""

    acquisition: Acquisition
    y: Tensor  # (C, S, H, W) complex64, 0 where nothing was measured
    sigma: float  # of real and imaginary part each, estimated from the noise before the scan
    scale: float  # about the brightest tissue, estimated from y


def slices(x: NDArray[np.float32]) -> Tensor:
    """A volume (X, Y, Z) as slices (Z, X, Y)."""
    return torch.from_numpy(np.ascontiguousarray(x.transpose(2, 0, 1)))


def volume(x: Tensor) -> NDArray[np.float32]:
    """Slices (Z, X, Y) as a volume (X, Y, Z)."""
    return np.ascontiguousarray(x.numpy().transpose(1, 2, 0))


def A(x: Tensor, acquisition: Acquisition) -> Tensor:  # noqa: N802  # the papers' letter
    """What would be measured of x without noise. x: (S, H, W) real or complex; (C, S, H, W)."""
    seen: Tensor = torch.fft.fftn(x * acquisition.sens, dim=acquisition.axes, norm="ortho")
    return seen * acquisition.mask


def A_adjoint(y: Tensor, acquisition: Acquisition) -> Tensor:  # noqa: N802
    """The adjoint of A; of y as measured, the zero-filled image. (S, H, W) complex."""
    seen: Tensor = torch.fft.ifftn(y * acquisition.mask, dim=acquisition.axes, norm="ortho")
    return (seen * acquisition.sens.conj()).sum(0)


def alike(image: Tensor, x: Tensor) -> Tensor:
    """A complex image as x is: its real part where x is real, which makes A_adjoint the adjoint for real volumes."""
    return image if x.is_complex() else image.real


def gradient(x: Tensor, scan: Measured) -> Tensor:
    """The gradient of |A x - y|^2 / 2 at x: A_adjoint(A x - y), of a real x its real part; (S, H, W)."""
    return _back(x, scan.acquisition, lambda part, at: A(x[part], at) - scan.y[:, part])


def normal(x: Tensor, acquisition: Acquisition) -> Tensor:
    """A_adjoint(A x), of a real x its real part; (S, H, W)."""
    return _back(x, acquisition, lambda part, at: A(x[part], at))


def _back(x: Tensor, acquisition: Acquisition, seen: Callable[[slice, Acquisition], Tensor]) -> Tensor:
    """The adjoint of what is seen of some slices, for all slices of x."""
    out = torch.empty_like(x)
    for part, at in slabs(acquisition):
        out[part] = alike(A_adjoint(seen(part, at), at), x)
    return out


def slabs(acquisition: Acquisition) -> Iterator[tuple[slice, Acquisition]]:
    """A few slices at a time with the scanner for these, so that what lies between fits a processor's cache.

    A mask that couples the slices wants all of them at once.
    """
    coils, count = acquisition.sens.shape[:2]
    size = max(SLAB // coils, 1) if acquisition.mask.ndim == 2 else count
    for first in range(0, count, size):
        part = slice(first, first + size)
        yield part, Acquisition(acquisition.mask, acquisition.sens[:, part])


def middle(shape: tuple[int, ...]) -> Tensor:
    """The phase (H, W) by which centred k-space, its centre now at 0, becomes that of an image whose origin is at 0.

    The origin of a centred image is its voxel n // 2 along each axis; here an image's is its first one.
    """
    turns = [torch.fft.fftfreq(n, dtype=torch.float64) * (n // 2) for n in shape]
    angle = -2 * torch.pi * (turns[0][:, None] + turns[1])
    return torch.polar(torch.ones_like(angle), angle).to(torch.complex64)


def crop(acquisition: Acquisition, first: int, last: int) -> Acquisition:
    """The same scanner for some slices, where the mask leaves them independent.

    Raises:
        ValueError: the mask couples slices.
    """
    if acquisition.mask.ndim != 2:
        raise ValueError("a mask over three axes couples the slices; take the whole volume")
    return Acquisition(acquisition.mask, acquisition.sens[:, first:last])


def scanner(config: Config, shape: tuple[int, int, int], rng: np.random.Generator) -> Acquisition:
    """A mask, coils and an object's phase, all from one stream of chance."""
    plane = shape if config.kind == "points" else shape[1:]
    chosen = masks.Config(config.kind, config.acceleration, config.center_fraction, config.falloff)
    mask = np.fft.ifftshift(masks.make(chosen, plane, rng))
    sens = coils.maps(config.coils, shape, rng) * coils.phase(shape, rng)
    return Acquisition(torch.from_numpy(mask), torch.from_numpy(np.asarray(sens, np.complex64)))


def measure(x: Tensor, acquisition: Acquisition, sigma: float, rng: np.random.Generator) -> Measured:
    """Scan a volume: A x with complex white noise, and the noise and the scale as estimated from what was measured."""
    noise = rng.standard_normal((2, *acquisition.sens.shape), np.float32)
    y = A(x, acquisition) + sigma * torch.complex(*torch.from_numpy(noise)) * acquisition.mask
    prescan = sigma * rng.standard_normal(2 * PRESCAN)
    return Measured(acquisition, y, float(prescan.std()), scale_of(y, acquisition))


def scale_of(y: Tensor, acquisition: Acquisition) -> float:
    """The 99th percentile of the image of the centre of k-space alone: about the brightest tissue."""
    return brightest([glow(y, acquisition)])


def glow(y: Tensor, acquisition: Acquisition) -> Tensor:
    """The modulus of the image of the centre of k-space alone, (S, H, W).

    Only points within a tenth of the way out are used, where every mask is dense.
    """
    low = acquisition.mask & torch.from_numpy(np.fft.ifftshift(masks.radius(tuple(acquisition.mask.shape)) <= 0.1))
    return A_adjoint(y * low, acquisition).abs()


def brightest(glows: Sequence[Tensor]) -> float:
    """The 99th percentile of some images."""
    return float(np.quantile(torch.cat(list(glows)).numpy()[::2, ::2, ::2], 0.99))


def simulate(x: Tensor, config: Config, seed: int) -> Measured:
    """One scan of one volume, all chance from one seed. x: (S, H, W)."""
    rng = np.random.default_rng(seed)
    acquisition = scanner(config, (int(x.shape[0]), int(x.shape[1]), int(x.shape[2])), rng)
    return measure(x, acquisition, config.sigma, rng)
