"""How well a small model chooses and speaks in villages that it was not taught in.

agreement   share of its choices that are the policy's likeliest
commonest   the same, if each worker always made the policy's commonest choice
said        share of its choices with a sentence
true        share of the sentences that state a fact with the value that the line shows
flip        how often the model itself chooses otherwise when the fact that a sentence states, and nothing else, has
            another value from the same worker's observations
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from stagelight.engines.experiment.progress import Progress, silent
from stagelight.engines.village import constants as r
from stagelight.engines.village import scenarios, worst_case_start
from stagelight.engines.village.evaluation import metrics
from stagelight.engines.village.exogenous import Tape, stack
from stagelight.engines.village.llm import facts
from stagelight.engines.village.llm.small_worker import pick
from stagelight.engines.village.llm.smollm import SmolLM
from stagelight.engines.village.training.demonstrations import States, logp, swapped
from stagelight.engines.village.training.lm_rollouts import rollouts
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
    model: SmolLM, policy: Policy, tapes: Tape, progress: Progress = silent, asked: int = ASKED, seed: int = 0
) -> dict[str, float]:
    """Let the model run villages, then examine what it chose and said there.

    Args:
        model: adapted.
        policy: its teacher.
        tapes: of the villages, stacked.
        progress: told of each tick.
        asked: how many sentences' facts are given other values.
        seed: of the choice of these, and of other values.
    """
    rng = np.random.default_rng(seed)
    found = rollouts(model, tapes, report=lambda tick: progress("its villages", tick, r.TICKS, {}))
    seen = found.lessons
    target = logp(policy, seen.teacher).argmax(1)
    commonest = [np.bincount(target[seen.pupil.roles == role]).argmax() for role in range(3)]
    return {
        "agreement": float((found.actions == target).mean()),
        "commonest": float((np.array(commonest)[seen.pupil.roles] == target).mean()),
        **sentences(model, seen.pupil, found.actions, found.said, rng, asked),
    }


def sentences(
    model: SmolLM, seen: States, actions: NDArray[np.int64], said: Sequence[str], rng: Generator, asked: int = ASKED
) -> dict[str, float]:
    """The figures of the sentences that follow some choices.

    Args:
        model: who chose.
        seen: when; other values are drawn from these too.
        actions: (N,) what.
        said: (N,) the sentence after it.
        rng: of the drawing.
        asked: how many sentences' facts are given other values.
    """
    stated = [facts.parse(text) for text in said]
    spoken = np.array([bool(text) for text in said])
    true = np.array([
        fact is not None and fact[1] == facts.BY_NAME[fact[0]].shown(o)
        for fact, o in zip(stated, seen.observations, strict=True)
    ])  # fmt: skip
    examined = rng.permutation(np.flatnonzero([fact is not None for fact in stated]))[:asked]
    groups: dict[tuple[str, int], list[int]] = {}
    for index in examined.tolist():
        fact = stated[index]
        assert fact is not None
        groups.setdefault((fact[0], int(seen.roles[index])), []).append(index)
    changed: list[NDArray[np.bool_]] = []
    for (name, role), those in sorted(groups.items()):
        many = np.repeat(those, SWAPS)
        other = swapped(facts.BY_NAME[name], seen.only(many), seen.only(np.flatnonzero(seen.roles == role)), rng)
        changed.append(pick(model.next_word(other.lines()), other.masks) != actions[many])
    return {
        "said": float(spoken.mean()),
        "true": float(true[spoken].mean()) if spoken.any() else 0.0,
        "flip": float(np.concatenate(changed).mean()) if changed else 0.0,
    }
