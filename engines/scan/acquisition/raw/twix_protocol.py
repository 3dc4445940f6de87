"""The protocol in the header of a twix measurement: sizes, fields of view, scanner and sequence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.scan.acquisition.raw import limits

MOST_BUFFERS = 64
MOST_TEXT = 8 << 20  # bytes of a part that is parsed
PARTS = ("Meas", "MeasYaps", "Dicom")
# What makes the parser's patterns slow, or its lists long.
UNREASONABLE = re.compile(rb"[^\s]{4096}|[^\S\n]{4096}|\s{65536}|\[\d{4,}\]")


@dataclass(frozen=True)
class Protocol:
    """What a reader needs of it."""

    read: int  # samples of a whole readout
    kept: int  # without oversampling
    first: int  # lines, with those that partial Fourier leaves out
    second: int  # partitions
    volume: bool
    mm: tuple[float, float, float] | None  # field of view along readout, phase and slice
    facts: dict[str, str]


def parse(data: NDArray[np.uint8], start: int, end: int) -> tuple[int, Protocol]:
    """Read a measurement's header; returns where its lines begin as well.

    Raises:
        ValueError: it is cut off, or without a protocol.
    """
    if end - start < 8:
        raise ValueError("a measurement without a header, wanted a whole twix file; copy it again")
    length, buffers = (int(value) for value in data[start : start + 8].view("<u4"))
    if not 8 < length <= end - start or not 1 <= buffers <= MOST_BUFFERS:
        raise ValueError(f"a header of {length} bytes in {buffers} parts, wanted it whole; copy the file again")
    parts = _parts(data[start + 8 : start + length].tobytes(), buffers)
    return start + length, _protocol(parts.get("MeasYaps", {}), parts.get("Meas", {}), parts.get("Dicom", {}))


def _parts(text: bytes, buffers: int) -> dict[str, dict[str, Any]]:
    """The parts of the header that are of use, parsed."""
    from twixtools import twixprot  # noqa: PLC0415  # the extra scan-raw

    found, at = {}, 0
    for _ in range(buffers):
        head = re.compile(rb"(\w{4,32})\0(....)", re.DOTALL).search(text, at, at + 48)
        if head is None:
            break
        size = int.from_bytes(head[2], "little")
        part, at = text[head.end() : head.end() + size], head.end() + size
        name = head[1].decode("ascii", "replace")
        if at > len(text):
            raise ValueError(f"the header's part {name} is cut off, wanted {size} bytes; copy the file again")
        if name in PARTS:
            if size > MOST_TEXT or UNREASONABLE.search(part):
                raise ValueError(f"the header's part {name} is not as Siemens writes it, wanted its protocol")
            found[name] = twixprot.parse_buffer(part.decode("latin1"))
    return found


def _protocol(yaps: dict[str, Any], meas: dict[str, Any], dicom: dict[str, Any]) -> Protocol:
    try:
        encoding, plane = yaps["sKSpace"], yaps["sSliceArray"]["asSlice"][0]
        kept, first = int(encoding["lBaseResolution"]), int(encoding["lPhaseEncodingLines"])
        factor = float(meas.get("flReadoutOSFactor") or 2)
        volume = int(encoding["ucDimension"]) == 4
        second = int(encoding.get("lPartitions", 1)) if volume else 1
        trajectory = int(encoding.get("ucTrajectory", 1))
        mm = tuple(float(plane[name]) for name in ("dReadoutFOV", "dPhaseFOV", "dThickness"))
        wider = [float(encoding.get(name) or 0) for name in OVERSAMPLING]
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(
            f"a protocol without {limits.plain(error)}, wanted matrix and field of view; export the raw data again"
        ) from error
    if trajectory != 1:
        raise ValueError(f"a trajectory of kind {trajectory}, wanted 1, Cartesian; grid it with another program")
    first = max(first, _whole(meas.get("iPEFTLength")))
    second = max(second, _whole(meas.get("i3DFTLength"))) if volume else 1
    if not 1 <= factor <= 16:
        raise ValueError(f"a readout oversampled {factor:g} times, wanted 1 to 16; export the raw data again")
    limits.check_shape((1, round(kept * factor), first, second))
    sides = (mm[0], mm[1] * (1 + wider[0]), mm[2] * (1 + wider[1] * volume))
    known = all(0 < side < 1e4 for side in sides)
    return Protocol(
        round(kept * factor), kept, first, second, volume, sides if known else None, _facts(yaps, meas, dicom)
    )


OVERSAMPLING = ("dPhaseOversamplingForDialog", "dSliceOversamplingForDialog")  # as a part of the field of view


def _whole(value: object) -> int:
    """A number of lines; 0 where it is none."""
    good = isinstance(value, int | float) and np.isfinite(value) and 0 < value <= limits.MOST_SIDE
    return int(value) if good and isinstance(value, int | float) else 0


def _facts(yaps: dict[str, Any], meas: dict[str, Any], dicom: dict[str, Any]) -> dict[str, str]:
    """Scanner and sequence, cleaned; nothing about the patient."""
    sought = {
        "manufacturer": dicom.get("Manufacturer"),
        "model": dicom.get("ManufacturersModelName"),
        "field strength, T": meas.get("flNominalB0") or _first(yaps.get("sProtConsistencyInfo"), "flNominalB0"),
        "protocol": yaps.get("tProtocolName"),
        "sequence": yaps.get("tSequenceFileName"),
        "TR, ms": _milliseconds(yaps.get("alTR")),
        "TE, ms": _milliseconds(yaps.get("alTE")),
        "TI, ms": _milliseconds(yaps.get("alTI")),
        "flip angle, degrees": _first(yaps.get("adFlipAngleDegree"), 0),
    }
    return {name: limits.plain(value) for name, value in sought.items() if value not in {None, ""}}


def _first(values: Any, key: Any) -> object:
    try:
        found = values[key]
    except (KeyError, IndexError, TypeError):
        return None
    return found if isinstance(found, str | int | float) else None


def _milliseconds(values: Any) -> object:
    found = _first(values, 0)
    return found / 1000 if isinstance(found, int | float) else None
