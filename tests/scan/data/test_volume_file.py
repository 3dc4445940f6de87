"""Volumes on file: the formats that are taken, and what a header is refused for before the rest is unpacked."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
nib = pytest.importorskip("nibabel")
pytestmark = pytest.mark.engine

from stagelight.engines.scan.data import volume_file  # noqa: E402
from support.scan import brain, saved  # noqa: E402

RAW = brain((40, 48, 36))
AFFINE = np.array([[0, -2.0, 0, 10], [1.5, 0, 0, -20], [0, 0, 3.0, 5], [0, 0, 0, 1]])


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.hdr", "a.img", "a.mgz", "a.mgh"])
def test_each_format_is_the_same_volume(tmp_path: Path, name: str) -> None:
    kind = nib.MGHImage if ".mg" in name else nib.Nifti1Pair if name[-4:] in (".hdr", ".img") else nib.Nifti1Image
    nib.save(kind(RAW, AFFINE), tmp_path / name)
    found = volume_file.read(tmp_path / name)
    assert np.array_equal(found.raw, RAW)
    assert np.allclose(found.affine, AFFINE, atol=1e-4)
    assert np.allclose(found.spacing, [1.5, 2, 3], atol=1e-5)
    assert volume_file.stem(tmp_path / name) == "a"
    assert not found.notes


def test_a_pair_of_which_a_half_is_missing_names_it(tmp_path: Path) -> None:
    nib.save(nib.Nifti1Pair(RAW, AFFINE), tmp_path / "a.img")
    (tmp_path / "a.hdr").unlink()
    with pytest.raises(ValueError, match=r"no a\.hdr beside it"):
        volume_file.read(tmp_path / "a.img")


def test_an_analyze_pair_is_taken_and_its_sides_are_doubted(tmp_path: Path) -> None:
    nib.save(nib.AnalyzeImage(RAW.astype(np.int16), np.diag([-2.0, 2, 2, 1])), tmp_path / "a.hdr")
    found = volume_file.read(tmp_path / "a.hdr")
    assert np.array_equal(found.raw, RAW.astype(np.int16))
    assert "sides may be swapped" in found.notes[0]


@pytest.mark.parametrize(("unit", "length"), [("meter", 0.001), ("mm", 1.0), ("micron", 1000.0), ("unknown", 1.0)])
def test_units_of_the_header_are_honoured(tmp_path: Path, unit: str, length: float) -> None:
    image = nib.Nifti1Image(RAW, np.diag([length * 2] * 3 + [1]))
    image.header.set_xyzt_units(unit)
    nib.save(image, tmp_path / "a.nii")
    found = volume_file.read(tmp_path / "a.nii")
    assert np.allclose(found.spacing, 2)
    assert found.unit == unit
    assert bool(found.notes) == (unit in ("meter", "micron"))


def test_a_statistic_is_known_by_its_header(tmp_path: Path) -> None:
    image = nib.Nifti1Image(RAW, np.eye(4))
    image.header.set_intent("t test", (20,))
    nib.save(image, tmp_path / "a.nii")
    assert volume_file.read(tmp_path / "a.nii").statistic
    assert not volume_file.read(saved(tmp_path / "b.nii", RAW)).statistic


def _bad(folder: Path) -> dict[str, Path]:
    raw = brain((40, 48, 36))
    whole = saved(folder / "whole.nii.gz", raw).read_bytes()
    plain = saved(folder / "plain.nii", raw).read_bytes()
    made = {
        "2D": saved(folder / "flat.nii", raw[:, :, 10]),
        "4D": saved(folder / "four.nii", np.stack([raw, raw], -1)),
        "file is empty": folder / "empty.nii",
        "along each axis": saved(folder / "thin.nii", raw[:, :, :4]),
        "rodent": saved(folder / "mouse.nii", raw, np.diag([0.1, 0.1, 0.1, 1])),
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
        with pytest.raises(ValueError, match="wanted one 3D volume") as caught:
            volume_file.read(path)
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
        volume_file.read(path)
    with path.open("r+b") as file:
        file.truncate(volume_file.MOST_BYTES + 1)
    with pytest.raises(ValueError, match="at most 512"):
        volume_file.read(path)


def test_a_small_file_that_unpacks_to_much_is_refused_by_its_header(tmp_path: Path) -> None:
    path = saved(tmp_path / "own.nii", brain((40, 48, 36)))
    header = bytearray(path.read_bytes()[:352])
    header[42:48] = np.array([500, 500, 500], "<i2").tobytes()
    header[70:74] = np.array([64, 64], "<i2").tobytes()  # of float64
    bomb = tmp_path / "bomb.nii.gz"
    bomb.write_bytes(gzip.compress(bytes(header) + bytes(64 << 20)))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"promises 500 x 500 x 500 voxels of float64, 953 MiB.*at most"):
            volume_file.read(bomb)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()
    header = bytearray(path.read_bytes()[:352])
    header[108:112] = np.array([1e9], "<f4").tobytes()
    bomb.write_bytes(gzip.compress(bytes(header)))
    with pytest.raises(ValueError, match="begin after 1000000000 bytes"):
        volume_file.read(bomb)
