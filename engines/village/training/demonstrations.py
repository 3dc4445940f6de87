"""What a language model is taught from: a trained policy's choices, each with the line that led to it and its reason.

A choice is taught by the policy's whole distribution over what is allowed. Its reason is the fact whose change would
most likely have changed the choice:

    flip(fact) = P[argmax pi(o with the fact's value from o') != argmax pi(o)],   o' another worker-of-that-role's o

over real observations o' that show another value. Where no fact reaches `REASON` the choice has no reason, and none is
taught.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray

from stagelight.engines.experiment import cache
from stagelight.engines.village import rules as r
from stagelight.engines.village import scenarios, tape
from stagelight.engines.village.llm import facts, prompt
from stagelight.engines.village.training.encoding import FEATURES, encode
from stagelight.engines.village.training.policy import Policy
from stagelight.engines.village.training.rollouts import Cohort, act, told

DRAWS = 12  # other values that each fact is given
REASON = 0.6  # share of those that have to change the choice
CHUNK = 256  # choices of which the reasons are found at a time


@dataclass(frozen=True)
class States:
    """What workers knew when they were to choose. N of them."""

    observations: NDArray[np.float32]  # (N, 44)
    memory: NDArray[np.int64]  # (N, 5) as `encoding.remember` keeps it
    masks: NDArray[np.int8]  # (N, 13) what was allowed

    def __len__(self) -> int:
        return len(self.masks)

    def only(self, index: NDArray[np.int64]) -> States:
        """Some of them."""
        return States(*(getattr(self, field.name)[index] for field in fields(States)))

    @classmethod
    def joined(cls, parts: Sequence[States]) -> States:
        """All of several."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))

    @property
    def roles(self) -> NDArray[np.int64]:
        """(N,) whose they are."""
        return self.observations[:, r.ROLE].astype(np.int64)

    def lines(self) -> list[str]:
        """What a small model reads of each."""
        return [prompt.short(o, int(m[0])) for o, m in zip(self.observations, self.memory, strict=True)]


def states(cohort: Cohort) -> tuple[States, NDArray[np.int64], NDArray[np.int64]]:
    """Those of the workers who choose now, with village and worker of each. The memory has taken in the tick before."""
    rows, workers = cohort.free()
    villages = cohort.villages
    found = States(villages.observations[rows, workers], cohort.memory[rows, workers], villages.masks[rows, workers])
    return found, rows, workers


def logp(policy: Policy, seen: States) -> NDArray[np.float32]:
    """(N, 13) the policy's log-probabilities; of what is not allowed about -1e9."""
    count = len(seen)
    features = np.empty((count, FEATURES), np.float32)
    first = np.zeros(count, np.int64)
    encode(seen.observations[:, None], seen.memory[:, None], np.arange(count), first, features)
    with torch.no_grad():
        found: NDArray[np.float32] = policy.logp(torch.from_numpy(features), torch.from_numpy(seen.masks)).numpy()
    return found


def watch(
    policy: Policy, names: Sequence[str], seeds: Sequence[int], blunder: float, rng: Generator,
    report: Callable[[int], None] = lambda _: None,
) -> States:  # fmt: skip
    """The states of villages that a trained policy runs, one episode a scenario and seed.

    Args:
        policy: who acts, by the likeliest action.
        names: scenarios.
        seeds: of the tapes.
        blunder: share of choices replaced by chance, so that states are seen in which a pupil will find itself.
        rng: of the blunders.
        report: called with the number of ticks done.
    """
    cohort = Cohort(names, tape.stack([tape.draw(scenarios.named(name), seed) for seed in seeds for name in names]))
    found = []
    while not cohort.villages.over:
        doing = act(policy, [cohort], None).actions[0]
        seen, rows, workers = states(cohort)
        found.append(seen)
        for slip in np.flatnonzero(rng.random(len(rows)) < blunder):
            doing[rows[slip], workers[slip]] = rng.choice(np.flatnonzero(seen.masks[slip]))
        cohort.villages.step(doing, told(cohort.count))
        report(cohort.tick)
    return States.joined(found)


def balanced(roles: NDArray[np.int64], actions: NDArray[np.int64], count: int, rng: Generator) -> NDArray[np.int64]:
    """(count,) indices of choices, an action drawn with the square root of its share for its role.

    Drawn as they come, a small model learns to say the commonest word; drawn all alike, to sell at every corner.
    """
    kind = roles * len(r.ACTIONS) + actions
    weight = 1 / np.sqrt(np.bincount(kind, minlength=3 * len(r.ACTIONS))[kind])
    return rng.choice(len(kind), count, p=weight / weight.sum())


class Reasons:
    """The teacher of words."""

    def __init__(self, policy: Policy, pool: States, draws: int = DRAWS) -> None:
        """A teacher.

        Args:
            policy: whose choices are explained.
            pool: real states, from which other values are drawn.
            draws: of them for each fact.
        """
        self.policy, self.draws = policy, draws
        self.pools = [pool.only(np.flatnonzero(pool.roles == role)) for role in range(3)]

    def flips(self, seen: States, rng: Generator) -> NDArray[np.float32]:
        """(N, len(facts.FACTS)) the share of other values that change the choice; of facts about oneself 0."""
        found = np.zeros((len(seen), len(facts.FACTS)), np.float32)
        for start in range(0, len(seen), CHUNK):
            index = np.arange(start, min(start + CHUNK, len(seen)))
            part = seen.only(index)
            chosen = logp(self.policy, part).argmax(1)
            for role in range(3):
                mine = np.flatnonzero(part.roles == role)
                many = part.only(np.repeat(mine, self.draws))
                for number, fact in enumerate(facts.FACTS if len(mine) else ()):
                    other = logp(self.policy, swapped(fact, many, self.pools[role], rng)).argmax(1)
                    changed = (other != np.repeat(chosen[mine], self.draws)).reshape(len(mine), self.draws)
                    found[index[mine], number] = changed.mean(1)
        return found

    def sentences(self, seen: States, rng: Generator) -> list[str]:
        """Why the policy chooses as it does, in words; empty where no fact reaches `REASON`."""
        share = self.flips(seen, rng)
        return [
            facts.sentence(facts.FACTS[best], o) if row[best] >= REASON else ""
            for best, row, o in zip(share.argmax(1), share, seen.observations, strict=True)
        ]


def swapped(fact: facts.Fact, seen: States, pool: States, rng: Generator) -> States:
    """States of one worker, each with another value of a fact, taken from a real state of the same worker."""
    drawn = facts.differing(fact, seen.observations, pool.observations, rng)
    observations, memory = seen.observations.copy(), seen.memory.copy()
    observations[:, fact.column] = pool.observations[drawn, fact.column]
    doing = fact.column - r.KNOWS - r.FARMER_DOES
    if doing >= 0 and fact.column < r.AGE:  # what another worker does is remembered too
        other = (doing - int(seen.roles[0])) % 3  # 1: the next worker, 2: the one after
        if other:
            memory[:, [other, 2 + other]] = pool.memory[drawn][:, [other, 2 + other]]
    return States(observations, memory, seen.masks)


def keep(path: Path, seen: States) -> None:
    """Write states down."""
    cache.write(path, {field.name: getattr(seen, field.name) for field in fields(States)})


def kept(path: Path) -> States | None:
    """What was written down; None where there is nothing usable."""
    names = [field.name for field in fields(States)]
    found = cache.read(path, *names)
    return None if found is None else States(*(found[name] for name in names))
