"""Measured k-space in files of whole arrays: npy, npz, BART, fastMRI. Each odd but legal kind gives the true image."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stagelight.engines.scan.acquisition.raw.contents import RawScan
from stagelight.engines.scan.acquisition.raw.reading import read
from stagelight.render.trials.kspace_files import (
    Complex,
    Floats,
    axes_of,
    coil_images,
    root_sum_of_squares,
    to_kspace,
    write_bart,
    write_fastmri,
    write_npy,
)

SHAPES = {"slice": (1, 48, 40), "stack": (3, 48, 40), "volume": (24, 20, 28)}


def head(kind: str, wide: float = 0.8) -> tuple[Complex, Floats]:
    """K-space and the true image."""
    images = coil_images(SHAPES[kind], wide=wide)
    kspace = to_kspace(images, axes_of(kind))
    return kspace, np.asarray(np.sqrt((np.abs(images) ** 2).sum(0)))


def written(folder: Path, form: str, kspace: Complex, kind: str) -> Path:
    if form == "npy":
        return write_npy(folder / "scan.npy", kspace, kind)
    if form == "npz":
        np.savez(folder / "scan.npz", kspace=kspace if kind == "volume" else kspace[:, 0])
        return folder / "scan.npz"
    if form == "bart":
        return write_bart(folder / "scan", kspace, kind)
    pytest.importorskip("h5py", reason="the extra scan-raw")
    return write_fastmri(folder / "scan.h5", kspace)


def assert_shows(scan: RawScan, truth: Floats, within: float = 1e-5) -> None:
    """The scan's picture is the true one."""
    assert scan.kspace.dtype == np.complex64
    assert scan.mask.shape == scan.kspace.shape[1:]
    found = root_sum_of_squares(scan.kspace, axes_of(scan.kind))
    assert found.shape == truth.shape
    assert np.abs(found - truth).max() < within * truth.max()


BOTH = [("npy", "slice"), ("npy", "volume"), ("npz", "slice"), ("npz", "volume"), ("bart", "slice"), ("bart", "stack")]
FORMS = [*BOTH, ("bart", "volume"), ("fastmri", "slice"), ("fastmri", "stack")]
each_form = pytest.mark.parametrize(("form", "kind"), FORMS)


@each_form
def test_a_plain_scan_is_read(tmp_path: Path, form: str, kind: str) -> None:
    kspace, truth = head(kind)
    scan = read(written(tmp_path, form, kspace, kind))
    assert scan.kind == kind
    assert scan.mask.all()
    assert scan.coils == (0, 1, 2, 3)
    assert scan.shift == (0, 0, 0)
    assert_shows(scan, truth)
    np.testing.assert_allclose(scan.kspace, kspace, atol=1e-4)


