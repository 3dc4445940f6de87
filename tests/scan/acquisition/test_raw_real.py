"""The two measured files at hand: a head in eight coils, and Siemens' phantom in twix."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from stagelight.engines.scan.acquisition.raw.reading import read
from stagelight.render.trials.kspace_files import root_sum_of_squares

FOLDER = Path(os.environ.get("STAGELIGHT_DATA", "")) / "mri/raw"
pytestmark = pytest.mark.skipif(
    not (os.environ.get("STAGELIGHT_DATA") and FOLDER.is_dir()),
    reason="needs the measured files: set STAGELIGHT_DATA to a folder that holds mri/raw",
)


def test_a_head_in_eight_coils() -> None:
    path = FOLDER / "sigpy_brain_8ch_poisson_r8.npy"
    scan = read(path)
    stored = np.load(path)
    np.testing.assert_array_equal(scan.kspace[:, 0], stored)
    np.testing.assert_array_equal(scan.mask[0], np.abs(stored).sum(0) > 0)
    assert (scan.kind, scan.shift, scan.coils) == ("slice", (0, 0, 0), tuple(range(8)))
    assert scan.acceleration == pytest.approx(8.04, abs=0.01)
    assert scan.mask[0, 105:125, 80:100].all()  # the calibration region, about the centre
    picture = root_sum_of_squares(scan.kspace, (2, 3))[0]
    air = np.concatenate([picture[:15, :15].ravel(), picture[-15:, -15:].ravel()])
    assert picture[90:140, 70:110].mean() > 4 * air.mean()


def test_the_centre_of_a_head_is_found_wherever_it_was_moved(tmp_path: Path) -> None:
    stored = np.load(FOLDER / "sigpy_brain_8ch_poisson_r8.npy")
    rng = np.random.default_rng(0)
    for number in range(5):
        by = tuple(int(rng.integers(5, n - 5)) for n in stored.shape[1:])
        np.save(tmp_path / f"{number}.npy", np.roll(stored, by, (1, 2)))
        scan = read(tmp_path / f"{number}.npy")
        off = [(a + b + n // 2) % n - n // 2 for a, b, n in zip(by, scan.shift[1:], stored.shape[1:], strict=True)]
        assert max(map(abs, off)) <= 2, (by, scan.shift)


def test_siemens_phantom_is_what_twixtools_makes_of_it() -> None:
    twixtools = pytest.importorskip("twixtools", reason="the extra scan-raw")
    path = FOLDER / "twixtools_gre_phantom.dat"
    scan = read(path)
    image = twixtools.map_twix(str(path), verbose=False)[-1]["image"]
    image.flags["remove_os"] = True
    theirs = np.asarray(image[:]).squeeze().transpose(1, 2, 0)  # (lines, coils, read) -> (C, kx, ky)
    np.testing.assert_allclose(scan.kspace[:, 0], theirs, atol=1e-5 * np.abs(theirs).max())
    assert scan.kspace.shape == (2, 1, 160, 160)
    assert scan.mask.all()
    assert scan.spacing == (4, 1.25, 1.25)
    assert scan.facts["manufacturer"] == "SIEMENS"
    assert not any("x" * 8 in value for value in scan.facts.values())  # nothing of the patient
    assert scan.affine is not None
    place = np.diag([-1, -1, 1]) @ (scan.affine @ [0, 80, 80, 1])[:3]
    np.testing.assert_allclose(place, [-2.59, 53.92, -54.0], atol=0.01)
    picture = root_sum_of_squares(scan.kspace, (2, 3))[0]
    assert picture[60:100, 60:100].mean() > 5 * picture[:10, :10].mean()
