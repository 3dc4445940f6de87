"""Synthetic measured k-space, and files of it in each format that `engines.scan.acquisition.raw` reads.

All k-space here is (C, S, H, W) as in `RawScan`: a slice or stack encoded along H (readout) and W, a volume along all.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complex64]
Floats = NDArray[np.float64]

READ, PHASE, ACROSS = (np.array(axis, float) for axis in ((0, 1, 0), (-1, 0, 0), (0, 0, 1)))  # left, back, top
GAP = 5.0  # mm from slice to slice
ISOCENTRE = np.array([3.0, -4.0, 20.0])  # of the first slice, or of the slab


def coil_images(shape: tuple[int, int, int], coils: int = 4, wide: float = 0.8) -> Complex:
    """(C, S, H, W) images of a head of ellipses, with a smooth phase, through coils around it.

    Args:
        shape: (S, H, W).
        coils: how many.
        wide: the head's half-axes, as a part of half of the field of view.
    """
    s, h, w = np.meshgrid(*(np.arange(n) / max(n, 2) * 2 - 1 for n in shape), indexing="ij")
    if shape[0] == 1:
        s = np.zeros(shape)
    head = np.zeros(shape)
    for value, (x, y), (a, b) in (
        (1.0, (0, 0), (1, 0.85)),
        (-0.5, (0, 0), (0.9, 0.74)),
        (0.3, (0.3, -0.2), (0.2, 0.35)),
        (0.5, (-0.3, 0.35), (0.22, 0.15)),
        (0.4, (-0.45, -0.4), (0.12, 0.1)),
    ):
        head += value * (((h / wide - x) / a) ** 2 + ((w / wide - y) / b) ** 2 + (s / (1.5 * wide)) ** 2 < 1)
    image = head * np.exp(0.6j * h + 0.4j * np.sin(2 * w))
    angles = 2 * np.pi * np.arange(coils) / coils
    maps = [
        np.exp(-((h - np.cos(a)) ** 2 + (w - np.sin(a)) ** 2) / 2 + 1j * (a + 0.5 * np.sin(a) * h + 0.3 * w))
        for a in angles
    ]
    return np.asarray(image * np.stack(maps), np.complex64)


def to_kspace(images: Complex, axes: Sequence[int]) -> Complex:
    """The centred Fourier transform along some of the axes C, S, H, W."""
    shifted = np.fft.fftn(np.fft.ifftshift(images, axes), axes=axes)
    return np.fft.fftshift(shifted, axes).astype(np.complex64)


def root_sum_of_squares(kspace: Complex, axes: Sequence[int]) -> Floats:
    """(S, H, W): the coils' magnitudes together."""
    images = np.fft.fftshift(np.fft.ifftn(np.fft.ifftshift(kspace, axes), axes=axes), axes)
    return np.asarray(np.sqrt((np.abs(images) ** 2).sum(0)))


def axes_of(kind: str) -> tuple[int, ...]:
    """The encoded axes of C, S, H, W."""
    return (1, 2, 3) if kind == "volume" else (2, 3)


# Array formats


def write_npy(path: Path, kspace: Complex, kind: str) -> Path:
    """(C, kx, ky) or (C, kx, ky, kz)."""
    np.save(path, kspace if kind == "volume" else kspace[:, 0])
    return path


def write_bart(path: Path, kspace: Complex, kind: str, averages: Complex | None = None) -> Path:
    """A pair of files; `averages` (N, C, S, H, W) are written along dimension 14 in place of `kspace`."""
    repeated = kspace[None] if averages is None else averages
    if kind == "volume":  # (N, C, x, y, z)
        ordered, slices = repeated.transpose(2, 3, 4, 1, 0), 1
    else:  # (N, C, S, x, y)
        ordered, slices = repeated.transpose(3, 4, 1, 2, 0), repeated.shape[2]
    count, coils = len(repeated), repeated.shape[1]
    sides = ordered.shape[:3] if kind == "volume" else (*ordered.shape[:2], 1)
    dims = [*sides, coils, *[1] * 9, slices, count, 1]
    path.with_suffix(".hdr").write_text(f"# Dimensions\n{' '.join(map(str, dims))} \n# Command\nmade for a test\n")
    ordered.astype("<c8").ravel(order="F").tofile(path.with_suffix(".cfl"))
    return path.with_suffix(".cfl")


