"""A reader's own volume: any picture of a brain in, the reconstruction back on its own grid in its own intensities.

Orientation, spacing, size, datatype and compression may be any; what cannot be a brain is refused in one line.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.orientations import apply_orientation, axcodes2ornt, io_orientation, ornt_transform
from numpy.typing import NDArray
from scipy import ndimage

from stagelight.engines.recording import atomic, sha256
from stagelight.engines.scan.data import grid, intensities, volume_file
from stagelight.engines.scan.data.grid import Placed
from stagelight.engines.scan.data.intensities import LITRES, Levels
from stagelight.engines.scan.data.volume_file import Picture

HEAD_MM3 = 2.2e6  # of what is not air, above which it is a head: here heads fill 2.9 to 4.1 litres, brains 1.0 to 1.3
THICK = 3.0  # mm of a slice, above which a warning is due
TALL = 200.0  # mm of what is not air, feet to head, above which there is a neck
USUAL = (0.8, 1.9)  # litres of an adult's brain
FORCE = "give --force to go on with it"
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Own:
    """A reader's volume, ready to be scanned."""

    path: Path
    sha256: str  # of the file, and of the mask if one was given
    picture: Picture
    levels: Levels
    placed: Placed  # on the grid that is scanned
    brain: Mask  # (X, Y, Z) of the file
    head: bool  # whether scalp and skull were taken off
    notes: tuple[str, ...]  # what a reader should know

    @property
    def litres(self) -> float:
        """Of the brain."""
        return _litres(self.brain, self.picture.spacing)

    @property
    def native(self) -> bool:
        """Whether the file's own voxels are scanned, so that nothing is interpolated."""
        return _order(self) == 0

    @property
    def reference(self) -> Floats:
        """The file's own voxels in units of the grid's, (X, Y, Z); 0 outside the brain."""
        return np.where(self.brain, intensities.lifted(self.picture.raw, self.levels) / self.placed.scale, 0)

    @property
    def summary(self) -> str:
        """A line by which to see that the file was understood."""
        voxels = " x ".join(f"{s:.3g}" for s in self.picture.spacing)
        found = "found in a head" if self.head else "with nothing around it"
        on = "its own voxels are scanned" if self.native else f"scanned at {self.placed.spacing:g} mm"
        return f"brain of {self.litres:.2f} litres {found}; histogram {self.levels.kind}; voxels of {voxels} mm; {on}"


def read(
    path: Path, head: bool | None = None, mask: Path | None = None, *, force: bool = False, native: bool = True
) -> Own:
    """Read and check a file, and lay its brain on the grid.

    Args:
        path: the file.
        head: whether scalp and skull are in it; None to find out from how much of it is not air.
        mask: a file with the brain in it, above a half, on the same grid; None to find the brain.
        force: go on with what does not look like a brain.
        native: keep the file's own voxels where that can be.

    Raises:
        ValueError: it cannot be read, or is not one volume of a brain; in one line, with the file.
    """
    picture = volume_file.read(path)
    try:
        found = intensities.levels(picture.raw)
        against = intensities.doubts(picture.raw, found, picture.statistic)
        _insist(against, force)
        turn = io_orientation(picture.affine)
        upright = apply_orientation(intensities.lifted(picture.raw, found), turn)
        affine = picture.affine @ nib.orientations.inv_ornt_aff(turn, picture.raw.shape)
        steps = np.linalg.norm(affine[:3, :3], axis=0)
        tissue = upright > 0.02 * np.percentile(upright, 99.5)
        full = float(ndimage.binary_fill_holes(tissue).sum()) * float(np.prod(steps)) > HEAD_MM3
        within_head = mask is None and (full if head is None else head)
        brain = _given(mask, picture, turn) if mask else _found(upright, steps, within_head, found, turn)
        if not brain.any():
            raise ValueError("no brain is found in it; say where it is with --mask FILE")
        own = apply_orientation(brain, ornt_transform(axcodes2ornt("RAS"), turn)).astype(bool)
        lost = int(np.count_nonzero(~np.isfinite(picture.raw) & own))
        if lost:
            raise ValueError(f"{lost} voxels within the brain are not finite numbers; replace them")
        litres = _litres(own, picture.spacing)
        if not LITRES[0] <= litres <= LITRES[1]:
            more = [
                "the brain found has {:.0f} ml, wanted {:.0f} to {:.0f}".format(*(1000 * n for n in (litres, *LITRES)))
            ]
            _insist(more, force)
            against += more
        placed = grid.lay(upright, affine, brain, native)
    except ValueError as error:
        raise ValueError(f"{path}: {error}; {volume_file.WAY_OUT}") from error
    notes = [*picture.notes, *found.notes, *(f"{why}; gone on with all the same" for why in against)]
    notes += _warnings(tissue, steps, within_head, litres)
    known = sha256(path) + (sha256(mask) if mask else "")
    return Own(path, known, picture, found, placed, own, within_head, tuple(notes))


