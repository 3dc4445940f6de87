"""K-space in numpy's own files: one array in .npy, or .npz with `kspace` and, if wanted, the other names of `NAMES`.

`kspace` is (C, kx, ky) for a slice or (C, kx, ky, kz) for a volume, complex, or plain numbers with real and imaginary
part along a last axis of 2. `mask` is true where it was measured, of the shape of `kspace` without coils, or (ky,).
`maps` are like `kspace`, `noise` is (C, ...), `affine` is (4, 4) from the index (x, y, z) to mm.
"""

from __future__ import annotations

import io
import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.scan.acquisition.raw import limits
from stagelight.engines.scan.acquisition.raw.contents import Bools, Complex, Contents, Kind

NAMES = ("kspace", "mask", "maps", "noise", "affine")
MOST_MEMBERS = 64
WANTED = "wanted complex numbers, or real and imaginary part along a last axis of 2"


def contents(path: Path) -> Contents:
    """Read a .npy or .npz file.

    Raises:
        ValueError: it is not one of these, or its arrays do not fit one another.
    """
    with path.open("rb") as file:
        plain_array = file.read(1) == b"\x93"
    found = {"kspace": _npy(path)} if plain_array else _npz(path)
    if "kspace" not in found:
        raise ValueError(f"arrays {limits.plain(', '.join(found) or 'none')}, wanted one of the name kspace")
    notes: list[str] = []
    kspace, kind = in_layout(as_complex(found["kspace"], notes))
    affine = found.get("affine")
    return Contents(
        kspace,
        kind,
        "npy" if plain_array else "npz",
        mask=None if "mask" not in found else _mask(found["mask"], kspace.shape[1:], kind),
        spacing=None if affine is None else _spacing(affine, kind),
        affine=None if affine is None else _affine(affine, kind),
        noise=None if "noise" not in found else _noise(as_complex(found["noise"], []), len(kspace)),
        maps=None if "maps" not in found else _maps(as_complex(found["maps"], []), kspace.shape),
        notes=tuple(notes),
    )


def in_layout(kspace: Complex) -> tuple[Complex, Kind]:
    """An array (C, kx, ky) or (C, kx, ky, kz), or (kx, ky) of one coil, as (C, S, H, W) with its kind.

    Raises:
        ValueError: it has another number of axes.
    """
    if kspace.ndim == 4 and min(kspace.shape[1:]) > 1:
        return kspace, "volume"
    if kspace.ndim == 4:
        kspace = kspace.squeeze(1 + kspace.shape[1:].index(1))
    if kspace.ndim == 2:
        kspace = kspace[None]
    if kspace.ndim != 3:
        shape = " x ".join(map(str, kspace.shape))
        raise ValueError(f"k-space of shape {shape}, wanted (coils, kx, ky) or (coils, kx, ky, kz)")
    return kspace[:, None], "slice"


def _npy(path: Path) -> NDArray[Any]:
    try:
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f"{limits.plain(error)}, wanted a whole .npy file of numbers; save it again") from error
    _check(mapped.dtype, mapped.shape)
    return np.asarray(np.load(path, allow_pickle=False))  # not from the map, whose pages would count twice


