"""An episode of one village with agents who are asked one at a time: scripts, a policy, language models, a person.

A worker is asked when free. What they say is heard by the two others in the next tick, as words and, where it has the
form `name=value`, as knowledge. Those who report say in every tick what `World.report` gives; language models speak for
themselves, and only when they are asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village.agents.protocol import Agent, Choice, Observation
from stagelight.engines.village.observation import observe, say, understand
from stagelight.engines.village.world import World


@dataclass(frozen=True)
class Step:
    """One tick."""

    tick: int  # before it
    observations: NDArray[np.float32]  # (3, 44) what each was shown
    masks: NDArray[np.int8]  # (3, 13)
    choices: tuple[Choice | None, ...]  # of each; None of one who was busy
    messages: tuple[str, ...]  # what each said
    actions: tuple[int, ...]  # of each; of one who was busy what they do
    reward: float  # shared


class Episode:
    """A village and what was said in it, between two ticks."""

    def __init__(self, world: World) -> None:
        self.world, self.said = world, ["", "", ""]
        self._look()

    def free(self) -> list[int]:
        """Who is to choose now."""
        return [agent for agent in range(3) if self.world.left[agent] == 0 and not self.world.ill(agent)]

    def observation(self, agent: int) -> Observation:
        """What a worker has to choose by."""
        heard = {r.AGENTS[other]: self.said[other] for other in range(3) if other != agent and self.said[other]}
        return Observation(self.observations[agent], self.masks[agent], heard)

    def tick(self, choices: Sequence[Choice | None], reports: Sequence[bool]) -> Step:
        """Do it.

        Args:
            choices: of each worker; None of one who was not asked.
            reports: of each, whether they say what they see besides.
        """
        world = self.world
        actions = tuple(_doing(world, agent, choice) for agent, choice in enumerate(choices))
        said = [choice.message if choice else "" for choice in choices]
        told = np.stack([understand(text, agent) for agent, text in enumerate(said)])
        for agent in np.flatnonzero(reports):
            told[agent] = world.report(int(agent), actions[agent])
            said[agent] = said[agent] or say(told[agent])
        seen, masks, tick = self.observations, self.masks, world.tick
        reward = world.step(actions, told)
        self.said = said
        self._look()
        return Step(tick, seen, masks, tuple(choices), tuple(said), actions, reward)

    def _look(self) -> None:
        self.observations = np.stack([observe(self.world, agent) for agent in range(3)])
        self.masks = np.stack([self.world.mask(agent) for agent in range(3)])


def run(
    world: World,
    agents: Sequence[Agent],
    each: Callable[[Callable[[int], Choice], list[int]], Iterable[Choice]] = map,
) -> Iterator[Step]:
    """Play from where a village is to its last tick, yielding every tick.

    Args:
        world: the village.
        agents: who acts in it.
        each: calls a function of each worker that is free, as `map` does; that of an executor asks them all at once.
    """
    episode = Episode(world)

    def act(worker: int) -> Choice:
        return agents[worker].act(episode.observation(worker))

    while not world.over:
        for seen, agent in zip(episode.observations, agents, strict=True):
            agent.see(seen)
        choices: list[Choice | None] = [None] * len(agents)
        free = episode.free()
        for worker, choice in zip(free, each(act, free), strict=True):
            choices[worker] = choice
        yield episode.tick(choices, [agent.reports for agent in agents])


def _doing(world: World, agent: int, choice: Choice | None) -> int:
    if choice is not None:
        return choice.action
    return world.action[agent] if world.left[agent] > 0 else r.WAIT
