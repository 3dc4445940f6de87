"""Agents on the same tapes, and the command that prints their scores."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from stagelight.engines.village import record
from stagelight.engines.village.evaluation import evaluate_agents, oracle_cache
from stagelight.render import cli
from stagelight.render.pipeline.plan import Places

pytestmark = pytest.mark.engine


def test_one_worker_who_does_the_whole_chain_feeds_some(tmp_path: Path) -> None:
    seeds = range(2)
    found = evaluate_agents.compare(
        [evaluate_agents.ALONE, "baker_alone"],
        "calm",
        seeds,
        np.full(2, 2.0),
        evaluate_agents.Means(tmp_path, tmp_path),
    )
    alone, craft = (found.played[name].returns.mean() for name in (evaluate_agents.ALONE, "baker_alone"))
    assert craft < alone < 0, "more than one who keeps to a craft, and far from enough"


def test_no_agent_scores_above_the_clairvoyant(tmp_path: Path) -> None:
    seeds, means = range(3), evaluate_agents.Means(record.POLICY, tmp_path)
    table = evaluate_agents.scored(evaluate_agents.QUICK, "rabbits", seeds, np.full(3, -9.0), means)
    best = table.pop("clairvoyant")
    assert set(table) == set(evaluate_agents.QUICK)
    assert best["returns"] >= max(row["returns"] for row in table.values())
    assert table["random"]["score"] == pytest.approx(0)
    assert all(row["score"] <= 1 + 1e-9 for row in table.values())
    assert table["policy"]["score_low"] <= table["policy"]["score"] <= table["policy"]["score_high"]
    with pytest.raises(ValueError, match=r"agent 'king': no such agent; .* or policy, the trained one"):
        evaluate_agents.scored(["king"], "rabbits", seeds, np.zeros(3), means)


def test_the_command_refuses_what_is_not_there_in_a_line(places: Places, capfd: pytest.CaptureFixture[str]) -> None:
    for option, name, wanted in (
        ("--agent", "king", "or policy, the trained one"),
        ("--scenario", "moon", "choose one of calm"),
    ):
        assert cli.run(["score", "village", option, name], places) == 2
        said = capfd.readouterr().err.splitlines()
        assert said[-1].startswith("error: ")
        assert wanted in said[-1]


def test_the_command_prints_what_was_asked_for(
    places: Places, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        oracle_cache, "returns", lambda names, seeds, *_, **__: {one: np.full(len(seeds), 2.2) for one in names}
    )
    asked = ["score", "village", "--agent", "stock", "--scenario", "calm", "--seeds", "3"]
    assert cli.run(asked, places) == 0
    assert re.search(r"^calm +stock +1\.\d+ +0\.\d+ +\[.*\] +0\.\d+$", capfd.readouterr().out, re.M)
    assert cli.run([*asked, "--json"], places) == 0
    rows = json.loads(capfd.readouterr().out)
    assert [row["agent"] for row in rows] == ["stock", "clairvoyant"]
    assert {"days_fed", "hunger_days", "lowest_reserve", "net_worth", "gini", "invalid", "messages"} <= set(rows[0])
