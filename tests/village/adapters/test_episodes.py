"""Episodes of the village as Minari datasets, tested where the extra is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from stagelight.engines.village import constants as r
from stagelight.engines.village.episode import Step, run
from stagelight.engines.village.observation import observe
from stagelight.engines.village.world import World
from support.village import crafts, village


def episodes(count: int) -> Iterator[tuple[World, list[Step]]]:
    for seed in range(count):
        found = village("std", seed)
        yield found, list(run(found, crafts()))


def test_episodes_go_out_to_minari_and_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("minari", reason="the extra village-minari")
    from stagelight.engines.village.adapters import episodes as adapter

    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    taken = [
        adapter.recorded(steps, np.stack([observe(end, agent) for agent in range(3)]), seed)
        for seed, (end, steps) in enumerate(episodes(2))
    ]
    dataset = adapter.export("village/std-craft-v0", taken, "std", "a test")
    assert dataset.total_steps == 2 * r.TICKS
    for mine, back in zip(taken, adapter.imported("village/std-craft-v0"), strict=True):
        for name in ("observations", "actions", "rewards", "masks"):
            np.testing.assert_array_equal(getattr(mine, name), getattr(back, name), err_msg=name)
        assert back.seed == mine.seed
    assert len(list(tmp_path.rglob("*.hdf5"))) == 1
    recovered = dataset.recover_environment()
    observation, _ = recovered.reset(seed=0)
    for tick, action in enumerate(taken[0].actions):
        np.testing.assert_array_equal(observation.reshape(3, -1), taken[0].observations[tick])
        observation, reward, *_ = recovered.step(action)
        assert reward == taken[0].rewards[tick]


def test_the_environment_is_recovered_where_nothing_else_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a process that knows the data set alone."""
    pytest.importorskip("minari", reason="the extra village-minari")
    from stagelight.engines.village.adapters import episodes as adapter

    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    end, steps = next(episodes(1))
    last = np.stack([observe(end, agent) for agent in range(3)])
    adapter.export("village/alone-v0", [adapter.recorded(steps, last, 0)], "std", "a test")
    code = """
import minari
village = minari.load_dataset("village/alone-v0").recover_environment()
print(village.spec.id, village.spec.kwargs, village.reset(seed=0)[0].sum())
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["Village-v0", "{'scenario':", "'std'}", str(steps[0].observations.sum())]


def test_a_replay_of_an_exported_episode_is_the_episode(tmp_path: Path) -> None:
    pytest.importorskip("minari", reason="the extra village-minari")
    from stagelight.engines.village.adapters import episodes as adapter

    end, steps = next(episodes(1))
    taken = adapter.recorded(steps, np.stack([observe(end, agent) for agent in range(3)]), 0)
    again = village("std", 0)
    for tick, actions in enumerate(taken.actions):
        np.testing.assert_array_equal(taken.observations[tick], np.stack([observe(again, agent) for agent in range(3)]))
        again.step([int(a) for a in actions], np.stack([again.report(a, int(actions[a])) for a in range(3)]))
    assert pytest.approx(taken.rewards.sum()) == again.J / r.NORM