def back(x: Floats, own: Own) -> Floats:
    """A volume on the grid, taken to the file's own; 0 outside the brain."""
    to_grid = np.linalg.inv(own.placed.affine) @ own.picture.affine
    shape = own.brain.shape
    found = ndimage.affine_transform(x, to_grid[:3, :3], to_grid[:3, 3], shape, order=_order(own), mode="constant")
    return np.where(own.brain, found, 0).astype(np.float32)


def write(x: Floats, own: Own, path: Path) -> None:
    """Write a reconstruction, as on the grid, on the grid and in the intensities of the file it came from.

    Outside of the brain it is the file's air. The affine is the file's own, so the two can be laid over one another.
    """
    save(np.where(own.brain, own.levels.dark + own.placed.scale * back(x, own), own.levels.air), own, path)


def save(volume: NDArray[np.generic], own: Own, path: Path) -> None:
    """Write a volume that is on the file's own grid already; a mask as bytes."""
    kind = np.uint8 if volume.dtype == np.bool_ else np.float32
    unit = own.picture.unit
    to_unit = np.diag([1 / volume_file.UNITS[unit]] * 3 + [1.0])
    image = nib.Nifti1Image(np.asarray(volume, kind), to_unit @ own.picture.affine)
    image.header.set_xyzt_units("mm" if unit == "unknown" else unit)
    data = image.to_bytes()
    with atomic(path) as file:
        file.write(gzip.compress(data, 6, mtime=0) if path.name.endswith(".gz") else data)


def _order(own: Own) -> int:
    """Of the splines that take the grid to the file's: 0 where voxels lie on voxels."""
    to_grid = np.linalg.inv(own.placed.affine) @ own.picture.affine
    return 3 if np.abs(to_grid - np.round(to_grid)).max() > 1e-3 else 0


def _insist(against: list[str], force: bool) -> None:
    if against and not force:
        raise ValueError(f"{against[0]}; {FORCE}")


def _found(upright: Floats, steps: NDArray[np.float64], head: bool, found: Levels, turn: NDArray[np.float64]) -> Mask:
    """The brain, upright: within a head, or all that is not air."""
    if head:
        return grid.brain_of(upright, steps)
    if found.background is not None and found.within:
        return grid.largest(ndimage.binary_fill_holes(apply_orientation(~found.background, turn)))
    return grid.solid(upright)


def _given(path: Path, picture: Picture, turn: NDArray[np.float64]) -> Mask:
    """The brain that a reader gives, upright."""
    given = volume_file.read(path)
    if given.raw.shape != picture.raw.shape or not np.allclose(given.affine, picture.affine, atol=0.05):
        sizes = [" x ".join(map(str, each.raw.shape)) for each in (given, picture)]
        raise ValueError(f"--mask {path}: {sizes[0]} voxels, wanted the volume's {sizes[1]} at the same place")
    return np.asarray(apply_orientation(given.raw > 0.5, turn), np.bool_)


def _warnings(tissue: Mask, steps: NDArray[np.float64], head: bool, litres: float) -> list[str]:
    said = []
    if steps.max() > THICK:
        said.append(
            f"voxels are {steps.max():.3g} mm long: what is between slices is interpolated, and networks have learnt "
            "from finer ones"
        )
    high = np.flatnonzero(tissue.mean(axis=(0, 1)) > 0.02)
    tall = float(np.ptp(high) * steps[2]) if len(high) else 0.0
    if head and tall > TALL:
        said.append(
            f"{tall:.0f} mm from top to bottom, so there is a neck in it; look at the brain found, or give --mask"
        )
    if head and not USUAL[0] <= litres <= USUAL[1]:
        said.append("an adult's brain has 0.8 to 1.9 litres; look at the one found, or give --mask")
    return said


def _litres(brain: Mask, spacing: NDArray[np.float64]) -> float:
    return float(np.count_nonzero(brain)) * float(np.prod(spacing)) / 1e6
