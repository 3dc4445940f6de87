"""Measured k-space as a scanner stores it, readout by readout: ISMRMRD and Siemens twix, the same odd kinds in both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("h5py", reason="the extra scan-raw")
pytest.importorskip("ismrmrd", reason="the extra scan-raw")
pytest.importorskip("twixtools", reason="the extra scan-raw")

from stagelight.engines.scan.acquisition.raw.contents import RawScan
from stagelight.engines.scan.acquisition.raw.reading import read
from stagelight.render.trials.kspace_files import (
    GAP,
    ISOCENTRE,
    Complex,
    Floats,
    Protocol,
    Readout,
    axes_of,
    coil_images,
    readouts_of,
    root_sum_of_squares,
    to_kspace,
    write_ismrmrd,
    write_twix,
)

Write = Callable[[Path, Sequence[Readout], Protocol], Path]
FORMS = {"scan.h5": write_ismrmrd, "scan.dat": write_twix}
each_form = pytest.mark.parametrize(("name", "write"), FORMS.items())

KEPT, READ, LINES, COILS = 48, 96, 40, 4
PLAIN = Protocol(READ, KEPT, LINES, centres=(LINES // 2, 0))


def doubled(slices: int = 1, wide: float = 0.8) -> tuple[Complex, Floats]:
    """K-space (C, S, 96, 40) with twofold readout oversampling, and the true image of 48 x 40."""
    images = coil_images((slices, KEPT, LINES), COILS, wide)
    padded = np.pad(images, ((0, 0), (0, 0), (KEPT // 2, KEPT // 2), (0, 0)))
    return to_kspace(padded, (2, 3)), np.asarray(np.sqrt((np.abs(images) ** 2).sum(0)))


def assert_shows(scan: RawScan, truth: Floats, within: float = 1e-5) -> None:
    """The scan's picture is the true one."""
    assert scan.kspace.dtype == np.complex64
    assert not scan.kspace[:, ~scan.mask].any()
    found = root_sum_of_squares(scan.kspace, axes_of(scan.kind))
    assert found.shape == truth.shape
    assert np.abs(found - truth).max() < within * truth.max()


@each_form
def test_readout_oversampling_is_removed(tmp_path: Path, name: str, write: Write) -> None:
    kspace, truth = doubled()
    scan = read(write(tmp_path / name, readouts_of(kspace, "slice"), PLAIN))
    assert scan.kind == "slice"
    assert scan.mask.all()
    assert scan.spacing == pytest.approx((GAP, 2, 2))
    assert "readout oversampling removed: 96 to 48 samples" in scan.notes
    assert_shows(scan, truth)


@each_form
def test_slices_lie_in_order_whatever_their_counters(tmp_path: Path, name: str, write: Write) -> None:
    kspace, truth = doubled(5)
    lines = readouts_of(kspace, "stack", slice_numbers=(2, 0, 3, 1, 4))
    scan = read(write(tmp_path / name, sorted(lines, key=lambda line: line.slice), PLAIN))
    assert scan.kind == "stack"
    assert_shows(scan, truth)
    assert scan.affine is not None
    np.testing.assert_allclose(np.diag([-1, -1, 1]) @ (scan.affine @ [0, 24, 20, 1])[:3], ISOCENTRE, atol=1e-3)
    np.testing.assert_allclose(scan.affine[:3, 0], [0, 0, GAP], atol=1e-3)


@each_form
def test_the_affine_follows_the_directions(tmp_path: Path, name: str, write: Write) -> None:
    kspace, _ = doubled()
    affine = read(write(tmp_path / name, readouts_of(kspace, "slice"), PLAIN)).affine
    assert affine is not None
    middle = (affine @ [0, 24, 20, 1])[:3]
    np.testing.assert_allclose(middle, [-3, 4, 20], atol=1e-3)
    step_read, step_phase = (affine[:3, axis] for axis in (1, 2))
    # ISMRMRD: the readout goes to the back, the phase to the right; twix: as twixtools has it for that quaternion.
    np.testing.assert_allclose(step_read, [0, -2, 0] if write is write_ismrmrd else [0, 2, 0], atol=1e-3)
    np.testing.assert_allclose(step_phase, [2, 0, 0], atol=1e-3)


