"""K-space in Siemens twix files: the last measurement's image lines, with noise and reference lines kept apart.

Lines and headers are laid out as twixtools describes them. Its own loop over a file is not used: it does not end where
a damaged length is 0, and reserves what a damaged header asks for.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.scan.acquisition.raw import readouts
from stagelight.engines.scan.acquisition.raw.contents import Bools, Complex, Contents, Kind
from stagelight.engines.scan.acquisition.raw.readouts import Grid, Sizes
from stagelight.engines.scan.acquisition.raw.twix_protocol import Protocol, parse

Bytes = NDArray[np.uint8]

MOST_LINES = 4 << 20
DMA_LENGTH = (1 << 25) - 1
OTHERWISE = ("RTFEEDBACK", "HPFEEDBACK", "REFPHASESTABSCAN", "PHASESTABSCAN", "PHASCOR", "noname60")
COUNTERS = ("Lin", "Par", "Sli", "Eco", "Phs", "Set")


@dataclass(frozen=True)
class Line:
    """One readout of all coils, still in the file."""

    start: int  # of its first coil's block
    block: int  # bytes of a coil's block
    skip: int  # of these, before the samples
    coils: int
    discard: tuple[int, int]  # samples at the beginning and at the end
    flags: frozenset[str]
    counters: dict[str, int]
    centre: tuple[int, int, int]  # of the readout, the first and the second phase encoding
    position: tuple[float, float, float]  # mm to the left, back and top
    quaternion: tuple[float, float, float, float]

    def read(self, data: Bytes) -> Complex:
        """Its samples, (C, n), as stored."""
        block = data[self.start : self.start + self.coils * self.block].reshape(self.coils, self.block)
        return np.ascontiguousarray(block[:, self.skip :]).view("<c8")


def contents(path: Path) -> Contents:
    """Read a twix file of the VB or of the VD/VE kind.

    Raises:
        ValueError: it is cut off, has no image lines, or these do not fit its protocol.
    """
    data = np.memmap(path, np.uint8, "r")
    images: list[Line] = []
    noise: list[Line] = []
    chosen: tuple[Protocol, list[Line]] | None = None
    extents, extended = _measurements(data)
    for start, end in extents:
        first, protocol = parse(data, start, end)
        lines = _lines(data, first, end, extended)
        noise = [line for line in lines if "NOISEADJSCAN" in line.flags] or noise
        images = [line for line in lines if _is_image(line)]
        if images:
            chosen = protocol, lines
    if chosen is None:
        raise ValueError(f"{len(extents)} measurements and no image lines, wanted a scan of an image")
    return _assembled(data, *chosen, noise)


def _measurements(data: Bytes) -> tuple[list[tuple[int, int]], bool]:
    """Where each measurement begins and ends, and whether the file is of the VD/VE kind."""
    from twixtools import hdr_def  # noqa: PLC0415  # the extra scan-raw

    first, second = (int(value) for value in data[:8].view("<u4"))
    if not (first < 10000 and second <= hdr_def.max_raidfile_entries):
        return [(0, len(data))], False
    head = hdr_def.MultiRaidFileHeader
    if len(data) < head.itemsize or not second:
        raise ValueError("its list of measurements is cut off or empty, wanted a whole twix file; copy it again")
    entries = data[: head.itemsize].view(head)[0]["entry"][:second]
    extents = []
    for entry in entries:
        start, length = int(entry["off_"]), int(entry["len_"])
        end = start + length if length else len(data)
        if not head.itemsize <= start < end <= len(data):
            raise ValueError(
                f"a measurement from byte {start} to {end} in a file of {len(data)}, wanted it within; copy it again"
            )
        extents.append((start, end))
    return extents, True


def _lines(data: Bytes, start: int, end: int, extended: bool) -> list[Line]:
    """The readouts of a measurement."""
    from twixtools import mdh_def  # noqa: PLC0415  # the extra scan-raw

    kind = mdh_def.Scan_header if extended else mdh_def.VB17_header
    head = ctypes.sizeof(kind)
    skip = ctypes.sizeof(mdh_def.Channel_header) if extended else head
    before = head if extended else 0
    lines: list[Line] = []
    at = start
    while at + head <= end:
        mdh = kind.from_buffer_copy(data[at : at + head].tobytes())
        flags = frozenset(name for bit, name in enumerate(mdh_def.mask_id) if int(mdh.EvalInfoMask) >> bit & 1)
        if "ACQEND" in flags:
            return lines
        coils, samples = int(mdh.UsedChannels), int(mdh.SamplesInScan)
        block = skip + 8 * samples
        length = int(mdh.FlagsAndDMALength) & DMA_LENGTH if "SYNCDATA" in flags else before + coils * block
        if length < head or at + length > end or len(lines) >= MOST_LINES:
            raise ValueError(
                f"line {len(lines)} of {length} bytes at byte {at}, wanted {head} to {end - at}; "
                "the file is cut off or damaged, copy it again"
            )
        if "SYNCDATA" not in flags:
            lines.append(_line(mdh, at + before, (block, skip, coils), flags))
        at += length
    if not lines:
        raise ValueError("a measurement without lines, wanted a whole twix file; copy it again")
    return lines


def _line(mdh: Any, start: int, sizes: tuple[int, int, int], flags: frozenset[str]) -> Line:
    block, skip, coils = sizes
    place = mdh.SliceData.SlicePos
    scalar, i, j, k = (float(value) for value in mdh.SliceData.Quaternion)
    return Line(
        start,
        block,
        skip,
        coils,
        (int(mdh.CutOff.Pre), int(mdh.CutOff.Post)),
        flags,
        {name: int(getattr(mdh.Counter, name)) for name in COUNTERS},
        (int(mdh.CenterCol), int(mdh.CenterLin), int(mdh.CenterPar)),
        (float(place.Sag), float(place.Cor), float(place.Tra)),
        (scalar, i, j, k),
    )


def _is_image(line: Line) -> bool:
    reference = "PATREFSCAN" in line.flags and "PATREFANDIMASCAN" not in line.flags
    return not (reference or "NOISEADJSCAN" in line.flags or line.flags.intersection(OTHERWISE))


def _assembled(data: Bytes, protocol: Protocol, lines: list[Line], noise: list[Line]) -> Contents:
    notes: list[str] = []
    images = [line for line in lines if _is_image(line)]
    chosen = images[0]
    kept = [line for line in images if _alike(line, chosen)]
    if len(kept) < len(images):
        notes.append(f"{len(images) - len(kept)} lines of further echoes, phases or sets left out")
    order = _slices(kept)
    read, size = protocol.read, protocol.kept
    first = max(protocol.first, _extent(kept, "Lin", 1))
    second = max(protocol.second, _extent(kept, "Par", 2)) if protocol.volume else 1
    if second > 1 and len(order) > 1:
        raise ValueError(f"{len(order)} slabs, wanted one; export them one by one")
    sizes = Sizes(chosen.coils, len(order), read, size, first, second)
    kspace, mask, kind, averages = _gridded(data, kept, sizes, order)
    if size < read:
        notes.append(f"readout oversampling removed: {read} to {size} samples")
    if averages > 1:
        notes.append(f"lines measured {averages:.3g} times on average are averaged")
    calibration = None
    reference = _reference(lines, chosen)
    if reference:
        extents = _extent(reference, "Lin", 1), max(_extent(reference, "Par", 2), 2) if second > 1 else 1
        small = Sizes(chosen.coils, len(order), read, size, min(extents[0], first), min(extents[1], second))
        calibration = _gridded(data, reference, small, order)[0]
        notes.append(f"{len(reference)} reference lines kept apart as calibration")
    affine, spacing = _placed(kept, order, protocol, kind, mask.shape, notes)
    return Contents(
        kspace,
        kind,
        "Siemens twix",
        mask=mask,
        spacing=spacing,
        affine=affine,
        noise=_noise(data, noise, sizes, averages, notes),
        calibration=calibration,
        averages=averages,
        facts=protocol.facts,
        notes=tuple(notes),
    )


def _alike(line: Line, chosen: Line) -> bool:
    same = all(line.counters[name] == chosen.counters[name] for name in ("Eco", "Phs", "Set"))
    return same and line.coils == chosen.coils


def _reference(lines: list[Line], chosen: Line) -> list[Line]:
    """Separate reference lines, with those that are the image's too; none where none is separate."""
    excluded = {*OTHERWISE, "NOISEADJSCAN"}
    marked = [
        line
        for line in lines
        if line.flags & {"PATREFSCAN", "PATREFANDIMASCAN"} and not line.flags & excluded and _alike(line, chosen)
    ]
    return marked if any("PATREFANDIMASCAN" not in line.flags for line in marked) else []