def xml_header(
    sizes: Sequence[int], mm: Sequence[float], kept: int, limits: str = "", trajectory: str = "cartesian"
) -> str:
    """ISMRMRD's header of a readout of sizes[0] samples, of which `kept` are the image's."""

    def space(sides: Sequence[int], extent: Sequence[float]) -> str:
        matrix = "".join(f"<{a}>{n}</{a}>" for a, n in zip("xyz", sides, strict=True))
        view = "".join(f"<{a}>{n}</{a}>" for a, n in zip("xyz", extent, strict=True))
        return f"<matrixSize>{matrix}</matrixSize><fieldOfView_mm>{view}</fieldOfView_mm>"

    return (
        '<?xml version="1.0"?><ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD">'
        "<measurementInformation><patientPosition>HFS</patientPosition>"
        "<protocolName>T1 \x9b31m\u202ehead</protocolName></measurementInformation>"
        "<acquisitionSystemInformation><systemVendor>ACME</systemVendor>"
        "</acquisitionSystemInformation><experimentalConditions><H1resonanceFrequency_Hz>123000000"
        "</H1resonanceFrequency_Hz></experimentalConditions>"
        f"<encoding><encodedSpace>{space(sizes, mm)}</encodedSpace>"
        f"<reconSpace>{space((kept, *sizes[1:]), (mm[0] * kept / sizes[0], *mm[1:]))}</reconSpace>"
        f"<encodingLimits>{limits}</encodingLimits><trajectory>{trajectory}</trajectory></encoding></ismrmrdHeader>"
    )


def write_fastmri(path: Path, kspace: NDArray[Any], kept: int | None = None, mask: NDArray[Any] | None = None) -> Path:
    """`kspace` (C, S, H, W), stored as (S, C, H, W); its header names `kept` samples as the image's."""
    import h5py  # noqa: PLC0415  # of the extra `scan-raw`, as the two below

    with h5py.File(path, "w") as file:
        file["kspace"] = np.moveaxis(kspace, 0, 1)
        file.attrs["acquisition"] = "AXT1"
        if mask is not None:
            file["mask"] = mask
        if kept is not None:
            sizes = (kspace.shape[2], kspace.shape[3], 1)
            mm = (4.0 * sizes[0], 2.0 * sizes[1], GAP)
            file["ismrmrd_header"] = xml_header(sizes, mm, kept).encode()
    return path


# Readouts


@dataclass(frozen=True)
class Readout:
    """One readout and where it belongs."""

    samples: Complex  # (C, n)
    centre: int  # the sample at k = 0
    first: int = 0  # line of the first phase encoding
    second: int = 0
    slice: int = 0
    average: int = 0
    use: str = "image"  # or "noise", "reference", "shared", "navigator"
    reverse: bool = False
    discard: tuple[int, int] = (0, 0)  # samples at the beginning and at the end of what is stored
    position: Floats = field(default_factory=lambda: ISOCENTRE)


@dataclass(frozen=True)
class Protocol:
    """The statements of a header."""

    read: int  # samples of a whole readout
    kept: int
    first: int
    second: int = 1
    centres: tuple[int, int] = (0, 0)  # lines at k = 0
    mm: tuple[float, float, float] = (96.0, 80.0, GAP)  # without oversampling


