"""Whole episodes of many villages at once, with an agent that answers for all of their workers: the one such loop.

Plans are searched for and policies trained in loops of their own, in `agents.oracle` and `training.rollouts`: they
begin in the middle of an episode.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village import kernels
from stagelight.engines.village.agents.protocol import BatchAgent, Observations
from stagelight.engines.village.batch import Villages


@dataclass(frozen=True)
class Step:
    """One tick of B villages, in which N workers were free."""

    tick: int  # before it
    villages: NDArray[np.int64]  # (N,) of each who was free: the village
    workers: NDArray[np.int64]  # (N,) and the worker
    chosen: NDArray[np.int64]  # (N,) what they began
    rewards: NDArray[np.float64]  # (B,)


@dataclass(frozen=True)
class Rollouts:
    """Episodes of B villages, to the last tick."""

    villages: Villages  # after it
    history: NDArray[np.float64]  # (B, 480, 25) the row of numbers after every tick
    choices: NDArray[np.int8]  # (B, 480, 3) what each worker began, -1 where nothing was to be chosen

    @property
    def returns(self) -> NDArray[np.float64]:
        """(B,)."""
        return self.villages.returns


def run(villages: Villages, agent: BatchAgent) -> Iterator[Step]:
    """Play from where the villages are to the last tick, yielding every tick."""
    tells = np.full((len(villages), 3), agent.reports)
    while not villages.over:
        tick, (rows, workers) = villages.tick, villages.free()
        actions = np.full((len(villages), 3), r.WAIT, np.int64)
        chosen = agent.act(Observations(tick, villages.observations, villages.masks, rows, workers))
        actions[rows, workers] = chosen
        yield Step(tick, rows, workers, chosen, villages.step(actions, tells))


def play(villages: Villages, agent: BatchAgent, report: Callable[[int], None] = lambda _: None) -> Rollouts:
    """Play from the first dawn to the last tick.

    Args:
        villages: at the first dawn.
        agent: who acts.
        report: called with the number of ticks done.
    """
    history = np.empty((len(villages), r.TICKS, kernels.NUMBERS))
    choices = np.full((len(villages), r.TICKS, 3), r.FREE, np.int8)
    for step in run(villages, agent):
        choices[step.villages, step.tick, step.workers] = step.chosen
        history[:, step.tick] = villages.numbers
        report(villages.tick)
    return Rollouts(villages, history, choices)
