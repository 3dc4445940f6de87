"""The village as a multi-agent environment of verifiers: three agents, one episode, one shared reward.

    from stagelight.engines.village.adapters import verifiers_village as village
    env = village.environment(("std",), seeds=4)

or, from a command line, `vf-eval stagelight-village`.

Each worker is an agent of its own, whose conversation is held open over the episode: a turn for every choice. So a
trainer sees three traces, each worker's own prompts and replies, and the return on every one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from typing import Any

import verifiers.v1 as vf

from stagelight.engines.village import constants as r
from stagelight.engines.village import scenarios, worst_case_start
from stagelight.engines.village.agents.language_model import LanguageAgent
from stagelight.engines.village.agents.protocol import Choice
from stagelight.engines.village.episode import Episode
from stagelight.engines.village.llm import prompt
from stagelight.engines.village.world import World

__all__ = ["VillageEnv", "VillageTaskset"]
ID = "stagelight-village"  # verifiers finds it by the module `stagelight_village`


class VillageData(vf.TaskData):
    """One episode to play."""

    scenario: str = "std"
    seed: int = 0
    days: int = r.DAYS


class VillageTask(vf.Task[VillageData]):
    """Judged by the environment, on the whole village."""


class VillageTasksetConfig(vf.TasksetConfig):
    """Which episodes."""

    scenarios: list[str] = list(scenarios.TRAIN)  # noqa: RUF012  # a pydantic model copies it
    seeds: int = 8  # of each scenario
    first_seed: int = 20_000_000  # of training; below ten million lies what is scored
    days: int = r.DAYS


class VillageTaskset(vf.Taskset[VillageTask, VillageTasksetConfig]):
    """Seeds of some scenarios, taken in turn."""

    def load(self) -> Iterable[VillageTask]:
        """Every episode, seed by seed."""
        for seed in range(self.config.first_seed, self.config.first_seed + self.config.seeds):
            for name in self.config.scenarios:
                scenarios.named(name)
                data = VillageData(
                    name=f"{name} {seed}", system_prompt=prompt.SYSTEM, scenario=name, seed=seed, days=self.config.days
                )
                yield VillageTask(data, self.config.task)


# A worker talks and runs nothing, so it needs no box that runs code, which verifiers would rent from a cloud.
_WORKER = vf.AgentConfig(harness={"id": "null"}, runtime=vf.SubprocessConfig())


class VillageEnvConfig(vf.EnvConfig):
    """Who plays whom; each may be another model."""

    farmer: vf.AgentConfig = _WORKER
    miller: vf.AgentConfig = _WORKER
    baker: vf.AgentConfig = _WORKER
    max_concurrent_agents: int | None = None  # three conversations are open at once


class VillageEnv(vf.Env[VillageEnvConfig]):
    """Three workers on one tape."""

    async def run(self, task: Any, agents: Any) -> None:
        """One episode, to its last day or until an agent ends its conversation."""
        episode = Episode(World(worst_case_start.tape(scenarios.named(task.data.scenario), task.data.seed)))
        workers = [LanguageAgent() for _ in r.AGENTS]
        async with AsyncExitStack() as stack:
            talks = [await stack.enter_async_context(getattr(agents, name).interaction(task)) for name in r.AGENTS]
            going = True
            while going and episode.world.tick < min(task.data.days, r.DAYS) * r.DAY:
                choices: list[Choice | None] = [None] * len(workers)
                for agent in episode.free():
                    choices[agent] = await _turn(talks[agent], workers[agent], episode, agent)
                    going = going and choices[agent] is not None
                episode.tick(choices, [False] * len(workers))
            invalid = [worker.invalid / max(1, worker.asked) for worker in workers]
            for talk, share in zip(talks, invalid, strict=True):
                talk.trace.record_reward("return", episode.world.J / r.NORM)
                talk.trace.record_metric("invalid_share", share)
                talk.trace.record_metric("ticks", float(episode.world.tick))


def environment(names: Sequence[str] = scenarios.TRAIN, seeds: int = 8, days: int = r.DAYS) -> VillageEnv:
    """The environment with its episodes, ready to run.

    Args:
        names: scenarios.
        seeds: of each.
        days: to play of the 40.
    """
    taskset = VillageTasksetConfig(id=ID, scenarios=list(names), seeds=seeds, days=days)
    return VillageEnv(VillageEnvConfig(taskset=taskset))


async def _turn(talk: Any, worker: LanguageAgent, episode: Episode, agent: int) -> Choice | None:
    """One choice; None if the conversation is over. The system prompt is the task's, so only the rest is sent."""
    observation = episode.observation(agent)
    messages, _ = worker.asks(observation)
    segment = await talk.turn(messages[-1]["content"])
    return None if segment.terminated else worker.takes(observation, segment.last_reply, 0)
