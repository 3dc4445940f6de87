"""Who may act in a recorded village, asked one worker at a time.

A worker is anything with `reports`, `see` and `act` as here: a script, a trained policy, or a language model whose
answers come from a transcript. What they say is kept word for word with its author's kind; a script gives no reasons,
so none are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village.agents import base_stock_policy
from stagelight.engines.village.agents.language_model import Choice

SCRIPT = "script"


class Worker(Protocol):
    """Someone who works."""

    @property
    def reports(self) -> bool:
        """Whether they say in every tick what they see, as `World.report` gives it."""

    def see(self, observation: NDArray[np.float32]) -> None:
        """Told of every tick, busy or free: (44,)."""

    def act(self, observation: NDArray[np.float32], mask: NDArray[np.int8], heard: dict[str, str]) -> Choice:
        """The next action: (44,), (13,), and what each of the others said last, by name."""


class Scripted:
    """Keeps to the lists of `base_stock_policy`, over one episode."""

    reports = True

    def __init__(self, numbers: NDArray[np.float64]) -> None:
        """A worker who has done nothing yet; `numbers`: (30,) `base_stock_policy.PARAMETERS`."""
        self.numbers, self.last = numbers, r.FREE

    def see(self, observation: NDArray[np.float32]) -> None:
        """Remembers nothing but the last choice."""

    def act(self, observation: NDArray[np.float32], mask: NDArray[np.int8], heard: dict[str, str]) -> Choice:
        """The first job that applies."""
        choice = _script(int(base_stock_policy.choose(observation, self.last, self.numbers)), mask)
        self.last = choice.action
        return choice


def scripts(numbers: NDArray[np.float64]) -> list[Worker]:
    """Three who keep to the lists; (30,) `base_stock_policy.PARAMETERS`."""
    return [Scripted(numbers) for _ in range(3)]


@dataclass(frozen=True)
class Idle:
    """Does nothing."""

    reports: bool = False

    def see(self, observation: NDArray[np.float32]) -> None:
        """Looks away."""

    def act(self, observation: NDArray[np.float32], mask: NDArray[np.int8], heard: dict[str, str]) -> Choice:
        """Wait."""
        return Choice(r.WAIT, "", "", SCRIPT, "", 0)


@dataclass(frozen=True)
class Lone:
    """One worker who does the whole chain, nearest to the table first: serve, bake, haul, grind, haul, farm."""

    reports: bool = False

    def see(self, observation: NDArray[np.float32]) -> None:
        """Remembers nothing that is not in the observation."""

    def act(self, observation: NDArray[np.float32], mask: NDArray[np.int8], heard: dict[str, str]) -> Choice:
        """The last link of the chain for which there is something to work with."""
        k = {name: float(observation[r.KNOWS + at]) for at, name in enumerate(r.KNOWN)}
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
        return _script(next(action for action, able in jobs if able), mask)


def _script(action: int, mask: NDArray[np.int8]) -> Choice:
    """A script's choice; what it may not do becomes waiting."""
    return Choice(action if mask[action] else r.WAIT, "", "", SCRIPT, "", 0)
