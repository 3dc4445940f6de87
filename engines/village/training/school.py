"""The small language model before and after the village: taught by the trained policy, then by what its villages reach.

    small = Small(reason_tokens=0, dtype=torch.bfloat16)
    school.teach(expert, small, Path(".cache/village"))       # resumable; an hour and a half on a core

Three terms, each a run of `language.Trainer` on the same adapter:

    shown      what the expert chooses in its own villages, with slips
    corrected  half of that, and half what it would have chosen in villages that the pupil runs
    rewarded   the pupil's own choices in the best of some villages on one tape: only the return says which

A language model is slow on a processor, so all of it puts down what it has done and goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from stagelight.engines.experiment.progress import NEVER, Progress, interrupt_after, silent
from stagelight.engines.experiment.provenance import key
from stagelight.engines.experiment.training import append, run_to_completion
from stagelight.engines.village import constants as rules
from stagelight.engines.village import exogenous as tape
from stagelight.engines.village import scenarios
from stagelight.engines.village.llm.small import Small
from stagelight.engines.village.training import language
from stagelight.engines.village.training.lessons import Lessons, keep, kept, watch
from stagelight.engines.village.training.networks import Policy
from stagelight.engines.village.training.trial import best_of, trial

FIRST_LESSON = 15_000_000  # seeds of the tapes the pupil is taught on; of training, as rollouts.FIRST_SEED
FIRST_CORRECTED, FIRST_REWARDED = FIRST_LESSON + 100, FIRST_LESSON + 200
SEEDS, BLUNDER = 24, 0.05  # the expert's episodes of each scenario; share of its choices left to chance
UNSEEN = 512  # lessons of other tapes, on which agreement is measured
SHOWN = language.Config()
CORRECTED, REWARDED = replace(SHOWN, examples=4_000, rate=5e-4), replace(SHOWN, examples=1_000, rate=2e-4)


@dataclass(frozen=True)
class Terms:
    """The published course."""

    shown: language.Config = SHOWN
    corrected: language.Config = CORRECTED
    corrected_seeds: int = 4  # the pupil's episodes of each scenario
    rewarded: language.Config = REWARDED
    rewarded_seeds: int = 1  # tapes of each scenario
    group: int = 4  # villages on each, of which the best is imitated
    temperature: float = 0.5  # at which those choose

    @property
    def examples(self) -> int:
        """Shown altogether."""
        return sum(term.examples for term in (self.shown, self.corrected, self.rewarded))


def shown(expert: Policy, seeds: int = SEEDS, first: int = FIRST_LESSON) -> Lessons:
    """What the trained policy chose in all scenarios of training, with slips."""
    return watch(expert, scenarios.TRAIN, range(first, first + seeds), BLUNDER, np.random.default_rng(first))


def teach(
    expert: Policy,
    small: Small,
    cache: Path,
    terms: Terms | None = None,
    seed: int = 0,
    progress: Progress = silent,
    deadline: float = NEVER,
) -> language.Trainer:
    """Teach the small model, from where an earlier call was put down; afterwards it is adapted.

    Args:
        expert: whose choices are imitated.
        small: the pupil, without an adapter.
        cache: where what was done is kept.
        terms: the course; the published one if None.
        seed: of the adapter, the order of lessons and the pupil's drawing.
        progress: told of each update.
        deadline: moment of `time.monotonic()` at which it is interrupted, between updates.

    Raises:
        Interrupted: the deadline passed; the same call resumes.
    """
    terms = terms or Terms()
    lessons = shown(expert)
    name = key(asdict(terms.shown), len(lessons), lessons.prompts[:100])
    trainer = language.Trainer(terms.shown, seed, small, lessons)
    _through(trainer, cache / f"language-{seed}-{name}.safetensors", progress, deadline)

    name = f"{seed}-{key(name, asdict(terms))}"
    lessons = _kept(
        cache / f"corrected-{name}.npz", partial(_corrected, expert, small, lessons, terms, progress), deadline
    )
    trainer = language.Trainer(terms.corrected, seed + 1, small, lessons, trainer.policy)
    _through(trainer, cache / f"language-corrected-{name}.safetensors", progress, deadline)

    lessons = _kept(cache / f"rewarded-{name}.npz", partial(_rewarded, small, terms, seed, progress), deadline)
    trainer = language.Trainer(terms.rewarded, seed + 2, small, lessons, trainer.policy)
    _through(trainer, cache / f"language-rewarded-{name}.safetensors", progress, deadline)
    return trainer


def agreement(trainer: language.Trainer, expert: Policy) -> dict[str, float]:
    """How often the pupil says the expert's word where it was not taught; and how often the commonest word is right."""
    unseen = shown(expert, 1, FIRST_LESSON + SEEDS)
    part = unseen.only(np.random.default_rng(0).permutation(len(unseen))[:UNSEEN])
    commonest = [np.bincount(unseen.actions[unseen.roles == role]).argmax() for role in range(3)]
    chance = np.array(commonest)[part.roles] == part.actions
    return {"agreement": trainer.agreement(part, len(part)), "commonest": float(chance.mean())}


def _corrected(expert: Policy, small: Small, before: Lessons, terms: Terms, progress: Progress) -> Lessons:
    """As many of the lessons before as the expert now gives in villages that the pupil runs, and those."""
    seeds = range(FIRST_CORRECTED, FIRST_CORRECTED + terms.corrected_seeds)
    rng = np.random.default_rng(FIRST_CORRECTED)
    found = watch(expert, scenarios.TRAIN, seeds, 0.0, rng, small.next_word, partial(_ticks, "corrected", progress))
    return before.only(rng.permutation(len(before))[: len(found)]) + found


def _rewarded(small: Small, terms: Terms, seed: int, progress: Progress) -> Lessons:
    """The choices of the best village of each group."""
    seeds = range(FIRST_REWARDED, FIRST_REWARDED + terms.rewarded_seeds)
    drawn = [tape.draw(scenarios.named(name), one) for name in scenarios.TRAIN for one in seeds]
    tapes = tape.stack([one for one in drawn for _ in range(terms.group)])
    rng = np.random.default_rng(FIRST_REWARDED + seed)
    found = trial(small.next_word, tapes, terms.temperature, rng, partial(_ticks, "the pupil's villages", progress))
    groups = found.returns.reshape(len(drawn), terms.group)
    mean, best = float(groups.mean()), float(groups.max(1).mean())
    progress("the best of each group", len(drawn), len(drawn), {"mean": mean, "best": best})
    return best_of(found, len(drawn))


def _through(trainer: language.Trainer, path: Path, progress: Progress, deadline: float) -> None:
    run_to_completion(trainer, trainer.updates, path, lambda step, log: append(log, _figures(step)), progress, deadline)


def _kept(path: Path, make: Callable[[], Lessons], deadline: float) -> Lessons:
    """Lessons that were drawn by an earlier call, or are now."""
    found = kept(path)
    if found is None:
        interrupt_after(deadline, path.stem)
        found = make()
        keep(path, found)
    return found


def _ticks(what: str, progress: Progress, tick: int) -> None:
    progress(what, tick, rules.TICKS, {})


def _figures(step: language.Step) -> Mapping[str, float]:
    return {"loss": step.loss, "agreement": step.agreement}
