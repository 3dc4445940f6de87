"""Volumes of a reader's own: NIfTI, in one file or two, packed or not, and MGH."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from stagelight.render.trials.answers import Bench, Case, answered
from stagelight.render.trials.mutations import BYTES
from stagelight.render.trials.readers.common import damaged, from_file, generator

SIDES, SPACING = (30, 36, 28), 5.0  # voxels, mm


def volumes(folder: Path) -> Bench:
    """A ball of tissue with some texture, 0.9 litres, in each format, and its damage."""
    import nibabel as nib  # noqa: PLC0415

    from stagelight.engines.scan.data import nifti  # noqa: PLC0415

    picture = ball()
    affine = np.diag([SPACING] * 3 + [1.0])
    for name in ("one.nii", "one.nii.gz", "two.img", "three.mgz"):
        kind = nib.MGHImage if name.endswith("mgz") else nib.Nifti1Pair if name.endswith("img") else nib.Nifti1Image
        nib.save(kind(picture, affine), folder / name)
    files = sorted(folder.iterdir())
    whole = {path.name: path.read_bytes() for path in files}

    def sound(own: nifti.Own) -> bool:
        inside = own.picture.raw[own.brain]
        return bool(inside.size and np.isfinite(inside).all() and np.isfinite(own.placed.scale) and own.litres > 0)

    def answer(path: Path) -> str:
        return answered(lambda: nifti.read(path), (ValueError,), sound, path.name)

    for path in files:
        assert answer(path) == "read", path

    def mutated(seed: int, number: int) -> Case:
        path, rng = files[number % len(files)], generator("volumes", seed, number)
        kinds = [*BYTES, _in_header, _in_header, _in_header]
        data = whole[path.name]
        if path.name.endswith(("gz", "mgz")) and number % 2:  # damage below the packing
            name, inner = damaged(gzip.decompress(data), kinds, rng, number // len(files))
            return from_file(path, f"{name}, unpacked", gzip.compress(inner, 1), answer)
        return from_file(path, *damaged(data, kinds, rng, number // len(files)), answer)

    made = [from_file(folder / name, what, data, answer) for what, (name, data) in _by_hand(whole).items()]
    return Bench(mutated, (*made, *_odd_names(folder, whole["one.nii"], answer)))


def ball() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """(30, 36, 28) brightness of a ball in air, with folds."""
    x, y, z = np.meshgrid(*(SPACING * (np.arange(n) - n / 2) for n in SIDES), indexing="ij")
    tissue = np.sqrt(x**2 + y**2 + z**2) < 60
    return np.asarray(tissue * (500 + 150 * np.sin(x / 7) * np.cos(y / 9) + 100 * np.sin(z / 5)), np.float32)


def _in_header(data: bytes, rng: np.random.Generator) -> bytes:
    """A few bytes of the header are others."""
    at = int(rng.integers(min(348, len(data) - 4)))
    ways = (b"\xff\xff", b"\0\0", b"\x7f\xff", b"\0\0\xc0\x7f", b"\0\0\x80\x7f", rng.bytes(2))
    value = ways[int(rng.integers(len(ways)))]
    return data[:at] + value + data[at + len(value) :]


def _by_hand(whole: dict[str, bytes]) -> dict[str, tuple[str, bytes]]:
    one, packed = whole["one.nii"], whole["one.nii.gz"]

    def put(at: int, form: str, *values: float | bytes) -> bytes:
        size = struct.calcsize(form)
        return one[:at] + struct.pack(form, *values) + one[at + size :]

    nan, inf = float("nan"), float("inf")
    changed = {
        "1024 voxels along each axis": put(40, "<8h", 3, 1024, 1024, 1024, 1, 1, 1, 1),
        "no dimensions": put(40, "<h", 0),
        "a negative side": put(42, "<h", -30),
        "nine dimensions": put(40, "<h", 9),
        "a fourth": put(40, "<5h", 4, 30, 36, 14, 2),
        "no type": put(70, "<h", 0),
        "an unknown type": put(70, "<h", 999),
        "colours": put(70, "<h", 128),
        "complex numbers": put(70, "<h", 32),
        "long doubles": put(70, "<h", 1536),
        "voxels begin at NaN": put(108, "<f", nan),
        "voxels begin at 1e30": put(108, "<f", 1e30),
        "voxels begin before the file": put(108, "<f", -352),
        "a slope of NaN": put(112, "<ff", nan, 0),
        "a slope of infinity": put(112, "<ff", inf, 0),
        "an offset of infinity": put(112, "<ff", 1, inf),
        "a slope of 1e38": put(112, "<ff", 1e38, 0),
        "an affine of zeros": put(280, "<12f", *[0] * 12),
        "an affine of NaN": put(280, "<12f", *[nan] * 12),
        "an affine of 1e30": put(280, "<12f", *[1e30] * 12),
        "no magic": put(344, "<4s", b"\0\0\0\0"),
        "the magic of a pair": put(344, "<4s", b"ni1\0"),
        "an extension of 2 GB": put(348, "<4bii", 1, 0, 0, 0, 2**31 - 16, 6),
        "all voxels NaN": one[:352] + struct.pack("<f", nan) * ((len(one) - 352) // 4),
        "all voxels alike": one[:352] + struct.pack("<f", 7) * ((len(one) - 352) // 4),
        "all voxels infinite": one[:352] + struct.pack("<f", inf) * ((len(one) - 352) // 4),
        "empty": b"",
        "a header alone": one[:348],
        "text": b"<nii>" * 200,
        "packed under a name that says otherwise": packed,
    }
    found = {name: ("hand.nii", data) for name, data in changed.items()}
    bomb = gzip.compress(put(40, "<8h", 3, 500, 500, 500, 1, 1, 1, 1)[:352] + bytes(300 << 20), 1)
    return found | {
        "300 MB of zeros, packed": ("hand.nii.gz", bomb),
        "not packed under a name that says so": ("hand.nii.gz", one),
        "packed twice": ("hand.nii.gz", gzip.compress(packed)),
        "half of it": ("hand.nii.gz", packed[: len(packed) // 2]),
        "MGH of nothing": ("hand.mgz", gzip.compress(b"")),
        "the picture of a pair alone": ("alone.img", whole["two.img"]),
    }


def _odd_names(folder: Path, data: bytes, answer: Callable[[Path], str]) -> tuple[Case, ...]:
    """Names that a terminal would obey, of a file that cannot be read and of one that is a folder."""

    def named(name: str) -> str:
        path = folder / name
        path.write_bytes(data[:100])
        try:
            return answered(lambda: _read(path), (ValueError,), lambda _: False)
        finally:
            path.unlink()

    def missing() -> str:
        return answered(lambda: _read(folder / "missing.nii"), (ValueError,), lambda _: False, "missing.nii")

    names = ("two\nlines.nii", "\x1b[31mred.nii", "\u202eturned.nii", "a b.nii", "\x9b31m.nii", "é.nii", "-force.nii")
    odd = tuple(Case(f"the name {name!a}", partial(named, name)) for name in names)
    inner = folder / "inner"
    inner.mkdir(exist_ok=True)
    return (*odd, Case("no such file", missing), Case("a folder", partial(_folder, folder, answer)))


def _folder(folder: Path, answer: Callable[[Path], str]) -> str:
    path = folder / "folder.nii"
    path.mkdir()
    try:
        return answer(path)
    finally:
        path.rmdir()


def _read(path: Path) -> object:
    from stagelight.engines.scan.data import nifti  # noqa: PLC0415

    return nifti.read(path)
