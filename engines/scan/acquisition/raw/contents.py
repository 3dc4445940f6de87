"""A measured scan as every reader hands it over, checked and put into one form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.scan.acquisition.raw import centre, limits

Kind = Literal["slice", "stack", "volume"]
Complex = NDArray[np.complex64]
Bools = NDArray[np.bool_]

DEAD = 1e-6  # of the median coil's energy
LEAST_SIDE = 8  # samples along an encoded axis


@dataclass(frozen=True)
class RawScan:
    """Measured Cartesian k-space. C coils, S slices or readout samples, H x W encoded samples.

    A slice has S = 1. A stack has its slices along S, in space, and is encoded along H (readout) and W (phase). A
    volume is encoded along all three: S is the readout, H the first phase encoding, W the second. Along an encoded
    axis of n samples the centre of k-space is at n // 2; the image is its centred inverse Fourier transform.
    """

    kspace: Complex  # (C, S, H, W); 0 where it was not measured
    mask: Bools  # (S, H, W); where it was measured
    kind: Kind
    spacing: tuple[float, float, float] | None  # mm along S, H, W
    affine: NDArray[np.float64] | None  # (4, 4): index (s, h, w) of the image -> mm to the right, front and top
    noise: Complex | None  # (C, N) samples without signal, scaled to the noise of a sample of `kspace`
    calibration: Complex | None  # (C, S, h, w) reference lines kept apart, centred as `kspace` is
    maps: Complex | None  # (C, S, H, W) sensitivities that came with the file
    coils: tuple[int, ...]  # the file's numbers of the C coils
    shift: tuple[int, int, int]  # samples by which k-space was rolled to its centre
    averages: float  # measurements of a sample, on average
    source: str  # the format
    facts: Mapping[str, str]  # from the header: scanner, sequence, times
    notes: tuple[str, ...]  # what was done, a sentence each

    @property
    def acceleration(self) -> float:
        """The grid's samples for each that was measured."""
        return self.mask.size / max(int(np.count_nonzero(self.mask)), 1)


@dataclass(frozen=True)
class Contents:
    """What a format's reader found. The fields are those of `RawScan`, before they are checked."""

    kspace: Complex
    kind: Kind
    source: str
    mask: Bools | None = None
    spacing: tuple[float, float, float] | None = None
    affine: NDArray[np.float64] | None = None
    noise: Complex | None = None
    calibration: Complex | None = None
    maps: Complex | None = None
    averages: float = 1.0
    facts: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def kind_of(slices: int) -> Kind:
    """The kind of so many slices."""
    return "slice" if slices == 1 else "stack"


def encoded_axes(kind: Kind) -> tuple[int, ...]:
    """The encoded axes of a (S, H, W) grid."""
    return (0, 1, 2) if kind == "volume" else (1, 2)


def checked(contents: Contents) -> RawScan:
    """Make a scan of what was read: finite, without dead coils, its mask known, its centre in the middle.

    Raises:
        ValueError: it holds no usable k-space.
    """
    kspace, notes = contents.kspace, list(contents.notes)
    limits.check_shape(kspace.shape)
    axes = encoded_axes(contents.kind)
    if min(kspace.shape[1 + axis] for axis in axes) < LEAST_SIDE:
        shape = " x ".join(map(str, kspace.shape))
        raise ValueError(f"shape {shape}, wanted at least {LEAST_SIDE} samples along each encoded axis")
    _finite(kspace, "k-space")
    coils = _live_coils(kspace)
    if len(coils) < len(kspace):
        dropped = [coil for coil in range(len(kspace)) if coil not in coils]
        notes.append(f"{len(dropped)} of {len(kspace)} coils without signal dropped: {', '.join(map(str, dropped))}")
        kspace = kspace[coils]
    mask = _mask(kspace, contents, notes)
    at = centre.peak(kspace, axes)
    sides = [kspace.shape[1 + axis] for axis in axes]
    shifts = centre.shift_to_middle(at, sides)
    if any(shifts):
        for coil in kspace:
            coil[:] = np.roll(coil, shifts, axes)
        mask = np.roll(mask, shifts, axes)
        notes.append(
            f"the centre of k-space, found at {_numbers(at)} of {_numbers(sides)}, rolled by {_numbers(shifts)} samples"
        )
    _note_partial(mask, contents.kind, notes)
    whole = [0, 0, 0]
    for axis, shift in zip(axes, shifts, strict=True):
        whole[axis] = shift
    return RawScan(
        kspace,
        mask,
        contents.kind,
        contents.spacing,
        contents.affine,
        _of_coils(contents.noise, coils, "noise"),
        _centred(_of_coils(contents.calibration, coils, "calibration"), axes),
        _of_coils(contents.maps, coils, "maps"),
        tuple(coils),
        (whole[0], whole[1], whole[2]),
        contents.averages,
        contents.source,
        contents.facts,
        tuple(notes),
    )


