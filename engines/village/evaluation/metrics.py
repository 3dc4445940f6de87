"""How well a village was run: the normalised score and what lies behind it.

The score of an episode is (J - J_random) / (J_clairvoyant - J_random), unclipped: 0 is the random agent on the same
tapes, in the mean, and 1 the plan found by one who knows the tape. Intervals are bootstrapped over seeds. The final
table is made by `benchmark`.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.experiment.statistics import mean_interval
from stagelight.engines.village import constants as r
from stagelight.engines.village import kernels, scenarios, worst_case_start
from stagelight.engines.village.agents import registry
from stagelight.engines.village.exogenous import Tape, stack

TRAIN_SEEDS, TEST_SEEDS = range(1000, 1100), range(5000, 5100)
DEVELOPMENT_COUNT = 10
DEVELOPMENT_SEEDS = TEST_SEEDS[:DEVELOPMENT_COUNT]  # those whose plans come with the code
SEALED_SEEDS = range(770_000, 770_100)  # of the final table, looked at once
HUNGRY, FED, HALF_A_DAY = 0.7, 0.95, 0.5  # shares of bread needed; granary, in days of food
RESERVES = (0, 1, 2, 3, 4, 5, 6, 8, 10)
Values = NDArray[np.float64]


def tapes(scenario: str, seeds: Iterable[int]) -> Tape:
    """The stacked tapes of some seeds."""
    return stack([worst_case_start.tape(scenarios.named(scenario), seed) for seed in seeds])


def measures(history: Values) -> dict[str, Values]:
    """What happened in episodes: each (B,), from the rows of numbers after every tick (B, 480, 25)."""
    day = history[:, r.DAY - 1 :: r.DAY]
    first = np.zeros((len(history), 1, history.shape[2]))
    eaten = np.diff(np.concatenate([first, day], 1)[:, :, kernels.EATEN], axis=1)
    mouths = np.concatenate([np.full((len(day), 1), float(r.MOUTHS)), day[:, :-1, kernels.N]], 1)
    share, reserve = eaten / mouths, day[:, :, kernels.STORE] / day[:, :, kernels.N]
    hungry, recovery = crises(share, reserve)
    last = history[:, -1]
    stores = last[:, kernels.CUT : kernels.COIN].sum(1)
    return {
        "returns": last[:, kernels.J] / r.NORM,
        "days_fed": (share >= FED).sum(1).astype(float),
        "hunger_days": (share < HUNGRY).sum(1).astype(float),
        "hungry": hungry,
        "recovery_days": recovery,  # nan: never hungry, or never recovered
        "lowest_reserve": reserve.min(1),
        "net_worth": stores + last[:, kernels.COIN],
        "mouths": last[:, kernels.N],
        "level": last[:, kernels.LEVEL],
        "gini": gini(share),
    }


def crises(share: Values, reserve: Values) -> tuple[Values, Values]:
    """Whether a village went hungry, and after how many days it had recovered.

    Hungry: two days in a row under 70 % fed with under half a day in the granary. Recovered: four in a row at 95 %.

    Args:
        share, reserve: (B, 40) share of bread needed that was eaten; days of food in the granary.
    """
    bad, good = (share < HUNGRY) & (reserve < HALF_A_DAY), share >= FED
    twice = bad[:, 1:] & bad[:, :-1]
    hungry, recovery = twice.any(1), np.full(len(share), np.nan)
    for b in np.flatnonzero(hungry):
        start = int(twice[b].argmax()) + 1
        for day in range(start + 1, r.DAYS - 3):
            if good[b, day : day + 4].all():
                recovery[b] = day - start
                break
    return hungry.astype(float), recovery


def gini(share: Values) -> Values:
    """(B,) how unevenly the days were fed: the Gini coefficient over an episode's days; 0 is even."""
    ordered = np.sort(share, axis=1)
    count = share.shape[1]
    weight = 2 * np.arange(1, count + 1) - count - 1
    return np.asarray((ordered * weight).sum(1) / (count * np.maximum(ordered.sum(1), 1e-9)))


def table(workers: NDArray[np.int64], history: Values, best: Values, worst: float) -> dict[str, float]:
    """Facts of episodes.

    Args:
        workers: (B, 16) rows of workers after the last day.
        history: (B, 480, 25) rows of numbers after every tick.
        best, worst: (B,) the clairvoyant's returns, none below the agent's; the random agent's mean return.
    """
    found = measures(history)
    scores = (found["returns"] - worst) / (best.mean() - worst)
    low, high = mean_interval(scores)
    recovered = ~np.isnan(found["recovery_days"])
    facts = {name: float(values.mean()) for name, values in found.items() if name != "recovery_days"}
    return facts | {
        "score": float(scores.mean()), "score_low": low, "score_high": high, "score_worst": float(scores.min()),
        "share": float(found["returns"].mean() / best.mean()),
        "recovered": float(recovered.sum() / max(1.0, found["hungry"].sum())),
        "recovery_days": float(found["recovery_days"][recovered].mean()) if recovered.any() else 0.0,
        "invalid": float(workers[:, kernels.INVALID : kernels.INVALID + 3].sum(1).mean()),
        "empty": float(workers[:, kernels.EMPTY : kernels.EMPTY + 3].sum(1).mean()),
        "messages": 0.0, "tokens": 0.0, "seeds": float(len(best)),
    }  # fmt: skip


def best_reserve(scenario: str, drawn: Tape, talks: bool = True) -> int:
    """Of RESERVES, kept the same all year, the one with the best mean return on some tapes of a scenario."""
    return max(RESERVES, key=lambda days: mean_return(registry.with_reserve(days, talks), scenario, drawn))


def mean_return(agent: registry.Entry, scenario: str, drawn: Tape) -> float:
    """The mean return of an agent of lists."""
    return float(registry.episodes(agent, drawn, scenario).returns.mean())
