"""K-space in BART's pair of files: dimensions as text in .hdr, complex64 in .cfl, the first dimension fastest."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np

from stagelight.engines.scan.acquisition.raw import limits
from stagelight.engines.scan.acquisition.raw.contents import Complex, Contents, kind_of

NAMES = (
    "read", "phase 1", "phase 2", "coil", "maps", "echo", "coefficient", "coefficient 2", "iteration", "cardiac shift",
    "time", "time 2", "level", "slice", "average", "batch",
)  # fmt: skip
COIL, TIME, SLICE, AVERAGE = 3, 10, 13, 14
KEPT = {0, 1, 2, COIL, TIME, SLICE, AVERAGE}
MOST_HEADER = 1 << 20


def contents(path: Path) -> Contents:
    """Read a pair of which either file is named.

    Raises:
        ValueError: one is missing, they do not fit, or a dimension is not one of a Cartesian scan.
    """
    header, data = (path.with_suffix(suffix) for suffix in (".hdr", ".cfl"))
    for file in (header, data):
        if not file.is_file():
            raise ValueError(f"{file.name} is missing, wanted BART's pair of .hdr and .cfl in one folder")
    dims = _dimensions(header)
    size, wanted = data.stat().st_size, 8 * math.prod(dims)
    if size != wanted:
        raise ValueError(f"{data.name} has {size} bytes, wanted {wanted} by its header; copy both files again")
    limits.check_shape((dims[COIL], *dims[:COIL], *dims[COIL + 1 :]))
    samples = np.fromfile(data, "<c8").reshape(dims, order="F")
    notes: list[str] = []
    kspace, averages = _averaged(samples, notes)
    volume = min(dims[:3]) > 1
    if volume and dims[SLICE] > 1:
        raise ValueError(f"{dims[SLICE]} slabs, wanted one; take one with `bart slice 13 0`")
    kspace = kspace[..., 0] if volume else np.moveaxis(kspace, -1, 1).squeeze(2 + dims[:3].index(1))
    return Contents(
        np.ascontiguousarray(kspace),
        "volume" if volume else kind_of(dims[SLICE]),
        "BART",
        averages=averages,
        notes=tuple(notes),
    )


def _dimensions(header: Path) -> list[int]:
    """BART's sixteen dimensions."""
    with header.open("rb") as file:
        text = file.read(MOST_HEADER).decode("ascii", "replace")
    found = re.search(r"^# Dimensions[ \t]*\n([\d \t]+)$", text, re.MULTILINE)
    dims = [int(word[:12]) for word in found[1].split()] if found else []
    if not 2 <= len(dims) <= len(NAMES) or min(dims) < 1:
        raise ValueError(f"{header.name} has no line of 2 to 16 dimensions under '# Dimensions'; write it with BART")
    dims += [1] * (len(NAMES) - len(dims))
    for number, (size, name) in enumerate(zip(dims, NAMES, strict=True)):
        if size > 1 and number not in KEPT:
            raise ValueError(f"dimension {number} ({name}) of {size}, wanted 1; take one with `bart slice {number} 0`")
    return dims


def _averaged(samples: Complex, notes: list[str]) -> tuple[Complex, float]:
    """(C, read, phase 1, phase 2, slice): the mean of the averages and times in which a sample was measured."""
    ordered = np.moveaxis(samples, (COIL, 0, 1, 2, SLICE, TIME, AVERAGE), range(7))
    ordered = ordered.reshape(*ordered.shape[:5], -1)
    repeats = ordered.shape[-1]
    if repeats == 1:
        return ordered[..., 0], 1.0
    counts = np.count_nonzero(np.any(ordered != 0, 0), -1)
    notes.append(f"{repeats} measurements averaged ({samples.shape[AVERAGE]} averages, {samples.shape[TIME]} times)")
    mean = ordered.sum(-1) / np.maximum(counts, 1)
    return mean.astype(np.complex64), float(counts[counts > 0].mean()) if counts.any() else 1.0
