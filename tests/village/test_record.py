"""The village's recording."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from stagelight.engines import recording
from stagelight.engines.recording import Recording
from stagelight.engines.village import record
from stagelight.engines.village.evaluation import reserve_sweep


def test_a_seed_that_tells_no_story_is_refused_in_one_line(tmp_path: Path) -> None:
    config = record.Config(scenario="calm", seeds=1)
    with pytest.raises(ValueError, match=r"village: seed 7 of calm, with .* give another --seed") as raised:
        record.make(tmp_path, lambda *_: None, config=config, seed=7, cast=record.scripted(config))
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.slow
@pytest.mark.engine
def test_recorded_twice_gives_the_same_bytes(tmp_path: Path, recorded: Recording) -> None:
    config = record.Config(measured=2)
    for name in ("one", "two"):
        made = record.make(tmp_path, lambda *_: None, config=config, seed=recorded.seed)
        recording.save(made, tmp_path / name)
    for end in ("npz", "json"):
        assert (tmp_path / "one" / f"village.{end}").read_bytes() == (tmp_path / "two" / f"village.{end}").read_bytes()
    again = recording.load(tmp_path / "one", "village")
    story = tuple(event for event in recorded.events if event["kind"] != "answered")  # which is added when it is scored
    assert again.events == story, "the same words, the rule's among them"
    for name in ("shown_state", "hoarder_state", "wind", "alone_load"):
        assert np.array_equal(again.arrays[name], recorded.arrays[name]), "the run of the published recording"


def test_the_recording_is_of_this_code(recorded: Recording) -> None:
    """After a change of the village or its policy: `click record village`."""
    assert recorded.code_version == record.version()
    assert recorded.config["policy_sha256"] == recording.sha256(record.POLICY), "and of this policy"


def test_facts_are_in_the_arrays(recorded: Recording) -> None:
    for name in ("shown", "idle", "alone", "hoarder", "investor"):
        assert recorded.fact(f"{name}.return") == pytest.approx(recorded.arrays[f"{name}_reward"].sum(), abs=1e-4)
    assert recorded.fact("story.still_days") == (recorded.arrays["wind"].reshape(40, 12).max(1) == 0).sum()
    assert recorded.fact("compound.best_reserve") in reserve_sweep.RESERVES
    assert len(json.dumps(recorded.config)) < 2000
