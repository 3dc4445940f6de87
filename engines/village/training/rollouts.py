"""Villages in which a policy lives while it is trained: many at once, begun at different times of the year.

Villages come in cohorts. All of a cohort are in the same tick; cohorts are spread evenly over the episode, so that every
batch holds spring and winter, beginnings and ends. A cohort that is over starts anew on tapes of new seeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engines.village import rules as r
from engines.village import scenarios, tape, ticks
from engines.village.core import Villages
from engines.village.training.encoding import FEATURES, blank, encode, remember
from engines.village.training.outlook import OUTLOOK, outlook
from engines.village.training.policy import Policy
from engines.village.training.potential import potentials

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


class Cohort:
    """Villages in step, one after the other on ever new tapes."""

    def __init__(self, names: Sequence[str], count: int, first_seed: int, stride: int) -> None:
        """Begin.

        Args:
            names: scenarios, taken in turn.
            count: of villages.
            first_seed: of the first tape.
            stride: by which the seeds of the next episode are further on.
        """
        self.names, self.count, self.next_seed, self.stride = names, count, first_seed, stride
        self.renew()

    def renew(self) -> None:
        """A new first day on new tapes."""
        self.seed, self.next_seed = self.next_seed, self.next_seed + self.stride
        self.villages = Villages(self._tapes())
        self.memory = blank(self.count)

    def _tapes(self) -> tape.Tape:
        drawn = (scenarios.named(self.names[index % len(self.names)]) for index in range(self.count))
        return tape.stack([tape.draw(scenario, self.seed + index) for index, scenario in enumerate(drawn)])

    def free(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which workers choose now: village and worker of each."""
        seen = self.villages.observations
        rows, workers = np.nonzero((seen[:, :, r.ACTION] < 0) & (seen[:, :, r.ILL] == 0))
        return rows, workers

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
        return int(self.villages.workers[0, ticks.NOW])

    def state(self) -> dict[str, NDArray[Any]]:
        """All that the next tick depends on."""
        kept = dict(zip(("numbers", "workers", "known", "seen"), self.villages.snapshot(), strict=True))
        return kept | {"memory": self.memory.copy(), "seed": np.array([self.seed, self.next_seed])}

    def restore(self, kept: Mapping[str, NDArray[Any]]) -> None:
        """Take up what `state` gave."""
        self.seed, self.next_seed = (int(value) for value in kept["seed"])
        self.villages = Villages(self._tapes())
        names = ("numbers", "workers", "known", "seen")
        self.villages.restore(tuple(kept[name] for name in names))
        self.memory[:] = kept["memory"]


def choose(
    policy: Policy, features: NDArray[np.float32], masks: NDArray[np.int8], generator: torch.Generator | None
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Actions (N,) and their log-probabilities; drawn, or without a generator the likeliest."""
    with torch.no_grad():
        logp = policy.logp(torch.from_numpy(features), torch.from_numpy(masks))
        picked = (
            logp.argmax(1, keepdim=True) if generator is None else torch.multinomial(logp.exp(), 1, generator=generator)
        )
        return picked[:, 0].numpy(), logp.gather(1, picked)[:, 0].numpy()


def act(
    policy: Policy, cohorts: Sequence[Cohort], generator: torch.Generator | None
) -> tuple[
    list[NDArray[np.int64]],
    NDArray[np.float32],
    NDArray[np.int8],
    NDArray[np.int64],
    NDArray[np.float32],
    NDArray[np.int64],
]:
    """What every worker of every cohort does now: actions (B, 3) by cohort; features, masks, actions, logp, village."""
    free = [cohort.free() for cohort in cohorts]
    features, masks, village = [], [], []
    for number, (cohort, (rows, workers)) in enumerate(zip(cohorts, free, strict=True)):
        remember(cohort.villages.observations, cohort.memory)
        into = np.empty((len(rows), FEATURES), np.float32)
        encode(cohort.villages.observations, cohort.memory, rows, workers, into)
        features.append(into)
        masks.append(cohort.villages.masks[rows, workers])
        village.append(rows + number * cohort.count)
    x, m = np.concatenate(features), np.concatenate(masks)
    picked, logp = choose(policy, x, m, generator)
    actions, done = [], 0
    for cohort, (rows, workers) in zip(cohorts, free, strict=True):
        chosen = np.zeros((cohort.count, 3), np.int64)
        chosen[rows, workers] = picked[done : done + len(rows)]
        actions.append(chosen)
        done += len(rows)
    return actions, x, m, picked, logp, np.concatenate(village)


def collect(
    policy: Policy, cohorts: Sequence[Cohort], length: int, generator: torch.Generator
) -> tuple[Batch, list[Any]]:
    """Some ticks of every cohort; also (scenario, return, level) of the episodes that ended."""
    count = sum(cohort.count for cohort in cohorts)
    outlooks = np.empty((length + 1, count, OUTLOOK), np.float32)
    rewards, ended = np.empty((length, count), np.float32), np.zeros((length, count), np.bool_)
    phi = np.empty((length + 1, count), np.float32)
    chosen: list[tuple[Any, ...]] = []
    finished: list[Any] = []
    for step in range(length):
        _observe(cohorts, outlooks[step], phi[step])
        actions, *choices, village = act(policy, cohorts, generator)
        chosen.append((*choices, step * count + village))
        for number, (cohort, doing) in enumerate(zip(cohorts, actions, strict=True)):
            span = slice(number * cohort.count, (number + 1) * cohort.count)
            rewards[step, span] = cohort.villages.step(doing, np.ones((cohort.count, 3), np.bool_)) * r.NORM
            if cohort.villages.over:
                ended[step, span] = True
                finished += zip(
                    [cohort.names[i % len(cohort.names)] for i in range(cohort.count)],
                    cohort.villages.returns.tolist(),
                    cohort.villages.numbers[:, ticks.LEVEL].tolist(),
                    strict=True,
                )
                cohort.renew()
    _observe(cohorts, outlooks[length], phi[length])
    x, m, a, logp, at = (np.concatenate([row[index] for row in chosen]) for index in range(5))
    return Batch(x, m, a, logp, at, outlooks, rewards, phi, ended), finished


def _observe(cohorts: Sequence[Cohort], outlooks: NDArray[np.float32], phi: NDArray[np.float32]) -> None:
    start = 0
    for cohort in cohorts:
        span = slice(start, start + cohort.count)
        cohort.outlook(outlooks[span])
        phi[span] = cohort.potential()
        start += cohort.count


def returns(
    policy: Policy, names: Sequence[str], seeds: Sequence[int], drawn: int | None = None
) -> dict[str, NDArray[np.float64]]:
    """The returns of a policy by scenario, (seeds,) each, on the tapes of some seeds.

    Args:
        policy: who acts, by the likeliest action.
        names: scenarios.
        seeds: of the tapes, the same for every scenario.
        drawn: a seed, if actions are to be drawn instead.
    """
    generator = None if drawn is None else torch.Generator().manual_seed(drawn)
    found = {}
    for name in names:
        cohort = Cohort([name], len(seeds), 0, 0)
        cohort.villages = Villages(tape.stack([tape.draw(scenarios.named(name), seed) for seed in seeds]))
        while not cohort.villages.over:
            actions, *_ = act(policy, [cohort], generator)
            cohort.villages.step(actions[0], np.ones((cohort.count, 3), np.bool_))
        found[name] = cohort.villages.returns.copy()
    return found
