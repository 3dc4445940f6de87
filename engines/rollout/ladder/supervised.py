"""The same networks taught by the answer: every mating or quickest move of a training position is told.

No policy gradient, no curriculum: the probability of the good moves together is raised, -log sum pi(good). It is the
ceiling of what these networks, inputs and positions allow in the same compute, not a method that competes.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from stagelight.engines.rollout import grpo, policy
from stagelight.engines.rollout.encoding import Table
from stagelight.engines.rollout.endgame import environment
from stagelight.engines.rollout.endgame.curriculum import Starts
from stagelight.engines.rollout.endgame.grpo import Config, Trainer
from stagelight.engines.rollout.endgame.policy import batch
from stagelight.engines.rollout.endgame.tables import MATED, Ending

STATES = 1024  # of an ending, in an update


def good_moves(ending: Ending, states: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(S, A) the moves that mate soonest against the best defence."""
    allowed = environment.legal(ending, states)
    row, action = np.nonzero(allowed)
    after = environment.play(ending, states[row], action)
    left = np.where(after == MATED, 0, np.where(after >= 0, ending.white[np.maximum(after, 0)], 127))
    found = np.zeros(allowed.shape, np.bool_)
    found[row, action] = left + 1 == ending.white[states[row]]
    return found


def ending(config: Config, seed: int) -> Trainer:
    """A network trained on an ending until as many positions were learnt from, each as often, as by GRPO."""
    run = Trainer(config, seed)
    starts, rng = Starts(run.ending), np.random.default_rng(seed)
    while not run.finished:
        fade = min(1.0, (1 - run.learnt / config.budget) / 0.3)
        states = np.unique(starts.draw(rng, STATES, "uniform", 0))
        inputs, good = batch(run.ending, states), torch.from_numpy(good_moves(run.ending, states))
        for _ in range(config.epochs):
            loss = -run.policy(inputs).masked_fill(~good, -torch.inf).logsumexp(1).mean()
            _ascend(run.optimiser, run.policy, loss, config.learning_rate * (0.02 + 0.98 * fade))
        run.done, run.learnt = run.done + 1, run.learnt + len(states)
    return run


def mates(config: grpo.Config, seed: int, table: Table) -> policy.Policy:
    """A network trained on mates in one with as many updates, each of as many positions, as by GRPO."""
    run, rng = grpo.Trainer(config, seed, table), np.random.default_rng(seed)
    size = (config.groups + config.tied_kept) // config.minibatches
    updates = config.steps * config.epochs * config.minibatches
    for done in range(updates):
        index = rng.integers(len(table), size=size)
        seen = policy.gather(table, index, (rng.random(size) < 0.5) & table.mirrors[index])
        first = table.move_at[index][seen.owner.numpy()] - seen.start.numpy()[seen.owner.numpy()]
        good = torch.from_numpy(table.mates[first + np.arange(len(first))])
        share = torch.zeros(size).index_add(0, seen.owner, run.policy(seen).exp() * good)
        rate = config.learning_rate * (1 - 0.98 * done / updates)
        _ascend(run.optimiser, run.policy, -share.clamp_min(1e-9).log().mean(), rate)
    return run.policy


def _ascend(optimiser: torch.optim.Optimizer, network: torch.nn.Module, loss: torch.Tensor, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate
    optimiser.zero_grad(set_to_none=False)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimiser.step()
