"""The short stretch of a recorded scan that a reviewer runs again, on a small patient and untrained networks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sigpy")

import torch

from stagelight.engines.experiment.progress import silent
from stagelight.engines.experiment.stretch import compare
from stagelight.engines.recording import Recording
from stagelight.engines.scan import patient_runs, record, stretch
from stagelight.engines.scan.data import patient
from stagelight.engines.scan.data.patient import Patient
from stagelight.engines.scan.model import denoiser, refiner

pytestmark = pytest.mark.engine
CONFIG = record.Config(acceleration=4, grid=(4,), steps=4, kept=4, samples=1, seen=0)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Recording, Patient, Path]:
    """A recording, its patient, and the folder of its weights."""
    folder = tmp_path_factory.mktemp("scan")
    torch.manual_seed(3)
    for path, shape in ((denoiser.WEIGHTS, refiner.PUBLISHED), (denoiser.ALONE, refiner.ALONE)):
        model = refiner.Refiner(shape)
        torch.nn.init.normal_(model.get_parameter("net.leave.2.weight"), std=0.01)
        denoiser.publish(model, folder / path.name)
    x, y, z = np.meshgrid(*(np.linspace(-1, 1, n) for n in (32, 48, 32)), indexing="ij", sparse=True)
    brain = x**2 + y**2 + z**2 < 0.7
    image = (0.6 + 0.25 * np.sin(9 * x) * np.cos(8 * y)) * brain
    shown = Patient("somebody", image.astype(np.float32), brain, brain & (x < -0.3), 4.0, "made up")
    made = record.make(folder, silent, config=CONFIG, weights=folder / denoiser.WEIGHTS.name, shown=shown)
    return made, shown, folder


@pytest.fixture
def before(recorded: tuple[Recording, Patient, Path], monkeypatch: pytest.MonkeyPatch) -> Recording:
    """The recording, in a world in which its patient and weights are the published ones."""
    made, shown, folder = recorded
    monkeypatch.setattr(patient, "held_out", lambda: shown)
    monkeypatch.setattr(denoiser, "WEIGHTS", folder / denoiser.WEIGHTS.name)
    monkeypatch.setattr(denoiser, "ALONE", folder / denoiser.ALONE.name)
    return made


def test_the_stretch_is_the_beginning_of_the_recording_to_the_bit(before: Recording, tmp_path: Path) -> None:
    told: list[str] = []
    again = stretch.stretch(before, tmp_path, lambda what, *_: told.append(what))
    assert compare(before, again, 0.0) == []
    assert {"mask", "kplane_measured", "noisy_axial", "after_axial", "misfit_after", "attention"} <= set(again.arrays)
    assert {len(again.arrays[name]) for name in ("step", "guided_step", "before_axial")} == {2}
    assert told == ["a sample"] * 2 + ["the dream"] + ["the guided dream"] * 2
    assert list(tmp_path.iterdir()) == []
    assert "--record" in again.leaves_open


def test_another_seed_or_rule_is_found_out(before: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the processor: the differences are beyond the tolerance."""
    monkeypatch.setattr(patient_runs, "SIGMA_FAR", 40.0)
    again = stretch.stretch(before, tmp_path, silent)
    wrong = {line.partition(":")[0] for line in compare(before, again, again.tolerance)}
    assert "guided_sigma" in wrong
    assert all(name.startswith(("guided_", "stranger_", "attention")) for name in wrong)
    other = stretch.stretch(replace(before, seed=2), tmp_path, silent)
    wrong = {line.partition(":")[0] for line in compare(before, other, other.tolerance)}
    assert {"mask", "noisy_axial", "after_axial", "guided_after_axial"} <= wrong


def test_a_recording_of_somebody_else_or_of_other_weights_is_refused(before: Recording, tmp_path: Path) -> None:
    for name in ("patient", "weights_sha256", "alone_sha256"):
        with pytest.raises(ValueError, match=rf"scan\.json: {name} is 'another', wanted .* run `click record scan`"):
            stretch.stretch(replace(before, config={**before.config, name: "another"}), tmp_path, silent)
