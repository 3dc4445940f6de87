"""The recorded village played again: the committed recording is what the rules, the seed and the weights give."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stagelight.engines import recording
from stagelight.engines.experiment.progress import silent
from stagelight.engines.experiment.stretch import compare
from stagelight.engines.village.stretch import stretch
from support.paths import RECORDINGS

pytestmark = [pytest.mark.engine, pytest.mark.slow]


def test_the_recorded_runs_are_played_again_to_the_bit(tmp_path: Path) -> None:
    before = recording.load(RECORDINGS, "village")
    again = stretch(before, tmp_path, silent)
    assert compare(before, again, 0.0) == []
    assert {"shown_does", "hoarder_state", "wind"} <= again.arrays.keys()
    wind = before.arrays["wind"].copy()
    wind[7] = 1 - wind[7]
    changed = replace(before, arrays={**before.arrays, "wind": wind})
    assert len(compare(changed, again, 0.0)) == 1
    other = compare(
        replace(before, seed=before.seed + 1), stretch(replace(before, seed=before.seed + 1), tmp_path, silent), 0
    )
    assert any(line.startswith("shown_") for line in other)
    assert np.isfinite(again.arrays["shown_state"]).all()
