"""A reader's own volume, scanned and reconstructed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sigpy")
ndimage = pytest.importorskip("scipy.ndimage")
nib = pytest.importorskip("nibabel")
pytest.importorskip("tokenizers")
pytestmark = pytest.mark.engine

from stagelight.engines.scan import user_scan  # noqa: E402
from stagelight.engines.scan.methods import classical  # noqa: E402
from stagelight.engines.scan.model import denoiser  # noqa: E402
from support.scan import brain, saved  # noqa: E402


def test_an_own_volume_is_scanned_reconstructed_measured_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_scan, "SETTING", classical.Setting(1e-3, 12))
    monkeypatch.setattr(denoiser, "WEIGHTS", tmp_path / "none")
    path = saved(tmp_path / "me.nii.gz", brain())
    said: list[Any] = []
    asked = user_scan.Asked(path, acceleration=8.0, prompt="T1-weighted MRI of the brain.")
    facts, paths = user_scan.reconstruct(asked, 0, tmp_path / "out", lambda *a: said.append(a))
    assert [p.name for p in paths] == ["me_zero_filled.nii.gz", "me_mean.nii.gz"]
    assert facts["mean.brain.psnr"] > facts["zero_filled.brain.psnr"] + 2
    assert [line[:3] for line in said] == [("zero_filled", 1, 2), ("mean", 2, 2)]
    back, raw = nib.load(paths[1]), brain()
    assert back.shape == raw.shape
    inner = ndimage.binary_erosion(raw > 0, iterations=3)
    assert np.corrcoef(np.asarray(back.dataobj)[inner], raw[inner])[0, 1] > 0.95
    with pytest.raises(ValueError, match="acceleration 99"):
        user_scan.reconstruct(user_scan.Asked(path, acceleration=99), 0, tmp_path / "no", lambda *a: None)
    assert not (tmp_path / "no").exists()
