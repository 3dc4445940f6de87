"""A real head, measured by eight coils."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytest.importorskip("tokenizers")

import numpy as np

from stagelight.engines.experiment.progress import silent
from stagelight.engines.scan import measured_head
from stagelight.engines.scan.methods import of_measured
from support.scan import needs_data

pytestmark = [pytest.mark.engine, pytest.mark.slow, needs_data]


def test_the_head_is_joined_and_each_method_is_measured_on_points_it_was_not_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(measured_head, "SHOWN", "classical")
    monkeypatch.setattr(measured_head, "METHODS", {name: of_measured.METHODS[name] for name in ("classical", "sigpy")})
    monkeypatch.setattr(measured_head, "COMPARED", ("classical",))
    found = measured_head.runs(2, silent)
    assert found["coil_axial"].shape == (8, 230, 180)
    assert found["head_points"].mean() == pytest.approx(1 / float(found["fact.raw.acceleration"]), rel=0.01)
    whole, dim = found["head_axial"].astype(float), found["coil_axial"].astype(float)
    middle = slice(80, 150), slice(60, 120)
    assert all(np.corrcoef(whole[middle].ravel(), one[middle].ravel())[0, 1] < 0.9 for one in dim)
    assert float(found["fact.raw.heldout.classical"]) < float(found["fact.raw.heldout.sigpy"])
    assert 0.8 < float(found["fact.raw.misfit.classical"]) < 1.2
