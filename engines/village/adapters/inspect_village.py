"""The village as an Inspect task: `inspect eval stagelight/village --model openai/...`, where the package is installed.

Inspect has an environment of its own, which `make inspect` builds for the tests.

A sample is a scenario and a seed. The model under evaluation is all three workers, each with a memory and a prompt of
its own, asked in turn as `episode.Episode` wants; every exchange is in Inspect's log. The score is the episode's return
(1 = twelve mouths always fed), with the share of invalid replies beside it.
"""

from __future__ import annotations

from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import (
    ChatMessage,
    ChatMessageSystem,
    ChatMessageUser,
    GenerateConfig,
    ResponseSchema,
    get_model,
)
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import JSONSchema

from stagelight.engines.village import constants as r
from stagelight.engines.village import scenarios, worst_case_start
from stagelight.engines.village.agents.language_model import LanguageAgent
from stagelight.engines.village.agents.protocol import Choice
from stagelight.engines.village.episode import Episode
from stagelight.engines.village.llm.types import Messages, Schema, estimate
from stagelight.engines.village.world import World

FIELDS = ("J", "mouths", "hunger", "granary", "coins", "level")  # of the village at the end, kept with the score


@task
def village(scenario: str = "std", seeds: int = 4, first_seed: int = 0, days: int = r.DAYS) -> Task:
    """Some seeds of one scenario.

    Args:
        scenario: one of `scenarios.SCENARIOS`.
        seeds: how many samples.
        first_seed: of the first.
        days: to play of the 40, from the first.
    """
    scenarios.named(scenario)
    numbers = range(first_seed, first_seed + seeds)
    samples = [Sample(f"{scenario} {n}", metadata={"scenario": scenario, "seed": n, "days": days}) for n in numbers]
    return Task(MemoryDataset(samples), solver=three_workers(), scorer=fed())


@solver
def three_workers() -> Solver:
    """Play an episode with the model as every worker."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        about = state.metadata
        episode = Episode(World(worst_case_start.tape(scenarios.named(about["scenario"]), about["seed"])))
        workers = [LanguageAgent() for _ in r.AGENTS]
        while episode.world.tick < min(about["days"], r.DAYS) * r.DAY:
            choices: list[Choice | None] = [None] * len(workers)
            for agent in episode.free():
                choices[agent] = await _ask(workers[agent], episode, agent)
            episode.tick(choices, [False] * len(workers))
        state.store.set("village", {name: float(getattr(episode.world, name)) for name in FIELDS})
        state.store.set("asked", [worker.asked for worker in workers])
        state.store.set("invalid", [worker.invalid for worker in workers])
        return state

    return solve


@scorer(metrics=[mean(), stderr()])
def fed() -> Scorer:
    """The return of the episode."""

    async def score(state: TaskState, target: Target) -> Score:
        end = state.store.get("village")
        invalid = sum(state.store.get("invalid")) / max(1, sum(state.store.get("asked")))
        return Score(value=end["J"] / r.NORM, metadata={**end, "invalid_share": invalid})

    return score


async def _ask(worker: LanguageAgent, episode: Episode, agent: int) -> Choice:
    observation = episode.observation(agent)
    messages, schema = worker.asks(observation)
    output = await get_model().generate(_chat(messages), config=GenerateConfig(response_schema=_form(schema)))
    tokens = output.usage.total_tokens if output.usage else estimate(output.completion)
    return worker.takes(observation, output.completion, tokens)


def _chat(messages: Messages) -> list[ChatMessage]:
    kinds: dict[str, Any] = {"system": ChatMessageSystem, "user": ChatMessageUser}
    return [kinds[message["role"]](content=message["content"]) for message in messages]


def _form(schema: Schema) -> ResponseSchema:
    return ResponseSchema(name="choice", json_schema=JSONSchema.model_validate(schema), strict=True)
