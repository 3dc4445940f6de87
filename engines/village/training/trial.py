"""Language models in many villages at once: one forward pass for all who are free."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village.exogenous import Tape
from stagelight.engines.village.llm import prompt
from stagelight.engines.village.llm.small_worker import NextWord, pick
from stagelight.engines.village.training.lessons import Lessons
from stagelight.engines.village.training.rollouts import Cohort, told


@dataclass(frozen=True)
class Trial:
    """Whole episodes of B villages, and every choice in them."""

    returns: NDArray[np.float64]  # (B,)
    choices: NDArray[np.int8]  # (B, 480, 3) what each began, -1 where nothing was to be chosen
    lessons: Lessons  # what was asked and chosen, N in all
    village: NDArray[np.int64]  # (N,) where


def trial(
    next_word: NextWord,
    tapes: Tape,
    temperature: float = 0.0,
    rng: Generator | None = None,
    report: Callable[[int], None] = lambda _: None,
) -> Trial:
    """Let a language model run villages to their end.

    Args:
        next_word: who is asked.
        tapes: of the villages, stacked.
        temperature: at which words are drawn; 0: the likeliest.
        rng: of the drawing.
        report: called with the number of ticks done.
    """
    cohort = Cohort([""], tapes)
    last = np.full((cohort.count, 3), r.FREE)
    choices = np.full((cohort.count, r.TICKS, 3), r.FREE, np.int8)
    prompts: list[str] = []
    masks, actions, roles, village = [], [], [], []
    while not cohort.villages.over:
        rows, workers = cohort.free()
        seen, allowed = cohort.villages.observations[rows, workers], cohort.villages.masks[rows, workers]
        lines = [prompt.short(o, int(before)) for o, before in zip(seen, last[rows, workers], strict=True)]
        doing = np.zeros((cohort.count, 3), np.int64)
        if lines:
            doing[rows, workers] = pick(next_word(lines), allowed, temperature, rng)
        last[rows, workers] = choices[rows, cohort.tick, workers] = doing[rows, workers]
        prompts += lines
        masks.append(allowed)
        actions.append(doing[rows, workers])
        roles.append(workers)
        village.append(rows)
        cohort.villages.step(doing, told(cohort.count))
        report(cohort.tick)
    lessons = Lessons(tuple(prompts), np.concatenate(masks), np.concatenate(actions), np.concatenate(roles))
    return Trial(cohort.villages.returns.copy(), choices, lessons, np.concatenate(village))


def best_of(found: Trial, groups: int) -> Lessons:
    """The choices of the best village of each group: `groups` tapes, each played by as many villages, tape by tape."""
    size = len(found.returns) // groups
    best = found.returns.reshape(groups, size).argmax(1) + size * np.arange(groups)
    return found.lessons.only(np.flatnonzero(np.isin(found.village, best)))
