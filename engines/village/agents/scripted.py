"""Scripts: workers who keep to lists, one who does the whole chain alone, chance, and a plan that was written down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village.agents import base_stock_policy
from stagelight.engines.village.agents.protocol import Agent, Choice, Observation, Observations


class Scripted(Agent):
    """A worker who keeps to the lists of `base_stock_policy`, over one episode."""

    reports = True

    def __init__(self, numbers: NDArray[np.float64], reports: bool = True) -> None:
        """A worker who has done nothing yet; `numbers`: (30,) `base_stock_policy.PARAMETERS`."""
        self.numbers, self.reports, self.last = numbers, reports, r.FREE

    def act(self, observation: Observation) -> Choice:
        """The first job that applies."""
        choice = _allowed(int(base_stock_policy.choose(observation.values, self.last, self.numbers)), observation)
        self.last = choice.action
        return choice


def scripts(numbers: NDArray[np.float64]) -> list[Agent]:
    """Three who keep to the lists; (30,) `base_stock_policy.PARAMETERS`."""
    return [Scripted(numbers) for _ in range(3)]


@dataclass(frozen=True)
class Idle(Agent):
    """A worker who does nothing."""

    reports: bool = False

    def act(self, observation: Observation) -> Choice:
        """Wait."""
        return Choice(r.WAIT)


@dataclass(frozen=True)
class Lone(Agent):
    """One worker who does the whole chain, nearest to the table first: serve, bake, haul, grind, haul, farm."""

    reports: bool = False

    def act(self, observation: Observation) -> Choice:
        """The last link of the chain for which there is something to work with."""
        k = {name: float(observation.values[r.KNOWS + at]) for at, name in enumerate(r.KNOWN)}
        jobs = (
            (r.SERVE, k["bakery_bread"] >= 4 or (k["bakery_bread"] >= 1 and k["bakery_flour"] < 1)),
            (r.BAKE, k["bakery_flour"] >= 1),
            (r.HAUL_FLOUR, k["mill_flour"] >= 4 or (k["mill_flour"] >= 1 and k["mill_wheat"] < 1)),
            (r.DRAW, k["granary"] >= 2),
            (r.GRIND, k["mill_wheat"] >= 1 and k["wind"] > 0),
            (r.GUARD, k["rabbits"] > 0),
            (r.HAUL_WHEAT, k["cut_wheat"] >= 4 or (k["cut_wheat"] >= 1 and k["ripe"] == 0)),
            (r.FARM, k["ripe"] > 0),
            (r.WAIT, True),
        )
        return _allowed(next(action for action, able in jobs if able), observation)


def lone(who: int) -> list[Agent]:
    """Three of whom one does the whole chain, and two wait."""
    return [Lone() if agent == who else Idle() for agent in range(3)]


@dataclass(frozen=True)
class Planned(Agent):
    """A worker who keeps to a plan that was written down."""

    choices: NDArray[np.int8]  # (480,) what to begin in each tick, -1 where nothing was to be chosen
    reports: bool = False

    def act(self, observation: Observation) -> Choice:
        """The choice of the tick."""
        return _allowed(max(int(self.choices[observation.tick]), r.WAIT), observation)


class BatchScripted:
    """The workers of many villages who keep to the lists."""

    def __init__(
        self, numbers: NDArray[np.float64], reports: bool = True, works: tuple[bool, bool, bool] = (True, True, True)
    ) -> None:
        """Workers who have done nothing yet.

        Args:
            numbers: (30,) `base_stock_policy.PARAMETERS`.
            reports: everyone says in every tick what they see.
            works: which of the three do anything but wait.
        """
        self.numbers, self.reports, self.works = numbers, reports, np.array(works)
        self.last = np.empty((0, 3), np.int64)

    def act(self, observations: Observations) -> NDArray[np.int64]:
        """The first job that applies, of each."""
        if not observations.tick or len(self.last) != len(observations.values):  # an episode begins
            self.last = np.full(observations.values.shape[:2], r.FREE)
        found = np.empty(len(observations.villages), np.int64)
        base_stock_policy.choose_all(
            observations.values, observations.masks, observations.villages, observations.workers, self.last,
            self.numbers, self.works, found,
        )  # fmt: skip
        return found


@dataclass(frozen=True)
class BatchRandom:
    """Workers who take any allowed action, all alike."""

    rng: Generator
    reports: bool = True

    def act(self, observations: Observations) -> NDArray[np.int64]:
        """Of each who is free one of those allowed."""
        lots = self.rng.random(observations.masks.shape) * observations.masks
        picked: NDArray[np.int64] = lots.argmax(-1)[observations.villages, observations.workers]
        return picked


@dataclass(frozen=True)
class BatchPlanned:
    """Workers of many villages who keep to plans; what was said meanwhile changes no stock, so it is not needed."""

    choices: NDArray[np.int8]  # (B, 480, 3) what each begins, -1 where nothing was to be chosen
    reports: bool = False

    def act(self, observations: Observations) -> NDArray[np.int64]:
        """The choices of the tick."""
        chosen = self.choices[observations.villages, observations.tick, observations.workers]
        found: NDArray[np.int64] = np.maximum(chosen, r.WAIT).astype(np.int64)
        return found


def _allowed(action: int, observation: Observation) -> Choice:
    """A script's choice; what it may not do becomes waiting."""
    return Choice(action if observation.mask[action] else r.WAIT)