def _extent(lines: Sequence[Line], name: str, axis: int) -> int:
    """The lines of a grid with the centre in its middle that holds all of these."""
    return readouts.centred_extent([line.counters[name] - line.centre[axis] for line in lines], 0)


def _slices(lines: list[Line]) -> list[int]:
    """The slices' numbers in the order in which they lie."""
    first = {line.counters["Sli"]: line for line in reversed(lines)}
    numbers = np.array(sorted(first), np.int64)
    positions = np.array([first[int(number)].position for number in numbers])
    return readouts.slice_order(numbers, positions, _directions(lines[0])[2])


def _gridded(data: Bytes, lines: list[Line], sizes: Sizes, order: list[int]) -> tuple[Complex, Bools, Kind, float]:
    grid = Grid(sizes, len(data))
    place = {number: at for at, number in enumerate(order)}
    for line in lines:
        if line.counters["Sli"] not in place:
            continue
        first = line.counters["Lin"] - line.centre[1] + sizes.first // 2
        second = line.counters["Par"] - line.centre[2] + sizes.second // 2 if sizes.second > 1 else 0
        kept, centre = readouts.trimmed(line.read(data), line.centre[0], line.discard, "REFLECT" in line.flags)
        grid.add(kept, centre, place[line.counters["Sli"]], first, second)
    return grid.finished()


