"""Reconstruct measured k-space: what `click record scan --kspace` runs, as a function.

    from stagelight.engines.scan.acquisition.raw.reading import read
    from stagelight.engines.scan.reconstruct import reconstruct

    scan = read("head.h5")
    found = reconstruct(scan.kspace, scan.mask, kind=scan.kind)
    abs(found.image)  # (S, H, W)

Noise is whitened over coils, coils are compressed to a few virtual ones, their maps are estimated by ESPIRiT, and the
image is complex throughout: the network denoises the part in phase with the centre of k-space, wavelets the other. No
reference exists, so what is measured is kept apart: a tenth of the points outside of the centre is held out, predicted
from the others, and compared with what was measured there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stagelight.engines.experiment.progress import Progress, silent
from stagelight.engines.scan.acquisition import coil_estimation, masks, noise, operator
from stagelight.engines.scan.acquisition.operator import Acquisition, Measured
from stagelight.engines.scan.methods.of_measured import METHODS, Asked, available
from stagelight.engines.scan.solvers import misfit

Complex = NDArray[np.complex64]
Bools = NDArray[np.bool_]
COILS = 8  # virtual ones, at most
HELD_OUT = 0.1  # share of the points outside of the centre
LEAST_CENTRE = 8  # samples along each side of the fully sampled middle
MOST_WIDTH = 24  # of it that maps are estimated from


@dataclass(frozen=True)
class Prepared:
    """A measured scan, made ready: whitened, compressed, with maps and the object's phase."""

    scan: Measured  # in units in which the brightest tissue is about 1
    sigma: float  # of the noise, in the units of the k-space that was given
    share: float  # of the signal that the virtual coils hold
    notes: tuple[str, ...]  # what was estimated, a sentence each


@dataclass(frozen=True)
class Reconstruction:
    """What came of a scan. S slices of H x W."""

    image: Complex  # (S, H, W), in units in which the brightest tissue is about 1
    spread: NDArray[np.float32] | None  # (S, H, W) what its modulus may be off by, where the method says so
    sigma: float  # of the noise in real and imaginary part, in the image's units
    misfit: float  # rms of A x - y over the noise; 1 explains the measurements to the noise
    held_out: float  # the same over points that were held out of a second reconstruction
    notes: tuple[str, ...]


def reconstruct(
    kspace: Complex, mask: Bools | None = None, maps: Complex | None = None, sigma: float | None = None,
    prompt: str = "", *, kind: str = "", noise_scan: Complex | None = None, coils: int = COILS, sets: int = 1,
    method: str = "classical", samples: int = 4, seed: int = 1, progress: Progress = silent,
) -> Reconstruction:  # fmt: skip
    """Reconstruct Cartesian k-space of one or several coils.

    Args:
        kspace: (C, H, W) of one slice, or (C, S, H, W); the centre in the middle, 0 where nothing was measured.
        mask: (H, W), or (S, H, W), what was measured; None: where any coil is not 0.
        maps: coils' sensitivities, shaped as k-space; None: estimated.
        sigma: noise in real and imaginary part of each sample, coils alike; None: from `noise_scan`, or from the edge.
        prompt: a sentence about the scan, for the method "diffusion" alone.
        kind: "slice", "stack" (S counts slices in space) or "volume" (S is the readout, in k-space as well); "": a
            slice or a stack.
        noise_scan: (C, N) samples without signal.
        coils: virtual ones to compress to, at most.
        sets: of ESPIRiT maps, 1 or 2: 2 where the object is larger than the field of view.
        method: one of `of_measured.available()`.
        samples: of diffusion, of which the mean is taken.
        seed: of all chance.
        progress: told of each step.

    Raises:
        ValueError: the k-space cannot be reconstructed; in one line, with what was found and what was wanted.
    """
    if method not in available():
        raise ValueError(f"method {method!r}, wanted one of {', '.join(available())}")
    if prompt and method != "diffusion":
        raise ValueError(f"a prompt for method {method!r}, wanted none: it hears no words")
    ready = prepare(kspace, mask, maps, sigma, kind=kind, noise_scan=noise_scan, coils=coils, sets=sets)
    asked = Asked(prompt, samples, seed=seed)
    kept, apart = held_out(ready.scan, seed)
    image, spread = METHODS[method](ready.scan, asked, progress)
    predicted, _ = METHODS[method](kept, asked, progress)
    return Reconstruction(
        np.asarray(image.numpy(), np.complex64), None if spread is None else spread.numpy(), ready.scan.sigma,
        misfit(image, ready.scan), misfit(predicted, apart), ready.notes,
    )  # fmt: skip