def readouts_of(kspace: Complex, kind: str, slice_numbers: Sequence[int] | None = None) -> list[Readout]:
    """Every line of (C, S, H, W); `slice_numbers` are the counters of the slices, in the order in which they lie."""
    slices, height, width = kspace.shape[1:]
    if kind == "volume":
        return [Readout(kspace[:, :, h, w], slices // 2, h, w) for w in range(width) for h in range(height)]
    numbers = slice_numbers or range(slices)
    return [
        Readout(kspace[:, s, :, w], height // 2, w, 0, number, position=ISOCENTRE + s * GAP * ACROSS)
        for s, number in enumerate(numbers)
        for w in range(width)
    ]


def write_ismrmrd(path: Path, readouts: Sequence[Readout], protocol: Protocol) -> Path:
    """A file as the library `ismrmrd` writes it."""
    import ismrmrd  # noqa: PLC0415

    flags = {
        "noise": ismrmrd.ACQ_IS_NOISE_MEASUREMENT,
        "reference": ismrmrd.ACQ_IS_PARALLEL_CALIBRATION,
        "shared": ismrmrd.ACQ_IS_PARALLEL_CALIBRATION_AND_IMAGING,
        "navigator": ismrmrd.ACQ_IS_NAVIGATION_DATA,
    }
    limits = "".join(
        f"<kspace_encoding_step_{n}><minimum>0</minimum><maximum>{size - 1}</maximum><center>{centre}</center>"
        f"</kspace_encoding_step_{n}>"
        for n, size, centre in ((1, protocol.first, protocol.centres[0]), (2, protocol.second, protocol.centres[1]))
    )
    mm = (protocol.mm[0] * protocol.read / protocol.kept, *protocol.mm[1:])
    sizes = (protocol.read, protocol.first, protocol.second)
    with ismrmrd.Dataset(str(path), "dataset") as dataset:
        dataset.write_xml_header(xml_header(sizes, mm, protocol.kept, limits).encode())
        for readout in readouts:
            samples = readout.samples[:, ::-1] if readout.reverse else readout.samples
            one = ismrmrd.Acquisition.from_array(np.ascontiguousarray(samples))
            size = samples.shape[1]
            one.center_sample = size - 1 - readout.centre if readout.reverse else readout.centre
            one.sample_time_us = 5.0
            one.discard_pre, one.discard_post = readout.discard
            one.idx.kspace_encode_step_1, one.idx.kspace_encode_step_2 = readout.first, readout.second
            one.idx.slice, one.idx.average = readout.slice, readout.average
            one.position[:] = readout.position
            one.read_dir[:], one.phase_dir[:], one.slice_dir[:] = READ, PHASE, ACROSS
            if readout.use in flags:
                one.set_flag(flags[readout.use])
            if readout.reverse:
                one.set_flag(ismrmrd.ACQ_IS_REVERSE)
            dataset.append_acquisition(one)
    return path


def write_twix(path: Path, readouts: Sequence[Readout], protocol: Protocol) -> Path:
    """A file of the VD/VE kind with one measurement, laid out by hand with twixtools' structures."""
    from twixtools import hdr_def, mdh_def  # noqa: PLC0415

    marks = {
        "image": (),
        "noise": ("NOISEADJSCAN",),
        "reference": ("PATREFSCAN",),
        "shared": ("PATREFSCAN", "PATREFANDIMASCAN"),
        "navigator": ("RTFEEDBACK",),
    }
    header = _twix_header(protocol)
    body = bytearray(header)
    for number, readout in enumerate(readouts):
        samples = readout.samples[:, ::-1] if readout.reverse else readout.samples
        coils, size = samples.shape
        mdh = mdh_def.Scan_header(ScanCounter=number + 1, SamplesInScan=size, UsedChannels=coils)
        for mark in (*marks[readout.use], *(("REFLECT",) if readout.reverse else ())):
            mdh_def.add_flag(mdh, mark)
        mdh.FlagsAndDMALength = ctypes.sizeof(mdh) + coils * (ctypes.sizeof(mdh_def.Channel_header) + 8 * size)
        counters = mdh.Counter
        counters.Lin, counters.Par, counters.Sli, counters.Ave = (
            readout.first, readout.second, readout.slice, readout.average,
        )  # fmt: skip
        mdh.CenterCol = size - 1 - readout.centre if readout.reverse else readout.centre
        mdh.CenterLin, mdh.CenterPar = protocol.centres
        mdh.CutOff.Pre, mdh.CutOff.Post = readout.discard
        place = mdh.SliceData.SlicePos
        place.Sag, place.Cor, place.Tra = (float(value) for value in readout.position)
        mdh.SliceData.Quaternion[:] = QUATERNION
        body += bytes(mdh)
        for coil, line in enumerate(samples):
            body += bytes(mdh_def.Channel_header(ChannelId=coil)) + line.astype("<c8").tobytes()
    end = mdh_def.Scan_header(FlagsAndDMALength=ctypes.sizeof(mdh_def.Scan_header) + 160)
    mdh_def.add_flag(end, "ACQEND")
    body += bytes(end) + bytes(160)
    head = np.zeros(1, hdr_def.MultiRaidFileHeader)
    head["hdr"]["count_"] = 1
    head["entry"]["off_"][0, 0], head["entry"]["len_"][0, 0] = 10240, len(body)
    path.write_bytes(head.tobytes().ljust(10240, b"\0") + bytes(body))
    return path


QUATERNION = (
    1.0,
    0.0,
    0.0,
    0.0,
)  # in twixtools' convention: phase to the right, readout to the front, slice to the top


def _twix_header(protocol: Protocol) -> bytes:
    lines = {
        "tProtocolName": '"T1\x1b[31m"',
        "sKSpace.lBaseResolution": protocol.kept,
        "sKSpace.lPhaseEncodingLines": protocol.first,
        "sKSpace.lPartitions": protocol.second,
        "sKSpace.ucDimension": 4 if protocol.second > 1 else 2,
        "sKSpace.ucTrajectory": 1,
        "sSliceArray.asSlice[0].dReadoutFOV": protocol.mm[0],
        "sSliceArray.asSlice[0].dPhaseFOV": protocol.mm[1],
        "sSliceArray.asSlice[0].dThickness": protocol.mm[2],
    }
    text = "".join(f"{name} = {value}\n" for name, value in lines.items())
    factor = protocol.read / protocol.kept
    parts = {
        "MeasYaps": f"### ASCCONV BEGIN ###\n{text}\n### ASCCONV END ###\n",
        "Meas": f'<ParamDouble."flReadoutOSFactor">  {{ {factor} }}\n',
        "Dicom": '<ParamString."Manufacturer">  { "SIEMENS" }\n',
    }
    body = b""
    for name, part in parts.items():
        raw = part.encode("latin1")
        body += name.encode() + b"\0" + len(raw).to_bytes(4, "little") + raw
    size = 8 + len(body)
    padding = -size % 32
    return (size + padding).to_bytes(4, "little") + len(parts).to_bytes(4, "little") + body + bytes(padding)
