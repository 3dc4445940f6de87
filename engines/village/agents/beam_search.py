"""Beam search for a plan on a tape that is known: days are tried in many ways, and those that promise most are kept.

Each day of each state that is kept is played with many lists, which are the scripted workers' with other numbers, and
with single choices made at random. The states they come to are ranked by `forecast`. Lists alone, fitted to the tape,
stop at the first plan that is safe, and hardly ever sell before a calm what they could store; a ranking by what can
still be had finds the levels that pay for both.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village import kernels
from stagelight.engines.village.agents import base_stock_policy, fitted, oracle
from stagelight.engines.village.agents.forecast import MEAL, forecast, steps
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.compiling import compiled
from stagelight.engines.village.exogenous import Tape, stack
from stagelight.engines.village.training import cem

WIDTH, CHILDREN = 256, 12  # states that are kept, and days that each of them is played
OVERRULED = 0.05  # of the choices of one child in four; twice and three times as many of two others
CHANGED = 0.15  # of the numbers of every other child's lists
LONGEST = int(r.DURATION.max())  # ticks of an action
SWITCHES = 2  # the last of `base_stock_policy.PARAMETERS`, which stay on
# `forecast.NUMBERS`, as `fit` found them on train seeds, and the range in which it searches.
FOUND = (0.626, 0.368, 0.19, 0.344, 0.182, 0.486, 0.388, 0.739, 0.764, 0.847, 34.0, 9.09, 0.374, 1.02)
LEAST = np.array([0.3, 0.15, 0.05, 0.15, 0.05, 0.0, 0.15, 0.0, 0.0, -1.0, 28.0, 4.0, 0.1, 0.5])
MOST = np.array([1.0, 0.8, 0.5, 0.9, 0.4, 2.5, 0.8, 1.5, 1.0, 3.0, 40.0, 24.0, 0.9, 2.0])


@compiled
def sensible(s, w, agent, action, wind, rabbits):  # type: ignore[no-untyped-def]  # noqa: PLR0911  # one for each action
    """Whether an action, begun now, may have something to do when it is over."""
    tool, begun = 1 + r.TOOL * s[kernels.LEVEL], w[kernels.NOW]
    end = begun + r.DURATION[agent, w[kernels.AT + agent], action] - 1
    if end >= r.TICKS:
        return False
    if action == r.WAIT:
        return np.random.random() < 0.3
    if action == r.FARM:
        return s[: r.PLOTS].max() + (end - begun) * r.RIPEN >= 1 and s[kernels.CUT] < 0.8 * r.FIELD_ROOM * tool
    if action == r.GUARD:
        return s[kernels.RABBITS] > 0 or rabbits[begun : end + 1].any()
    if action == r.GRIND and wind[end] == 0:
        return False
    if action == r.INVEST:
        return s[kernels.LEVEL] < r.LEVELS and s[kernels.COIN] >= r.PRICE_OF_LEVEL * tool
    if action == r.SELL:
        return s[kernels.STORE] > 4
    if action == r.BUY:
        return s[kernels.COIN] > 3 * r.PRICE_OF_BREAD
    return s[kernels.FROM[action]] > 2 and s[kernels.TO[action]] < 0.85 * kernels.ROOM[action] * tool


@compiled
def live(s, w, wind, omen, price, rabbits, rain, ill, p, overruled, o, actions, into):  # type: ignore[no-untyped-def]
    """Play a day of one village from lists with random choices among them; what was begun is written into `into`.

    Args:
        s, w: its rows, changed in place.
        p: (30,) the lists' numbers.
        overruled: share of choices that are random.
        o, actions: (44,), (3,) room to work in.
        into: int8 (12, 3), `constants.FREE` where nothing was to be chosen.
    """
    into[:] = r.FREE
    for now in range(r.DAY):
        tick, seen = w[kernels.NOW], False
        for agent in range(3):
            actions[agent] = r.WAIT
            if w[kernels.LEFT + agent] > 0 or ill[tick, agent]:
                continue
            if not seen:
                oracle.omniscient(s, w, wind[tick], omen[tick], price[tick], o)
                seen = True
            o[r.ROLE], o[r.PLACE] = agent, w[kernels.AT + agent]
            actions[agent] = base_stock_policy.act(o, p)
            if np.random.random() < overruled:
                tried = np.random.randint(kernels.CHOICES)
                if sensible(s, w, agent, tried, wind, rabbits):
                    actions[agent] = tried
            into[now, agent] = o[r.KNOWS + r.FARMER_DOES + agent] = actions[agent]
        kernels.advance(s, w, wind[tick], price[tick], rabbits[tick], rain[tick], ill[tick], actions)


@compiled
def promise(s, w, wind, price, weather, numbers, after, plots):  # type: ignore[no-untyped-def]
    """What is forecast for a state, as if all that is being done were done; `after` (25,) and `plots` (6,) are room."""
    after[:] = s
    tick = w[kernels.NOW]
    for left in range(1, min(LONGEST, r.TICKS - tick) + 1):
        for agent in range(3):
            if w[kernels.LEFT + agent] == left and w[kernels.DOES + agent] != r.WAIT:
                end = tick + left - 1
                kernels.effect(after, agent, w[kernels.DOES + agent], wind[end], price[end])
    return forecast(after, tick // MEAL, weather, numbers, plots)


@compiled
def search(s, w, wind, omen, price, rabbits, rain, ill, pool, low, high, numbers, width, children, seed):  # type: ignore[no-untyped-def]
    """The best J found, and int8 (480, 3) the choices that lead to it.

    Args:
        s, w: the rows at the first dawn.
        pool: (P, 30) numbers of lists.
        low, high: (30,) the range of the numbers.
        numbers: (14,) `forecast.NUMBERS`.
        width: states that are kept; children: days that each of them is played.
        seed: of the draws.
    """
    np.random.seed(seed)  # numba's own generator, not numpy's
    weather, count = steps(wind, price, rabbits, rain, numbers), width * children
    states, workers = np.empty((width, kernels.NUMBERS)), np.empty((width, kernels.WORKERS), np.int64)
    new_states, new_workers = np.empty((count, kernels.NUMBERS)), np.empty((count, kernels.WORKERS), np.int64)
    begun, worth = np.empty((count, r.DAY, 3), np.int8), np.empty(count)
    parents, done = np.empty((r.DAYS, width), np.int64), np.empty((r.DAYS, width, r.DAY, 3), np.int8)
    o, actions, p = np.zeros(r.OBSERVED, np.float32), np.zeros(3, np.int64), np.empty(pool.shape[1])
    after, plots = np.empty(kernels.NUMBERS), np.empty(r.PLOTS)
    states[0], workers[0], kept = s, w, 1
    for day in range(r.DAYS):
        each = count // kept
        for child in range(kept * each):
            new_states[child], new_workers[child] = states[child // each], workers[child // each]
            p[:] = pool[np.random.randint(len(pool))]
            if child % 2:
                for item in range(len(p) - SWITCHES):
                    if np.random.random() < CHANGED:
                        p[item] = low[item] + (high[item] - low[item]) * np.random.random()
            live(
                new_states[child], new_workers[child], wind, omen, price, rabbits, rain, ill, p,
                OVERRULED * (child % 4), o, actions, begun[child],
            )  # fmt: skip
            worth[child] = promise(new_states[child], new_workers[child], wind, price, weather, numbers, after, plots)
        kept_before, kept, last = kept, 0, np.inf
        for child in np.argsort(-worth[: kept_before * each]):
            if worth[child] < last and kept < width:  # what is worth the same to the bit is the same
                last = worth[child]
                states[kept], workers[kept] = new_states[child], new_workers[child]
                parents[day, kept], done[day, kept] = child // each, begun[child]
                kept += 1
    at, found = 0, np.empty((r.TICKS, 3), np.int8)  # on the last evening the worth is J
    for day in range(r.DAYS - 1, -1, -1):
        found[day * r.DAY : (day + 1) * r.DAY], at = done[day, at], parents[day, at]
    return states[0, kernels.J], found


def plan(
    tape: Tape, seed: int, width: int = WIDTH, children: int = CHILDREN, numbers: NDArray[np.float64] | None = None
) -> tuple[float, oracle.Choices]:
    """A plan for a tape of one village: its return, and int8 (480, 3) what each worker begins.

    Args:
        tape: of one village.
        seed: of the search.
        width: states that are kept.
        children: days that each of them is played.
        numbers: (14,) `forecast.NUMBERS`, if not FOUND.
    """
    v, pool = Villages(stack([tape])), np.array(list(fitted.by_scenario()["spoken"].values()))
    found, choices = search(
        v.numbers[0], v.workers[0], tape.wind, tape.omen, tape.price, tape.rabbits, tape.rain, tape.ill,
        pool, cem.LOW, cem.HIGH, np.array(FOUND) if numbers is None else numbers, width, children, seed,
    )  # fmt: skip
    return found / r.NORM, choices


def fit(
    tapes: Sequence[Tape], rng: Generator, rounds: int, count: int = 10, width: int = 24, children: int = 20
) -> NDArray[np.float64]:
    """(14,) `forecast.NUMBERS` with which the plans for some tapes are best in the mean.

    Args:
        tapes: each of one village.
        rng: of the search.
        rounds, count: how often, and how many are drawn each time.
        width, children: as in `plan`.
    """
    reach = MOST - LEAST
    return cem.maximise(
        lambda numbers: float(np.mean([plan(tape, 0, width, children, numbers)[0] for tape in tapes])),
        np.array(FOUND), 0.15 * reach, 0.02 * reach, rng, lambda drawn: np.clip(drawn, LEAST, MOST),
        rounds, count, max(2, count // 3),
    )  # fmt: skip