def prepare(
    kspace: Complex, mask: Bools | None = None, maps: Complex | None = None, sigma: float | None = None,
    *, kind: str = "", noise_scan: Complex | None = None, coils: int = COILS, sets: int = 1,
) -> Prepared:  # fmt: skip
    """Whiten, compress and calibrate k-space; the arguments and errors are `reconstruct`'s."""
    kspace, mask, notes = _checked(kspace, mask, kind)
    if kind == "volume":  # the readout is measured in full, so its transform can be undone at once
        kspace = _along_readout(kspace)
    width = middle(mask)
    if maps is None and width < LEAST_CENTRE:
        raise ValueError(
            f"a fully sampled centre of {width} samples, wanted {LEAST_CENTRE} or more to estimate maps; give maps"
        )
    if sigma is not None and not sigma > 0:
        raise ValueError(f"sigma {sigma:g}, wanted above 0")
    if sigma is None:
        covariance = noise.at_edge(kspace, mask) if noise_scan is None else noise.covariance(noise_scan)
        notes.append("noise from " + ("the edge of k-space" if noise_scan is None else "the noise scan"))
    else:
        covariance = 2 * sigma**2 * np.eye(len(kspace), dtype=np.complex128)
    level = float(np.sqrt(np.trace(covariance).real / (2 * len(covariance))))
    matrix, share = noise.whitening(covariance), 1.0
    if maps is None and len(kspace) > coils:
        squeeze, share = noise.compression(noise.mixed(matrix, _middle_of(kspace, width)), coils)
        matrix = squeeze @ matrix
        notes.append(f"{len(kspace)} coils compressed to {coils}, which hold {100 * share:.1f} % of the signal")
    kspace = noise.mixed(matrix, kspace)
    if maps is not None:
        sens = noise.mixed(matrix, maps.reshape(kspace.shape))
    else:
        width = min(width, MOST_WIDTH)
        sens = np.stack([coil_estimation.espirit(kspace[:, s], width, sets)[0] for s in range(kspace.shape[1])], 1)
        notes.append(f"maps by ESPIRiT from the middle {width} x {width} samples")
    where = torch.fft.ifftshift(torch.from_numpy(mask))
    y = torch.fft.ifftshift(torch.from_numpy(kspace), dim=(-2, -1)) * operator.middle(mask.shape)
    at = torch.from_numpy(np.ascontiguousarray(sens))
    at = coil_estimation.phase(coil_estimation.low(y, where, at), at)
    acquisition = Acquisition(where, at)
    scale = operator.scale_of(y, acquisition)
    if not scale > 0:
        raise ValueError("the centre of k-space shows no object; see that the centre is in the middle")
    return Prepared(Measured(acquisition, y / scale, 1 / scale, 1.0), level, share, tuple(notes))


def held_out(scan: Measured, seed: int) -> tuple[Measured, Measured]:
    """A scan without some of its points outside of the centre, and those points as a scan of their own."""
    mask = scan.acquisition.mask
    rng, around = np.random.default_rng(seed), coil_estimation.centre(mask)
    away = torch.fft.ifftshift(torch.from_numpy(masks.radius(tuple(mask.shape))))
    free = np.flatnonzero((mask & (away > around)).numpy())
    chosen = torch.zeros(mask.numel(), dtype=torch.bool)
    chosen[rng.choice(free, max(1, int(HELD_OUT * len(free))), replace=False)] = True
    apart = chosen.view(mask.shape)

    def only(kept: Tensor) -> Measured:
        return replace(scan, acquisition=Acquisition(kept, scan.acquisition.sens), y=scan.y * kept)

    return only(mask & ~apart), only(mask & apart)


def middle(mask: Bools) -> int:
    """The side of the largest square in the middle of k-space that was measured in full, an even number."""
    sides, reach = [n // 2 for n in mask.shape], 0
    while reach < min(sides) and mask[tuple(slice(n - reach - 1, n + reach + 1) for n in sides)].all():
        reach += 1
    return 2 * reach


def _checked(kspace: Complex, mask: Bools | None, kind: str) -> tuple[Complex, Bools, list[str]]:
    """K-space as (C, S, H, W), its mask as (H, W), and notes."""
    if kind not in {"", "slice", "stack", "volume"}:
        raise ValueError(f"kind {kind!r}, wanted slice, stack or volume")
    if kspace.ndim == 3 and kind != "volume":
        kspace = kspace[:, None]
    if kspace.ndim != 4 or min(kspace.shape) < 1 or min(kspace.shape[2:]) < LEAST_CENTRE:
        shape = " x ".join(map(str, kspace.shape))
        raise ValueError(f"k-space of shape {shape}, wanted (coils, H, W) or (coils, S, H, W), sides 8 and more")
    if not np.issubdtype(kspace.dtype, np.number) or not np.isfinite(kspace).all():
        raise ValueError("k-space holds what are not finite numbers, wanted complex samples")
    kspace = kspace.astype(np.complex64, copy=False)
    measured = (kspace != 0).any(0) if mask is None else np.broadcast_to(mask, kspace.shape[1:])
    plane = np.asarray(measured.any(0))
    if not plane.any():
        raise ValueError("every sample is 0, wanted measured k-space")
    notes = []
    if not (measured == plane).all():
        if mask is not None or (measured != plane).mean() > 0.02:
            raise ValueError("slices are sampled at different points, wanted one mask for all; give slice by slice")
        notes.append("a few measured samples are exactly 0")
    return kspace * plane, plane, notes


def _along_readout(kspace: Complex) -> Complex:
    """The inverse transform along S, coil by coil, centred."""
    return np.stack(
        [np.fft.fftshift(np.fft.ifft(np.fft.ifftshift(one, 0), axis=0, norm="ortho"), 0) for one in kspace]
    ).astype(np.complex64)


def _middle_of(kspace: Complex, width: int) -> Complex:
    half, (height, across) = max(width // 2, 4), kspace.shape[2:]
    return kspace[:, :, height // 2 - half : height // 2 + half, across // 2 - half : across // 2 + half]
