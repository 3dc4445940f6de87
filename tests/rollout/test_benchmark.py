"""The comparison with other methods: kept method by method, resumed, and counted from the curves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("chess")

from stagelight.engines.experiment.progress import silent  # noqa: E402
from stagelight.engines.recording import Recording  # noqa: E402
from stagelight.engines.rollout import benchmark, record, runs, supervised  # noqa: E402
from stagelight.engines.rollout.grpo import Config  # noqa: E402
from stagelight.engines.rollout.policy import Policy  # noqa: E402

pytestmark = pytest.mark.engine
SMALL = Config(boards=3000, width=16, rank=8, draws=4, group_size=4, positions_of_draw=16)
METHODS = {"published": SMALL, "reinforce": replace(SMALL, advantage="none"), "ppo": replace(SMALL, advantage="value")}


@pytest.fixture(autouse=True)
def small(few_data: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(runs, "EXAMINED", 2)
    monkeypatch.setattr(benchmark, "METHODS", METHODS)
    monkeypatch.setattr(benchmark, "RATES", (1e-3, 1e-2))
    monkeypatch.setattr(supervised, "train", lambda config, seed, starts: Policy(16, 8, torch.Generator()))
    yield


@pytest.fixture
def before() -> Recording:
    return Recording("rollout", 0, {"seeds": [0, 1]}, record.version(), {"boards": 1.0}, (), {"log": np.zeros(3)})


def test_methods_are_kept_one_by_one_and_not_run_again(
    tmp_path: Path, before: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Recording] = []

    def save(made: Recording) -> None:
        kept.append(made)
        if len(kept) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        benchmark.compare(before, tmp_path, silent, 1, save=save)
    assert [sorted(made.config["compared"]) for made in kept] == [["published"], ["published", "reinforce"]]
    ran: list[str] = []
    make = runs.make

    def counted(run: runs.Run, *rest: object) -> object:
        ran.append(run.name.partition("_at_")[0])
        return make(run, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(runs, "make", counted)
    made = benchmark.compare(kept[-1], tmp_path, silent, 1)
    assert set(ran) == {"ppo"}
    assert set(made.config["compared"]) == set(METHODS)
    assert made.facts["boards"] == 1
    assert "log" in made.arrays
    ran.clear()
    assert benchmark.compare(made, tmp_path, silent, 1) == made
    assert not ran


def test_facts_are_those_of_the_curves(tmp_path: Path, before: Recording) -> None:
    made = benchmark.compare(before, tmp_path, silent, 1)
    steps = {name: made.arrays[f"baseline_{name}_steps"] for name in METHODS}
    least = min(int(each[:, -1].min()) for each in steps.values())
    assert made.facts["baselines.equal_steps"] == least
    for name in METHODS:
        success = made.arrays[f"baseline_{name}_success"]
        assert success.shape == (2, len(benchmark.MOMENTS), len(benchmark.FAMILIES))
        assert made.facts[f"baselines.{name}.learning_rate"] in benchmark.RATES
        for at, family in enumerate(benchmark.FAMILIES):
            ends = success[:, -1, at]
            assert made.facts[f"baselines.{name}.{family}"] == pytest.approx(ends.mean(), abs=1e-5)
            assert made.facts[f"baselines.{name}.{family}.seed_1"] == pytest.approx(ends[1], abs=1e-5)
            even = [np.interp(least, steps[name][seed], success[seed, :, at]) for seed in range(2)]
            assert made.facts[f"baselines.{name}.equal_steps.{family}"] == pytest.approx(np.mean(even), abs=1e-5)
    assert 0 <= made.facts["baselines.supervised.mate_in_one"] <= 1


def test_another_code_s_recording_is_refused(tmp_path: Path, before: Recording) -> None:
    with pytest.raises(ValueError, match="run `click record rollout` first"):
        benchmark.compare(replace(before, code_version="other"), tmp_path, silent, 1)
