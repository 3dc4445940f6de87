"""A beginning: the policy imitates a teacher, so that reward improves a village that already runs.

DAgger (Ross, Gordon and Bagnell 2011): in the first round the teacher acts, in the following ones the pupil acts in
half of the villages; the lesson is always what the teacher would do. A few choices are left to chance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from stagelight.engines.village import constants as r
from stagelight.engines.village.training import expert
from stagelight.engines.village.training.networks import Policy
from stagelight.engines.village.training.rollouts import FIRST_SEED, Cohort, act, told

# a cohort, villages (N,), workers (N,) -> actions (N,)
Teacher = Callable[[Cohort, NDArray[np.int64], NDArray[np.int64]], NDArray[np.int64]]
TAPES = FIRST_SEED // 2  # seeds of the tapes used here, from this on


@dataclass(frozen=True)
class Config:
    """How long, and on what."""

    rounds: int = 3
    villages: int = 200  # a round
    blunder: float = 0.03  # share of choices left to chance
    epochs: int = 3  # after each round, over all lessons so far
    minibatch: int = 1024
    rate: float = 1e-3


def all_seeing(numbers: NDArray[np.float64]) -> Teacher:
    """The teacher of `expert`.

    Args:
        numbers: (14,) `expert.NUMBERS`.
    """

    def teach(cohort: Cohort, rows: NDArray[np.int64], workers: NDArray[np.int64]) -> NDArray[np.int64]:
        found, v = np.empty(len(rows), np.int64), cohort.villages
        expert.advise(v.numbers, v.workers, v.tapes.wind, v.tapes.omen, numbers, rows, workers, found)
        return found

    return teach


def imitate(policy: Policy, guide: Teacher, names: Sequence[str], config: Config, seed: int) -> list[float]:
    """Teach the actor; returns the cross-entropy, nats, at the end of each round."""
    rng, generator = np.random.default_rng([seed, 1]), torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(policy.actor.parameters(), lr=config.rate)
    lessons: list[tuple[NDArray[np.float32], NDArray[np.int8], NDArray[np.int64]]] = []
    losses = []
    for number in range(config.rounds):
        first = TAPES + (seed * config.rounds + number) * config.villages
        cohort = Cohort.endless(names, config.villages, first, config.villages)
        while not cohort.villages.over:
            lessons.append(_lesson(policy, guide, cohort, number, config.blunder, rng, generator))
        losses.append(_learn(policy, optimiser, lessons, config, generator))
    return losses


def _lesson(
    policy: Policy, guide: Teacher, cohort: Cohort, number: int, blunder: float, rng: np.random.Generator,
    generator: torch.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.int8], NDArray[np.int64]]:  # fmt: skip
    """One tick: what the workers saw and what the teacher would do. Someone does something."""
    rows, workers = cohort.free()
    chosen = act(policy, [cohort], generator)
    right = guide(cohort, rows, workers)
    right = np.where(chosen.masks[np.arange(len(right)), right], right, r.WAIT)
    pupil = (rows % 2 == 1) & (number > 0)
    doing = np.where(pupil, chosen.picked, right)
    for slip in np.flatnonzero(rng.random(len(rows)) < blunder):
        doing[slip] = rng.choice(np.flatnonzero(chosen.masks[slip]))
    actions = np.zeros((cohort.count, 3), np.int64)
    actions[rows, workers] = doing
    cohort.villages.step(actions, told(cohort.count))
    return chosen.features, chosen.masks, right


def _learn(
    policy: Policy,
    optimiser: torch.optim.Optimizer,
    lessons: list[tuple[NDArray[np.float32], NDArray[np.int8], NDArray[np.int64]]],
    config: Config,
    generator: torch.Generator,
) -> float:
    features, masks, right = (torch.from_numpy(np.concatenate(part)) for part in zip(*lessons, strict=True))
    total = torch.zeros(())
    for _ in range(config.epochs):
        order = torch.split(torch.randperm(len(right), generator=generator), config.minibatch)
        total = torch.zeros(())
        for index in order:
            loss = nn.functional.nll_loss(policy.logp(features[index], masks[index]), right[index])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            total += loss.detach() / len(order)
    return float(total)