def _noise(data: Bytes, lines: list[Line], sizes: Sizes, averages: float, notes: list[str]) -> Complex | None:
    """Samples of the noise scan, scaled for averages and oversampling; its bandwidth is not in the file."""
    fitting = [line for line in lines if line.coils == sizes.coils]
    if not fitting:
        return None
    scale = (sizes.kept / sizes.read / averages) ** 0.5
    notes.append(f"noise scan of {len(fitting)} readouts kept apart, scaled by {scale:.3g}, not for its bandwidth")
    samples: Complex = np.concatenate([line.read(data) for line in fitting[:1024]], 1)
    return samples * np.float32(scale)


def _directions(line: Line) -> NDArray[np.float64]:
    """(3, 3): the readout, the phase encoding and the slice, in mm to the left, back and top."""
    from twixtools.geometry import quat_to_rotmat  # noqa: PLC0415  # the extra scan-raw

    phase, read, across = np.asarray(quat_to_rotmat(*line.quaternion), np.float64).T
    return np.stack((-read, -phase, across))  # as twixtools has them for an inverse Fourier transform


def _placed(
    lines: list[Line], order: list[int], protocol: Protocol, kind: Kind, shape: tuple[int, ...], notes: list[str]
) -> tuple[NDArray[np.float64] | None, tuple[float, float, float] | None]:
    """The affine and the spacing."""
    if protocol.mm is None:
        return None, None
    x, y, z = protocol.mm
    first = {line.counters["Sli"]: line for line in reversed(lines)}
    positions = np.array([first[number].position for number in order])
    if kind == "volume":
        spacing = (x / protocol.kept, y / shape[1], z / shape[2])
    else:
        gap = float(np.linalg.norm(positions[-1] - positions[0])) / max(len(order) - 1, 1)
        spacing = (gap if 0 < gap < 1e4 else z, x / protocol.kept, y / shape[2])
    found = readouts.affine(kind, (shape[0], shape[1], shape[2]), spacing, _directions(lines[0]), positions)
    if found is None:
        notes.append("the lines' directions are no axes, so the affine is not known")
    return found, spacing
