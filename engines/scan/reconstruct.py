"""Reconstruct measured k-space: what `click record scan --kspace` runs, as a function.

    from stagelight.engines.scan.acquisition.raw.reading import read
    from stagelight.engines.scan.reconstruct import reconstruct

    scan = read("head.h5")
    found = reconstruct(scan.kspace, scan.mask, kind=scan.kind)
    abs(found.image)  # (S, H, W)

Noise is whitened over coils, coils are compressed to a few virtual ones, their maps are estimated by ESPIRiT, and the
image is complex throughout: the network denoises the part in phase with the centre of k-space, wavelets the other.
Where the object is larger than the field of view, a second set of maps sees what folds over; that is reconstructed by
the classical mean, in turns with the rest, and taken out of what a method is given. Slices of a stack are reconstructed
one by one, for they have gaps between them, and each may be sampled at points of its own; a volume, as one. No
reference exists, so what is measured is kept apart: a tenth of the points outside of the centre is held out, predicted
from the others, and compared with what was measured there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stagelight.engines.experiment.progress import Progress, silent
from stagelight.engines.scan.acquisition import coil_estimation, masks, noise, operator
from stagelight.engines.scan.acquisition.operator import A, Acquisition, Measured
from stagelight.engines.scan.methods.of_measured import METHODS, Asked, available
from stagelight.engines.scan.solvers import misfit

Complex = NDArray[np.complex64]
Bools = NDArray[np.bool_]
COILS = 8  # virtual ones, at most
HELD_OUT = 0.1  # share of the points outside of the centre
LEAST_CENTRE = 8  # samples along each side of the fully sampled middle
MOST_WIDTH = 24  # of it that maps are estimated from
FOLDED = 0.01  # share of the voxels from which a second set of maps counts as seen
TURNS = 2  # of the image and what folds over


@dataclass(frozen=True)
class Part:
    """What is reconstructed at once: one slice, or a volume."""

    scan: Measured  # in units in which the brightest tissue of all parts is about 1
    second: Tensor | None  # (C, S, H, W) maps of what folds over; None where nothing does


@dataclass(frozen=True)
class Prepared:
    """A measured scan, made ready: whitened, compressed, with maps and the object's phase."""

    parts: tuple[Part, ...]
    sigma: float  # of the noise, in the units of the k-space that was given
    share: float  # of the signal that the virtual coils hold
    notes: tuple[str, ...]  # what was estimated, a sentence each


@dataclass(frozen=True)
class Reconstruction:
    """What came of a scan. S slices of H x W."""

    image: Complex  # (S, H, W), in units in which the brightest tissue is about 1
    folded: Complex | None  # (S, H, W) what a second set of maps sees, in the same units
    spread: NDArray[np.float32] | None  # (S, H, W) what its modulus may be off by, where the method says so
    sigma: float  # of the noise in real and imaginary part, in the image's units
    misfit: float  # rms of A x - y over the noise; 1 explains the measurements to the noise
    held_out: float  # the same over points that were held out of a second reconstruction
    notes: tuple[str, ...]


