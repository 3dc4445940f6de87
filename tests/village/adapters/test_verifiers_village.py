"""The village for verifiers, tested where the extra is installed."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from stagelight.engines.village import constants as r
from stagelight.engines.village.agents.protocol import Choice
from stagelight.engines.village.episode import Episode
from support.village import village

FIRST = 20_000_000  # the seed of the first episode for verifiers
REPLY = json.dumps({"reason": "it is my craft", "action": "wait", "message": "granary=30", "note": ""})


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
    again = village("std", FIRST)
    idle = Episode(again)
    while again.tick < 2 * r.DAY:
        idle.tick([Choice(r.WAIT)] * 3, [False] * 3)
    for name, seat in seats.items():
        assert seat.talk.rewards == {"return": pytest.approx(again.J / r.NORM)}
        assert seat.talk.metrics == {"invalid_share": 0, "ticks": 24}
        assert len(seat.talk.turns) == 24
        assert f"You are the {name}" in seat.talk.turns[0]
        assert seat.talk.turns[1].count('says: "granary=30"') == 2


def test_verifiers_finds_the_village_by_its_name_and_rents_nothing_for_it() -> None:
    vf = pytest.importorskip("verifiers.v1", reason="the extra village-verifiers")
    from verifiers.v1.utils.loaders import load_environment, load_taskset, taskset_config_type

    from stagelight.engines.village.adapters.verifiers_village import VillageEnv, VillageEnvConfig

    given = {"id": "stagelight-village", "scenarios": ["std"], "seeds": 3, "days": 1}
    taskset = load_taskset(taskset_config_type("stagelight-village").model_validate(given))
    assert [task.data.seed for task in taskset] == [FIRST, FIRST + 1, FIRST + 2]
    config = VillageEnvConfig.model_validate({"taskset": given})
    assert {type(getattr(config, name).runtime) for name in r.AGENTS} == {vf.SubprocessConfig}
    assert isinstance(load_environment(config), VillageEnv)


def test_verifiers_stops_when_a_conversation_is_over() -> None:
    pytest.importorskip("verifiers", reason="the extra village-verifiers")
    from types import SimpleNamespace

    env, tasks = village_env(2)
    seats = {"farmer": Seat(), "miller": Seat(5), "baker": Seat()}
    asyncio.run(env.run(tasks[0], SimpleNamespace(**seats)))
    assert seats["baker"].talk.metrics["ticks"] == 6
