"""Villages in which a policy lives while it is trained: many at once, begun at different times of the year.

Villages come in cohorts. All of a cohort are in the same tick; cohorts are spread evenly over the episode, so every
batch holds spring and winter, beginnings and ends. A cohort that is over starts anew on tapes of new seeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village import exogenous, kernels, scenarios
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.training.critic_features import OUTLOOK, outlook
from stagelight.engines.village.training.features import FEATURES, blank, encode, remember
from stagelight.engines.village.training.networks import Policy, choose
from stagelight.engines.village.training.reward_shaping import potentials

FIRST_SEED = 10_000_000  # training draws its tapes from here on; what is scored lies below


@dataclass(frozen=True)
class Batch:
    """What happened in some ticks of some villages. T ticks, B villages, N choices."""

    features: NDArray[np.float32]  # (N, FEATURES)
    masks: NDArray[np.int8]  # (N, 13)
    actions: NDArray[np.int64]  # (N,)
    logp: NDArray[np.float32]  # (N,) of the action, when it was chosen
    at: NDArray[np.int64]  # (N,) the choice was made at tick at // B in village at % B
    outlooks: NDArray[np.float32]  # (T + 1, B, OUTLOOK)
    rewards: NDArray[np.float32]  # (T, B) in bread
    potential: NDArray[np.float32]  # (T + 1, B) in bread; at T + 1 or an end, of what follows
    ended: NDArray[np.bool_]  # (T,  B) the episode's last tick


@dataclass(frozen=True)
class Ended:
    """An episode that is over."""

    scenario: str
    score: float  # its return
    level: float


class Cohort:
    """Villages in step, on given tapes or one after the other on ever new ones."""

    def __init__(self, names: Sequence[str], tapes: exogenous.Tape) -> None:
        """Begin.

        Args:
            names: scenarios, taken in turn by the villages.
            tapes: stacked, one a village.
        """
        self.names, self.count = names, len(tapes.wind)
        self.seed = self.next_seed = self.stride = 0
        self._begin(tapes)

    @classmethod
    def endless(cls, names: Sequence[str], count: int, first_seed: int, stride: int) -> Cohort:
        """Villages for training: after an episode the next, whose tapes' seeds are `stride` further on.

        Args:
            names: scenarios, taken in turn.
            count: of villages.
            first_seed: of the first tape.
            stride: how much further on the next are.
        """
        found = cls(names, _drawn(names, count, first_seed))
        found.next_seed, found.stride = first_seed, stride
        found.renew()
        return found

    def renew(self) -> None:
        """A new first day on new tapes."""
        self.seed, self.next_seed = self.next_seed, self.next_seed + self.stride
        self._begin(_drawn(self.names, self.count, self.seed))

    def _begin(self, tapes: exogenous.Tape) -> None:
        self.villages = Villages(tapes)
        self.memory = blank(self.count)

    def ended(self) -> list[Ended]:
        """The episodes, which are over."""
        numbers = zip(self.villages.returns.tolist(), self.villages.numbers[:, kernels.LEVEL].tolist(), strict=True)
        return [Ended(self.names[i % len(self.names)], *found) for i, found in enumerate(numbers)]

    def free(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which workers choose now: village and worker of each."""
        return self.villages.free()

    def outlook(self, into: NDArray[np.float32]) -> None:
        """What the critic sees, (B, OUTLOOK)."""
        v, t = self.villages, self.villages.tapes
        outlook(v.numbers, v.workers, t.wind, t.omen, t.price, t.rain, into)

    def potential(self) -> NDArray[np.float64]:
        """(B,) Phi."""
        found = np.empty(self.count)
        potentials(self.villages.numbers, self.tick, found)
        return found

    @property
    def tick(self) -> int:
        """Of the episode."""
        return self.villages.tick

    def state(self) -> dict[str, NDArray[Any]]:
        """All that the next tick depends on."""
        kept = dict(zip(("numbers", "workers", "known", "seen"), self.villages.snapshot(), strict=True))
        return kept | {"memory": self.memory.copy(), "seed": np.array([self.seed, self.next_seed])}

    def restore(self, kept: Mapping[str, NDArray[Any]]) -> None:
        """Take up what `state` gave."""
        self.seed, self.next_seed = (int(value) for value in kept["seed"])
        self._begin(_drawn(self.names, self.count, self.seed))
        names = ("numbers", "workers", "known", "seen")
        self.villages.restore(tuple(kept[name] for name in names))
        self.memory[:] = kept["memory"]