def reconstruct(
    kspace: Complex, mask: Bools | None = None, maps: Complex | None = None, sigma: float | None = None,
    prompt: str = "", *, kind: str = "", noise_scan: Complex | None = None, coils: int = COILS, sets: int = 0,
    method: str = "classical", samples: int = 4, seed: int = 1, progress: Progress = silent,
) -> Reconstruction:  # fmt: skip
    """Reconstruct Cartesian k-space of one or several coils.

    Args:
        kspace: (C, H, W) of one slice, or (C, S, H, W); the centre in the middle, 0 where nothing was measured.
        mask: (H, W), or (S, H, W), what was measured, of a volume the same all along S; None: where any coil is not 0.
        maps: coils' sensitivities, shaped as k-space; None: estimated.
        sigma: noise in real and imaginary part of each sample, coils alike; None: from `noise_scan`, or from the edge.
        prompt: a sentence about the scan, for the method "diffusion" alone.
        kind: "slice", "stack" (S counts slices in space) or "volume" (S is the readout, in k-space as well); "": a
            slice or a stack.
        noise_scan: (C, N) samples without signal.
        coils: virtual ones to compress to, at most.
        sets: of ESPIRiT maps, 1 or 2; 0: two where a second one sees something, as it does where the object is larger
            than the field of view.
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
    found = solve(ready, method, asked, progress)
    return replace(found, held_out=prediction(ready, method, asked, progress))


def solve(ready: Prepared, method: str, asked: Asked, progress: Progress = silent) -> Reconstruction:
    """Reconstruct from all points; nothing is held out, and `held_out` is not a number."""
    images, overs, spreads, misfits = [], [], [], []
    for index, part in enumerate(ready.parts):
        scan, over = unfolded(part)
        x, spread = METHODS[method](scan, asked, _share(progress, index, len(ready.parts)))
        images.append(x)
        overs += [] if over is None else [over]
        spreads += [] if spread is None else [spread]
        misfits.append((misfit(x, scan), int(scan.acquisition.mask.sum()) * len(x)))
    return Reconstruction(
        torch.cat(images).numpy().astype(np.complex64), torch.cat(overs).numpy() if overs else None,
        torch.cat(spreads).numpy() if spreads else None,
        ready.parts[0].scan.sigma, _mean(misfits), math.nan, ready.notes,
    )  # fmt: skip


def prediction(ready: Prepared, method: str, asked: Asked, progress: Progress = silent) -> float:
    """The error on points that a method was not given, over their noise, rms."""
    errors = []
    for index, part in enumerate(ready.parts):
        kept, apart = held_out(part, asked.seed)
        x, _ = METHODS[method](kept, asked, _share(progress, index, len(ready.parts)))
        errors.append((misfit(x, apart), int(apart.acquisition.mask.sum()) * len(x)))
    return _mean(errors)


def prepare(
    kspace: Complex, mask: Bools | None = None, maps: Complex | None = None, sigma: float | None = None,
    *, kind: str = "", noise_scan: Complex | None = None, coils: int = COILS, sets: int = 0,
) -> Prepared:  # fmt: skip
    """Whiten, compress and calibrate k-space; the arguments and errors are `reconstruct`'s."""
    if sets not in (0, 1, 2):
        raise ValueError(f"{sets} sets of maps, wanted 1 or 2")
    if maps is not None and sets == 2:
        raise ValueError("maps given and two sets asked for, wanted either: given maps are one set")
    kspace, sampled, notes = _checked(kspace, mask, kind)
    width = min(middle(each) for each in sampled)
    if maps is None and width < LEAST_CENTRE:
        raise ValueError(
            f"a fully sampled centre of {width} samples, wanted {LEAST_CENTRE} or more to estimate maps; give maps"
        )
    if sigma is not None and not sigma > 0:
        raise ValueError(f"sigma {sigma:g}, wanted above 0")
    most = coils if maps is None else len(kspace)
    matrix, level, share, said = _whitening(kspace, sampled, kind, sigma, noise_scan, most, width)
    notes += said
    shape, kspace = kspace.shape, _mixed(matrix, _coils(kspace, sampled, kind))
    if maps is not None:
        sens = noise.mixed(matrix, maps.reshape(shape))[None]
    else:
        sens, said = _estimated(kspace, min(width, MOST_WIDTH), sets)
        notes += said
    one_by_one = [slice(n, n + 1) for n in range(kspace.shape[1])]
    scans = [_scan(kspace[:, part], sampled[part][0], sens[:, :, part])
             for part in ([slice(None)] if kind == "volume" else one_by_one)]  # fmt: skip
    del kspace, sens
    scale = operator.brightest([
        operator.glow(y[:, part], operator.crop(at[0], part.start, part.stop))
        for y, at in scans for part in one_by_one[: y.shape[1]]
    ])  # fmt: skip
    if not scale > 0:
        raise ValueError("the centre of k-space shows no object; see that the centre is in the middle")
    parts = tuple(
        Part(Measured(at[0], y.div_(scale), 1 / scale, 1.0), at[1].sens if len(at) > 1 else None) for y, at in scans
    )
    return Prepared(parts, level, share, tuple(notes))


