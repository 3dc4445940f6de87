"""NIfTI files of a reader: any orientation in and back, and what is refused."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
ndimage = pytest.importorskip("scipy.ndimage")
nib = pytest.importorskip("nibabel")
pytestmark = pytest.mark.engine

from stagelight.engines.scan.data import nifti  # noqa: E402
from support.scan import brain, saved  # noqa: E402


@pytest.mark.parametrize("codes", [("R", "A", "S"), ("L", "P", "S"), ("P", "I", "R"), ("A", "S", "L")])
@pytest.mark.parametrize("name", ["own.nii", "own.nii.gz"])
def test_any_orientation_is_the_same_brain_and_comes_back_on_its_own_grid(
    tmp_path: Path, codes: tuple[str, ...], name: str
) -> None:
    image = nib.Nifti1Image(brain(), np.array([[1, 0, 0, -50], [0, 1, 0, -60], [0, 0, 1, -45], [0, 0, 0, 1.0]]))
    upright = nifti.read(saved(tmp_path / "up.nii", np.asarray(image.dataobj), image.affine))
    turn = nib.orientations.ornt_transform(nib.io_orientation(image.affine), nib.orientations.axcodes2ornt(codes))
    turned = image.as_reoriented(turn)
    nib.save(turned, tmp_path / name)
    own = nifti.read(tmp_path / name)
    assert np.array_equal(own.placed.x, upright.placed.x)
    out = tmp_path / f"out_{name}"
    nifti.write(own.placed.x, own, out)
    back = nib.load(out)
    assert back.shape == turned.shape
    assert np.allclose(back.affine, turned.affine)
    raw = np.asarray(turned.dataobj)
    assert np.allclose(np.asarray(back.dataobj), np.minimum(raw, own.placed.scale), atol=1e-2)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.float64])
def test_any_datatype_and_scaling(tmp_path: Path, dtype: Any) -> None:
    path = tmp_path / "own.nii.gz"
    image = nib.Nifti1Image((brain() / 3).astype(dtype), np.eye(4))
    image.header.set_slope_inter(2.0, 0.0)
    nib.save(image, path)
    assert nifti.read(path).placed.x.max() == 1


def test_thick_slices_come_back_at_their_own_spacing(tmp_path: Path) -> None:
    affine = np.diag([1.1, 0.9, 2.5, 1.0])
    raw = brain((110, 150, 50))
    own = nifti.read(saved(tmp_path / "own.nii", raw, affine))
    nifti.write(own.placed.x, own, tmp_path / "out.nii")
    back = nib.load(tmp_path / "out.nii")
    assert back.shape == raw.shape
    assert np.allclose(back.affine, affine)
    inner = ndimage.binary_erosion(raw > 0, iterations=4)
    got, wanted = np.asarray(back.dataobj)[inner], np.minimum(raw, own.placed.scale)[inner]
    assert np.corrcoef(got, wanted)[0, 1] > 0.97


def test_a_last_axis_of_one_is_no_fourth_dimension(tmp_path: Path) -> None:
    assert nifti.read(saved(tmp_path / "own.nii", brain()[..., None])).shape == (100, 120, 90)


def _bad(folder: Path) -> dict[str, Path]:
    raw = brain((40, 48, 36))
    spoilt = raw.copy()
    spoilt[5, 5, 5] = np.nan
    whole = saved(folder / "whole.nii.gz", raw).read_bytes()
    plain = saved(folder / "plain.nii", raw).read_bytes()
    made = {
        "2D": saved(folder / "flat.nii", raw[:, :, 10]),
        "4D": saved(folder / "four.nii", np.stack([raw, raw], -1)),
        "file is empty": folder / "empty.nii",
        "not finite": saved(folder / "nan.nii", spoilt),
        "every voxel is 0": saved(folder / "zero.nii", 0 * raw),
        "every voxel is 7": saved(folder / "seven.nii", 0 * raw + 7),
        "along each axis": saved(folder / "thin.nii", raw[:, :, :4]),
        "voxels of 9": saved(folder / "coarse.nii", raw, np.diag([9.0, 9, 9, 1])),
        "no inverse": saved(folder / "singular.nii", raw, np.diag([1.0, 1, 1, 1])),
        "such file": folder / "nowhere.nii",
        "its name does not end in .gz": folder / "hidden.nii",
        "its name ends in .gz": folder / "plain.nii.gz",
        "type": saved(folder / "complex.nii", raw, dtype=np.complex64),
    }
    made["file is empty"].write_bytes(b"")
    made["its name does not end in .gz"].write_bytes(whole)
    made["its name ends in .gz"].write_bytes(plain)
    head = bytearray(plain)
    head[280:328] = bytes(48)  # the rows of its affine
    made["no inverse"].write_bytes(bytes(head))
    for name, content in (
        ("cut.nii.gz", whole[: len(whole) // 2]), ("cut.nii", plain[:5000]), ("text.nii", b"not a scan\n" * 50),
        ("text.nii.gz", gzip.compress(b"not a scan\n" * 50)), ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(600)),
    ):  # fmt: skip
        (folder / name).write_bytes(content)
        made[f"{name}: "] = folder / name
    return made


def test_what_cannot_be_a_brain_is_refused_in_one_line(tmp_path: Path) -> None:
    for words, path in _bad(tmp_path).items():
        with pytest.raises(ValueError, match="wanted one 3D NIfTI") as caught:
            nifti.read(path)
        said = str(caught.value)
        assert words in said
        assert path.name in said
        assert "\n" not in said


def test_a_header_that_promises_too_much_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    path = saved(tmp_path / "own.nii", brain((40, 48, 36)))
    content = bytearray(path.read_bytes())
    content[42:48] = np.array([1000, 1000, 1000], "<i2").tobytes()
    path.write_bytes(bytes(content))
    with pytest.raises(ValueError, match="too large"):
        nifti.read(path)
    with path.open("r+b") as file:
        file.truncate(nifti.MOST_BYTES + 1)
    with pytest.raises(ValueError, match="at most 512"):
        nifti.read(path)