def _npz(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays whose names are known."""
    with path.open("rb") as file:
        file.seek(0, io.SEEK_END)
        file.seek(max(file.tell() - 22, 0))
        end = file.read(22)
    if end[:4] != b"PK\x05\x06" or int.from_bytes(end[10:12], "little") > MOST_MEMBERS:
        raise ValueError(f"cut off, or of more than {MOST_MEMBERS} arrays, wanted a whole .npz; save it again")
    found = {}
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: info for info in archive.infolist()}
        for name in NAMES:
            info = members.get(f"{name}.npy")
            if info is not None:
                with archive.open(info) as member:
                    found[name] = _member(member, info.file_size, name)
    return found


def _member(member: Any, size: int, name: str) -> NDArray[Any]:
    version = np.lib.format.read_magic(member)
    if version == (1, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(member)
    elif version == (2, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_2_0(member)
    else:
        raise ValueError(f"{name} in npy version {version[0]}, wanted 1 or 2; save it again as plain numbers")
    _check(dtype, shape)
    length = math.prod(shape) * dtype.itemsize
    if not length <= size <= length + 66000:
        raise ValueError(f"{name} has {size} bytes, wanted {length} and a header; save it again")
    raw = member.read(length + 1)
    if len(raw) != length:
        raise ValueError(f"{name} ends after {len(raw)} of {length} bytes; save it again")
    return np.frombuffer(raw, dtype).reshape(shape, order="F" if fortran else "C")


def _check(dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    if dtype.hasobject or dtype.kind not in "biufcV" or (dtype.names and len(dtype.names) != 2):
        raise ValueError(f"an array of {limits.plain(dtype)}, {WANTED}; objects are not unpickled")
    limits.check_shape(shape[:-1] if shape and shape[-1] == 2 and dtype.kind in "iuf" else shape)


def as_complex(values: NDArray[Any], notes: list[str]) -> Complex:
    """Complex samples from complex numbers, records of two numbers, or a last axis of real and imaginary part.

    Raises:
        ValueError: they are none of these.
    """
    kind = values.dtype.kind
    if values.dtype.names and len(values.dtype.names) == 2:
        parts = [values[name] for name in values.dtype.names]
    elif kind in "iuf" and values.ndim > 2 and values.shape[-1] == 2:
        parts = [values[..., 0], values[..., 1]]
    elif kind == "c":
        with np.errstate(over="ignore"):
            return np.require(values, np.complex64, ["C", "W"])  # our own, to be changed in place
    else:
        shape = " x ".join(map(str, values.shape))
        raise ValueError(f"samples of type {limits.plain(values.dtype)} and shape {shape}, {WANTED}")
    if any(part.dtype.kind not in "iuf" for part in parts):
        raise ValueError(f"samples of type {limits.plain(values.dtype)}, {WANTED}")
    if parts[0].dtype.kind in "iu":
        notes.append(f"samples are integers ({parts[0].dtype.name})")
    joined = np.empty(parts[0].shape, np.complex64)
    with np.errstate(over="ignore"):
        joined.real, joined.imag = parts
    return joined


def _mask(mask: NDArray[Any], shape: tuple[int, ...], kind: Kind) -> Bools:
    """A mask on the grid (S, H, W)."""
    if mask.dtype.kind not in "biuf":
        raise ValueError(f"a mask of {limits.plain(mask.dtype)}, wanted true or 1 where k-space was measured")
    fits = {shape, shape[1:], shape[2:]} if kind == "volume" else {shape, shape[1:], shape[2:], (shape[1], 1)}
    if mask.shape not in fits:
        found, wanted = (" x ".join(map(str, sides)) for sides in (mask.shape, shape[1:] if kind == "slice" else shape))
        raise ValueError(f"a mask of shape {found}, wanted {wanted}, k-space without coils")
    return np.array(np.broadcast_to(mask != 0, shape))


def _maps(maps: Complex, shape: tuple[int, ...]) -> Complex:
    if maps.size != math.prod(shape) or len(maps) != shape[0]:
        found = " x ".join(map(str, maps.shape))
        raise ValueError(f"maps of shape {found}, wanted those of kspace; one set of maps is read")
    return maps.reshape(shape)


def _noise(noise: Complex, coils: int) -> Complex:
    if noise.ndim < 2 or len(noise) != coils:
        found = " x ".join(map(str, noise.shape))
        raise ValueError(f"noise of shape {found}, wanted (coils, samples) of {coils} coils")
    return noise.reshape(coils, -1)


def _affine(affine: NDArray[Any], kind: Kind) -> NDArray[np.float64]:
    """From the index (s, h, w): of a slice they are z, x and y, of a volume x, y and z."""
    found = np.asarray(affine, np.float64)
    if found.shape != (4, 4) or not np.isfinite(found).all() or abs(np.linalg.det(found[:3, :3])) < 1e-9:
        raise ValueError("an affine that is no 4 x 4 of numbers with an inverse, wanted index (x, y, z) -> mm")
    return found if kind == "volume" else found[:, [2, 0, 1, 3]]


def _spacing(affine: NDArray[Any], kind: Kind) -> tuple[float, float, float]:
    s, h, w = (float(step) for step in np.linalg.norm(_affine(affine, kind)[:3, :3], axis=0))
    return s, h, w
