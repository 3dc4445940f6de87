"""The XML header of an ISMRMRD file, which fastMRI's files have too: matrices, fields of view, encoding limits."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

from stagelight.engines.scan.acquisition.raw import limits

MOST_BYTES = 4 << 20


@dataclass(frozen=True)
class Header:
    """What a reader needs of the header. Sizes are along the readout, the first and the second phase encoding."""

    trajectory: str
    encoded: tuple[int, int, int]  # samples
    encoded_mm: tuple[float, float, float]
    reconstructed_mm: tuple[float, float, float]
    centres: tuple[int | None, int | None]  # lines of the two phase encodings at k = 0, where it says
    noise_bandwidth: float  # of a receiver, relative to that of a sample
    facts: dict[str, str]

    @property
    def kept(self) -> int:
        """Samples of a readout without oversampling."""
        whole, wanted = self.encoded_mm[0], self.reconstructed_mm[0]
        return round(self.encoded[0] * wanted / whole) if 0 < wanted < 0.99 * whole else self.encoded[0]

    @property
    def spacing(self) -> tuple[float, float, float] | None:
        """Voxels in mm along the readout, the first and the second phase encoding (or a slice's thickness)."""
        x, y, z = (mm / size for mm, size in zip(self.encoded_mm, self.encoded, strict=True))
        return (x, y, z) if all(0 < step < 1e4 for step in (x, y, z)) else None


def parse(xml: object) -> Header:
    """Read the header.

    Raises:
        ValueError: it is too long, not ISMRMRD's, or without a matrix.
    """
    import ismrmrd.xsd  # noqa: PLC0415  # the extra scan-raw

    text = xml if isinstance(xml, bytes) else str(xml).encode()
    if len(text) > MOST_BYTES or b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise ValueError(f"an XML header of {len(text)} bytes or with entities, wanted a plain one of ISMRMRD")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = ismrmrd.xsd.CreateFromDocument(text)
        encoding = found.encoding[0]
        space = encoding.encodedSpace
        encoded = tuple(int(getattr(space.matrixSize, axis)) for axis in "xyz")
        trajectory = str(getattr(encoding.trajectory, "value", encoding.trajectory))
    except Exception as error:  # of the parser, of which each kind of damage has its own
        raise ValueError(
            f"an XML header that cannot be read ({limits.plain(error)}), wanted ISMRMRD's; save the file again"
        ) from error
    limits.check_shape((1, *encoded))
    return Header(
        limits.plain(trajectory, 20),
        (encoded[0], encoded[1], encoded[2]),
        _millimetres(space),
        _millimetres(encoding.reconSpace or space),
        (_centre(encoding, "kspace_encoding_step_1"), _centre(encoding, "kspace_encoding_step_2")),
        _bandwidth(found),
        _facts(found),
    )


def _millimetres(space: Any) -> tuple[float, float, float]:
    sizes = [float(getattr(space.fieldOfView_mm, axis)) for axis in "xyz"]
    if not all(math.isfinite(size) for size in sizes):
        raise ValueError("a field of view that is no number, wanted mm; correct the XML header")
    return sizes[0], sizes[1], sizes[2]


def _centre(encoding: Any, name: str) -> int | None:
    limit = getattr(encoding.encodingLimits, name, None)
    return None if limit is None else int(limit.center)


def _bandwidth(header: Any) -> float:
    stated = getattr(header.acquisitionSystemInformation, "relativeReceiverNoiseBandwidth", None)
    return float(stated) if stated and 0.01 < float(stated) < 100 else 1.0


def _facts(header: Any) -> dict[str, str]:
    """Scanner and sequence, cleaned; nothing about the patient."""
    sought = {
        "manufacturer": (header.acquisitionSystemInformation, "systemVendor"),
        "model": (header.acquisitionSystemInformation, "systemModel"),
        "field strength, T": (header.acquisitionSystemInformation, "systemFieldStrength_T"),
        "protocol": (header.measurementInformation, "protocolName"),
        "sequence": (header.sequenceParameters, "sequence_type"),
        "TR, ms": (header.sequenceParameters, "TR"),
        "TE, ms": (header.sequenceParameters, "TE"),
        "TI, ms": (header.sequenceParameters, "TI"),
        "flip angle, degrees": (header.sequenceParameters, "flipAngle_deg"),
    }
    found = {}
    for name, (part, key) in sought.items():
        value = getattr(part, key, None)
        if isinstance(value, list):
            value = ", ".join(f"{number:g}" for number in value[:8])
        if value not in {None, ""}:
            found[name] = limits.plain(value)
    return found
