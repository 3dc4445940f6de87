"""A reader's own volume, scanned and reconstructed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sigpy")
ndimage = pytest.importorskip("scipy.ndimage")
nib = pytest.importorskip("nibabel")
pytest.importorskip("tokenizers")
pytestmark = pytest.mark.engine

from stagelight.engines.experiment.progress import NEVER, Interrupted  # noqa: E402
from stagelight.engines.scan import direct_reconstructions, record, user_scan  # noqa: E402
from stagelight.engines.scan.acquisition import operator  # noqa: E402
from stagelight.engines.scan.data import grid  # noqa: E402
from stagelight.engines.scan.methods import classical, diffusion  # noqa: E402
from stagelight.engines.scan.model import denoiser, prior  # noqa: E402
from stagelight.engines.scan.run_cache import Work  # noqa: E402
from support.scan import grainy, phantom, saved, small_network  # noqa: E402


@pytest.fixture
def quickly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Short runs on a small grid, without the network; what the listener is told."""
    monkeypatch.setattr(classical, "ITERATIONS", 12)
    monkeypatch.setattr(grid, "SHAPE", (16, 16, 16))
    monkeypatch.setattr(denoiser, "FINE", tmp_path / "none")
    return []


def volume(tmp_path: Path) -> Path:
    """A brain of 40 x 48 x 36 voxels that are large enough for it to be one."""
    return saved(tmp_path / "me.nii.gz", 5 * grainy((40, 48, 36)) - 1000, np.diag([2.5, 2.5, 2.5, 1]))


@pytest.fixture
def native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "SPACING", 3.0)


def run(asked: user_scan.Asked, folder: Path, said: list[Any], deadline: float = NEVER) -> list[user_scan.Outcome]:
    work = Work(folder / "cache", lambda *a: said.append(a), deadline)
    return list(user_scan.reconstruct(user_scan.scanned(asked, 0), folder / "out", work))


@pytest.mark.usefixtures("native")
def test_each_method_is_measured_and_written_as_soon_as_it_is_done(tmp_path: Path, quickly: list[Any]) -> None:
    asked = user_scan.Asked(volume(tmp_path), acceleration=4.0)
    ready = user_scan.scanned(asked, 0)
    assert ready.notes == ("-1000 is taken for 0; results are shifted back",)
    seen = []
    for outcome in user_scan.reconstruct(ready, tmp_path / "out", Work(tmp_path / "cache", lambda *a: None, NEVER)):
        assert all(path.is_file() for path in outcome.paths)
        facts = json.loads((tmp_path / "out" / "me_figures.json").read_text())
        assert any(name.startswith(outcome.name) for name in facts)
        seen.append(outcome)
    names = ["reference", "zero_filled", "variation", "wavelet", "mean"]
    assert [outcome.name for outcome in seen] == names
    assert [path.name for path in seen[0].paths] == ["me_reference.nii.gz", "me_brain.nii.gz", "me_measured_points.npy"]
    assert seen[0].figures["native.psnr"] == np.inf
    figures = {outcome.name: outcome.figures for outcome in seen}
    assert figures["variation"]["brain.psnr"] > figures["zero_filled"]["brain.psnr"] + 2
    for name in names[1:]:  # its own voxels are scanned, so both scores are one
        assert figures[name]["native.psnr"] == pytest.approx(figures[name]["brain.psnr"], abs=1e-3)
    raw, inside = nib.load(asked.path), np.asarray(nib.load(seen[0].paths[1]).dataobj) > 0
    reference, back = (np.asarray(nib.load(o.paths[0]).dataobj) for o in (seen[0], seen[-1]))
    assert np.abs(reference - np.asarray(raw.dataobj))[ndimage.binary_erosion(inside, iterations=2)].max() < 1e-2
    assert (back[~inside] == -1000).all()
    assert np.corrcoef(back[inside], reference[inside])[0, 1] > 0.9
    points = np.load(seen[0].paths[2])
    assert points.size / points.sum() == pytest.approx(4, rel=0.01)


def test_of_what_is_interpolated_the_ceiling_is_said(tmp_path: Path, quickly: list[Any]) -> None:
    found = run(user_scan.Asked(volume(tmp_path), acceleration=2.0), tmp_path, quickly)
    ceiling = found[0].figures["native.psnr"]
    assert 10 < ceiling < 60
    assert all(outcome.figures["native.psnr"] < ceiling + 1 for outcome in found[1:])


def test_what_is_done_is_not_done_again_unless_the_request_changes(tmp_path: Path, quickly: list[Any]) -> None:
    asked = user_scan.Asked(volume(tmp_path), acceleration=2.0)
    first = run(asked, tmp_path, quickly)
    names = ["zero_filled", "variation", "wavelet"]
    assert [line[0] for line in quickly] == names
    again = run(replace(asked, prompt="T1-weighted"), tmp_path, quickly)  # which no classical method hears
    assert [line[0] for line in quickly] == names
    assert [o.figures for o in again] == [o.figures for o in first]
    saved(asked.path, 5.1 * grainy((40, 48, 36)) - 1000, np.diag([2.5, 2.5, 2.5, 1]))
    run(asked, tmp_path, quickly)
    run(replace(asked, sigma=0.02), tmp_path, quickly)
    assert [line[0] for line in quickly] == 3 * names


