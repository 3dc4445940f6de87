"""What a language model learns the village from: an expert's choices, each with the one line that led to it.

The states may be the expert's own, with slips, or those into which the pupil brings the village, where the expert says
what it would have done (DAgger: Ross, Gordon and Bagnell 2011). Without the second kind a pupil is lost after its first
mistake.

Choices are uneven: an expert waits, mills and carries far more often than it sells or guards. Drawn as they come, a
small model learns to say the commonest word; drawn all alike, to sell at every corner. Here an action is drawn with the
square root of its share for its role.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from stagelight.engines.experiment import cache
from stagelight.engines.village import constants as r
from stagelight.engines.village import exogenous as tape
from stagelight.engines.village import scenarios
from stagelight.engines.village.llm import prompt
from stagelight.engines.village.llm.small_worker import NextWord, pick
from stagelight.engines.village.training.networks import Policy
from stagelight.engines.village.training.rollouts import Cohort, act, told


@dataclass(frozen=True)
class Lessons:
    """Choices of an expert. N of them."""

    prompts: tuple[str, ...]  # (N,) as `prompt.short` writes them
    masks: NDArray[np.int8]  # (N, 13) what was allowed
    actions: NDArray[np.int64]  # (N,) what the expert chose
    roles: NDArray[np.int64]  # (N,) who

    def __len__(self) -> int:
        return len(self.prompts)

    def __add__(self, other: Lessons) -> Lessons:
        arrays = (
            np.concatenate([getattr(one, name) for one in (self, other)]) for name in ("masks", "actions", "roles")
        )
        return Lessons(self.prompts + other.prompts, *arrays)

    def only(self, index: NDArray[np.int64]) -> Lessons:
        """Some of them."""
        return Lessons(tuple(self.prompts[i] for i in index), self.masks[index], self.actions[index], self.roles[index])


def watch(
    policy: Policy, names: Sequence[str], seeds: Sequence[int], blunder: float, rng: Generator,
    pupil: NextWord | None = None, report: Callable[[int], None] = lambda _: None,
) -> Lessons:  # fmt: skip
    """Lessons from a trained policy, one episode a scenario and seed.

    Args:
        policy: the expert; its likeliest action is the lesson.
        names: scenarios.
        seeds: of the tapes.
        blunder: share of choices replaced by chance, so that states are seen in which a pupil will find itself; the
            lesson is the expert's choice all the same.
        rng: of the blunders.
        pupil: who acts, if not the expert.
        report: called with the number of ticks done.
    """
    tapes = [tape.draw(scenarios.named(name), seed) for seed in seeds for name in names]
    cohort = Cohort(names, tape.stack(tapes))
    prompts: list[str] = []
    masks, actions, roles = [], [], []
    last = np.full((cohort.count, 3), r.FREE)
    while not cohort.villages.over:
        rows, workers = cohort.free()
        observations = cohort.villages.observations[rows, workers]
        chosen = act(policy, [cohort], None)
        doing = chosen.actions[0]
        lines = [prompt.short(o, int(before)) for o, before in zip(observations, last[rows, workers], strict=True)]
        prompts += lines
        masks.append(chosen.masks)
        actions.append(chosen.picked)
        roles.append(workers)
        if pupil is not None and lines:
            doing[rows, workers] = pick(pupil(lines), chosen.masks)
        for slip in np.flatnonzero(rng.random(len(rows)) < blunder):
            doing[rows[slip], workers[slip]] = rng.choice(np.flatnonzero(chosen.masks[slip]))
        last[rows, workers] = doing[rows, workers]
        cohort.villages.step(doing, told(cohort.count))
        report(cohort.tick)
    return Lessons(tuple(prompts), np.concatenate(masks), np.concatenate(actions), np.concatenate(roles))


def balanced(lessons: Lessons, count: int, rng: Generator) -> NDArray[np.int64]:
    """(count,) indices of lessons, an action drawn with the square root of its share for its role."""
    kind = lessons.roles * len(r.ACTIONS) + lessons.actions
    size = np.bincount(kind, minlength=3 * len(r.ACTIONS))
    weight = 1 / np.sqrt(size[kind])
    return rng.choice(len(lessons), count, p=weight / weight.sum())


def keep(path: Path, lessons: Lessons) -> None:
    """Write them down."""
    arrays = {name: getattr(lessons, name) for name in ("masks", "actions", "roles")}
    cache.write(path, {"prompts": np.array(lessons.prompts), **arrays})


def kept(path: Path) -> Lessons | None:
    """What was written down; None where there is nothing usable."""
    found = cache.read(path, "prompts", "masks", "actions", "roles")
    if found is None:
        return None
    return Lessons(tuple(found["prompts"].tolist()), *(found[name] for name in ("masks", "actions", "roles")))
