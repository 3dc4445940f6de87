"""Plans that are kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stagelight.engines.experiment import cache
from stagelight.engines.experiment.progress import Interrupted
from stagelight.engines.village import scenarios
from stagelight.engines.village.agents import beam_search, registry
from stagelight.engines.village.evaluation import evaluate_agents, metrics, oracle_cache

pytestmark = pytest.mark.engine


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A beam of few states, which takes no time."""
    monkeypatch.setattr(beam_search, "WIDTH", 4)


def test_plans_are_kept_and_taken_up(tmp_path: Path) -> None:
    first = oracle_cache.returns(["calm"], [1], tmp_path, None, trials=50)["calm"]
    (path,) = tmp_path.rglob("*.npz")
    cache.write(path.with_name("calm-2.npz"), {"return": np.array(9.0)})
    both = oracle_cache.returns(["calm"], [1, 2], tmp_path, None, trials=50)["calm"]
    assert list(both) == [first[0], 9.0]
    with pytest.raises(Interrupted, match="1 of 2"):
        oracle_cache.returns(["calm"], [1, 2, 3, 4], tmp_path, None, trials=50, deadline=0.0)
    assert {file.stem for file in tmp_path.rglob("*.npz")} == {"calm-1", "calm-2", "calm-3"}
    path.write_text("[]")
    assert oracle_cache.returns(["calm"], [1], tmp_path, None, trials=50)["calm"] == first


def test_plans_come_with_the_code_for_the_first_seeds(tmp_path: Path) -> None:
    """They are better than any list on the same tape, and are found again from a file that the command writes."""
    seeds = metrics.SEALED_SEEDS[: evaluate_agents.SLOW[evaluate_agents.ENDPOINT]]
    found = oracle_cache.shipped(list(scenarios.SCENARIOS), seeds)
    assert found is not None
    for name, returns in found.items():
        lists = registry.episodes(registry.named("stock"), metrics.tapes(name, seeds), name).returns
        assert (returns > lists).all(), name
    assert oracle_cache.shipped(["calm"], range(3)) is None
    searched = oracle_cache.search(["calm", "illness"], [1, 2], tmp_path, None, trials=50)
    oracle_cache.save(searched, tmp_path / "new")
    again = oracle_cache.shipped(["illness", "calm"], [2, 1], tmp_path / "new")
    assert again is not None
    for name in ("calm", "illness"):
        assert list(again[name]) == [searched[name, 2]["return"], searched[name, 1]["return"]]
    path = tmp_path / "new" / "plans.npz"
    path.write_bytes(path.read_bytes()[:200] + b"\0\0\0\0" + path.read_bytes()[204:])
    with pytest.raises(ValueError, match="plans"):
        oracle_cache.shipped(["calm"], [1], tmp_path / "new")
