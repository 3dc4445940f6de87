"""K-space as fastMRI stores it: `kspace` (slices, coils, kx, ky), or without coils, beside ISMRMRD's XML header.

Also as Calgary-Campinas stores it, (slices, kx, ky, numbers) with real and imaginary part of each coil in turn.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from stagelight.engines.scan.acquisition.raw import ismrmrd_header, limits
from stagelight.engines.scan.acquisition.raw.arrays import as_complex
from stagelight.engines.scan.acquisition.raw.contents import Bools, Complex, Contents, kind_of
from stagelight.engines.scan.acquisition.raw.readouts import remove_oversampling


def contents(file: Any) -> Contents:
    """Read an open file that has `kspace`.

    Raises:
        ValueError: it has another shape, or its header cannot be read.
    """
    notes: list[str] = []
    kspace = _kspace(file["kspace"], notes)
    mask = _mask(file["mask"], kspace, notes) if "mask" in file else None
    facts = {name: limits.plain(file.attrs[name]) for name in ("acquisition",) if isinstance(file.attrs.get(name), str)}
    spacing = None
    if "ismrmrd_header" in file:
        header = ismrmrd_header.parse(file["ismrmrd_header"][()])
        facts |= header.facts
        read, lines = kspace.shape[2:]
        if read == header.encoded[0]:
            if header.kept < read:
                cropped = [remove_oversampling(coil, header.kept, 1) for coil in kspace]
                kspace = np.stack(cropped)
                notes.append(f"readout oversampling removed: {read} to {header.kept} samples")
                mask = None if mask is None else np.array(np.broadcast_to(mask[:, :1], kspace.shape[1:]))
            if header.spacing and lines == header.encoded[1]:
                x, y, z = header.spacing
                spacing = (z, x, y)
        else:
            notes.append(f"the header's readout of {header.encoded[0]} samples is not that of the data, {read}")
    else:
        notes.append("no header: readout oversampling, if there is any, is kept, and voxel sizes are not known")
    return Contents(
        kspace, kind_of(kspace.shape[1]), "fastMRI", mask=mask, spacing=spacing, facts=facts, notes=tuple(notes)
    )


def _kspace(dataset: Any, notes: list[str]) -> Complex:
    """(C, slices, kx, ky)."""
    shape = tuple(int(size) for size in dataset.shape)
    dtype = dataset.dtype
    if dtype.hasobject or dtype.kind not in "iufcV" or len(shape) not in {3, 4, 5}:
        raise ValueError(
            f"kspace of {limits.plain(dtype)} and shape {' x '.join(map(str, shape))}, wanted complex "
            "(slices, coils, kx, ky) or (slices, kx, ky)"
        )
    limits.check_shape(shape[:-1] if len(shape) == 5 else shape)
    if dtype.kind in "iuf" and len(shape) == 4 and shape[-1] > 2 and shape[-1] % 2 == 0:
        pairs = np.asarray(dataset[()]).reshape(*shape[:-1], -1, 2)
        notes.append("real and imaginary parts of coils in turn, as in Calgary-Campinas")
        return np.ascontiguousarray(np.moveaxis(as_complex(pairs, notes), -1, 0))
    found = as_complex(np.asarray(dataset[()]), notes)
    if found.ndim == 3:
        return found[None]
    if found.ndim != 4:
        raise ValueError(f"kspace of shape {' x '.join(map(str, shape))}, wanted (slices, coils, kx, ky)")
    return np.ascontiguousarray(np.moveaxis(found, 1, 0))


def _mask(dataset: Any, kspace: Complex, notes: list[str]) -> Bools | None:
    """The mask of lines that fastMRI's test files bring, on the grid before oversampling is removed."""
    lines = kspace.shape[-1]
    if dataset.shape != (lines,):
        notes.append("the file's mask is not one of lines; sampling is read from the data")
        return None
    given = np.asarray(dataset[()]) != 0
    return np.array(np.broadcast_to(given, kspace.shape[1:]))
