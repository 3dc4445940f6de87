"""Coils and phase estimated from the scan itself, in place of the true maps where nobody knows them.

The centre of k-space is sampled in full. Tapered, so that it does not ring, and taken back coil by coil it gives a
blurred image of what each coil saw; a coil's map is that over the root of the sum of squares of all (Roemer et al.
1990; McKenzie et al. 2002). The object's phase is in it, as it is in `Acquisition.sens`. Blurring mixes phases where
they turn quickly, so the maps are then fitted once to all measurements, as smooth functions and with total variation's
image in place of the true one: one round of JSENSE (Ying and Sheng 2007), with cosines for its polynomials.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import sigpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from stagelight.engines.scan.acquisition import masks
from stagelight.engines.scan.acquisition.operator import Acquisition, Measured
from stagelight.engines.scan.methods import classical
from stagelight.engines.scan.solvers import conjugate_gradients

NEIGHBOURS = 2.0  # slices, the spread of a Gaussian along the readout: maps are as smooth there as in the plane
COSINES = (9, 8, 8)  # along S, H and W: what a fitted map is made of
IMAGE = classical.Setting(weight=5e-4, iterations=60)
STEPS = 12  # of conjugate gradients
RIDGE = 1e-3


def calibrated(scan: Measured) -> Measured:
    """The same measurements with coil maps estimated from them, as if the true ones were not known.

    Raises:
        ValueError: the mask couples slices.
    """
    if scan.acquisition.mask.ndim != 2:
        raise ValueError("a mask over three axes has no plane of k-space to calibrate on; choose poisson or density")
    first = from_centre(scan)
    return fitted(first, classical.variation(first, IMAGE))


def from_centre(scan: Measured) -> Measured:
    """Maps from the centre alone."""
    blurred = _along(torch.fft.ifft2(scan.y * _taper(scan.acquisition.mask), norm="ortho"))
    return _with(scan, blurred)


def fitted(scan: Measured, x: Tensor) -> Measured:
    """Maps that explain the measurements best, were x the image: sums of `COSINES`, started from the scan's own.

    By conjugate gradients on |M F (s x) - y|^2 + RIDGE |a|^2 over the coefficients a of each map s. x: (S, H, W) real.
    """
    mask = scan.acquisition.mask
    waves = [_cosines(length, count) for length, count in zip(x.shape, COSINES, strict=True)]

    def maps(a: Tensor) -> Tensor:
        made: Tensor = torch.einsum("cijk,is,jh,kw->cshw", a, *waves)
        return made

    def back(seen: Tensor) -> Tensor:
        parts: Tensor = torch.einsum("cshw,is,jh,kw->cijk", seen, *waves)
        return parts

    def forward(a: Tensor) -> Tensor:
        seen: Tensor = torch.fft.fft2(maps(a) * x, norm="ortho")
        return seen * mask

    def adjoint(y: Tensor) -> Tensor:
        return back(torch.fft.ifft2(y * mask, norm="ortho") * x)

    def operator(a: Tensor) -> Tensor:
        return adjoint(forward(a)) + RIDGE * a

    start = back(scan.acquisition.sens)
    residual = adjoint(scan.y - forward(start))
    return _with(scan, maps(conjugate_gradients(operator, start, residual, STEPS)))


def espirit(
    kspace: NDArray[np.complex64],
    width: int,
    sets: int = 1,
    *,
    kernel: int = 6,
    thresh: float = 0.02,
    crop: float = 0.9,
) -> NDArray[np.complex64]:
    """Maps from the centre of one slice's k-space by ESPIRiT (Uecker et al., MRM 2014, doi 10.1002/mrm.24751).

    Of the images' local covariance between coils, which the calibration matrix implies, these are the eigenvectors of
    the largest eigenvalues, 1 where the model holds. sigpy's `EspiritCalib` finds the first by a power method. The
    covariance is a product of kernels of a few samples, so it is summed over lags and transformed once for each pair of
    coils, not once for each kernel.

    Args:
        kspace: (C, H, W), its centre in the middle.
        width: samples along each side of the fully sampled middle.
        sets: of maps; a second one holds what folds over where the field of view is smaller than the object.
        kernel: samples along each side of a block of the calibration matrix.
        thresh: of the largest singular value, below which one counts as noise.
        crop: eigenvalue below which a map is 0.

    Returns:
        (sets, C, H, W), the first coil's phase 0.

    Raises:
        ValueError: the middle is smaller than a block.
    """
    count, height, across = kspace.shape
    if width < kernel + 2:
        raise ValueError(f"a fully sampled middle of {width} samples, wanted {kernel + 2} or more")
    calib = sigpy.resize(kspace, [count, width, width])
    blocks = sigpy.array_to_blocks(calib, [kernel] * 2, [1] * 2).reshape(count, -1, kernel**2)
    matrix = blocks.transpose(1, 0, 2).reshape(-1, count * kernel**2)
    _, strength, rows = np.linalg.svd(matrix, full_matrices=False)
    rows = rows[strength > thresh * strength.max()]
    pairs = (rows.T @ rows.conj()).reshape(count, kernel, kernel, count, kernel, kernel)
    lags = np.zeros((count, count, 2 * kernel - 1, 2 * kernel - 1), np.complex64)
    for h, w in np.ndindex(kernel, kernel):
        lags[:, :, h : h + kernel, w : w + kernel] += pairs[:, h, w, :, ::-1, ::-1]
    total = sigpy.ifft(sigpy.resize(lags, (count, count, height, across)), axes=(-2, -1))
    total *= (height * across) ** 0.5 / kernel**2
    values, vectors = torch.linalg.eigh(torch.from_numpy(np.ascontiguousarray(total.transpose(2, 3, 0, 1))))
    found = vectors.flip(-1)[..., :sets] * (values.flip(-1)[..., None, :sets] > crop)
    turned = found * torch.polar(torch.ones_like(found[..., :1, :].real), -found[..., :1, :].angle())
    return np.ascontiguousarray(turned.permute(3, 2, 0, 1).numpy())


def low(y: Tensor, mask: Tensor, maps: Tensor) -> Tensor:
    """The blurred image (S, H, W) of the centre of k-space alone, all coils together."""
    taper, image = _taper(mask), torch.zeros_like(y[0])
    for one, seen in zip(y, maps, strict=True):  # by coil: together they may take gigabytes
        image += torch.fft.ifft2(one * taper, norm="ortho") * seen.conj()
    return image


def centre(mask: Tensor) -> float:
    """Up to which part of the way to the edge every point of k-space is measured. mask: (H, W), its centre at 0."""
    return 1.0 if bool(mask.all()) else float(_away(mask)[~mask].min())


def _with(scan: Measured, maps: Tensor) -> Measured:
    """The scan with these maps, brought to a sum of squares of 1."""
    strength = maps.abs().square().sum(0).sqrt()
    return replace(scan, acquisition=Acquisition(scan.acquisition.mask, maps / strength.clamp_min(1e-12)))


def _taper(mask: Tensor) -> Tensor:
    """(H, W) from 1 in the middle to 0 where the first point is missing, along half a cosine; the centre at index 0."""
    share = (_away(mask) / centre(mask)).clamp_max(1).float()
    window: Tensor = 0.5 + 0.5 * torch.cos(torch.pi * share)
    return window


def _away(mask: Tensor) -> Tensor:
    away: Tensor = torch.fft.ifftshift(torch.from_numpy(masks.radius((mask.shape[0], mask.shape[1]))))
    return away


def _along(images: Tensor) -> Tensor:
    """Smoothed along the slices, (C, S, H, W) complex."""
    reach = int(3 * NEIGHBOURS)
    kernel = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / NEIGHBOURS) ** 2)
    ends = images[:, :1].expand(-1, reach, -1, -1), images[:, -1:].expand(-1, reach, -1, -1)
    padded, found = torch.cat((ends[0], images, ends[1]), 1), torch.zeros_like(images)
    for first, weight in enumerate(kernel / kernel.sum()):
        found += weight * padded[:, first : first + images.shape[1]]
    return found


def _cosines(length: int, count: int) -> Tensor:
    """(count, length) the slowest cosines of the discrete cosine transform, orthonormal."""
    at = (torch.arange(length) + 0.5) / length
    waves = torch.cos(torch.pi * torch.arange(min(count, length))[:, None] * at)
    unit: Tensor = waves / torch.linalg.vector_norm(waves, dim=1, keepdim=True)
    return unit.to(torch.complex64)
