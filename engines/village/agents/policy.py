"""A trained policy as one worker of a village, with the memory it was trained with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from stagelight.engines.village.agents.language_model import Choice
from stagelight.engines.village.training import networks as policies
from stagelight.engines.village.training.features import FEATURES, blank, encode, remember
from stagelight.engines.village.training.networks import Policy

POLICY = "policy"


class TrainedWorker:
    """One worker over one episode; says what they see in every tick, and gives no reasons: it has none."""

    reports = True

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._memory = blank(1)
        self._seen = np.zeros((1, 3, 1), np.float32)

    @classmethod
    def load(cls, path: Path) -> TrainedWorker:
        """From a published policy.

        Raises:
            ValueError: it is not one.
        """
        return cls(policies.load(path)[0])

    def see(self, observation: NDArray[np.float32]) -> None:
        """Take in a tick."""
        self._seen = np.repeat(observation[None, None], 3, axis=1)
        remember(self._seen, self._memory)

    def act(self, observation: NDArray[np.float32], mask: NDArray[np.int8], heard: dict[str, str]) -> Choice:
        """The likeliest action."""
        role, features = int(observation[0]), np.empty((1, FEATURES), np.float32)
        encode(self._seen, self._memory, np.zeros(1, np.int64), np.array([role]), features)
        with torch.no_grad():
            logp = self.policy.logp(torch.from_numpy(features), torch.from_numpy(mask[None]))
        return Choice(int(logp.argmax()), "", "", POLICY, "", 0)
