"""PPO with a learnt value as the baseline, for comparison: the same run, but for what a reward is compared with.

The advantage of a move is r - V(s), with V a linear map of the policy's last layer, trained beside it on the squared
error (Schulman et al., arXiv:1707.06347). As the reward comes at the end and the discount is in it, V(s) estimates the
reward of a rollout that passes through s; there is no bootstrapping.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stagelight.engines.experiment.checkpoint import trainable
from stagelight.engines.rollout import grpo
from stagelight.engines.rollout.rollouts import Visits
from stagelight.engines.rollout.starts import Starts

VALUE_COEF = 0.5  # of the squared error beside the policy's loss


class Trainer(grpo.Trainer):
    """A run whose advantages are taken from a value head."""

    def __init__(self, config: grpo.Config, seed: int, starts: Starts) -> None:
        super().__init__(config, seed, starts)
        self.value = nn.Linear(config.width, 1)
        nn.init.zeros_(self.value.weight)
        nn.init.zeros_(self.value.bias)
        self.optimiser.add_param_group({"params": list(self.value.parameters())})

    def tensors(self) -> dict[str, Tensor]:
        """The weights that are saved with a run."""
        return {**super().tensors(), **trainable("value", self.value)}

    def _credit(self, visits: Visits, reward: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N,) r - V(s) of each move, scaled to a spread of 1. reward: (groups, G); the value is then fitted to it."""
        target = reward.ravel()[visits.rollout]
        with torch.no_grad():
            hidden = self.policy.trunk(visits.observation)[2]
            value = self.value(hidden)[:, 0].numpy()[visits.position]
        self._fit(visits, target)
        advantage = target - value
        return np.asarray(advantage / (advantage.std() + 1e-3), np.float32)

    def _fit(self, visits: Visits, target: NDArray[np.float32]) -> None:
        """Two steps of the value, and of the layers below it, on the mean reward of each position."""
        count = np.bincount(visits.position, minlength=len(visits.observation))
        mean = np.bincount(visits.position, target, len(visits.observation)) / np.maximum(count, 1)
        for _ in range(self.config.epochs):
            value = self.value(self.policy.trunk(visits.observation)[2])[:, 0]
            error = (value - torch.from_numpy(mean.astype(np.float32))).square()
            loss = VALUE_COEF * (error * torch.from_numpy(count / count.sum())).sum().float()
            self.optimiser.zero_grad()  # to none: what the value does not depend on stays, in a resumed run as well
            loss.backward()
            nn.utils.clip_grad_norm_([*self.policy.parameters(), *self.value.parameters()], 1.0)
            self.optimiser.step()
