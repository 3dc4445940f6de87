"""A reader's own volume: any NIfTI picture of a brain in, the reconstruction back on its own grid.

Orientation, spacing, size, datatype and compression may be any; what cannot be a brain is refused in one line.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray
from scipy import ndimage

from stagelight.engines.recording import atomic, sha256
from stagelight.engines.scan.data import grid
from stagelight.engines.scan.data.grid import Placed

MOST_BYTES = 512 << 20  # of a file, and of its voxels as float32
SIDES = (16, 1024)  # voxels along an axis, least and most
SPACING = (0.2, 6.0)  # mm
BRAIN_MM3 = 2.2e6  # more than any brain
WAY_OUT = "wanted one 3D NIfTI volume of a brain (.nii or .nii.gz)"


@dataclass(frozen=True)
class Own:
    """A reader's volume, ready to be scanned."""

    path: Path
    sha256: str
    placed: Placed  # on the grid
    shape: tuple[int, int, int]  # of the file
    affine: NDArray[np.float64]  # (4, 4) of the file
    raw: NDArray[np.float32]  # of that shape, as read
    head: bool  # whether scalp and skull were taken off


def read(path: Path, head: bool | None = None) -> Own:
    """Read and check a NIfTI file, and lay its brain on the grid.

    Args:
        path: the file.
        head: whether scalp and skull are in it; None to find out from how much of it is not air.

    Raises:
        ValueError: it cannot be read, or is not one volume of a brain; in one line, with the file.
    """
    try:
        image = _opened(path)
        raw = _checked(image)
        affine = _affine(image)
    except (OSError, EOFError, ValueError, ImageFileError, HeaderDataError, gzip.BadGzipFile, zlib.error) as error:
        why = " ".join(str(error).split())[:200]
        raise ValueError(f"{path}: {why}; {WAY_OUT}") from error
    upright = nib.as_closest_canonical(nib.Nifti1Image(raw, affine))
    turned = np.asarray(upright.dataobj, np.float32)
    steps = np.linalg.norm(np.asarray(upright.affine)[:3, :3], axis=0)
    within_head = _has_head(turned, steps) if head is None else head
    try:
        placed = grid.place(turned, np.asarray(upright.affine), within_head)
    except ValueError as error:
        raise ValueError(f"{path}: {error}; {WAY_OUT}") from error
    shape = (int(raw.shape[0]), int(raw.shape[1]), int(raw.shape[2]))
    return Own(path, sha256(path), placed, shape, affine, raw, within_head)


def write(x: NDArray[np.float32], own: Own, path: Path) -> None:
    """Write a reconstruction, (128, 160, 144) in [0, 1], on the grid and in the intensities of the file it came from.

    Outside of the grid it is 0. The affine is the file's own, so the two can be laid over one another.
    """
    to_grid = np.linalg.inv(own.placed.affine) @ own.affine
    order = 1 if np.abs(to_grid - np.round(to_grid)).max() > 1e-3 else 0
    back = ndimage.affine_transform(x, to_grid[:3, :3], to_grid[:3, 3], own.shape, order=order, mode="constant")
    image = nib.Nifti1Image(np.asarray(back * own.placed.scale, np.float32), own.affine)
    image.header.set_xyzt_units("mm")
    data = image.to_bytes()
    with atomic(path) as file:
        file.write(gzip.compress(data, 6, mtime=0) if path.name.endswith(".gz") else data)


def _opened(path: Path) -> nib.Nifti1Image:
    """The file as NIfTI-1 or -2, not yet read, with a shape that can be."""
    if not path.is_file():
        raise ValueError("no such file")
    if path.stat().st_size == 0:
        raise ValueError("the file is empty")
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"{path.stat().st_size >> 20} MiB, at most {MOST_BYTES >> 20}")
    with path.open("rb") as file:
        magic = file.read(2)
    name = path.name.lower()
    if magic == b"\x1f\x8b" and not name.endswith(".gz"):
        raise ValueError("compressed, though its name does not end in .gz; rename it")
    if magic != b"\x1f\x8b" and name.endswith(".gz"):
        raise ValueError("not compressed, though its name ends in .gz; rename it")
    image = nib.load(path)
    if not isinstance(image, nib.Nifti1Image):
        raise ValueError(f"{type(image).__name__} found")
    shape = image.shape
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) != 3:
        raise ValueError(f"{len(shape)}D, shape {' x '.join(map(str, image.shape))}; give it one volume")
    if image.get_data_dtype().kind not in "iuf":
        raise ValueError(f"voxels of type {image.get_data_dtype()}, wanted plain numbers")
    if min(shape) < SIDES[0] or max(shape) > SIDES[1]:
        raise ValueError(f"shape {' x '.join(map(str, shape))}, wanted {SIDES[0]} to {SIDES[1]} along each axis")
    if 4 * np.prod(shape, dtype=np.int64) > MOST_BYTES:
        raise ValueError(f"shape {' x '.join(map(str, shape))} is too large: at most {MOST_BYTES >> 22} million voxels")
    return image


def _checked(image: nib.Nifti1Image) -> NDArray[np.float32]:
    """Its voxels."""
    raw = np.asarray(image.dataobj, np.float32)
    raw = raw.reshape(raw.shape[:3])
    lost = int(np.count_nonzero(~np.isfinite(raw)))
    if lost:
        raise ValueError(f"{lost} voxels are not finite numbers; replace them, with 0 outside of the brain")
    if raw.max() == raw.min():
        raise ValueError(f"every voxel is {raw.max():g}")
    low = float(np.percentile(raw, 1))  # scans are not negative; a shifted scale starts about there
    return np.asarray(np.maximum(raw - min(low, 0.0), 0), np.float32)


def _affine(image: nib.Nifti1Image) -> NDArray[np.float64]:
    """Index -> mm."""
    affine = np.asarray(image.affine, np.float64)
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-6:
        raise ValueError("its affine has no inverse")
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    if spacing.min() < SPACING[0] or spacing.max() > SPACING[1]:
        found = " x ".join(f"{s:.3g}" for s in spacing)
        raise ValueError(f"voxels of {found} mm, wanted {SPACING[0]:g} to {SPACING[1]:g}")
    return affine


def _has_head(raw: NDArray[np.float32], steps: NDArray[np.float64]) -> bool:
    """Whether what is not air is too much for a brain alone: heads here fill 2.9 to 4.1 litres, brains 1.0 to 1.3."""
    filled = ndimage.binary_fill_holes(raw > 0.02 * np.percentile(raw, 99.5))
    return float(filled.sum()) * float(np.prod(steps)) > BRAIN_MM3
