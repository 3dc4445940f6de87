"""The policy: one network for all three workers, who are told apart by a feature; and the critic of its training.

pi(a | o) = softmax over the allowed actions of W3 relu(W2 relu(W1 x)), x as `features` gives it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stagelight.engines.experiment import weights
from stagelight.engines.village import constants as r
from stagelight.engines.village.training.critic_features import OUTLOOK
from stagelight.engines.village.training.features import FEATURES

KIND = "stagelight village policy 1"
FORBIDDEN = -1e9  # logit of what may not be chosen


class Network(nn.Module):
    """Two hidden layers."""

    def __init__(self, inputs: int, width: int, outputs: int, generator: torch.Generator) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(inputs, width), nn.Linear(width, width)
        self.last = nn.Linear(width, outputs)
        for layer, gain in ((self.first, 1.4), (self.second, 1.4), (self.last, 0.05)):
            nn.init.orthogonal_(layer.weight, gain, generator=generator)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs) -> (N, outputs)."""
        found: Tensor = self.last(torch.relu(self.second(torch.relu(self.first(x)))))
        return found


class Policy(nn.Module):
    """Actor and critic."""

    def __init__(self, width: int, generator: torch.Generator) -> None:
        super().__init__()
        self.width = width
        self.actor = Network(FEATURES, width, len(r.ACTIONS), generator)
        self.critic = Network(OUTLOOK, width, 1, generator)

    def logp(self, features: Tensor, masks: Tensor) -> Tensor:
        """(N, 13) log-probabilities of the actions; of forbidden ones about -1e9.

        Args:
            features: (N, FEATURES).
            masks: (N, 13) what may be chosen.
        """
        return torch.log_softmax(self.actor(features).masked_fill(masks == 0, FORBIDDEN), 1)

    def value(self, outlooks: Tensor) -> Tensor:
        """(N,) what is still to come, in units of the trainer."""
        found: Tensor = self.critic(outlooks)[:, 0]
        return found


def choose(
    policy: Policy, features: NDArray[np.float32], masks: NDArray[np.int8], generator: torch.Generator | None
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Actions (N,) and their log-probabilities."""
    with torch.no_grad():
        logp = policy.logp(torch.from_numpy(features), torch.from_numpy(masks))
        if generator is None:
            picked = logp.argmax(1, keepdim=True)
        else:
            picked = torch.multinomial(logp.exp(), 1, generator=generator)
        return picked[:, 0].numpy(), logp.gather(1, picked)[:, 0].numpy()


def publish(policy: Policy, path: Path, about: dict[str, Any]) -> None:
    """Write the actor alone, all that acting needs, and its seal."""
    words = {"kind": KIND, "width": str(policy.width), "about": json.dumps(about, sort_keys=True)}
    weights.write(path, policy.actor.state_dict(), words)


def load(path: Path) -> tuple[Policy, dict[str, Any]]:
    """A published policy, its critic untrained, and what was written about it.

    Raises:
        ValueError: missing, not as it was sealed, or not a policy of this village.
    """
    try:
        tensors, words = weights.read(path)
        if words.get("kind") != KIND:
            raise ValueError(f"kind {words.get('kind')!r}, wanted {KIND!r}")
        width = int(words["width"])
        if not 1 <= width <= 1024:
            raise ValueError(f"width {width}, wanted 1 to 1024")
        policy = Policy(width, torch.Generator().manual_seed(0))
        policy.actor.load_state_dict(tensors)
        return policy, dict(json.loads(words["about"]))
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        why = " ".join(str(error).split())[:200]
        raise ValueError(f"{path}: not a village policy ({why}); give a published one") from error
