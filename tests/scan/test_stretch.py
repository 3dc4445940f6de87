"""The short stretch of a recorded scan that a reviewer runs again, on a small patient and untrained networks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sigpy")

from stagelight.engines.experiment.progress import silent
from stagelight.engines.experiment.stretch import compare
from stagelight.engines.recording import Recording
from stagelight.engines.scan import patient_runs, record, stretch
from stagelight.engines.scan.data import patient
from stagelight.engines.scan.data.patient import Patient
from stagelight.engines.scan.methods import alone
from stagelight.engines.scan.model import denoiser
from support.scan import untrained

pytestmark = pytest.mark.engine
CONFIG = record.Config(acceleration=4, grid=(4,), steps=4, kept=4, samples=2, seen=0, measured=False, dreams=0)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Recording, Patient, Path]:
    """A recording, its patient, and the folder of its weights."""
    folder = tmp_path_factory.mktemp("scan")
    untrained(folder)
    x, y, z = np.meshgrid(*(np.linspace(-1, 1, n) for n in (32, 48, 32)), indexing="ij", sparse=True)
    brain = x**2 + y**2 + z**2 < 0.7
    image = (0.6 + 0.25 * np.sin(9 * x) * np.cos(8 * y)) * brain
    shown = Patient("somebody", image.astype(np.float32), brain, brain & (x < -0.3), 4.0, "made up")
    made = record.make(folder, silent, config=CONFIG, weights=folder, shown=shown)
    return made, shown, folder


@pytest.fixture
def before(recorded: tuple[Recording, Patient, Path], monkeypatch: pytest.MonkeyPatch) -> Recording:
    """The recording, in a world in which its patient and weights are the published ones."""
    made, shown, folder = recorded
    monkeypatch.setattr(patient, "held_out", lambda: shown)
    monkeypatch.setattr(denoiser, "WEIGHTS", folder / denoiser.WEIGHTS.name)
    monkeypatch.setattr(stretch, "WEIGHTS", {name: folder / path.name for name, path in patient_runs.WEIGHTS.items()})
    return made


def test_the_stretch_is_the_beginning_of_the_recording_to_the_bit(before: Recording, tmp_path: Path) -> None:
    told: list[str] = []
    again = stretch.stretch(before, tmp_path, lambda what, *_: told.append(what))
    assert compare(before, again, 0.0) == []
    assert {"mask", "kplane_measured", "noisy_axial", "after_axial", "misfit_after", "attention"} <= set(again.arrays)
    assert {len(again.arrays[name]) for name in ("step", "free_before_axial", "before_axial")} == {2}
    assert told == ["a sample"] * 2 + ["the same without consistency"] * 2 + ["the dream"] * told.count("the dream")
    assert list(tmp_path.iterdir()) == []
    assert "--record" in again.leaves_open


def test_another_seed_or_rule_is_found_out(before: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the processor: the differences are beyond the tolerance."""
    monkeypatch.setattr(alone, "SMALL", replace(alone.SMALL, sigma_max=8.0))
    again = stretch.stretch(before, tmp_path, silent)
    wrong = {line.partition(":")[0] for line in compare(before, again, again.tolerance)}
    assert wrong
    assert all(name.startswith(("dream_", "attention")) for name in wrong)
    other = stretch.stretch(replace(before, seed=2), tmp_path, silent)
    wrong = {line.partition(":")[0] for line in compare(before, other, other.tolerance)}
    assert {"mask", "noisy_axial", "after_axial", "free_before_axial"} <= wrong


def test_a_recording_of_somebody_else_or_of_other_weights_is_refused(before: Recording, tmp_path: Path) -> None:
    for name in ("patient", "fine_sha256", "coarse_sha256", "unrolled_sha256"):
        with pytest.raises(ValueError, match=rf"scan\.json: {name} is 'another', wanted .* run `click record scan`"):
            stretch.stretch(replace(before, config={**before.config, name: "another"}), tmp_path, silent)
