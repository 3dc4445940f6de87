"""Whole episodes on many tapes at once: of the scripted workers, compiled; and of choices that were written down."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village import kernels
from stagelight.engines.village.agents import base_stock_policy
from stagelight.engines.village.batch import Villages, show
from stagelight.engines.village.compiling import compiled
from stagelight.engines.village.exogenous import Tape


@compiled
def _play(s, w, known, seen, wind, omen, price, rabbits, rain, ill, p, works, tells, seen_by, masks, history):  # type: ignore[no-untyped-def]
    """Play every village from where it is to its end; history is (B, 480, 25), or (B, 0, 25) to keep none."""
    actions, last = np.zeros(3, np.int64), np.zeros(3, np.int64)
    for b in range(s.shape[0]):
        last[:] = r.FREE
        while w[b, kernels.NOW] < r.TICKS:
            tick = w[b, kernels.NOW]
            for agent in range(3):
                actions[agent] = r.WAIT
                if w[b, kernels.LEFT + agent] == 0 and works[agent] and not ill[b, tick, agent]:
                    actions[agent] = base_stock_policy.choose(seen_by[b, agent], last[agent], p)
                    if not masks[b, agent, actions[agent]]:
                        actions[agent] = r.WAIT
                    last[agent] = actions[agent]
            kernels.tell(s[b], w[b], known[b], seen[b], ill[b, tick], actions, tells)
            kernels.advance(
                s[b], w[b], wind[b, tick], price[b, tick], rabbits[b, tick], rain[b, tick], ill[b, tick], actions
            )
            show(s[b], w[b], known[b], seen[b], wind[b], omen[b], price[b], ill[b], seen_by[b], masks[b])
            if history.shape[1]:
                history[b, tick] = s[b]


def play(
    tapes: Tape, p: NDArray[np.float64], talks: bool = True, works: tuple[bool, bool, bool] = (True, True, True),
    remember: bool = False,
) -> tuple[Villages, NDArray[np.float64]]:  # fmt: skip
    """Play the scripted workers to the end of every tape.

    Args:
        tapes: stacked, B of them.
        p: (30,) `base_stock_policy.PARAMETERS`.
        talks: whether everyone tells what they see in every tick.
        works: which of the three do anything but wait.
        remember: keep every tick.

    Returns:
        The villages after the last day, and (B, 480, 25) the row of numbers after every tick, (B, 0, 25) unless asked.
    """
    v = Villages(tapes)
    history = np.zeros((len(v), r.TICKS if remember else 0, kernels.NUMBERS))
    _play(
        v.numbers, v.workers, v.known, v.seen, *v._chance, p, np.array(works), np.full(3, talks), v.observations,
        v.masks, history,
    )  # fmt: skip
    return v, history


def replay(tapes: Tape, choices: NDArray[np.int8]) -> tuple[Villages, NDArray[np.float64]]:
    """Play what was chosen once more; what was said meanwhile changes no stock, so it is not needed.

    Args:
        tapes: stacked, B of them.
        choices: (B, 480, 3) what each began, -1 where nothing was to be chosen.

    Returns:
        As `play`, with every tick remembered.
    """
    v, nobody = Villages(tapes), np.zeros((len(choices), 3), np.bool_)
    history = np.empty((len(v), r.TICKS, kernels.NUMBERS))
    for tick in range(r.TICKS):
        v.step(np.maximum(choices[:, tick], r.WAIT).astype(np.int64), nobody)
        history[:, tick] = v.numbers
    return v, history
