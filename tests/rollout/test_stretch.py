"""The first steps of the recorded training, run again from the seed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from support.paths import RECORDINGS

pytest.importorskip("torch")
pytest.importorskip("chess")

from stagelight.engines import recording
from stagelight.engines.experiment.progress import silent
from stagelight.engines.experiment.stretch import Stretch, compare
from stagelight.engines.rollout import stretch as module

pytestmark = [pytest.mark.engine, pytest.mark.slow]


def test_the_first_steps_are_those_recorded() -> None:
    before = recording.load(RECORDINGS, "rollout")
    again = Stretch(module._games(before, silent), "", "")
    assert compare(before, again, module.TOLERANCE) == []
    assert {"public_before", "public_advantage", "slide_depth"} <= again.arrays.keys()
    config = {**before.config, "ladder": {"games": {**before.config["ladder"]["games"], "learning_rate": 0.1}}}
    other = Stretch(module._games(replace(before, config=config), silent), "", "")
    assert any(line.startswith("public_after") for line in compare(before, other, module.TOLERANCE))


def test_a_recording_of_another_corpus_or_of_a_readers_position_is_refused(tmp_path: Path) -> None:
    before = recording.load(RECORDINGS, "rollout")
    for changed, said in (
        ({"start": "8/8"}, "a reader's own position"),
        ({"corpus_sha256": "0"}, "trained on corpus 0"),
    ):
        with pytest.raises(ValueError, match=said):
            module.stretch(replace(before, config={**before.config, **changed}), tmp_path, silent)
