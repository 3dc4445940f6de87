"""The cross-entropy method (Rubinstein 1999): a search for the numbers of greatest value.

By it the numbers of the scripted workers were fitted on train seeds, mean return greatest: for every scenario its own,
and one set for the calibrated scenarios together; again where nobody talks.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from stagelight.engines.village.agents.scripted import BatchScripted
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.batch_episode import play
from stagelight.engines.village.exogenous import Tape

Numbers = NDArray[np.float64]
SHRINK = 0.8  # of the elite's standard deviation
# The range in which each of `base_stock_policy.PARAMETERS` is searched.
LOW = np.array([
    0, 0, 0, 0.1, 30, 0.2, 0.1, 0.3, 0.02, 0.2, 0.1, 0.2, 0.2, 0.2, 0.1, 0.3, 1, 0.1, 0.1, 0.2, 0, -2, 0.2, 0.1, 0, 4,
    0.1, 1, 1, 1,
], np.float64)  # fmt: skip
HIGH = np.array([
    10, 8, 6, 1.5, 40, 1.7, 1, 1, 1, 1, 1, 2.5, 3.5, 3, 1, 2.5, 12, 1, 3, 1.2, 1, 6, 2, 2, 4, 120, 1, 1, 1, 1,
], np.float64)  # fmt: skip
KEPT = 6  # one in so many of those drawn is kept


def maximise(
    value: Callable[[Numbers], float], start: Numbers, deviation: Numbers, floor: Numbers, rng: Generator,
    project: Callable[[Numbers], Numbers], rounds: int, count: int, elite: int,
) -> Numbers:  # fmt: skip
    """The numbers of greatest value among those drawn, each round from a normal around the best of the one before.

    Args:
        value: of some numbers, (N,).
        start: (N,) mean of the first round, and one of its draws.
        deviation: (N,) standard deviation of the first round.
        floor: (N,) added to the deviation of every later round, so that the search does not stop early.
        rng: of the draws.
        project: moves draws, (count, N), to where numbers are allowed.
        rounds: how many.
        count: draws of a round.
        elite: of them, how many the next round is fitted to.
    """
    mean, best, most = start.copy(), start, -np.inf
    for _ in range(rounds):
        drawn = project(mean + deviation * rng.standard_normal((count, len(mean))))
        drawn[0] = best
        found = np.array([value(numbers) for numbers in drawn])
        chosen = drawn[np.argsort(-found)[:elite]]
        mean, deviation = chosen.mean(0), SHRINK * chosen.std(0) + floor
        if found.max() > most:
            best, most = drawn[found.argmax()], found.max()
    return best


def fit(
    tapes: Tape, start: NDArray[np.float64], talks: bool, rng: Generator, rounds: int = 34, count: int = 64
) -> NDArray[np.float64]:
    """(30,) numbers that do best on some tapes.

    Args:
        tapes: stacked.
        start: (30,) numbers that do well.
        talks: whether everyone tells what they see.
        rng: of the search.
        rounds, count: how often, and how many are drawn each time.
    """
    return search(
        lambda p: float(play(Villages(tapes), BatchScripted(p, talks)).returns.mean()), start, rng, rounds, count
    )


def search(
    value: Callable[[NDArray[np.float64]], float], start: NDArray[np.float64], rng: Generator, rounds: int, count: int
) -> NDArray[np.float64]:
    """(30,) numbers of greatest value, within the range of each."""
    reach = HIGH - LOW
    return maximise(
        value, start, 0.18 * reach, 0.02 * reach, rng, lambda drawn: np.clip(drawn, LOW, HIGH),
        rounds, count, max(4, count // KEPT),
    )  # fmt: skip