def _finite(values: Complex, name: str) -> None:
    lost = sum(int(np.count_nonzero(~np.isfinite(coil))) for coil in values)
    if lost:
        raise ValueError(f"{lost} samples of {name} are not finite numbers, wanted none; write the file again")


def _live_coils(kspace: Complex) -> list[int]:
    """The coils with signal."""
    energy = np.array([float(np.vdot(coil, coil).real) for coil in kspace])
    if not np.isfinite(energy).all():
        raise ValueError("samples too large to square, wanted magnitudes below 1e15; scale them down")
    if not energy.any():
        raise ValueError("every sample is 0, wanted measured k-space")
    typical = float(np.median(energy[energy > 0]))
    return [int(coil) for coil in np.flatnonzero(energy >= DEAD * typical)]


def _mask(kspace: Complex, contents: Contents, notes: list[str]) -> Bools:
    """The samples that were measured; what lies outside a mask that the file brings is set to 0."""
    sampled = np.any(kspace != 0, 0)
    if contents.mask is None:
        return _whole_lines(sampled, encoded_axes(contents.kind), notes)
    given = contents.mask
    outside = int(np.count_nonzero(sampled & ~given))
    if outside:
        kspace *= given
        notes.append(f"{outside} samples outside of the mask set to 0")
    if not np.any(sampled & given):
        raise ValueError("no sample within the mask, wanted a mask that is true where k-space was measured")
    return given


def _note_partial(mask: Bools, kind: Kind, notes: list[str]) -> None:
    """Say where a side of k-space was not measured."""
    names = ("readout", "first phase encoding", "second phase encoding")
    for axis, name in zip(encoded_axes(kind), names, strict=False):
        measured = np.flatnonzero(mask.any(tuple(a for a in range(3) if a != axis)))
        size = mask.shape[axis]
        before, after = int(measured[0]), size - 1 - int(measured[-1])
        if abs(before - after) > size // 10:
            notes.append(f"partial Fourier along the {name}: {max(before, after)} of {size} lines filled with zeros")


def _whole_lines(sampled: Bools, axes: tuple[int, ...], notes: list[str]) -> Bools:
    """Fill the holes in measured lines: a sample in the midst of one is 0 by rounding, not because it is missing."""
    readout, phase = axes[0], axes[1]
    for axis in (readout, phase):
        counts = np.count_nonzero(sampled, axis)
        if counts[counts > 0].min() * 2 < sampled.shape[axis]:
            continue
        begun = np.logical_or.accumulate(sampled, axis)
        ends = np.flip(np.logical_or.accumulate(np.flip(sampled, axis), axis), axis)
        filled = begun & ends
        if holes := int(np.count_nonzero(filled & ~sampled)):
            notes.append(f"{holes} samples that are 0 within measured lines count as measured")
        return np.asarray(filled)
    return np.asarray(sampled)


def _of_coils(values: Complex | None, coils: list[int], name: str) -> Complex | None:
    if values is None:
        return None
    _finite(values, name)
    return values[coils]


def _centred(calibration: Complex | None, axes: tuple[int, ...]) -> Complex | None:
    """The largest block of the reference lines that has their centre in its middle."""
    if calibration is None or not calibration.any():
        return None
    at = centre.peak(calibration, axes)
    sides = [calibration.shape[1 + axis] for axis in axes]
    block = [slice(None)] * 4
    for axis, found, size, shift in zip(axes, at, sides, centre.shift_to_middle(at, sides), strict=True):
        if shift:
            half = min(found, size - found)
            block[1 + axis] = slice(found - half, found + half)
    kept = calibration[tuple(block)]
    return kept if kept.size else None


def _numbers(values: Sequence[int]) -> str:
    return "(" + ", ".join(map(str, values)) + ")"
