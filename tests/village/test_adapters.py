"""The village in other libraries' formats, each tested where its extra is installed."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stagelight.engines.village import constants as r
from stagelight.engines.village import exogenous, scenarios
from stagelight.engines.village.agents.protocol import Agent, Choice, Observation
from stagelight.engines.village.episode import Episode, Step, run
from stagelight.engines.village.observation import observe
from stagelight.engines.village.world import World
from support.paths import ROOT

FIRST = 20_000_000  # the seed of the first episode for verifiers
REPLY = json.dumps({"reason": "it is my craft", "action": "wait", "message": "granary=30", "note": ""})


class Craft(Agent):
    """A worker who does one thing."""

    reports = True

    def __init__(self, action: int, reports: bool = True, message: str = "") -> None:
        self.action, self.reports, self.message, self.heard = action, reports, message, list[dict[str, str]]()

    def act(self, observation: Observation) -> Choice:
        self.heard.append(dict(observation.heard))
        return Choice(self.action, self.message)


def world(seed: int = 4) -> World:
    return World(exogenous.draw(scenarios.STD, seed))


def crafts() -> list[Craft]:
    return [Craft(r.FARM), Craft(r.GRIND), Craft(r.BAKE)]


def episodes(count: int) -> Iterator[tuple[World, list[Step]]]:
    for seed in range(count):
        found = world(seed)
        yield found, list(run(found, crafts()))


def test_an_episode_is_the_world_stepped_by_its_choices() -> None:
    one, two = world(), world()
    steps = list(run(one, crafts()))
    assert len(steps) == r.TICKS
    for step in steps:
        two.step(step.actions, np.stack([two.report(agent, step.actions[agent]) for agent in range(3)]))
    np.testing.assert_array_equal(one.numbers(), two.numbers())
    assert sum(step.reward for step in steps) == pytest.approx(one.J / r.NORM)


def test_busy_workers_are_not_asked() -> None:
    for step in run(world(), crafts()):
        for agent in range(3):
            assert (step.choices[agent] is None) == (step.masks[agent].sum() == 1 and step.masks[agent][r.WAIT] == 0)
        if step.tick > 60:
            break


def test_what_one_says_the_others_hear_in_the_next_tick_and_know() -> None:
    workers = [Craft(r.WAIT, False, "granary=77 come quick"), Craft(r.WAIT, False), Craft(r.WAIT, False)]
    found = run(world(), workers)
    first, second = next(found), next(found)
    assert first.messages == ("granary=77 come quick", "", "")
    assert workers[1].heard[:2] == [{}, {"farmer": "granary=77 come quick"}]
    assert workers[0].heard[:2] == [{}, {}]
    knows = r.KNOWS + r.IN_GRANARY
    assert second.observations[1, knows] == 77
    assert second.observations[0, knows] != 77


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


def test_a_replay_of_an_exported_episode_is_the_episode(tmp_path: Path) -> None:
    pytest.importorskip("minari", reason="the extra village-minari")
    from stagelight.engines.village.adapters import episodes as adapter

    end, steps = next(episodes(1))
    taken = adapter.recorded(steps, np.stack([observe(end, agent) for agent in range(3)]), 0)
    again = world(0)
    for tick, actions in enumerate(taken.actions):
        np.testing.assert_array_equal(taken.observations[tick], np.stack([observe(again, agent) for agent in range(3)]))
        again.step([int(a) for a in actions], np.stack([again.report(a, int(actions[a])) for a in range(3)]))
    assert pytest.approx(taken.rewards.sum()) == again.J / r.NORM


class Talk:
    """An open conversation that answers the same."""

    def __init__(self, replies: int) -> None:
        self.turns: list[str] = []
        self.left, self.rewards, self.metrics = replies, dict[str, float](), dict[str, float]()
        self.trace = self

    async def __aenter__(self) -> Talk:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def turn(self, text: str) -> Any:
        from types import SimpleNamespace

        self.turns.append(text)
        self.left -= 1
        return SimpleNamespace(terminated=self.left < 0, last_reply=REPLY)

    def record_reward(self, name: str, value: float) -> None:
        self.rewards[name] = value

    def record_metric(self, name: str, value: float) -> None:
        self.metrics[name] = value


class Seat:
    """An agent whose conversation is a Talk."""

    def __init__(self, replies: int = 1000) -> None:
        self.talk = Talk(replies)

    def interaction(self, task: Any) -> Talk:
        return self.talk


def village_env(days: int) -> tuple[Any, Any]:
    import verifiers.v1 as vf

    from stagelight.engines.village.adapters import verifiers_village as adapter

    env = adapter.environment(("std", "calm"), seeds=2, days=days)
    assert isinstance(env, vf.Env)
    return env, list(env.taskset)


def test_verifiers_plays_an_episode_with_three_agents_and_one_reward() -> None:
    pytest.importorskip("verifiers", reason="the extra village-verifiers")
    from types import SimpleNamespace

    env, tasks = village_env(2)
    assert [(task.data.scenario, task.data.seed) for task in tasks] == [
        ("std", FIRST),
        ("calm", FIRST),
        ("std", FIRST + 1),
        ("calm", FIRST + 1),
    ]
    seats = {name: Seat() for name in r.AGENTS}
    asyncio.run(env.run(tasks[0], SimpleNamespace(**seats)))
    again = world(FIRST)
    idle = Episode(again)
    while again.tick < 2 * r.DAY:
        idle.tick([Choice(r.WAIT)] * 3, [False] * 3)
    for name, seat in seats.items():
        assert seat.talk.rewards == {"return": pytest.approx(again.J / r.NORM)}
        assert seat.talk.metrics == {"invalid_share": 0, "ticks": 24}
        assert len(seat.talk.turns) == 24
        assert f"You are the {name}" in seat.talk.turns[0]
        assert seat.talk.turns[1].count('says: "granary=30"') == 2


def test_verifiers_stops_when_a_conversation_is_over() -> None:
    pytest.importorskip("verifiers", reason="the extra village-verifiers")
    from types import SimpleNamespace

    env, tasks = village_env(2)
    seats = {"farmer": Seat(), "miller": Seat(5), "baker": Seat()}
    asyncio.run(env.run(tasks[0], SimpleNamespace(**seats)))
    assert seats["baker"].talk.metrics["ticks"] == 6


def test_what_inspect_runs_on_needs_nothing_that_compiles() -> None:
    """Its environment holds numpy alone of ours: `make inspect`."""
    names = ("constants", "scenarios", "exogenous", "world", "agents.language_model", "episode", "llm.types")
    lines = ["import sys", "sys.modules['numba'] = sys.modules['torch'] = None"]
    lines += [f"import stagelight.engines.village.{name}" for name in names]
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True, cwd=ROOT)