def _scan(kspace: Complex, mask: Bools, sens: Complex) -> tuple[Tensor, list[Acquisition]]:
    """Measurements in the operator's order, (C, S, H, W), and with each set of maps the scanner; maps take up a phase.

    The phase is that of the middle of k-space, so that the image that is left to find is nearly real.
    """
    where = torch.fft.ifftshift(torch.from_numpy(mask.copy()))
    y = torch.fft.ifftshift(torch.from_numpy(kspace), dim=(-2, -1)).mul_(operator.middle(mask.shape))
    found = []
    for maps in sens:
        each = torch.from_numpy(np.ascontiguousarray(maps))
        image = coil_estimation.low(y, where, each)
        found.append(Acquisition(where, each.mul_(torch.polar(torch.ones_like(image.real), image.angle()))))
    return y, found


def _whitening(
    kspace: Complex, sampled: Bools, kind: str, sigma: float | None, noise_scan: Complex | None, most: int, width: int
) -> tuple[NDArray[np.complex128], float, float, list[str]]:
    """The matrix to at most so many white virtual coils, the noise, the share of the signal they hold, and notes."""
    outer, core, notes = noise.edge(sampled, len(kspace)), _core(sampled.shape, width), []
    known = [(one[outer], one[core]) for one in _coils(kspace, sampled, kind)]
    if sigma is not None:
        covariance = 2 * sigma**2 * np.eye(len(kspace), dtype=np.complex128)
    elif noise_scan is not None:
        covariance = noise.covariance(noise_scan)
        notes.append("noise from the noise scan")
    else:
        covariance = noise.at_edge(np.stack([far for far, _ in known]))
        notes.append("noise from the edge of k-space")
    level = float(np.sqrt(np.trace(covariance).real / (2 * len(covariance))))
    matrix, share = noise.whitening(covariance), 1.0
    if len(kspace) > most:
        squeeze, share = noise.compression(noise.mixed(matrix, np.stack([near for _, near in known])), most)
        matrix = squeeze @ matrix
        notes.append(f"{len(kspace)} coils compressed to {most}, which hold {100 * share:.1f} % of the signal")
    return matrix, level, share, notes


def _estimated(kspace: Complex, width: int, sets: int) -> tuple[Complex, list[str]]:
    """One or two sets of maps, (sets, C, S, H, W), and what to say of them."""
    found = np.zeros((1 if sets == 1 else 2, *kspace.shape), np.complex64)
    for s in range(kspace.shape[1]):
        found[:, :, s] = coil_estimation.espirit(kspace[:, s], width, len(found))
    notes = [f"maps by ESPIRiT from the middle {width} x {width} samples"]
    if len(found) > 1:
        seen = float(np.mean([(each != 0).any(0).mean() for each in found[1].swapaxes(0, 1)]))
        if sets == 0 and seen < FOLDED:
            return found[:1].copy(), notes
        notes.append(f"a second set of maps, of what folds over, in {100 * seen:.1f} % of the field of view")
    return found, notes


def unfolded(part: Part) -> tuple[Measured, Tensor | None]:
    """A scan without what its second set of maps sees, and that, (S, H, W) complex.

    The one and the other are reconstructed in turns from what the other leaves, by the classical mean.
    """
    scan = part.scan
    if part.second is None:
        return scan, None
    other = Acquisition(scan.acquisition.mask, part.second)
    rest, over = scan, torch.zeros(part.second.shape[1:], dtype=torch.complex64)
    for _ in range(TURNS):
        x, _ = METHODS["classical"](rest, Asked(), silent)
        left = Measured(other, scan.y - A(x, scan.acquisition), scan.sigma, scan.scale)
        over, _ = METHODS["classical"](left, Asked(), silent)
        rest = replace(scan, y=scan.y - A(over, other))
    return rest, over