def test_time_that_is_up_interrupts(tmp_path: Path, quickly: list[Any]) -> None:
    with pytest.raises(Interrupted, match="zero_filled"):
        run(user_scan.Asked(volume(tmp_path), acceleration=2.0), tmp_path, quickly, deadline=0.0)


def test_the_networks_come_last_with_an_uncertainty(
    tmp_path: Path, quickly: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = tmp_path / "weights"
    weights.write_bytes(b"")
    monkeypatch.setattr(denoiser, "FINE", weights)
    monkeypatch.setattr(denoiser, "load", small_network)
    monkeypatch.setattr(prior, "fine", small_network)
    monkeypatch.setattr(diffusion, "STEPS", 2)
    found = run(user_scan.Asked(volume(tmp_path), acceleration=2.0, samples=2, prompt="T1"), tmp_path, quickly)
    assert [outcome.name for outcome in found[-2:]] == ["unrolled", "diffusion"]
    assert 0 <= found[-1].figures["coverage.two_sigma.r2"] <= 1
    unsure = np.asarray(nib.load(found[-1].paths[1]).dataobj)
    assert found[-1].paths[1].name == "me_uncertainty.nii.gz"
    assert unsure.max() > 0
    assert ("sample 1", 2, 2, {}) in quickly


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"acceleration": 99.0}, "acceleration 99, wanted 1 to 40"), ({"sigma": 0.5}, "noise 0.5, wanted 0.0005 to 0.2"),
     ({"coils": 0}, "number of coils 0, wanted 1 to 16"), ({"samples": 3}, "3 samples, wanted an even number"),
     ({"device": "abacus"}, "device 'abacus': torch")],
)  # fmt: skip
def test_what_cannot_be_is_refused_before_anything_is_read(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        user_scan.scanned(replace(user_scan.Asked(tmp_path / "nowhere.nii"), **changes), 0)


def test_a_request_beyond_what_was_learnt_is_warned_of(tmp_path: Path, quickly: list[Any]) -> None:
    asked = user_scan.Asked(
        volume(tmp_path), acceleration=20.0, sigma=0.05, coils=3, prompt="T1-weighted photograph of a dog"
    )
    said = " | ".join(user_scan.scanned(asked, 0).notes)
    for words in ("accelerations up to 18, this is 20", "noise of 0.003 to 0.02, this is 0.05", "these are 3",
                  "not learnt: dog, photograph; no effect is claimed"):  # fmt: skip
        assert words in said


def test_no_word_that_the_network_was_taught_is_unheard() -> None:
    assert user_scan.unheard("An axial T2-FLAIR scan of the head, a small old infarct in the left hemisphere.") == []


def test_the_mean_is_one_thing_wherever_no_reference_tunes_it() -> None:
    scan = operator.simulate(phantom(), operator.Config(acceleration=4, center_fraction=0.04), 1)
    found = direct_reconstructions.volumes(small_network(), scan, "", False, None)
    one = denoiser.unit(scan)
    setting = classical.usual(one)
    mean = (classical.variation(one, setting) + classical.wavelet(one, setting)) / 2
    assert np.abs(found["mean"] - operator.volume(mean) * scan.scale).max() < 2e-3


def test_a_mask_that_would_be_written_over_is_refused(tmp_path: Path, quickly: list[Any]) -> None:
    (tmp_path / "out").mkdir()
    mask = saved(tmp_path / "out" / "me_brain.nii.gz", grainy((40, 48, 36)) > 0, np.diag([2.5, 2.5, 2.5, 1]), np.uint8)
    with pytest.raises(ValueError, match=r"--mask .*me_brain.nii.gz would be written over; give another folder"):
        run(user_scan.Asked(volume(tmp_path), mask=mask), tmp_path, quickly)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["me_brain.nii.gz"]


def test_a_recording_is_of_the_common_grid_and_of_what_was_asked(
    tmp_path: Path, quickly: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}
    monkeypatch.setattr(record, "make", lambda cache, progress, **given: seen.update(given, cache=cache))
    asked = user_scan.Asked(volume(tmp_path), acceleration=6.0, coils=4)
    user_scan.recorded(asked, 3, Work(tmp_path / "cache", lambda *a: None, 5.0))
    assert seen["shown"].x.shape == grid.SHAPE
    assert seen["shown"].x.max() == 1
    assert not seen["shown"].lesion.any()
    assert (seen["config"].acceleration, seen["config"].grid, seen["config"].coils) == (6.0, (6.0,), 4)
    assert (seen["seed"], seen["deadline"], seen["cache"]) == (3, 5.0, tmp_path / "cache")
