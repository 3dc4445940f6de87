"""What a language model learns the village from: an expert's choices, each with the one line that led to it.

Choices are uneven: an expert waits, mills and carries far more often than it sells or guards. Drawn as they come, a
small model learns to say the commonest word; drawn all alike, to sell at every corner. Here an action is drawn with the
square root of its share for its role.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from engines.village import rules as r
from engines.village import scenarios, tape
from engines.village.llm import prompt
from engines.village.training.policy import Policy
from engines.village.training.rollouts import Cohort, act, told


@dataclass(frozen=True)
class Lessons:
    """Choices of an expert. N of them."""

    prompts: tuple[str, ...]  # (N,) as `prompt.short` writes them
    masks: NDArray[np.int8]  # (N, 13) what was allowed
    actions: NDArray[np.int64]  # (N,) what the expert chose
    roles: NDArray[np.int64]  # (N,) who

    def __len__(self) -> int:
        return len(self.prompts)


def watch(policy: Policy, names: Sequence[str], seeds: Sequence[int], blunder: float, rng: Generator) -> Lessons:
    """Lessons from a trained policy, one episode a scenario and seed.

    Args:
        policy: the expert; its likeliest action is the lesson.
        names: scenarios.
        seeds: of the tapes.
        blunder: share of choices replaced by chance, so that states are seen in which a pupil will find itself; the
            lesson is the expert's choice all the same.
        rng: of the blunders.
    """
    cohort = Cohort(names, [tape.draw(scenarios.named(name), seed) for seed in seeds for name in names])
    prompts: list[str] = []
    masks, actions, roles = [], [], []
    last = np.full((cohort.count, 3), r.FREE)
    while not cohort.villages.over:
        rows, workers = cohort.free()
        observations = cohort.villages.observations[rows, workers]
        chosen = act(policy, [cohort], None)
        doing = chosen.actions[0]
        prompts += [prompt.short(o, int(before)) for o, before in zip(observations, last[rows, workers], strict=True)]
        masks.append(chosen.masks)
        actions.append(chosen.picked)
        roles.append(workers)
        for slip in np.flatnonzero(rng.random(len(rows)) < blunder):
            doing[rows[slip], workers[slip]] = rng.choice(np.flatnonzero(chosen.masks[slip]))
        last[rows, workers] = doing[rows, workers]
        cohort.villages.step(doing, told(cohort.count))
    return Lessons(tuple(prompts), np.concatenate(masks), np.concatenate(actions), np.concatenate(roles))


def balanced(lessons: Lessons, count: int, rng: Generator) -> NDArray[np.int64]:
    """(count,) indices of lessons, an action drawn with the square root of its share for its role."""
    kind = lessons.roles * len(r.ACTIONS) + lessons.actions
    size = np.bincount(kind, minlength=3 * len(r.ACTIONS))
    weight = 1 / np.sqrt(size[kind])
    return rng.choice(len(lessons), count, p=weight / weight.sum())
