"""The numbers of the scripted workers: those that were fitted, and how.

One rule, the lists of `stock`; its numbers by the cross-entropy method (Rubinstein 1999) on train seeds, mean return
greatest: for every scenario its own, and one set for the calibrated scenarios together; again where nobody talks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from stagelight.engines.village import cem, stock
from stagelight.engines.village.playing import play
from stagelight.engines.village.tape import Tape

FILE = Path(__file__).resolve().parent / "fitted.json"
ALL = "all"  # the numbers for every scenario
# The range in which each of `stock.PARAMETERS` is searched.
LOW = np.array([
    0, 0, 0, 0.1, 30, 0.2, 0.1, 0.3, 0.02, 0.2, 0.1, 0.2, 0.2, 0.2, 0.1, 0.3, 1, 0.1, 0.1, 0.2, 0, -2, 0.2, 0.1, 0, 4,
    0.1, 1, 1, 1,
], np.float64)  # fmt: skip
HIGH = np.array([
    10, 8, 6, 1.5, 40, 1.7, 1, 1, 1, 1, 1, 2.5, 3.5, 3, 1, 2.5, 12, 1, 3, 1.2, 1, 6, 2, 2, 4, 120, 1, 1, 1, 1,
], np.float64)  # fmt: skip
KEPT = 6  # one in so many of those drawn is kept


@cache
def fitted() -> dict[str, dict[str, tuple[float, ...]]]:
    """Numbers by `spoken` or `silent`, and by the scenario they were fitted to, or ALL."""
    found = json.loads(FILE.read_text(encoding="utf-8"))
    return {talk: {name: tuple(row) for name, row in rows.items()} for talk, rows in found.items()}


def parameters(
    changed: Mapping[str, float] | None = None, scenario: str = ALL, talks: bool = True
) -> NDArray[np.float64]:
    """(30,) the numbers of the (s, S) policy, some of them changed.

    Args:
        changed: numbers by their names in `stock.PARAMETERS`.
        scenario: the one they were fitted to; those of ALL where none were fitted to it.
        talks: whether they were fitted where everyone tells what they see, or where nobody does.

    Raises:
        ValueError: there is no number of that name.
    """
    rows = fitted()["spoken" if talks else "silent"]
    numbers = dict(zip(stock.PARAMETERS, rows.get(scenario, rows[ALL]), strict=True))
    for name in changed or {}:
        if name not in numbers:
            raise ValueError(f"parameter {name!r}: no such parameter; choose one of {', '.join(stock.PARAMETERS)}")
    return np.array([*(numbers | dict(changed or {})).values()], np.float64)


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
    return search(lambda p: float(play(tapes, p, talks)[0].returns.mean()), start, rng, rounds, count)


def search(
    value: Callable[[NDArray[np.float64]], float], start: NDArray[np.float64], rng: Generator, rounds: int, count: int
) -> NDArray[np.float64]:
    """(30,) numbers of greatest value, within the range of each."""
    reach = HIGH - LOW
    return cem.maximise(
        value, start, 0.18 * reach, 0.02 * reach, rng, lambda drawn: np.clip(drawn, LOW, HIGH),
        rounds, count, max(4, count // KEPT),
    )  # fmt: skip
