"""The cross-entropy method (Rubinstein 1999): a search for the numbers of greatest value."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
SHRINK = 0.8  # of the elite's standard deviation


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
