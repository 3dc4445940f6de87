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
from stagelight.engines.village.llm import facts, runs, smollm


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
        cast = record.told_again(recorded)
        made = record.make(tmp_path, lambda *_: None, config=config, seed=recorded.seed, cast=cast)
        recording.save(made, tmp_path / name)
    for end in ("npz", "json"):
        assert (tmp_path / "one" / f"village.{end}").read_bytes() == (tmp_path / "two" / f"village.{end}").read_bytes()
    again = recording.load(tmp_path / "one", "village")
    story = tuple(event for event in recorded.events if event["kind"] != "answered")  # which is added when it is scored
    assert again.events == story, "the same words, the rule's among them"
    for name in ("shown_state", "hoarder_state", "wind", "alone_load"):
        assert np.array_equal(again.arrays[name], recorded.arrays[name]), "the run of the published recording"


def test_the_recording_is_of_this_code(recorded: Recording) -> None:
    """After a change of the village, its language model or its policy: `click record village`."""
    assert recorded.code_version == record.version()
    assert recorded.config["policy_sha256"] == recording.sha256(record.POLICY), "and of this policy"
    assert recorded.config["cast_sha256"] == recording.sha256(runs.ADAPTER / smollm.ADAPTER), "and of this model"


def test_facts_are_in_the_arrays(recorded: Recording) -> None:
    for name in ("shown", "idle", "alone", "hoarder", "investor"):
        assert recorded.fact(f"{name}.return") == pytest.approx(recorded.arrays[f"{name}_reward"].sum(), abs=1e-4)
    assert recorded.fact("story.still_days") == (recorded.arrays["wind"].reshape(40, 12).max(1) == 0).sum()
    assert recorded.fact("compound.best_reserve") in reserve_sweep.RESERVES
    assert len(json.dumps(recorded.config)) < 2000


def test_language_models_act_and_say_what_they_see(recorded: Recording) -> None:
    """Each choice is one of theirs; what they state is what they were shown, as often as the fact about it says."""
    said = [event for event in recorded.events if event["kind"] == "said"]
    assert len(said) == recorded.fact("shown.choices") == (recorded.arrays["shown_chosen"] >= 0).sum()
    assert {event["author"] for event in said} == {"language model"}
    true = []
    for event in said:
        agent = ("farmer", "miller", "baker").index(event["agent"])
        seen = recorded.arrays["shown_observation"][event["step"], agent]
        if "fact" in event:
            stated = facts.parse(event["reason"])
            assert stated is not None
            assert stated[0] == event["fact"]
            true.append(stated[1] == facts.BY_NAME[event["fact"]].shown(seen))
    assert len(true) > 100
    assert np.mean(true) > 0.9


def test_what_swayed_another_was_heard_before(recorded: Recording) -> None:
    said = {(event["step"], event["agent"]): event for event in recorded.events if event["kind"] == "said"}
    swayed = [event for event in recorded.events if event["kind"] == "swayed"]
    assert len(swayed) == recorded.fact("shown.swayed") > 0
    for event in swayed:
        assert event["heard"] < event["step"]
        assert said[event["heard"], event["by"]]["message"]
        assert said[event["step"], event["agent"]]["action"] != event["instead"]
