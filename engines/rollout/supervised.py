"""The supervised ceiling: the same network, shown which moves mate in one, on the same positions.

It maximises the log of the probability of all mating moves together, by the same optimiser and rate, for as many
positions as a run is given boards.
"""

from __future__ import annotations

import numpy as np
import torch

from stagelight.engines.rollout import mates
from stagelight.engines.rollout.chess.features import observe
from stagelight.engines.rollout.environment import Environment, reset
from stagelight.engines.rollout.grpo import Config
from stagelight.engines.rollout.policy import Policy
from stagelight.engines.rollout.starts import Starts

BATCH = 256


def train(config: Config, seed: int, starts: Starts) -> Policy:
    """A policy that was told the mates in one of `config.boards` positions, drawn at random from the training set."""
    rng, rows = np.random.default_rng(seed), starts.mates[0]
    policy = Policy(config.width, config.rank, torch.Generator().manual_seed(seed), config.flags)
    optimiser = torch.optim.Adam(policy.parameters(), config.learning_rate)
    steps = max(1, config.boards // BATCH)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = config.learning_rate * max(0.02, min(1.0, (1 - step / steps) / config.fall))
        boards = mates.unpack(rows[rng.integers(len(rows), size=BATCH)])
        loss = _loss(policy, reset(boards, np.zeros(BATCH, np.int8), 0))
        optimiser.zero_grad(set_to_none=False)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
        optimiser.step()
    return policy


def _loss(policy: Policy, environment: Environment) -> torch.Tensor:
    """Minus the mean log-probability of mating at once."""
    observation = observe(environment.boards, environment.history, np.arange(len(environment)))
    owner, mates_now = environment.mating(observation)
    mating = torch.from_numpy(mates_now)
    chance = torch.zeros(len(environment)).index_add(
        0, torch.from_numpy(owner)[mating], policy(observation).exp()[mating]
    )
    return -(chance + 1e-9).log().mean()
