"""What a language model is taught from: a trained policy's choices, each with the line that led to it and its reason.

The policy was trained where everyone reports all they see in every tick. The pupil hears only what is said, so it is
taught by a teacher who knows more (learning by cheating: Chen et al. 2019): each village is there twice, in step.

A choice is taught by the policy's whole distribution over what is allowed. Its reason is the fact, among those that the
pupil knows as they are, whose change would most likely have changed the choice:

    flip(fact) = P[argmax pi(o with the fact's value from o') != argmax pi(o)],   o' another worker-of-that-role's o

over real observations o' that show another value. Where no fact reaches `REASON` the choice has no reason, and none is
taught.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray

from stagelight.engines.experiment import cache
from stagelight.engines.village import constants as r
from stagelight.engines.village import exogenous, scenarios
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.llm import facts, prompt
from stagelight.engines.village.training.features import FEATURES, encode, remember
from stagelight.engines.village.training.networks import Policy
from stagelight.engines.village.training.rollouts import Cohort, told

DRAWS = 16  # other values that each fact is given
REASON = 0.75  # share of those that have to change the choice
CHUNK = 256  # choices of which the reasons are found at a time


@dataclass(frozen=True)
class States:
    """What workers knew when they were to choose. N of them."""

    observations: NDArray[np.float32]  # (N, 44)
    memory: NDArray[np.int64]  # (N, 5) as `features.remember` keeps it
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


@dataclass(frozen=True)
class Lessons:
    """What pupil and teacher know of the same workers in the same tick. N of them."""

    pupil: States
    teacher: States

    def __len__(self) -> int:
        return len(self.pupil)

    def only(self, index: NDArray[np.int64]) -> Lessons:
        """Some of them."""
        return Lessons(self.pupil.only(index), self.teacher.only(index))

    @classmethod
    def joined(cls, parts: Sequence[Lessons]) -> Lessons:
        """All of several."""
        return cls(States.joined([part.pupil for part in parts]), States.joined([part.teacher for part in parts]))


class Classroom:
    """Villages that are there twice, in step: where a pupil lives, and where its teacher looks on.

    In the first the workers hear what is said and nothing else; in the second everyone reports all they see.
    """

    def __init__(self, pupil: Cohort, teacher: Cohort) -> None:
        """Two cohorts of the same villages."""
        self.pupil, self.teacher = pupil, teacher

    @classmethod
    def of(cls, names: Sequence[str], tapes: exogenous.Tape) -> Classroom:
        """Villages on given tapes, as `Cohort`."""
        return cls(Cohort(names, tapes), Cohort(names, tapes))

    @classmethod
    def endless(cls, names: Sequence[str], count: int, first_seed: int, stride: int) -> Classroom:
        """Villages one after the other, as `Cohort.endless`."""
        return cls(*(Cohort.endless(names, count, first_seed, stride) for _ in range(2)))

    @property
    def villages(self) -> Villages:
        """Those of the pupil."""
        return self.pupil.villages

    def lessons(self) -> tuple[Lessons, NDArray[np.int64], NDArray[np.int64]]:
        """Of those who choose now, with village and worker of each. To be asked for once in a tick."""
        rows, workers = self.pupil.free()
        seen = []
        for cohort in (self.pupil, self.teacher):
            remember(cohort.villages.observations, cohort.memory)
            villages = cohort.villages
            seen.append(
                States(
                    villages.observations[rows, workers], cohort.memory[rows, workers], villages.masks[rows, workers]
                )
            )
        return Lessons(*seen), rows, workers

    def step(
        self, rows: NDArray[np.int64], workers: NDArray[np.int64], actions: NDArray[np.int64], messages: Sequence[str]
    ) -> None:
        """A tick, in which those who were free did and said something."""
        doing = np.zeros((self.pupil.count, 3), np.int64)
        doing[rows, workers] = actions
        for village, worker, message in zip(rows.tolist(), workers.tolist(), messages, strict=True):
            self.villages.hear(village, worker, message)
        self.villages.step(doing, ~told(self.pupil.count))
        self.teacher.villages.step(doing, told(self.pupil.count))

    def renew(self) -> None:
        """A new first day on new tapes."""
        self.pupil.renew()
        self.teacher.renew()

    def state(self) -> dict[str, NDArray[Any]]:
        """All that the next tick depends on."""
        both = (("pupil", self.pupil), ("teacher", self.teacher))
        return {f"{who}.{name}": value for who, cohort in both for name, value in cohort.state().items()}

    def restore(self, kept: Mapping[str, NDArray[Any]]) -> None:
        """Take up what `state` gave."""
        for who, cohort in (("pupil", self.pupil), ("teacher", self.teacher)):
            cohort.restore(
                {name.removeprefix(f"{who}."): value for name, value in kept.items() if name.startswith(who)}
            )


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
    reasons: Reasons | None = None,
) -> Lessons:  # fmt: skip
    """Villages that a trained policy runs, one episode a scenario and seed.

    Args:
        policy: who acts, by the likeliest action.
        names: scenarios.
        seeds: of the tapes.
        blunder: share of choices replaced by chance, so that states are seen in which a pupil will find itself.
        rng: of the blunders.
        reasons: of what is said; None: what is done and no more.
    """
    drawn = [exogenous.draw(scenarios.named(name), seed) for seed in seeds for name in names]
    room, found = Classroom.of(names, exogenous.stack(drawn)), []
    while not room.villages.over:
        seen, rows, workers = room.lessons()
        found.append(seen)
        actions = logp(policy, seen.teacher).argmax(1)
        for slip in np.flatnonzero(rng.random(len(rows)) < blunder):
            actions[slip] = rng.choice(np.flatnonzero(seen.pupil.masks[slip]))
        said = reasons.sentences(seen, rng) if reasons else [""] * len(seen)
        room.step(rows, workers, actions, messages(seen.pupil, actions, said))
    return Lessons.joined(found)


def messages(seen: States, actions: NDArray[np.int64], said: Sequence[str]) -> list[str]:
    """What the others hear of choices and the sentences after them."""
    return [facts.message(int(a), text, o) for a, text, o in zip(actions, said, seen.observations, strict=True)]


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

    def sentences(self, seen: Lessons, rng: Generator) -> list[str]:
        """Why the policy chooses as it does, in words; empty where no fact that the pupil knows reaches `REASON`."""
        share = self.flips(seen.teacher, rng)
        for number, fact in enumerate(facts.FACTS):
            share[fact.level(seen.pupil.observations) != fact.level(seen.teacher.observations), number] = 0
        return [
            facts.sentence(facts.FACTS[best], o) if row[best] >= REASON else ""
            for best, row, o in zip(share.argmax(1), share, seen.pupil.observations, strict=True)
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


def keep(path: Path, seen: Lessons) -> None:
    """Write lessons down."""
    cache.write(path, {f"{who}_{name}": getattr(getattr(seen, who), name) for who, name in _kept()})


def kept(path: Path) -> Lessons | None:
    """What was written down; None where there is nothing usable."""
    found = cache.read(path, *(f"{who}_{name}" for who, name in _kept()))
    if found is None:
        return None
    return Lessons(*(States(*(found[f"{who.name}_{one.name}"] for one in fields(States))) for who in fields(Lessons)))


def _kept() -> list[tuple[str, str]]:
    return [(who.name, one.name) for who in fields(Lessons) for one in fields(States)]
