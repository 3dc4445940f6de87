"""Volumes on file: NIfTI-1 and -2 in one file or two, Analyze, MGH; voxels and an affine in millimetres.

A header says how much is to come, so it is read first, from the first bytes of what may be a compressed stream, and a
file that promises too much is refused before anything else of it is unpacked.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import nibabel as nib
import numpy as np
from nibabel.analyze import AnalyzeImage
from nibabel.filebasedimages import ImageFileError
from nibabel.freesurfer.mghformat import MGHError, MGHHeader
from nibabel.spatialimages import HeaderDataError, SpatialImage
from nibabel.wrapstruct import WrapStructError
from numpy.typing import NDArray

MOST_BYTES = 512 << 20  # of a file, and of its voxels
MOST_VOXELS = 64 << 20
MOST_AHEAD = 16 << 20  # bytes of notes between header and voxels
HEADER_BYTES = 544  # of the longest header, NIfTI-2, and what says if more follows
SIDES = (16, 1024)  # voxels along an axis, least and most
SPACING = (0.2, 6.0)  # mm
ENDS = (".nii.gz", ".nii", ".hdr.gz", ".img.gz", ".hdr", ".img", ".mgz", ".mgh.gz", ".mgh")
MGH = (".mgz", ".mgh", ".mgh.gz")
UNITS = {"meter": 1000.0, "mm": 1.0, "micron": 0.001, "unknown": 1.0}  # mm
STATISTICS = range(2, 25)  # intent codes of NIfTI that stand for a map of a statistic
WAY_OUT = "wanted one 3D volume of a brain (.nii, .nii.gz, .mgz, or .hdr with .img)"
TROUBLE = (
    *(OSError, EOFError, ValueError, KeyError, zlib.error, gzip.BadGzipFile),  # KeyError: a type that nobody knows
    *(ImageFileError, HeaderDataError, WrapStructError, MGHError),
)


@dataclass(frozen=True)
class Picture:
    """One volume as its file has it."""

    raw: NDArray[np.float32]  # (X, Y, Z), some of it perhaps not finite
    affine: NDArray[np.float64]  # (4, 4) index -> mm
    unit: str  # of the file's own affine, a key of `UNITS`
    statistic: bool  # its header says that it is a map of a statistic
    notes: tuple[str, ...]  # what a reader should know

    @property
    def spacing(self) -> NDArray[np.float64]:
        """mm along each axis."""
        return np.asarray(np.linalg.norm(self.affine[:3, :3], axis=0))


def stem(path: Path) -> str:
    """Its name without what says the format."""
    return next((path.name[: -len(end)] for end in ENDS if path.name.lower().endswith(end)), path.stem)


def read(path: Path) -> Picture:
    """Read a file.

    Raises:
        ValueError: it cannot be read, or is not one volume of usual size; in one line, with the file.
    """
    try:
        _peek(path)
        return _picture(path)
    except TROUBLE as error:
        why = " ".join(str(error).split())[:200].removeprefix(f"{path}: ")
        if isinstance(error, KeyError):
            why = f"voxels of type {why}, which NIfTI does not have"
        shown = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in str(path))
        raise ValueError(f"{shown}: {why or type(error).__name__}; {WAY_OUT}") from error


def _peek(path: Path) -> None:
    """Refuse a file by its name, its size and its header; nothing more of it is unpacked."""
    if not path.is_file():
        raise ValueError("no such file")
    size, name = path.stat().st_size, path.name.lower()
    if size == 0:
        raise ValueError("the file is empty")
    if size > MOST_BYTES:
        raise ValueError(f"{size >> 20} MiB, at most {MOST_BYTES >> 20}")
    with path.open("rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
    if compressed and not name.endswith((".gz", ".mgz")):
        raise ValueError("compressed, though its name does not end in .gz; rename it")
    if not compressed and name.endswith((".gz", ".mgz")):
        raise ValueError("not compressed, though its name ends in .gz or .mgz; rename it")
    if ".img" in (name[-4:], name[-7:-3]):
        path = _beside(path)
    with _stream(path) as stream:
        head = stream.read(HEADER_BYTES)
    if name.endswith(MGH):
        header = MGHHeader(head[: MGHHeader.template_dtype.itemsize], check=False)
        shape, kind, ahead = tuple(int(n) for n in header["dims"]), header.get_data_dtype(), 0
    else:
        shape, kind, ahead = _promised(head)
    _bounded(shape, kind, ahead)


def _stream(path: Path) -> IO[bytes]:
    """The bytes of a file, unpacked as they are read."""
    return cast("IO[bytes]", gzip.open(path)) if path.name.lower().endswith((".gz", ".mgz")) else path.open("rb")


def _beside(path: Path) -> Path:
    """The header of a pair."""
    at = path.name.lower().rindex(".img")
    found = path.with_name(path.name[:at] + ".hdr" + path.name[at + 4 :])
    if not found.is_file():
        raise ValueError(f"no {found.name} beside it; both files of a pair are needed")
    return found


def _promised(head: bytes) -> tuple[tuple[int, ...], np.dtype[np.generic], int]:
    """Shape, type and the bytes before the voxels, of a NIfTI or Analyze header."""
    sizes = {int.from_bytes(head[:4], order) for order in ("little", "big")}
    version = nib.Nifti2Header if 540 in sizes else nib.Nifti1Header if 348 in sizes else None
    if version is None or len(head) < version.sizeof_hdr:
        raise ValueError("no NIfTI, Analyze or MGH header in it")
    header = version(head[: version.sizeof_hdr], check=False)
    dims = [int(n) for n in header["dim"]]
    if not 1 <= dims[0] <= 7:
        raise ValueError(f"its header says {dims[0]} dimensions")
    return tuple(dims[1 : 1 + dims[0]]), header.get_data_dtype(), int(header["vox_offset"])


def _bounded(shape: tuple[int, ...], kind: np.dtype[np.generic], ahead: int) -> None:
    """Refuse what is not one volume of plain numbers, or too large."""
    size = " x ".join(map(str, shape))
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) != 3:
        raise ValueError(f"{len(shape)}D, shape {size}; give it one volume")
    if kind.kind not in "iuf":
        raise ValueError(f"voxels of type {kind}, wanted plain numbers")
    if min(shape) < SIDES[0] or max(shape) > SIDES[1]:
        raise ValueError(f"shape {size}, wanted {SIDES[0]} to {SIDES[1]} along each axis")
    voxels = int(np.prod(shape, dtype=np.int64))
    if voxels > MOST_VOXELS or voxels * kind.itemsize > MOST_BYTES:
        raise ValueError(
            f"its header promises {size} voxels of {kind}, {voxels * kind.itemsize >> 20} MiB, which is too large; at "
            f"most {MOST_VOXELS >> 20} million and {MOST_BYTES >> 20} MiB: resample it"
        )
    if not 0 <= ahead <= MOST_AHEAD:
        raise ValueError(f"its header says that voxels begin after {ahead} bytes")


def _picture(path: Path) -> Picture:
    if path.name.lower().endswith(MGH):  # the library leaves such files open
        with _stream(path) as stream:
            return _taken(nib.MGHImage.from_stream(stream))
    return _taken(nib.load(path))


def _taken(image: SpatialImage) -> Picture:
    if not isinstance(image, (AnalyzeImage, nib.MGHImage)):
        raise ValueError(f"{type(image).__name__} found")
    _bounded(image.shape, image.get_data_dtype(), 0)
    notes, unit, statistic = [], "mm", False
    if isinstance(image, nib.Nifti1Pair):
        unit = image.header.get_xyzt_units()[0]
        statistic = int(image.header["intent_code"]) in STATISTICS
        if unit in ("meter", "micron"):
            notes.append(f"its header counts in {unit}s, which are taken as such")
    elif isinstance(image, AnalyzeImage):
        notes.append("an Analyze header does not say which side is left; sides may be swapped")
    affine = np.diag([UNITS[unit]] * 3 + [1.0]) @ np.asarray(image.affine, np.float64)
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) <= 1e-9 * float(np.prod(spacing)):
        raise ValueError("its affine has no inverse")
    if spacing.min() < SPACING[0] or spacing.max() > SPACING[1]:
        found = " x ".join(f"{s:.3g}" for s in spacing)
        more = ", as of a rodent" if spacing.max() < SPACING[0] else ""
        raise ValueError(f"voxels of {found} mm{more}, wanted {SPACING[0]:g} to {SPACING[1]:g}; its unit is {unit}")
    raw = np.asarray(image.dataobj, np.float32).reshape(image.shape[:3])
    return Picture(raw, affine, unit, statistic, tuple(notes))
