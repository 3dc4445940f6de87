"""Villages, workers and models that several tests of the village use. Needs no torch."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village import scenarios
from stagelight.engines.village.agents.protocol import Agent, Choice, Observation
from stagelight.engines.village.agents.scripted import BatchScripted
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.batch_episode import play
from stagelight.engines.village.exogenous import Tape, draw, stack
from stagelight.engines.village.llm.types import Messages, Reply, Schema
from stagelight.engines.village.world import World

SCENARIO = st.sampled_from(sorted(scenarios.SCENARIOS))
SEED = st.integers(0, 2**32 - 1)


def village(name: str = "calm", seed: int = 0) -> World:
    return World(draw(scenarios.named(name), seed))


def chosen(world: World, rng: np.random.Generator) -> list[int]:
    """Allowed actions of all three."""
    return [int(rng.choice(np.flatnonzero(world.mask(agent)))) for agent in range(3)]


def calm(count: int = 8) -> Tape:
    return stack([draw(scenarios.CALM, seed) for seed in range(count)])


def lists_return(tapes: Tape, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """(B,) of the workers who keep to the lists."""
    return play(Villages(tapes), BatchScripted(numbers)).returns


class Craft(Agent):
    """A worker who does one thing."""

    reports = True

    def __init__(self, action: int, reports: bool = True, message: str = "") -> None:
        self.action, self.reports, self.message, self.heard = action, reports, message, list[dict[str, str]]()

    def act(self, observation: Observation) -> Choice:
        self.heard.append(dict(observation.heard))
        return Choice(self.action, self.message)


def crafts() -> list[Craft]:
    return [Craft(r.FARM), Craft(r.GRIND), Craft(r.BAKE)]


class Told:
    """A model that says what it was told to, in turn; the last one stays."""

    name = "told"

    def __init__(self, *texts: str) -> None:
        self.texts, self.prompts = list(texts), list[Messages]()

    def ask(self, messages: Messages, schema: Schema) -> Reply:
        self.prompts.append(messages)
        return Reply(self.texts.pop(0) if len(self.texts) > 1 else self.texts[0], 10, 5)
