"""How well a small model chooses and speaks in villages that it was not taught in.

agreement   share of its choices that are the policy's likeliest
commonest   the same, if each worker always made the policy's commonest choice
said        share of its choices with a sentence
true        share of the sentences that state a fact with the value that the line shows
flip        how often the model itself chooses otherwise when the fact that a sentence states, and nothing else, has
            another value from the same worker's observations
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.experiment.progress import Progress, silent
from stagelight.engines.village import constants as r
from stagelight.engines.village import scenarios, worst_case_start
from stagelight.engines.village.evaluation import metrics
from stagelight.engines.village.exogenous import Tape, stack
from stagelight.engines.village.llm import facts
from stagelight.engines.village.llm.small_worker import pick
from stagelight.engines.village.llm.smollm import SmolLM
from stagelight.engines.village.training.demonstrations import Classroom, States, logp, swapped
from stagelight.engines.village.training.lm_rollouts import Rollouts, rollouts
from stagelight.engines.village.training.networks import Policy

ASKED = 600  # choices of which the sentences are examined
SWAPS = 4  # other values that each stated fact is given


def held_out(seeds: int = 1) -> Tape:
    """Tapes of the scenarios that no agent was trained in."""
    return stack([
        worst_case_start.tape(scenarios.named(name), seed)
        for name in scenarios.HELD_OUT
        for seed in metrics.TEST_SEEDS[:seeds]
    ])  # fmt: skip


def evaluate(
    model: SmolLM, policy: Policy, tapes: Tape, progress: Progress = silent, asked: int = ASKED
) -> dict[str, float]:
    """Let the model run villages, then examine what it chose and said there.

    Args:
        model: adapted.
        policy: its teacher.
        tapes: of the villages, stacked.
        progress: told of each tick.
        asked: how many sentences' facts are given other values.
    """
    found = rollouts(model, tapes, report=lambda tick: progress("its villages", tick, r.TICKS, {}))
    return agreement(policy, tapes, found.choices) | sentences(model, found, asked).shares()


def agreement(policy: Policy, tapes: Tape, choices: NDArray[np.int8]) -> dict[str, float]:
    """Shares of choices that are the policy's likeliest where it hears all reports; see this module's head.

    Args:
        policy: the teacher.
        tapes: of B villages, stacked.
        choices: (B, 480, 3) what was chosen there, -1 where nothing was to be chosen.
    """
    room, seen, made = Classroom.of([""], tapes), [], []
    while not room.villages.over:
        lessons, rows, workers = room.lessons()
        actions = choices[rows, room.villages.tick, workers].astype(np.int64)
        seen.append(lessons.teacher)
        made.append(actions)
        room.step(rows, workers, actions, [""] * len(actions))
    states, actions = States.joined(seen), np.concatenate(made)
    target = logp(policy, states).argmax(1)
    commonest = np.array([np.bincount(target[states.roles == role]).argmax() for role in range(3)])
    return {
        "agreement": float((actions == target).mean()),
        "commonest": float((commonest[states.roles] == target).mean()),
    }


@dataclass(frozen=True)
class Sentences:
    """Counts of what a model said after its choices."""

    choices_made: int
    said: int
    true: int
    swaps: int  # other values that were given to stated facts
    flips: int  # those after which the model chooses otherwise

    def __add__(self, other: Sentences) -> Sentences:
        return Sentences(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    def shares(self) -> dict[str, float]:
        """The figures of this module's head."""
        said, swaps = max(1, self.said), max(1, self.swaps)
        return {"said": self.said / max(1, self.choices_made), "true": self.true / said, "flip": self.flips / swaps}


def sentences(model: SmolLM, found: Rollouts, asked: int = ASKED, seed: int = 0) -> Sentences:
    """Examine the sentences of a model's villages.

    Args:
        model: who chose and spoke.
        found: where; other values of a fact are drawn from what was seen there.
        asked: how many sentences' facts are given other values.
        seed: of the choice of these, and of other values.
    """
    seen, rng = found.lessons.pupil, np.random.default_rng(seed)
    stated = [facts.parse(text) for text in found.said]
    true = [
        fact is not None and fact[1] == facts.BY_NAME[fact[0]].shown(o)
        for fact, o in zip(stated, seen.observations, strict=True)
    ]
    groups: dict[tuple[str, int], list[int]] = {}
    for index in rng.permutation(len(stated)).tolist():
        fact = stated[index]
        if fact is not None and sum(map(len, groups.values())) < asked:
            groups.setdefault((fact[0], int(seen.roles[index])), []).append(index)
    swaps = flips = 0
    for (name, role), those in sorted(groups.items()):
        many = np.repeat(those, SWAPS)
        other = swapped(facts.BY_NAME[name], seen.only(many), seen.only(np.flatnonzero(seen.roles == role)), rng)
        swaps += len(many)
        flips += int((pick(model.next_word(other.lines()), other.masks) != found.actions[many]).sum())
    return Sentences(len(stated), sum(map(bool, found.said)), sum(true), swaps, flips)