@each_form
@pytest.mark.parametrize("moved", [(9, -7), (-4, 11), "corner"])
def test_a_peak_off_centre_is_rolled_to_it(tmp_path: Path, form: str, kind: str, moved: Any) -> None:
    kspace, truth = head(kind)
    axes = axes_of(kind)[-2:]
    by = tuple(-(kspace.shape[axis] // 2) for axis in axes) if moved == "corner" else moved
    scan = read(written(tmp_path, form, np.roll(kspace, by, axes), kind))
    sides = SHAPES[kind][1:]
    assert [(a + b) % n for a, b, n in zip(by, scan.shift[1:], sides, strict=True)] == [0, 0]
    assert any("rolled" in note for note in scan.notes)
    assert_shows(scan, truth)
    np.testing.assert_allclose(scan.kspace, kspace, atol=1e-4)


def test_one_spike_does_not_move_the_centre(tmp_path: Path) -> None:
    kspace, _ = head("slice")
    kspace[:, 0, 3, 35] += 20 * np.abs(kspace).max()
    assert read(written(tmp_path, "npy", kspace, "slice")).shift == (0, 0, 0)


@each_form
def test_partial_fourier_filled_with_zeros(tmp_path: Path, form: str, kind: str) -> None:
    kspace, _ = head(kind)
    kspace[..., : kspace.shape[-1] * 5 // 16] = 0
    scan = read(written(tmp_path, form, kspace, kind))
    assert scan.shift == (0, 0, 0)
    assert not scan.mask[..., : kspace.shape[-1] * 5 // 16].any()
    assert scan.mask[..., kspace.shape[-1] * 5 // 16 :].all()
    assert any(note.startswith("partial Fourier along the ") for note in scan.notes)
    assert_shows(scan, root_sum_of_squares(kspace, axes_of(kind)))


@each_form
def test_a_mask_of_phase_encoding_lines_alone(tmp_path: Path, form: str, kind: str) -> None:
    kspace, _ = head(kind)
    width = kspace.shape[-1]
    lines = np.zeros(width, bool)
    lines[::3] = lines[width // 2 - 3 : width // 2 + 3] = True
    kspace[..., ~lines] = 0
    scan = read(written(tmp_path, form, kspace, kind))
    assert (scan.mask == lines).all()
    assert scan.acceleration == pytest.approx(width / lines.sum())
    assert_shows(scan, root_sum_of_squares(kspace, axes_of(kind)))


@each_form
@pytest.mark.parametrize("left", [0.0, 1e-4])
def test_a_dead_coil_is_dropped_and_said(tmp_path: Path, form: str, kind: str, left: float) -> None:
    kspace, _ = head(kind)
    rng = np.random.default_rng(0)
    noise = rng.normal(size=kspace[1].shape) + 1j * rng.normal(size=kspace[1].shape)
    kspace[1] = left * noise * np.sqrt((np.abs(kspace) ** 2).mean())
    scan = read(written(tmp_path, form, kspace, kind))
    assert scan.coils == (0, 2, 3)
    assert any(note.startswith("1 of 4 coils without signal dropped: 1") for note in scan.notes)
    assert_shows(scan, root_sum_of_squares(kspace[[0, 2, 3]], axes_of(kind)))


@each_form
def test_a_field_of_view_smaller_than_the_head_folds(tmp_path: Path, form: str, kind: str) -> None:
    kspace, truth = head(kind, wide=1.6)
    assert truth[len(truth) // 2, 0].min() > 0.1  # it reaches the edge
    assert_shows(read(written(tmp_path, form, kspace, kind)), truth)


@each_form
def test_a_conjugated_orientation_is_the_image_turned(tmp_path: Path, form: str, kind: str) -> None:
    kspace, truth = head(kind)
    scan = read(written(tmp_path, form, np.conj(kspace), kind))
    axes = tuple(axis - 1 for axis in axes_of(kind))
    turned = np.roll(np.flip(truth, axes), [1 - SHAPES[kind][axis] % 2 for axis in axes], axes)
    assert scan.shift == (0, 0, 0)
    assert_shows(scan, turned)


@pytest.mark.parametrize("form", ["npy", "npz", "fastmri"])
def test_integer_samples(tmp_path: Path, form: str) -> None:
    kspace, truth = head("slice")
    scale = 20000 / np.abs(kspace).max()
    pairs = np.round(np.stack((kspace.real, kspace.imag), -1) * scale).astype(np.int16)
    if form == "fastmri":
        pytest.importorskip("h5py", reason="the extra scan-raw")
        path = write_fastmri(tmp_path / "scan.h5", pairs.view([("r", "<i2"), ("i", "<i2")])[..., 0])
    elif form == "npy":
        path = tmp_path / "scan.npy"
        np.save(path, pairs[:, 0])
    else:
        path = tmp_path / "scan.npz"
        np.savez_compressed(path, kspace=pairs[:, 0])
    scan = read(path)
    assert "samples are integers (int16)" in scan.notes
    assert scan.mask.all()  # also where all coils round to 0
    assert_shows(scan, truth * scale, within=0.01)


def test_averages_of_bart_are_averaged_where_they_were_measured(tmp_path: Path) -> None:
    kspace, truth = head("stack")
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(4, *kspace.shape)) + 1j * rng.normal(size=(4, *kspace.shape))
    repeats = (kspace + noise - noise.mean(0)).astype(np.complex64)
    scan = read(write_bart(tmp_path / "scan", kspace, "stack", repeats))
    assert scan.averages == 4
    assert_shows(scan, truth)
    repeats[1:, ..., ::2] = 0  # every other line once
    repeats[0, ..., ::2] = kspace[..., ::2]
    repeats[:, ..., 1::2] = kspace[..., 1::2]
    scan = read(write_bart(tmp_path / "scan", kspace, "stack", repeats))
    assert scan.averages == 2.5
    assert_shows(scan, truth)


def test_bart_is_read_by_either_file(tmp_path: Path) -> None:
    kspace, _ = head("slice")
    path = write_bart(tmp_path / "scan", kspace, "slice")
    np.testing.assert_array_equal(read(path).kspace, read(path.with_suffix(".hdr")).kspace)


def test_everything_that_an_npz_may_hold(tmp_path: Path) -> None:
    kspace, _ = head("slice")
    lines = np.arange(40) % 2 == 0
    maps = coil_images(SHAPES["slice"], wide=10)
    noise = np.random.default_rng(2).normal(size=(4, 10, 8)) * (1 + 1j)
    affine = np.array([[0, 3.0, 0, 1], [2, 0, 0, 5], [0, 0, 4, 7], [0, 0, 0, 1]])  # (x, y, z) -> mm
    kspace[2] = 0
    path = tmp_path / "scan.npz"
    np.savez(path, kspace=kspace[:, 0], mask=lines, maps=maps[:, 0], noise=noise, affine=affine)
    scan = read(path)
    assert (scan.mask == lines).all()
    assert not scan.kspace[..., ~lines].any()
    assert scan.notes[0] == "1 of 4 coils without signal dropped: 2"
    assert "960 samples outside of the mask set to 0" in scan.notes
    assert scan.maps is not None
    np.testing.assert_array_equal(scan.maps, maps[[0, 1, 3]])
    assert scan.noise is not None
    np.testing.assert_allclose(scan.noise, noise.reshape(4, -1)[[0, 1, 3]], rtol=1e-6)
    assert scan.spacing == (4, 2, 3)
    assert scan.affine is not None
    np.testing.assert_array_equal(scan.affine @ [0, 1, 0, 1], affine @ [1, 0, 0, 1])
    np.testing.assert_array_equal(scan.affine @ [0, 0, 1, 1], affine @ [0, 1, 0, 1])


def doubled(kind: str) -> tuple[Complex, Floats]:
    """K-space with twofold readout oversampling, and the image without the empty sides."""
    shape = SHAPES[kind]
    images = coil_images(shape)
    padded = np.pad(images, ((0, 0), (0, 0), (shape[1] // 2, shape[1] // 2), (0, 0)))
    return to_kspace(padded, axes_of(kind)), np.asarray(np.sqrt((np.abs(images) ** 2).sum(0)))


@pytest.mark.parametrize("kind", ["slice", "stack"])
def test_fastmri_readout_oversampling_is_removed(tmp_path: Path, kind: str) -> None:
    pytest.importorskip("h5py", reason="the extra scan-raw")
    pytest.importorskip("ismrmrd", reason="the extra scan-raw")
    kspace, truth = doubled(kind)
    lines = np.arange(40) % 4 == 0
    lines[17:23] = True
    scan = read(write_fastmri(tmp_path / "scan.h5", kspace, kept=48))
    assert scan.spacing == pytest.approx((5, 4, 2))
    assert "readout oversampling removed: 96 to 48 samples" in scan.notes
    assert scan.facts == {"acquisition": "AXT1", "manufacturer": "ACME", "protocol": "T1 31m head"}
    assert_shows(scan, truth)
    under = read(write_fastmri(tmp_path / "under.h5", kspace * lines, kept=48, mask=lines))
    assert (under.mask == lines).all()
    np.testing.assert_allclose(under.kspace, scan.kspace * lines, atol=1e-3)


def test_fastmri_of_a_single_coil(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py", reason="the extra scan-raw")
    kspace, _ = head("stack")
    with h5py.File(tmp_path / "scan.h5", "w") as file:
        file["kspace"] = kspace[0]
    scan = read(tmp_path / "scan.h5")
    assert scan.kspace.shape == (1, 3, 48, 40)
    assert_shows(scan, root_sum_of_squares(kspace[:1], (2, 3)))


def test_parts_of_coils_in_turn_as_calgary_campinas_has_them(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py", reason="the extra scan-raw")
    kspace, truth = head("stack")
    corner = np.fft.ifftshift(kspace, (2, 3))
    parts = np.stack((corner.real, corner.imag), -1)  # (C, S, H, W, 2)
    with h5py.File(tmp_path / "scan.h5", "w") as file:
        file["kspace"] = np.moveaxis(parts, 0, 3).reshape(3, 48, 40, 8)
    scan = read(tmp_path / "scan.h5")
    assert_shows(scan, truth)
    np.testing.assert_allclose(scan.kspace, kspace, atol=1e-4)


# Refusals


def refused(path: Path, match: str) -> None:
    with pytest.raises(ValueError, match=match) as caught:
        read(path)
    text = str(caught.value)
    assert path.stem in text
    assert "\n" not in text
    assert "wanted" in text or "; " in text


Broken = Callable[[Complex], NDArray[Any]]


@pytest.mark.parametrize(
    ("broken", "match"),
    [
        (lambda k: np.where(np.arange(40) == 3, np.nan, k), "192 samples of k-space are not finite"),
        (lambda k: k.astype(object), "Python objects in dtype"),
        (lambda k: k.real, "samples of type float32"),
        (lambda k: k * 0, "every sample is 0"),
        (lambda k: k[0, :1], "wanted at least 8 samples"),
        (lambda k: k[None, None], "wanted .coils, kx, ky"),
        (lambda k: k * np.complex128(1e300), "not finite"),
        (lambda k: k * np.complex64(1e25), "too large to square"),
        (lambda k: k.astype("S4"), "wanted complex numbers"),
        (lambda k: np.zeros((1, 5000, 8), np.complex64), "wanted 1 to 4096"),
        (lambda k: np.zeros((0, 48, 40), np.complex64), "wanted 1 to 4096|empty"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_an_array_that_is_no_kspace_is_refused(tmp_path: Path, broken: Broken, match: str) -> None:
    found = broken(head("slice")[0][:, 0])
    np.save(tmp_path / "one.npy", found, allow_pickle=True)
    refused(tmp_path / "one.npy", match)


def test_a_header_that_asks_for_more_than_four_gigabytes_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.npy"
    with path.open("wb") as file:
        header = {"descr": "<c8", "fortran_order": False, "shape": (64, 4000, 4000)}
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(64 * 4000 * 4000 * 8 + 128)  # sparse
    refused(path, "MiB, wanted at most 4096")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.npy", b""),
        ("text.h5", b"not hdf5 at all"),
        ("short.dat", b"1234"),
        ("noise.dat", bytes(range(256)) * 16),
        ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(100)),
        ("alone.cfl", bytes(64)),
        ("hdf.h5", b"\x89HDF\r\n\x1a\n" + bytes(100)),
        ("zip.npz", b"PK\x03\x04" + bytes(100)),
    ],
)
def test_a_foreign_file_is_refused_in_one_line(tmp_path: Path, name: str, content: bytes) -> None:
    if content[1:4] == b"HDF":
        pytest.importorskip("h5py", reason="the extra scan-raw")
    if name == "noise.dat":
        pytest.importorskip("twixtools", reason="the extra scan-raw")
    (tmp_path / name).write_bytes(content)
    refused(tmp_path / name, "wanted")


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    refused(tmp_path / "absent.npy", "no such file")
    refused(tmp_path, "no such file")


def test_a_dimension_of_bart_that_is_no_axis_of_the_scan_is_named(tmp_path: Path) -> None:
    kspace, _ = head("slice")
    path = write_bart(tmp_path / "scan", kspace, "slice")
    path.with_suffix(".hdr").write_text("# Dimensions\n24 40 1 4 1 2\n")
    refused(path, r"dimension 5 \(echo\) of 2, wanted 1; take one with `bart slice 5 0`")
    path.with_suffix(".hdr").write_text("# Dimensions\n48 40 1 5\n")
    refused(path, "61440 bytes, wanted 76800")


def test_hdf5_that_points_to_another_file_is_not_followed(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py", reason="the extra scan-raw")
    write_fastmri(tmp_path / "secret.h5", head("slice")[0])
    with h5py.File(tmp_path / "link.h5", "w") as file:
        file["kspace"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "kspace")
    refused(tmp_path / "link.h5", "HDF5 that holds nothing")
    with h5py.File(tmp_path / "raw.h5", "w") as file:
        file.create_dataset("kspace", (1, 1, 8, 8), "<f8", external=[(str(tmp_path / "secret.h5"), 0, 512)])
    refused(tmp_path / "raw.h5", "lie in other files")


def test_a_library_that_is_not_installed_is_named_with_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    (tmp_path / "scan.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    monkeypatch.setitem(sys.modules, "h5py", None)
    refused(tmp_path / "scan.h5", r"h5py is missing; get it with `pip install .*scan-raw")