def held_out(part: Part, seed: int) -> tuple[Measured, Measured]:
    """A scan without some of its points outside of the centre, and those points as a scan of their own.

    What folds over is taken out of both, as the points that are kept tell it.
    """
    scan, mask = part.scan, part.scan.acquisition.mask
    rng, around = np.random.default_rng(seed), coil_estimation.centre(mask)
    away = torch.fft.ifftshift(torch.from_numpy(masks.radius((int(mask.shape[0]), int(mask.shape[1])))))
    free = np.flatnonzero((mask & (away > around)).numpy())
    chosen = torch.zeros(mask.numel(), dtype=torch.bool)
    chosen[rng.choice(free, max(1, int(HELD_OUT * len(free))), replace=False)] = True
    apart = chosen.view(mask.shape)

    def only(kept: Tensor) -> Measured:
        return replace(scan, acquisition=Acquisition(kept, scan.acquisition.sens), y=scan.y * kept)

    (kept, over), predicted = unfolded(replace(part, scan=only(mask & ~apart))), only(mask & apart)
    if over is None or part.second is None:
        return kept, predicted
    return kept, replace(predicted, y=predicted.y - A(over, Acquisition(mask & apart, part.second)))


def middle(mask: Bools) -> int:
    """The side of the largest square in the middle of k-space that was measured in full, an even number."""
    sides, reach = [n // 2 for n in mask.shape], 0
    while reach < min(sides) and mask[tuple(slice(n - reach - 1, n + reach + 1) for n in sides)].all():
        reach += 1
    return 2 * reach


def _checked(kspace: Complex, mask: Bools | None, kind: str) -> tuple[Complex, Bools, list[str]]:
    """K-space as (C, S, H, W), its masks as (S, H, W), and notes."""
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
    empty = int(np.count_nonzero(~measured.any((1, 2))))
    if empty == len(measured):
        raise ValueError("every sample is 0, wanted measured k-space")
    if kind != "volume":
        if empty:
            raise ValueError(
                f"{empty} of {len(measured)} slices without a sample that is not 0, wanted measured slices"
            )
        return kspace, np.asarray(measured), []
    plane, notes = np.asarray(measured.any(0)), []
    if not (measured == plane).all():
        if mask is not None or (measured != plane).mean() > 0.02:
            raise ValueError("a volume sampled at different points along its readout, wanted one mask for all")
        notes.append("a few measured samples are exactly 0")
    return kspace, np.broadcast_to(plane, measured.shape), notes


def _coils(kspace: Complex, sampled: Bools, kind: str) -> Iterator[Complex]:
    """Each coil's samples (S, H, W), of a volume along the readout in space: its transform can be undone at once.

    One at a time, for a volume's coils may take gigabytes.
    """
    for one in kspace:
        held = one * sampled
        if kind == "volume":
            held = np.fft.fftshift(np.fft.ifft(np.fft.ifftshift(held, 0), axis=0, norm="ortho"), 0)
        yield held.astype(np.complex64, copy=False)


def _mixed(matrix: NDArray[np.complex128] | Complex, coils: Iterator[Complex]) -> Complex:
    """As `noise.mixed`, coil by coil."""
    found = None
    for column, one in zip(matrix.astype(np.complex64).T, coils, strict=True):
        if found is None:
            found = np.zeros((len(column), *one.shape), np.complex64)
        for virtual, share in enumerate(column):
            found[virtual] += share * one
    assert found is not None
    return found


def _core(shape: tuple[int, ...], width: int) -> tuple[slice, ...]:
    """The middle of k-space, of every slice."""
    half = max(width // 2, 4)
    return (slice(None), *(slice(max(n // 2 - half, 0), n // 2 + half) for n in shape[1:]))


def _share(progress: Progress, index: int, count: int) -> Progress:
    """Progress of one part of several."""
    return lambda what, done, total, figures: progress(what, index * total + done, count * total, figures)


def _mean(rms: Sequence[tuple[float, int]]) -> float:
    """The root of the mean square of some, each of so many points."""
    total = sum(points for _, points in rms)
    return math.sqrt(sum(value**2 * points for value, points in rms) / total)
