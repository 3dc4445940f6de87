"""Language models in many villages at once: one forward pass for all who are free."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from stagelight.engines.village import rules as r
from stagelight.engines.village.llm.small_worker import NextWord, pick
from stagelight.engines.village.tape import Tape
from stagelight.engines.village.training.demonstrations import States, states
from stagelight.engines.village.training.encoding import remember
from stagelight.engines.village.training.rollouts import Cohort, told


@dataclass(frozen=True)
class Rollouts:
    """Whole episodes of B villages, and every choice in them."""

    returns: NDArray[np.float64]  # (B,)
    choices: NDArray[np.int8]  # (B, 480, 3) what each began, -1 where nothing was to be chosen
    states: States  # in which was chosen, N in all
    actions: NDArray[np.int64]  # (N,) what was chosen


def rollouts(
    next_word: NextWord,
    tapes: Tape,
    temperature: float = 0.0,
    rng: Generator | None = None,
    report: Callable[[int], object] = lambda _: None,
) -> Rollouts:
    """Let a language model run villages to their end.

    Args:
        next_word: who is asked.
        tapes: of the villages, stacked.
        temperature: at which words are drawn; 0: the likeliest.
        rng: of the drawing.
        report: called with the number of ticks done.
    """
    cohort = Cohort([""], tapes)
    choices = np.full((cohort.count, r.TICKS, 3), r.FREE, np.int8)
    seen, actions = [], []
    while not cohort.villages.over:
        remember(cohort.villages.observations, cohort.memory)
        now, rows, workers = states(cohort)
        doing = np.zeros((cohort.count, 3), np.int64)
        if len(now):
            doing[rows, workers] = pick(next_word(now.lines()), now.masks, temperature, rng)
        choices[rows, cohort.tick, workers] = doing[rows, workers]
        seen.append(now)
        actions.append(doing[rows, workers])
        cohort.villages.step(doing, told(cohort.count))
        report(cohort.tick)
    return Rollouts(cohort.villages.returns.copy(), choices, States.joined(seen), np.concatenate(actions))
