"""How well a small model chooses and speaks in villages that it was not taught in.

agreement   share of its choices that are the policy's likeliest
commonest   the same, if each worker always made the policy's commonest choice
said        share of its choices with a sentence
true        share of the sentences that state a fact with the value that the line shows
flip        how often the model itself chooses otherwise when the fact that a sentence states, and nothing else, has
            another value from the same worker's observations
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from stagelight.engines.experiment.progress import Progress, silent
from stagelight.engines.village import adversary, scenarios, score
from stagelight.engines.village import rules as r
from stagelight.engines.village.llm import facts
from stagelight.engines.village.llm.small_worker import pick
from stagelight.engines.village.llm.smollm import SmolLM
from stagelight.engines.village.tape import Tape, stack
from stagelight.engines.village.training.demonstrations import States, logp, swapped
from stagelight.engines.village.training.lm_rollouts import rollouts
from stagelight.engines.village.training.policy import Policy

ASKED = 600  # choices of which the sentences are examined
SWAPS = 4  # other values that each stated fact is given


def held_out(seeds: int = 1) -> Tape:
    """Tapes of the scenarios that no agent was trained in."""
    return stack([
        adversary.tape(scenarios.named(name), seed)
        for name in scenarios.HELD_OUT
        for seed in score.TEST_SEEDS[:seeds]
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
        asked: how many choices are examined for their sentences.
        seed: of the choice of these, and of other values.
    """
    rng = np.random.default_rng(seed)
    found = rollouts(model.next_word, tapes, report=lambda tick: progress("its villages", tick, r.TICKS, {}))
    target = logp(policy, found.states).argmax(1)
    commonest = [np.bincount(target[found.states.roles == role]).argmax() for role in range(3)]
    index = rng.permutation(len(target))[:asked]
    return {
        "agreement": float((found.actions == target).mean()),
        "commonest": float((np.array(commonest)[found.states.roles] == target).mean()),
        **sentences(model, found.states.only(index), found.actions[index], found.states, rng),
    }


def sentences(
    model: SmolLM, seen: States, actions: NDArray[np.int64], pool: States, rng: Generator
) -> dict[str, float]:
    """The figures of the sentences that follow some choices.

    Args:
        model: who chose.
        seen: when.
        actions: (N,) what.
        pool: real states, from which other values are drawn.
        rng: of the drawing.
    """
    said = model.sentences(seen.lines(), actions.tolist())
    stated = [facts.parse(text) for text in said]
    spoken = np.array([bool(text) for text in said])
    true = np.array([
        fact is not None and fact[1] == facts.BY_NAME[fact[0]].shown(o)
        for fact, o in zip(stated, seen.observations, strict=True)
    ])  # fmt: skip
    changed: list[NDArray[np.bool_]] = []
    for name, role in sorted({(fact[0], int(role)) for fact, role in zip(stated, seen.roles, strict=True) if fact}):
        those = [i for i, fact in enumerate(stated) if fact and fact[0] == name and seen.roles[i] == role]
        many = np.repeat(those, SWAPS)
        others = pool.only(np.flatnonzero(pool.roles == role))
        other = swapped(facts.BY_NAME[name], seen.only(many), others, rng)
        changed.append(pick(model.next_word(other.lines()), other.masks) != actions[many])
    return {
        "said": float(spoken.mean()),
        "true": float(true[spoken].mean()) if spoken.any() else 0.0,
        "flip": float(np.concatenate(changed).mean()) if changed else 0.0,
    }
