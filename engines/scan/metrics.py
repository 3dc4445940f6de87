"""Metrics of a reconstruction, against the reference and against the data.

Volumes are (X, Y, Z), the reference in [0, 1]. The reference is a magnitude image with noise of its own, so even a
perfect method would not reach it.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from stagelight.engines.scan.acquisition import masks
from stagelight.engines.scan.acquisition.operator import A, Measured

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
BANDS = (0.0, 0.15, 0.35, 0.6, 1.0)  # edges, as parts of the way from the centre of k-space to its edge


def psnr(x: Floats, reference: Floats, within: Mask) -> float:
    """Peak signal-to-noise ratio in dB where 1 is the peak: -10 log10 of the mean squared error within a mask."""
    return float(-10 * np.log10(np.mean(np.square(x[within] - reference[within], dtype=np.float64))))


def nrmse(x: Floats, reference: Floats, within: Mask) -> float:
    """|x - reference| / |reference| within a mask."""
    return float(np.linalg.norm(x[within] - reference[within]) / np.linalg.norm(reference[within]))


def ssim(x: Floats, reference: Floats, within: Mask) -> float:
    """Structural similarity (Wang et al. 2004) in three dimensions, its mean within a mask.

    Gaussian windows of 1.5 voxels cut at 3.5 of those, population statistics, constants of a data range of 1.
    """
    c1, c2 = 0.01**2, 0.03**2

    def blur(image: Floats) -> Floats:
        return np.asarray(ndimage.gaussian_filter(image, 1.5, truncate=3.5), np.float32)

    mean_x, mean_r = blur(x), blur(reference)
    var_x, var_r = blur(x * x) - mean_x**2, blur(reference * reference) - mean_r**2
    both = blur(x * reference) - mean_x * mean_r
    top = (2 * mean_x * mean_r + c1) * (2 * both + c2)
    bottom = (mean_x**2 + mean_r**2 + c1) * (var_x + var_r + c2)
    return float(np.mean((top / bottom)[within]))


def residual_over_noise(x: torch.Tensor, scan: Measured) -> float:
    """|A x - y| over what noise alone would give; 1 is as faithful as the data allow, below 1 fits noise. (S, H, W)."""
    measured = int(scan.acquisition.mask.sum()) * scan.y[0].numel() // scan.acquisition.mask.numel() * len(scan.y)
    left = torch.linalg.vector_norm(A(x, scan.acquisition) - scan.y)
    return float(left) / (scan.sigma * math.sqrt(2 * measured))


def bands(x: Floats, reference: Floats, within: Mask) -> list[float]:
    """Error by frequency, |F(x - reference)| / |F reference| in each of the `BANDS`, both cut to the mask."""
    error = np.abs(np.fft.fftn(np.where(within, x - reference, 0)))
    signal = np.abs(np.fft.fftn(np.where(within, reference, 0)))
    away = np.fft.ifftshift(masks.radius(x.shape))
    found = []
    for low, high in pairwise(BANDS):
        ring = (away >= low) & (away < high)
        found.append(float(np.linalg.norm(error[ring]) / np.linalg.norm(signal[ring])))
    return found


def facts(x: torch.Tensor, reference: Floats, scan: Measured, regions: dict[str, Mask]) -> dict[str, float]:
    """All of these under dotted names: `<region>.psnr`, ..., `residual`, `<region>.band_1`. x: (S, H, W)."""
    image = x.numpy().transpose(1, 2, 0)
    found = {"residual": residual_over_noise(x, scan)}
    for name, within in regions.items():
        found |= {
            f"{name}.psnr": psnr(image, reference, within),
            f"{name}.nrmse": nrmse(image, reference, within),
            f"{name}.ssim": ssim(image, reference, within),
        }
    by_band = bands(image, reference, regions["brain"])
    return found | {f"brain.band_{n}": value for n, value in enumerate(by_band, 1)}