def _drawn(names: Sequence[str], count: int, first_seed: int) -> exogenous.Tape:
    drawn = (exogenous.draw(scenarios.named(names[index % len(names)]), first_seed + index) for index in range(count))
    return exogenous.stack(list(drawn))


@dataclass(frozen=True)
class Chosen:
    """What the workers of some cohorts chose in one tick. N choices of B villages."""

    actions: list[NDArray[np.int64]]  # by cohort, (b, 3) as `Villages.step` takes them
    features: NDArray[np.float32]  # (N, FEATURES)
    masks: NDArray[np.int8]  # (N, 13)
    picked: NDArray[np.int64]  # (N,)
    logp: NDArray[np.float32]  # (N,)
    village: NDArray[np.int64]  # (N,) 0 to B - 1


def act(policy: Policy, cohorts: Sequence[Cohort], generator: torch.Generator | None) -> Chosen:
    """What every free worker of every cohort does now; drawn, or without a generator the likeliest."""
    free = [cohort.free() for cohort in cohorts]
    parts = []
    for number, (cohort, (rows, workers)) in enumerate(zip(cohorts, free, strict=True)):
        seen = cohort.villages.observations
        remember(seen, cohort.memory)
        features = np.empty((len(rows), FEATURES), np.float32)
        encode(seen, cohort.memory, rows, workers, features)
        parts.append((features, cohort.villages.masks[rows, workers], rows + number * cohort.count))
    x, masks, village = (np.concatenate(part) for part in zip(*parts, strict=True))
    picked, logp = choose(policy, x, masks, generator)
    actions, done = [], 0
    for cohort, (rows, workers) in zip(cohorts, free, strict=True):
        doing = np.zeros((cohort.count, 3), np.int64)
        doing[rows, workers] = picked[done : done + len(rows)]
        actions.append(doing)
        done += len(rows)
    return Chosen(actions, x, masks, picked, logp, village)


def collect(
    policy: Policy, cohorts: Sequence[Cohort], length: int, generator: torch.Generator
) -> tuple[Batch, list[Ended]]:
    """Some ticks of every cohort, and the episodes that ended in them."""
    count = sum(cohort.count for cohort in cohorts)
    outlooks = np.empty((length + 1, count, OUTLOOK), np.float32)
    rewards, over = np.empty((length, count), np.float32), np.zeros((length, count), np.bool_)
    phi = np.empty((length + 1, count), np.float32)
    chosen: list[Chosen] = []
    finished: list[Ended] = []
    for step in range(length):
        _observe(cohorts, outlooks[step], phi[step])
        chosen.append(act(policy, cohorts, generator))
        for number, (cohort, doing) in enumerate(zip(cohorts, chosen[-1].actions, strict=True)):
            span = slice(number * cohort.count, (number + 1) * cohort.count)
            rewards[step, span] = cohort.villages.step(doing, told(cohort.count)) * r.NORM
            if cohort.villages.over:
                over[step, span] = True
                finished += cohort.ended()
                cohort.renew()
    _observe(cohorts, outlooks[length], phi[length])
    features, masks, picked, logp = (
        np.concatenate([getattr(one, name) for one in chosen]) for name in ("features", "masks", "picked", "logp")
    )
    at = np.concatenate([step * count + one.village for step, one in enumerate(chosen)])
    return Batch(features, masks, picked, logp, at, outlooks, rewards, phi, over), finished


def told(count: int) -> NDArray[np.bool_]:
    """(count, 3) everyone says what they see, in every tick."""
    return np.ones((count, 3), np.bool_)


def _observe(cohorts: Sequence[Cohort], outlooks: NDArray[np.float32], phi: NDArray[np.float32]) -> None:
    start = 0
    for cohort in cohorts:
        span = slice(start, start + cohort.count)
        cohort.outlook(outlooks[span])
        phi[span] = cohort.potential()
        start += cohort.count