@each_form
def test_a_volume(tmp_path: Path, name: str, write: Write) -> None:
    images = coil_images((24, 20, 12), COILS)
    padded = np.pad(images, ((0, 0), (12, 12), (0, 0), (0, 0)))
    kspace = to_kspace(padded, (1, 2, 3))
    protocol = Protocol(48, 24, 20, 12, (10, 6), (72.0, 60.0, 36.0))
    scan = read(write(tmp_path / name, readouts_of(kspace, "volume"), protocol))
    assert scan.kind == "volume"
    assert scan.spacing == pytest.approx((3, 3, 3))
    assert_shows(scan, np.sqrt((np.abs(images) ** 2).sum(0)))
    assert scan.affine is not None
    np.testing.assert_allclose((scan.affine @ [12, 10, 6, 1])[:3], [-3, 4, 20], atol=1e-3)


@each_form
def test_partial_fourier_along_the_lines_is_filled_with_zeros(tmp_path: Path, name: str, write: Write) -> None:
    """The scanner counts from the first line that it measures."""
    kspace, _ = doubled()
    missing = 12
    lines = [
        replace(line, first=line.first - missing) for line in readouts_of(kspace, "slice") if line.first >= missing
    ]
    scan = read(write(tmp_path / name, lines, replace(PLAIN, centres=(LINES // 2 - missing, 0))))
    assert not scan.mask[..., :missing].any()
    assert scan.mask[..., missing:].all()
    assert "partial Fourier along the first phase encoding: 12 of 40 lines filled with zeros" in scan.notes
    whole = read(write(tmp_path / f"whole-{name}", readouts_of(kspace, "slice"), PLAIN)).kspace
    assert_shows(scan, root_sum_of_squares(whole * (np.arange(LINES) >= missing), (2, 3)))


@each_form
def test_an_asymmetric_echo_is_filled_with_zeros(tmp_path: Path, name: str, write: Write) -> None:
    kspace, truth = doubled()
    missing = 24
    lines = [
        replace(line, samples=line.samples[:, missing:], centre=line.centre - missing)
        for line in readouts_of(kspace, "slice")
    ]
    scan = read(write(tmp_path / name, lines, PLAIN))
    assert (scan.mask == (np.arange(KEPT) >= missing // 2)[:, None]).all()
    assert scan.shift == (0, 0, 0)
    assert any("partial Fourier along the readout: 12 of 48" in note for note in scan.notes)
    picture = root_sum_of_squares(scan.kspace, (2, 3))
    assert np.corrcoef(picture.ravel(), truth.ravel())[0, 1] > 0.97


@each_form
def test_lines_read_backwards_are_turned(tmp_path: Path, name: str, write: Write) -> None:
    kspace, truth = doubled()
    lines = [replace(line, reverse=line.first % 2 == 1) for line in readouts_of(kspace, "slice")]
    assert_shows(read(write(tmp_path / name, lines, PLAIN)), truth, within=1e-4)


@each_form
def test_samples_to_discard_are_left_out(tmp_path: Path, name: str, write: Write) -> None:
    kspace, truth = doubled()
    lines = [
        replace(
            line,
            samples=np.pad(line.samples, ((0, 0), (5, 3)), constant_values=99),
            centre=line.centre + 5,
            discard=(5, 3),
        )
        for line in readouts_of(kspace, "slice")
    ]
    assert_shows(read(write(tmp_path / name, lines, PLAIN)), truth)


@each_form
def test_averages_are_averaged(tmp_path: Path, name: str, write: Write) -> None:
    kspace, truth = doubled()
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(3, *kspace.shape)) + 1j * rng.normal(size=(3, *kspace.shape))
    noise -= noise.mean(0)
    lines = [
        replace(line, average=number)
        for number, one in enumerate(noise)
        for line in readouts_of((kspace + one).astype(np.complex64), "slice")
    ]
    scan = read(write(tmp_path / name, lines, PLAIN))
    assert scan.averages == 3
    assert "lines measured 3 times on average are averaged" in scan.notes
    assert_shows(scan, truth)


@each_form
def test_a_noise_scan_has_the_noise_of_kspace(tmp_path: Path, name: str, write: Write) -> None:
    """Also once averages and oversampling have lowered it."""
    kspace, _ = doubled()
    rng = np.random.default_rng(1)

    def noisy(shape: tuple[int, ...]) -> Complex:
        return (5 * (rng.normal(size=shape) + 1j * rng.normal(size=shape))).astype(np.complex64)

    lines = [Readout(noisy((COILS, 256)), 128, use="noise") for _ in range(8)]
    for average in range(2):
        lines += [replace(line, average=average) for line in readouts_of(kspace + noisy(kspace.shape), "slice")]
    scan = read(write(tmp_path / name, lines, PLAIN))
    clean = read(write(tmp_path / f"clean-{name}", readouts_of(kspace, "slice"), PLAIN)).kspace
    assert scan.noise is not None
    assert scan.noise.shape == (COILS, 8 * 256)
    assert scan.noise.std() == pytest.approx((scan.kspace - clean).std(), rel=0.05)


@each_form
def test_separate_reference_lines_are_kept_apart(tmp_path: Path, name: str, write: Write) -> None:
    """Undersampled twice, with twelve lines of another contrast in the centre for calibration."""
    kspace, _ = doubled()
    image = [line for line in readouts_of(kspace, "slice") if line.first % 2 == 0]
    reference = [
        replace(line, samples=0.5 * line.samples, use="reference")
        for line in readouts_of(kspace, "slice")
        if 14 <= line.first < 26
    ]
    scan = read(write(tmp_path / name, [*reference, *image], PLAIN))
    assert (scan.mask == (np.arange(LINES) % 2 == 0)).all()
    assert "12 reference lines kept apart as calibration" in scan.notes
    whole = read(write(tmp_path / f"whole-{name}", readouts_of(kspace, "slice"), PLAIN)).kspace
    assert scan.calibration is not None
    np.testing.assert_allclose(scan.calibration, 0.5 * whole[..., 14:26], atol=1e-3)
    assert_shows(scan, root_sum_of_squares(whole * (np.arange(LINES) % 2 == 0), (2, 3)))


@each_form
def test_lines_for_calibration_and_image_are_the_image(tmp_path: Path, name: str, write: Write) -> None:
    kspace, truth = doubled()
    lines = [replace(line, use="shared" if 14 <= line.first < 26 else "image") for line in readouts_of(kspace, "slice")]
    scan = read(write(tmp_path / name, [*lines, replace(lines[0], use="navigator", first=20)], PLAIN))
    assert scan.calibration is None
    assert_shows(scan, truth)


@each_form
def test_a_dead_coil_is_dropped_everywhere(tmp_path: Path, name: str, write: Write) -> None:
    kspace, _ = doubled()
    kspace[2] *= 1e-4
    lines = readouts_of(kspace, "slice")
    noise = [Readout(lines[0].samples, 48, use="noise")]
    reference = [replace(line, use="reference") for line in lines[14:26]]
    scan = read(write(tmp_path / name, [*noise, *reference, *lines], PLAIN))
    assert scan.coils == (0, 1, 3)
    assert scan.noise is not None
    assert scan.calibration is not None
    assert len(scan.kspace) == len(scan.noise) == len(scan.calibration) == 3


@each_form
def test_a_field_of_view_smaller_than_the_head_folds_along_the_phase(tmp_path: Path, name: str, write: Write) -> None:
    wide = coil_images((1, KEPT, 2 * LINES), COILS, 0.95)
    folded = wide[..., LINES // 2 : -LINES // 2] + np.concatenate(
        (wide[..., -LINES // 2 :], wide[..., : LINES // 2]), -1
    )
    kspace = to_kspace(np.pad(folded, ((0, 0), (0, 0), (24, 24), (0, 0))), (2, 3))
    scan = read(write(tmp_path / name, readouts_of(kspace, "slice"), PLAIN))
    assert_shows(scan, np.sqrt((np.abs(folded) ** 2).sum(0)))


@each_form
def test_a_conjugated_orientation_is_the_image_turned(tmp_path: Path, name: str, write: Write) -> None:
    kspace, truth = doubled()
    scan = read(write(tmp_path / name, readouts_of(np.conj(kspace), "slice"), PLAIN))
    assert scan.shift == (0, 0, 0)
    assert_shows(scan, np.roll(np.flip(truth, (1, 2)), (1, 1), (1, 2)))


@each_form
def test_an_echo_that_is_not_where_the_header_says_is_rolled(tmp_path: Path, name: str, write: Write) -> None:
    kspace, truth = doubled()
    lines = readouts_of(np.roll(kspace, 6, 3), "slice")
    scan = read(write(tmp_path / name, lines, PLAIN))
    assert scan.shift == (0, 0, -6)
    assert_shows(scan, truth)


@each_form
def test_text_of_a_header_is_cleaned(tmp_path: Path, name: str, write: Write) -> None:
    kspace, _ = doubled()
    facts = read(write(tmp_path / name, readouts_of(kspace, "slice"), PLAIN)).facts
    assert facts["protocol"].startswith("T1 ")
    assert all(value.isprintable() for value in facts.values())


@each_form
def test_what_does_not_fit_the_header_is_refused_in_one_line(tmp_path: Path, name: str, write: Write) -> None:
    kspace, _ = doubled()
    lines = readouts_of(kspace, "slice")
    path = write(tmp_path / name, lines, replace(PLAIN, read=64, kept=32))
    with pytest.raises(ValueError, match=r"scan.*a readout of 96 samples.*wanted it within the header's 64"):
        read(path)
    path = write(tmp_path / f"none-{name}", [replace(line, use="navigator") for line in lines], PLAIN)
    with pytest.raises(ValueError, match="wanted"):
        read(path)


def test_a_line_outside_of_the_encoded_matrix_is_refused(tmp_path: Path) -> None:
    kspace, _ = doubled()
    path = write_ismrmrd(tmp_path / "scan.h5", readouts_of(kspace, "slice"), replace(PLAIN, first=30))
    with pytest.raises(ValueError, match=r"a line at .* of the first phase encoding, wanted 0 to 29"):
        read(path)


def test_a_trajectory_that_is_not_cartesian_is_refused(tmp_path: Path) -> None:
    import h5py

    kspace, _ = doubled()
    path = write_ismrmrd(tmp_path / "scan.h5", readouts_of(kspace, "slice"), PLAIN)
    with h5py.File(path, "r+") as file:
        xml = bytes(file["dataset/xml"][0]).replace(b">cartesian<", b">radial<")
        file["dataset/xml"][0] = xml
    with pytest.raises(ValueError, match="a trajectory of kind radial, wanted cartesian"):
        read(path)
    with h5py.File(path, "r+") as file:
        file["dataset/xml"][0] = b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + xml
    with pytest.raises(ValueError, match=r"XML header of .* with entities"):
        read(path)


def test_samples_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    kspace, _ = doubled()
    kspace[0, 0, 5, 5] = np.inf
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match="not finite"):
        read(write_twix(tmp_path / "scan.dat", readouts_of(kspace, "slice"), PLAIN))
