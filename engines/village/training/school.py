"""The small language model before and after the village: taught by the trained policy, tried on weather it never saw.

    from engines.village.training import school
    school.teach(mine, Small(reason_tokens=0), Path(".cache/village"))       # resumable; hours on a core
    school.tried(small.next_word, scenarios.HELD_OUT, range(6000, 6004))     # before, and again after

A language model is slow on a processor, so both put down what they have done and go on from there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from engines.recording import atomic, digest
from engines.village import scenarios, score
from engines.village.llm.small import Small
from engines.village.llm.small_worker import NextWord
from engines.village.training import course, language
from engines.village.training.lessons import Lessons, watch
from engines.village.training.policy import Policy
from engines.village.training.trial import trial

FIRST_LESSON = 15_000_000  # seeds of the tapes the pupil is taught on; of training, as rollouts.FIRST_SEED
SEEDS, BLUNDER = 24, 0.05  # episodes of each scenario; share of the expert's choices left to chance
UNSEEN = 512  # lessons of other tapes, on which agreement is measured


def lessons(expert: Policy, seeds: int = SEEDS, first: int = FIRST_LESSON) -> Lessons:
    """What the trained policy chose in all scenarios of training, with slips."""
    numbers = range(first, first + seeds)
    return watch(expert, scenarios.TRAIN, numbers, BLUNDER, np.random.default_rng(first))


def teach(
    expert: Policy,
    small: Small,
    cache: Path,
    config: language.Config | None = None,
    seed: int = 0,
    report: course.Report = lambda *_: None,
    until: float = float("inf"),
) -> language.Trainer:
    """Teach the small model, from where an earlier call was put down; afterwards it is adapted.

    Raises:
        course.Paused: `until` came first.
    """
    config = config or language.Config()
    shown = lessons(expert)
    trainer = language.Trainer(config, seed, small, shown)
    path = cache / f"language-{seed}-{digest(asdict(config), len(shown), shown.prompts[:100])}.safetensors"
    course.through(trainer, trainer.updates, path, _figures, report, until)
    return trainer


def agreement(trainer: language.Trainer, expert: Policy) -> dict[str, float]:
    """How often the pupil says the expert's word where it was not taught; and how often the commonest word is right."""
    unseen = lessons(expert, 1, FIRST_LESSON + SEEDS)
    pick = np.random.default_rng(0).permutation(len(unseen))[:UNSEEN]
    part = Lessons(tuple(unseen.prompts[i] for i in pick), unseen.masks[pick], unseen.actions[pick], unseen.roles[pick])
    commonest = [np.bincount(unseen.actions[unseen.roles == role]).argmax() for role in range(3)]
    chance = np.array(commonest)[part.roles] == part.actions
    return {"agreement": trainer.agreement(part, len(part)), "commonest": float(chance.mean())}


def tried(
    next_word: NextWord,
    names: Sequence[str],
    seeds: Sequence[int],
    path: Path | None = None,
    report: course.Report = lambda *_: None,
) -> Mapping[str, list[float]]:
    """Returns by scenario, one a seed, of villages that a language model runs; kept in `path` as they come."""
    found: dict[str, list[float]] = json.loads(path.read_text()) if path and path.exists() else {}
    for name in names:
        if name in found:
            continue
        found[name] = trial(next_word, score.tapes(name, seeds)).returns.tolist()
        report(f"tried in {name}", len(found), len(names), {"return": float(np.mean(found[name]))})
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic(path) as file:
                file.write(json.dumps(found).encode())
    return found


def _figures(step: language.Step) -> Mapping[str, float]:
    return {"loss": step.loss, "agreement": step.agreement}
