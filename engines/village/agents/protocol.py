"""How anyone who acts is asked: an observation in, a choice out; of one worker, or of all in many villages at once.

A script, the planner, a plan that was written down, a trained policy and a language model are asked and answer alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village import sanitize

SCRIPT = "script"


@dataclass(frozen=True)
class Observation:
    """All that one worker has to choose by."""

    values: NDArray[np.float32]  # (44,) as `observation.observe` gives them
    mask: NDArray[np.int8]  # (13,) what may be chosen
    heard: Mapping[str, str] = field(default_factory=dict)  # what each of the others said in the tick before, by name

    @property
    def tick(self) -> int:
        """Tick of the episode, from 0."""
        return (int(self.values[r.TODAY]) - 1) * r.DAY + int(self.values[r.TICK])


@dataclass(frozen=True)
class Choice:
    """What a worker does next, and what was said of it."""

    action: int  # index into constants.ACTIONS
    message: str = ""  # to the two others, cleaned whoever wrote it; empty if none
    reason: str = ""  # the author's own words, cleaned; empty if none were given: scripts and policies have none
    author: str = SCRIPT  # of the action
    fault: str = ""  # why a reply was invalid; empty if it was not
    tokens: int = 0  # of prompt and reply

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", sanitize.message(self.message))


class Agent(Protocol):
    """One worker over one episode."""

    @property
    def reports(self) -> bool:
        """Whether they say in every tick what they see, as `World.report` gives it."""

    def see(self, values: NDArray[np.float32]) -> None:
        """Take in a tick, busy or free: (44,). Most remember nothing but their own choices."""
        del values

    def act(self, observation: Observation) -> Choice:
        """The next action of a worker who is free."""


@dataclass(frozen=True)
class Observations:
    """The same of all workers of B villages in one tick, N of whom are free."""

    tick: int
    values: NDArray[np.float32]  # (B, 3, 44)
    masks: NDArray[np.int8]  # (B, 3, 13)
    villages: NDArray[np.int64]  # (N,) of each who is free: the village
    workers: NDArray[np.int64]  # (N,) and the worker

    @property
    def free_values(self) -> NDArray[np.float32]:
        """(N, 44) of those who are free."""
        return self.values[self.villages, self.workers]

    @property
    def free_masks(self) -> NDArray[np.int8]:
        """(N, 13) of those who are free."""
        return self.masks[self.villages, self.workers]


class BatchAgent(Protocol):
    """All workers of many villages at once, over one episode of each."""

    @property
    def reports(self) -> bool:
        """Whether everyone says in every tick what they see."""

    def act(self, observations: Observations) -> NDArray[np.int64]:
        """(N,) the next action of each who is free."""


class Each:
    """A batch agent made of agents who are asked one at a time, and say nothing to each other."""

    def __init__(self, agents: Sequence[Sequence[Agent]], reports: bool = False) -> None:
        """Agents by village and worker; `reports`: everyone says in every tick what they see."""
        self.agents, self.reports = agents, reports

    def act(self, observations: Observations) -> NDArray[np.int64]:
        """The choice of each who is free."""
        for values, agents in zip(observations.values, self.agents, strict=True):
            for seen, agent in zip(values, agents, strict=True):
                agent.see(seen)
        asked = zip(observations.villages, observations.workers, strict=True)
        return np.array(
            [
                self.agents[b][i].act(Observation(observations.values[b, i], observations.masks[b, i])).action
                for b, i in asked
            ],
            np.int64,
        )
