"""Arrays of plain numbers as an npz whose bytes depend on them alone, and a reader that trusts nothing.

Pickle is off, the archive's index is bounded before it is parsed and its arrays before they are unpacked, and npy
headers are matched, never evaluated. Arrays come back read-only.
"""

from __future__ import annotations

import hashlib
import io
import math
import re
import struct
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_ARRAY_BYTES = 128 << 20  # unpacked, all arrays together
MAX_ARRAYS = 256
MAX_INDEX_BYTES = 256 << 10  # of the archive's directory
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
# How numpy begins an array of plain numbers of at most eight bytes.
NPY = re.compile(
    rb"\x93NUMPY\x01\x00(?P<length>..)"
    rb"\{'descr': '(?P<dtype>\|b1|\|[iu]1|[<>][iu][248]|[<>]f[248])', 'fortran_order': False, "
    rb"'shape': \((?P<shape>|\d{1,18},|\d{1,18}(?:, \d{1,18})+)\), \} *\n",
    re.DOTALL,
)
_EPOCH = (1980, 1, 1, 0, 0, 0)

Array = NDArray[Any]


def pack(arrays: Mapping[str, Array]) -> bytes:
    """The archive: members sorted, with a fixed date.

    Raises:
        ValueError: what `unpack` would refuse.
    """
    if len(arrays) > MAX_ARRAYS:
        raise ValueError(f"{len(arrays)} arrays, at most {MAX_ARRAYS}")
    for name, array in arrays.items():
        if not NAME.fullmatch(name) or array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
            raise ValueError(f"array {name!r} of {array.dtype}, wanted a plain name and plain numbers")
    if sum(array.nbytes for array in arrays.values()) > MAX_ARRAY_BYTES - 4096 * MAX_ARRAYS:
        raise ValueError(f"arrays of more than {MAX_ARRAY_BYTES >> 20} MB")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in sorted(arrays.items()):
            inner = io.BytesIO()
            np.lib.format.write_array(inner, np.asarray(array, order="C"), version=(1, 0), allow_pickle=False)
            member = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            member.compress_type, member.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(member, inner.getvalue(), compresslevel=9)
    return buffer.getvalue()


def unpack(data: bytes) -> dict[str, Array]:
    """The arrays of an archive, by name.

    Raises:
        ValueError: too large, or not as `pack` writes it. A damaged one raises whatever zipfile and zlib raise.
    """
    _check_index(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        _check_members(members)
        return {member.filename.removesuffix(".npy"): _read(archive, member) for member in members}


def describe(array: Array) -> dict[str, Any]:
    """The type, shape and hash of an array, for JSON: the same for two only if they are the same to the bit."""
    plain = np.asarray(array, order="C")
    return {
        "dtype": plain.dtype.str,
        "shape": list(plain.shape),
        "sha256": hashlib.sha256(plain.tobytes()).hexdigest(),
    }


def _check_index(data: bytes) -> None:
    """Refuse an archive whose directory is too large to parse, as its last 22 bytes give it."""
    end = data[-22:]
    if len(end) < 22 or end[:4] != b"PK\x05\x06" or end[-2:] != b"\0\0":
        raise ValueError("it does not end as an npz does")
    entries, size = struct.unpack("<10xHL6x", end)
    if data[-42:-38] == b"PK\x06\x07" or entries > MAX_ARRAYS or size > MAX_INDEX_BYTES:
        raise ValueError(
            f"{entries} entries in a directory of {size} bytes, at most {MAX_ARRAYS} and {MAX_INDEX_BYTES}"
        )


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    """Refuse an archive by what its directory says, before a byte is unpacked."""
    if sum(member.file_size for member in members) > MAX_ARRAY_BYTES:
        raise ValueError(f"it unpacks to more than {MAX_ARRAY_BYTES} bytes")
    names = [member.filename for member in members]
    if len(set(names)) != len(names):
        raise ValueError("an array is there twice")
    for member in members:
        name = member.filename.removesuffix(".npy")
        if name == member.filename or not NAME.fullmatch(name):
            raise ValueError(f"{member.filename!r} is not an array's name")
        if member.compress_type not in {zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED}:
            raise ValueError(f"{member.filename}: compression {member.compress_type} is not used here")


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Array:
    """One array, read-only; never reads past the size its directory entry gave."""
    with archive.open(member) as file:
        raw = file.read(member.file_size + 1)
    if len(raw) != member.file_size:
        raise ValueError(f"{member.filename} is not as long as it says")
    head = NPY.match(raw)
    if head is None or head.end() != 10 + int.from_bytes(head["length"], "little"):
        raise ValueError(f"{member.filename} is not an array of plain numbers")
    dtype, shape = np.dtype(head["dtype"].decode()), tuple(int(size) for size in head["shape"].split(b",") if size)
    if math.prod(shape) * dtype.itemsize != len(raw) - head.end():
        raise ValueError(f"{member.filename}: shape {shape} does not fit its {len(raw)} bytes")
    return np.frombuffer(raw, dtype, offset=head.end()).reshape(shape)
