"""A reader's own volume: any kind in and back, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
ndimage = pytest.importorskip("scipy.ndimage")
nib = pytest.importorskip("nibabel")
pytestmark = pytest.mark.engine

from stagelight.engines.scan import metrics  # noqa: E402
from stagelight.engines.scan.data import grid, nifti  # noqa: E402
from support.scan import Floats, brain, grainy, saved  # noqa: E402

PLACE = np.array([[1, 0, 0, -50], [0, 1, 0, -60], [0, 0, 1, -45], [0, 0, 0, 1.0]])


def written(own: nifti.Own, path: Path) -> Any:
    nifti.write(own.placed.x, own, path)
    return nib.load(path)


@pytest.mark.parametrize("codes", [("R", "A", "S"), ("L", "P", "S"), ("P", "I", "R"), ("A", "S", "L")])
@pytest.mark.parametrize("name", ["own.nii", "own.nii.gz", "own.mgz", "own.hdr"])
def test_any_orientation_is_the_same_brain_and_comes_back_on_its_own_grid(
    tmp_path: Path, codes: tuple[str, ...], name: str
) -> None:
    image = nib.Nifti1Image(grainy(), PLACE)
    upright = nifti.read(saved(tmp_path / "up.nii", np.asarray(image.dataobj), image.affine))
    turn = nib.orientations.ornt_transform(nib.io_orientation(image.affine), nib.orientations.axcodes2ornt(codes))
    turned = image.as_reoriented(turn)
    kind = {"own.mgz": nib.MGHImage, "own.hdr": nib.Nifti1Pair}.get(name, nib.Nifti1Image)
    nib.save(kind(np.asarray(turned.dataobj), turned.affine), tmp_path / name)
    own = nifti.read(tmp_path / name)
    assert own.native
    assert np.array_equal(own.placed.x, upright.placed.x)
    back = written(own, tmp_path / "out.nii.gz")
    assert back.shape == turned.shape
    assert np.allclose(back.affine, turned.affine)
    assert np.allclose(np.asarray(back.dataobj), np.asarray(turned.dataobj), atol=1e-2)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.float64])
def test_any_datatype_and_scaling(tmp_path: Path, dtype: Any) -> None:
    path = tmp_path / "own.nii.gz"
    image = nib.Nifti1Image((grainy() / 3).astype(dtype), np.eye(4))
    image.header.set_slope_inter(2.0, 0.0)
    nib.save(image, path)
    own = nifti.read(path)
    assert np.percentile(own.placed.x[own.placed.brain], 99.9) == pytest.approx(1)


INSIDE = brain() > 0
KINDS: dict[str, Callable[[Floats], Floats]] = {
    "shifted": lambda raw: raw - 1000,
    "standardised": lambda raw: (raw - raw.mean()) / raw.std(),
    "standardised within": lambda raw: np.where(INSIDE, (raw - raw[INSIDE].mean()) / raw[INSIDE].std(), 0),
    "not a number outside": lambda raw: np.where(INSIDE, raw, np.nan),
}


@pytest.mark.parametrize("name", KINDS)
def test_intensities_come_back_as_they_were(tmp_path: Path, name: str) -> None:
    raw = KINDS[name](grainy()).astype(np.float32)
    own = nifti.read(saved(tmp_path / "own.nii", raw))
    assert own.notes
    assert (own.brain == INSIDE).mean() > 0.999
    back = np.asarray(written(own, tmp_path / "out.nii").dataobj)
    core = ndimage.binary_erosion(INSIDE, iterations=2)
    lifted = np.maximum(raw, own.levels.dark)[core]  # the darkest thousandth of a standardised brain is cut
    assert np.abs(back[core] - lifted).max() < 1e-4 * np.ptp(raw[INSIDE])
    assert np.unique(back[~own.brain]).tolist() == pytest.approx([own.levels.air])
    if name != "not a number outside":
        assert back[0, 0, 0] == pytest.approx(raw[0, 0, 0], abs=1e-4)


def test_units_come_back_too(tmp_path: Path) -> None:
    image = nib.Nifti1Image(grainy(), np.diag([0.001, 0.001, 0.001, 1]))
    image.header.set_xyzt_units("meter")
    nib.save(image, tmp_path / "own.nii")
    own = nifti.read(tmp_path / "own.nii")
    back = written(own, tmp_path / "out.nii")
    assert own.litres == pytest.approx(0.285, abs=0.01)
    assert np.allclose(back.affine, image.affine, rtol=1e-5)
    assert back.header.get_xyzt_units()[0] == "meter"


def test_fine_voxels_are_kept_on_a_larger_grid(tmp_path: Path) -> None:
    raw = grainy((180, 216, 160))
    own = nifti.read(saved(tmp_path / "own.nii", raw, np.diag([0.9, 0.8, 0.9, 1])))
    assert own.native
    assert "its own voxels are scanned" in own.summary
    assert own.placed.x.shape == (160, 208, 144)
    assert np.abs(nifti.back(own.placed.x, own) - own.reference).max() == 0
    common = nifti.read(own.path, native=False)
    assert not common.native
    assert common.placed.x.shape == grid.SHAPE
    assert metrics.psnr(nifti.back(common.placed.x, common), common.reference, common.brain) < 60


def test_thick_slices_are_warned_of_and_come_back_at_their_own_spacing(tmp_path: Path) -> None:
    affine = np.diag([1.1, 0.9, 5.0, 1.0])
    raw = brain((110, 150, 25))
    raw *= 1 + 0.01 * np.random.default_rng(0).standard_normal(raw.shape)
    own = nifti.read(saved(tmp_path / "own.nii", raw, affine))
    assert not own.native
    assert "voxels are 5 mm long" in own.notes[0]
    back = written(own, tmp_path / "out.nii")
    assert back.shape == raw.shape
    assert np.allclose(back.affine, affine)
    inner = ndimage.binary_erosion(raw > 0, iterations=3)
    assert np.corrcoef(np.asarray(back.dataobj)[inner], raw[inner])[0, 1] > 0.97


def test_a_last_axis_of_one_is_no_fourth_dimension(tmp_path: Path) -> None:
    assert nifti.read(saved(tmp_path / "own.nii", grainy()[..., None])).brain.shape == (100, 120, 90)


def test_what_is_no_brain_is_refused_in_one_line_unless_forced(tmp_path: Path) -> None:
    small = saved(tmp_path / "small.nii", grainy((40, 48, 36)))  # 17 ml
    labels = np.where(brain() > 300, 3, np.where(INSIDE, 2, 0)).astype(np.float32)
    for path, words in ((small, "the brain found has 17 ml"), (saved(tmp_path / "labels.nii", labels), "a label map")):
        with pytest.raises(ValueError, match=f"{words}.*--force") as caught:
            nifti.read(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
        assert any(words in note for note in nifti.read(path, force=True).notes)


def test_numbers_that_are_none_within_the_brain_are_refused(tmp_path: Path) -> None:
    raw = grainy()
    raw[50:52, 60, 45] = np.nan
    with pytest.raises(ValueError, match="2 voxels within the brain are not finite"):
        nifti.read(saved(tmp_path / "own.nii", raw))


def test_the_brain_is_where_the_mask_says(tmp_path: Path) -> None:
    affine = np.diag([-1.0, 1, 1, 1])
    volume = saved(tmp_path / "own.nii", grainy() + 50, affine)
    inside = ndimage.binary_erosion(INSIDE, iterations=2)
    inside[:45] = False
    own = nifti.read(volume, mask=saved(tmp_path / "mask.nii.gz", inside, affine, np.uint8), force=True)
    assert np.array_equal(own.brain, inside)
    assert not own.head
    assert own.sha256 != nifti.read(volume).sha256
    with pytest.raises(ValueError, match=r"--mask .*40 x 48 x 36 voxels, wanted the volume's 100 x 120 x 90"):
        nifti.read(volume, mask=saved(tmp_path / "other.nii", brain((40, 48, 36))))


def head() -> Floats:
    """A brain within a dark gap, a skull and a scalp, at 2 mm."""
    axes = np.meshgrid(*(np.arange(n) - n / 2 for n in (80, 96, 80)), indexing="ij")
    away = np.sqrt(sum((a / r) ** 2 for a, r in zip(axes, (28, 34, 27), strict=True)))
    made = np.where(away < 1, 200.0, np.where(away < 1.12, 20.0, np.where(away < 1.45, 260.0, 0.0)))
    return np.maximum(made * (1 + 0.03 * np.random.default_rng(0).standard_normal(made.shape)), 0).astype(np.float32)


def test_whether_there_is_a_head_is_found_out_or_said(tmp_path: Path) -> None:
    path = saved(tmp_path / "own.nii", head(), np.diag([2.0, 2, 2, 1]))
    found, told = nifti.read(path), nifti.read(path, head=False, force=True)
    assert found.head
    assert not told.head
    assert found.litres == pytest.approx(4 / 3 * np.pi * 56 * 68 * 54 / 1e6, rel=0.1)
    assert told.litres > 1.7 * found.litres
    assert any("neck" in note for note in nifti.read(saved(path, head(), np.diag([2.0, 2, 3, 1]))).notes)
