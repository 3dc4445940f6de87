"""A trained policy, as one worker of a village and as all workers of many, with the memory it was trained with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from stagelight.engines.village.agents import registry
from stagelight.engines.village.agents.protocol import Agent, Choice, Observation, Observations
from stagelight.engines.village.training import networks
from stagelight.engines.village.training.features import FEATURES, blank, encode, remember
from stagelight.engines.village.training.networks import Policy

POLICY = "policy"


class TrainedWorker(Agent):
    """One worker over one episode; says what they see in every tick, and gives no reasons: it has none."""

    reports = True

    def __init__(self, policy: Policy) -> None:
        """A worker who has done nothing yet."""
        self.policy = policy
        self._memory = blank(1)
        self._seen = np.zeros((1, 3, 1), np.float32)

    @classmethod
    def load(cls, path: Path) -> TrainedWorker:
        """From a published policy.

        Raises:
            ValueError: it is not one.
        """
        return cls(networks.load(path)[0])

    def see(self, values: NDArray[np.float32]) -> None:
        """Take in a tick."""
        self._seen = np.repeat(values[None, None], 3, axis=1)
        remember(self._seen, self._memory)

    def act(self, observation: Observation) -> Choice:
        """The likeliest action."""
        role, features = int(observation.values[0]), np.empty((1, FEATURES), np.float32)
        encode(self._seen, self._memory, np.zeros(1, np.int64), np.array([role]), features)
        picked, _ = networks.choose(self.policy, features, observation.mask[None], None)
        return Choice(int(picked[0]), author=POLICY)


class BatchPolicy:
    """The workers of many villages; they say what they see in every tick."""

    reports = True

    def __init__(self, policy: Policy, generator: torch.Generator | None = None) -> None:
        """Workers who have done nothing yet.

        Args:
            policy: who chooses.
            generator: draws actions; None: the likeliest.
        """
        self.policy, self.generator = policy, generator
        self._memory = blank(0)

    @classmethod
    def load(cls, path: Path = registry.PUBLISHED) -> BatchPolicy:
        """From a published policy; by default the one that comes with the package.

        Raises:
            ValueError: it is not one.
        """
        return cls(networks.load(path)[0])

    def features(self, observations: Observations) -> NDArray[np.float32]:
        """(N, FEATURES) what the policy computes with; takes in the tick, so it is asked for once in each."""
        if not observations.tick or len(self._memory) != len(observations.values):  # an episode begins
            self._memory = blank(len(observations.values))
        remember(observations.values, self._memory)
        found = np.empty((len(observations.villages), FEATURES), np.float32)
        encode(observations.values, self._memory, observations.villages, observations.workers, found)
        return found

    def act(self, observations: Observations) -> NDArray[np.int64]:
        """What each does: drawn, or the likeliest."""
        picked, _ = networks.choose(self.policy, self.features(observations), observations.free_masks, self.generator)
        return picked
