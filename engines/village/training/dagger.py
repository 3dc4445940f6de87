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
from stagelight.engines.village.agents.policy import BatchPolicy
from stagelight.engines.village.agents.protocol import BatchAgent, Observations
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.batch_episode import run
from stagelight.engines.village.training.expert import Expert
from stagelight.engines.village.training.networks import Policy, choose
from stagelight.engines.village.training.rollouts import FIRST_SEED, Cohort

Teacher = Callable[[Villages], BatchAgent]  # of these villages; it may see everything in them
Lesson = tuple[NDArray[np.float32], NDArray[np.int8], NDArray[np.int64]]  # features, masks, what the teacher chose
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
    """The teacher of `expert`; (14,) `expert.NUMBERS`."""
    return lambda villages: Expert(villages, numbers)


def imitate(policy: Policy, guide: Teacher, names: Sequence[str], config: Config, seed: int) -> list[float]:
    """Teach the actor; returns the cross-entropy, nats, at the end of each round."""
    rng, generator = np.random.default_rng([seed, 1]), torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(policy.actor.parameters(), lr=config.rate)
    lessons: list[Lesson] = []
    losses = []
    for number in range(config.rounds):
        first = TAPES + (seed * config.rounds + number) * config.villages
        cohort = Cohort.endless(names, config.villages, first, config.villages)
        acting = _Corrected(BatchPolicy(policy, generator), guide(cohort.villages), number, config.blunder, rng)
        for _ in run(cohort.villages, acting):
            pass
        lessons += acting.lessons
        losses.append(_learn(policy, optimiser, lessons, config, generator))
    return losses


class _Corrected:
    """The agent of one round: teacher and pupil act in turn, and the teacher's choices are kept with what was seen."""

    reports = True

    def __init__(
        self, pupil: BatchPolicy, teacher: BatchAgent, number: int, blunder: float, rng: np.random.Generator
    ) -> None:
        self.pupil, self.teacher, self.number, self.blunder, self.rng = pupil, teacher, number, blunder, rng
        self.lessons: list[Lesson] = []

    def act(self, observations: Observations) -> NDArray[np.int64]:
        """Someone does something: the teacher, in half of the villages the pupil, now and then chance."""
        rows, masks, features = observations.villages, observations.free_masks, self.pupil.features(observations)
        picked, _ = choose(self.pupil.policy, features, masks, self.pupil.generator)
        right = self.teacher.act(observations)
        right = np.where(masks[np.arange(len(right)), right], right, r.WAIT)
        self.lessons.append((features, masks, right))
        doing = np.where((rows % 2 == 1) & (self.number > 0), picked, right)
        for slip in np.flatnonzero(self.rng.random(len(rows)) < self.blunder):
            doing[slip] = self.rng.choice(np.flatnonzero(masks[slip]))
        return doing


def _learn(
    policy: Policy,
    optimiser: torch.optim.Optimizer,
    lessons: list[Lesson],
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
