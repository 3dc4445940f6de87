"""An achievable plan by one who knows the tape: what could have been done, found by search.

Three workers who see everything follow the scripted lists, whose numbers are first fitted to this very tape by the
cross-entropy method. The search goes on from there or, where that is better, from what an agent chose on the tape:
numbers are changed for some days and single choices overruled, one at a time, by simulated annealing. The result is a
plan that was really played out, so its return is a lower bound on the best possible.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village import kernels
from stagelight.engines.village.agents import base_stock_policy
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.compiling import compiled
from stagelight.engines.village.exogenous import Tape, stack
from stagelight.engines.village.training import cem

NOT_OVERRULED = -1
Choices = NDArray[np.int8]  # (480, 3) what each begins, NOT_OVERRULED where the lists decide


@compiled
def omniscient(s, w, wind, omen, price, o):  # type: ignore[no-untyped-def]
    """Write an observation by which everything is seen now; role and place are left to be filled in."""
    o[:] = 0
    o[r.ACTION] = r.FREE
    tick = w[kernels.NOW]
    o[r.TODAY], o[r.TICK], o[r.LEVEL] = tick // r.DAY + 1, tick % r.DAY, s[kernels.LEVEL]
    known = o[r.KNOWS : r.AGE]
    for place in range(6):
        kernels.see(s, w, place, wind, omen, price, known)
    for agent in range(3):
        known[r.FARMER_DOES + agent] = w[kernels.DOES + agent]


@compiled
def follow(s, w, wind, omen, price, rabbits, rain, ill, p, plan, states, workers, waiting):  # type: ignore[no-untyped-def]
    """Play one village from where it is to its end; returns J.

    Args:
        s, w: its rows, changed in place.
        p: (40, 30) `base_stock_policy.PARAMETERS` on every day.
        plan: int8 (480, 3) what to do instead of what the lists say, -1: nothing. A choice that finds its worker busy
            waits until they are free.
        states, workers, waiting: (481, 25), (481, 16), (481, 3): the rows before every tick, and the choices that wait
            then, written; read where it begins.
    """
    o, actions = np.zeros(r.OBSERVED, np.float32), np.zeros(3, np.int64)
    while w[kernels.NOW] < r.TICKS:
        tick, seen = w[kernels.NOW], False
        states[tick], workers[tick] = s, w
        due = waiting[tick + 1]
        due[:] = waiting[tick]
        for agent in range(3):
            if plan[tick, agent] != NOT_OVERRULED:
                due[agent] = plan[tick, agent]
            actions[agent] = r.WAIT
            if w[kernels.LEFT + agent] > 0 or ill[tick, agent]:
                continue
            if due[agent] != NOT_OVERRULED:
                actions[agent] = due[agent]
                due[agent] = NOT_OVERRULED
            else:
                if not seen:
                    omniscient(s, w, wind[tick], omen[tick], price[tick], o)
                    seen = True
                o[r.ROLE], o[r.PLACE] = agent, w[kernels.AT + agent]
                actions[agent] = base_stock_policy.act(o, p[tick // r.DAY])
            o[r.KNOWS + r.FARMER_DOES + agent] = actions[agent]
        kernels.advance(s, w, wind[tick], price[tick], rabbits[tick], rain[tick], ill[tick], actions)
    return s[kernels.J]


@compiled
def memory():  # type: ignore[no-untyped-def]
    """Room for the rows before every tick, and the choices that wait."""
    rows = np.empty((r.TICKS + 1, kernels.NUMBERS)), np.empty((r.TICKS + 1, kernels.WORKERS), np.int64)
    return rows[0], rows[1], np.full((r.TICKS + 1, 3), NOT_OVERRULED)


@compiled
def anneal(s, w, wind, omen, price, rabbits, rain, ill, p, plan, low, high, trials, heat, seed):  # type: ignore[no-untyped-def]
    """Change one thing after another, in place in `p` and `plan`, as simulated annealing does; returns the best J.

    One change in four is to a number of the lists over some days; the others overrule one choice, or let it be.

    Args:
        s, w: the rows at the first dawn.
        p: (40, 30) the lists' numbers on every day; plan: as in `follow`. The best found is left in them.
        low, high: (30,) the range of the numbers.
        trials: changes tried; heat: how much less J is taken at first, in the mean, falling to 0.
    """
    np.random.seed(seed)  # numba's own generator, not numpy's
    states, workers, waiting = memory()
    new_states, new_workers, new_waiting = memory()
    a, b = s.copy(), w.copy()
    now = follow(a, b, wind, omen, price, rabbits, rain, ill, p, plan, states, workers, waiting)
    best, best_p, best_plan = now, p.copy(), plan.copy()
    kept_p = p.copy()
    for trial in range(trials):
        tick, agent, item = np.random.randint(r.TICKS), np.random.randint(3), -1
        if np.random.random() < 0.25:
            item, day = np.random.randint(p.shape[1]), tick // r.DAY
            until, tick = min(r.DAYS, day + 1 + np.random.randint(10)), day * r.DAY
            kept_p[day:until, item] = p[day:until, item]
            p[day:until, item] = low[item] + (high[item] - low[item]) * np.random.random()
        else:
            while tick > 0 and workers[tick, kernels.LEFT + agent] > 0:  # the worker's last choice before the tick
                tick -= 1
            kept, choice = plan[tick, agent], np.random.randint(-3, 13)
            plan[tick, agent] = max(choice, NOT_OVERRULED)
        a[:], b[:], new_waiting[tick] = states[tick], workers[tick], waiting[tick]
        found = follow(a, b, wind, omen, price, rabbits, rain, ill, p, plan, new_states, new_workers, new_waiting)
        bar = now + heat * (1 - trial / trials) * np.log(np.random.random())
        if found >= bar:
            now = found
            states[tick:], workers[tick:], waiting[tick:] = new_states[tick:], new_workers[tick:], new_waiting[tick:]
            if now > best:
                best, best_p[:], best_plan[:] = now, p, plan
        elif item >= 0:
            p[day:until, item] = kept_p[day:until, item]
        else:
            plan[tick, agent] = kept
    p[:], plan[:] = best_p, best_plan
    return best


def fit(
    tape: Tape, start: NDArray[np.float64], rng: Generator, rounds: int = 40, count: int = 48
) -> NDArray[np.float64]:
    """(30,) numbers for the lists that do best on a tape, by the cross-entropy method around some that do well."""
    rows = _rows(tape)
    return cem.search(lambda p: _play(rows, p), start, rng, rounds, count)


def plan(
    tape: Tape, start: NDArray[np.float64], seed: int, trials: int, known: Sequence[Choices] = (), heat: float = 1.5
) -> tuple[float, NDArray[np.float64], Choices]:
    """Search for a plan on a tape; never worse than those that are known.

    Args:
        tape: of one village.
        start: (30,) numbers of lists that do well.
        seed: of the search.
        trials: changes tried.
        known: plans that were played on the tape, an agent's own choices, say: the search goes on from the best.
        heat: as in `anneal`.

    Returns:
        Its return, the lists' numbers (40, 30), and the plan int8 (480, 3), -1 where the lists are followed.
    """
    rng, rows = np.random.default_rng(seed), _rows(tape)
    p = np.tile(fit(tape, start, rng), (r.DAYS, 1))
    none = np.full((r.TICKS, 3), NOT_OVERRULED, np.int8)
    found = max([none, *known], key=lambda one: _played(rows, p, one)).copy()
    best = anneal(*rows, p, found, cem.LOW, cem.HIGH, trials, heat, int(rng.integers(2**31)))
    return best / r.NORM, p, found


def played(tape: Tape, p: NDArray[np.float64], choices: Choices) -> float:
    """The return of a plan, as `plan` gives it, played from the first dawn."""
    return _played(_rows(tape), p, choices) / r.NORM


def choices(tape: Tape, p: NDArray[np.float64], plan: Choices) -> Choices:
    """The choices that a plan comes to, `constants.FREE` where nothing is to be chosen; they replay without lists."""
    rows, (states, workers, waiting) = _rows(tape), memory()
    last = rows[1].copy()
    follow(rows[0].copy(), last, *rows[2:], p, plan, states, workers, waiting)
    workers[-1] = last
    left, does = workers[:, kernels.LEFT : kernels.LEFT + 3], workers[:, kernels.DOES : kernels.DOES + 3]
    began = np.where(left[1:] > 0, does[1:], r.WAIT)  # what is over in a tick was to wait
    found: Choices = np.where((left[:-1] == 0) & (tape.ill == 0), began, r.FREE).astype(np.int8)
    return found


def _rows(tape: Tape) -> tuple[NDArray[np.float64], ...]:
    """The first dawn on a tape, and the tape, as `follow` takes them."""
    v = Villages(stack([tape]))
    return v.numbers[0], v.workers[0], tape.wind, tape.omen, tape.price, tape.rabbits, tape.rain, tape.ill  # type: ignore[return-value]


def _played(rows: tuple[NDArray[np.float64], ...], p: NDArray[np.float64], choices: Choices) -> float:
    return float(follow(rows[0].copy(), rows[1].copy(), *rows[2:], p, choices, *memory()))


def _play(rows: tuple[NDArray[np.float64], ...], p: NDArray[np.float64]) -> float:
    none = np.full((r.TICKS, 3), NOT_OVERRULED, np.int8)
    return _played(rows, np.tile(p, (r.DAYS, 1)), none)
