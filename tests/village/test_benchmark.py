"""The benchmark and its promises."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stagelight.engines import recording
from stagelight.engines.village import benchmark, record, scenarios
from stagelight.engines.village import constants as r
from stagelight.engines.village.agents import beam_search, oracle
from stagelight.engines.village.evaluation import evaluate_agents, metrics, upper_bound
from stagelight.engines.village.llm import runs, zero_shot_run

pytestmark = pytest.mark.engine


def test_what_is_promised_is_read_off_the_table() -> None:
    facts = {
        f"score.{where}.{who}.return": value
        for where in scenarios.SCENARIOS
        for who, value in {
            "clairvoyant": 2.0, "random": -1.0, "policy": 1.7, "stock": 1.1, "roles": 1.0, "hoarder": 0.8,
            "sell_all": 0.7, "no_granary": 0.5, "no_messages": 0.9, **{f"reserve_{d}": 0.6 for d in metrics.RESERVES},
        }.items()
    }  # fmt: skip
    facts["score.crash.reserve_3.return"] = 1.4
    found = benchmark.verdict(facts) | benchmark.gains(facts)
    assert found["calibration.scripted_share"] == pytest.approx(0.5)
    assert found["calibration.granary_cost"] == pytest.approx(0.3)
    assert found["calibration.message_cost"] == pytest.approx(0.1)
    assert found["trained.gain_over_reserve.train"] == pytest.approx(0.2)
    assert found["trained.gain_over_reserve.held_out"] == pytest.approx(0.1), "against the best of all reserves"


@pytest.mark.slow
def test_the_final_table_is_written_beside_the_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upper_bound, "upper", lambda tape: 2.375)
    nothing = np.full((r.TICKS, 3), oracle.NOT_OVERRULED, np.int8)
    monkeypatch.setattr(beam_search, "plan", lambda *_: (2.0, nothing))
    monkeypatch.setattr(oracle, "plan", lambda tape, start, *_: (2.0, np.tile(start, (r.DAYS, 1)), nothing))
    idle, gates = np.zeros((2, r.TICKS, 3), np.int8), dict(zip(runs.GATES, (10, 8, 6, 4, 1), strict=True))
    monkeypatch.setattr(runs, "small", lambda scenario, seeds, *_: runs.Run(idle, 9.0, 3.0, gates=gates))
    monkeypatch.setattr(runs, "unheard", lambda scenario, seeds, *_: np.full(len(seeds), -1.0))
    monkeypatch.setattr(
        zero_shot_run, "asked", lambda *_: ([{"step": 0, "kind": zero_shot_run.KIND}], {"llm.valid_json_share": 1.0})
    )
    before = recording.load(record.POLICY.parent, "village")
    made = benchmark.compare(before, tmp_path, lambda *_: None, 1, seeds=2)
    assert made.config["compared"]["seeds"] == made.facts["compared.seeds"] == 2
    assert {name for _, name, _ in benchmark.lines(made.facts)} == {*evaluate_agents.AGENTS, "clairvoyant"}
    rows = (len(evaluate_agents.AGENTS) + 1) * len(scenarios.SCENARIOS)
    assert len(benchmark.lines(made.facts)) == rows - 2 * len(scenarios.TRAIN), "the language model's are held out"
    assert made.fact("llm.gain.share") == made.fact("llm.gain.share.low") == 0, "both of them idle"
    assert [made.fact(f"llm.said.{name}") for name in ("share", "true", "causal")] == [0.8, 0.75, 0.25]
    mine, best = (
        np.mean([made.fact(f"score.{name}.{who}.return") for name in scenarios.HELD_OUT])
        for who in ("small_taught", "clairvoyant")
    )
    assert made.fact("llm.message_cost") == pytest.approx((mine + 1) / best, rel=1e-4)
    for name in ("calibration.scripted_share", "trained.gain_over_reserve.held_out", "bound.gap"):
        assert np.isfinite(made.fact(name))
    story = [event for event in made.events if event["kind"] != zero_shot_run.KIND]
    assert story == [event for event in before.events if event["kind"] != zero_shot_run.KIND]
    assert len(made.events) == len(story) + 1, "what it answered takes the place of what it answered before"
    recording.save(made, tmp_path)
    with pytest.raises(ValueError, match="run `click record village`"):
        benchmark.compare(replace(before, code_version="0"), tmp_path, lambda *_: None, 1)
