"""An achievable plan by one who knows the tape: what could have been done, found by search.

Three workers who see everything follow the scripted lists, whose numbers are first fitted to this very tape by the
cross-entropy method; then single choices are overruled, one at a time, and what makes the return greater is kept. The
result is a plan that was really played out, so its return is a lower bound on the best possible.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from engines.village import rules as r
from engines.village import stock, ticks
from engines.village.compiling import compiled
from engines.village.core import Villages
from engines.village.tape import Tape, stack

NOT_OVERRULED = -1


@compiled
def omniscient(s, w, wind, omen, price, o):  # type: ignore[no-untyped-def]
    """Write an observation by which everything is seen now; role and place are left to be filled in."""
    o[:] = 0
    o[r.ACTION] = r.FREE
    tick = w[ticks.NOW]
    o[r.TODAY], o[r.TICK], o[r.LEVEL] = tick // r.DAY + 1, tick % r.DAY, s[ticks.LEVEL]
    known = o[r.KNOWS : r.AGE]
    for place in range(6):
        ticks.see(s, w, place, wind, omen, price, known)
    for agent in range(3):
        known[r.FARMER_DOES + agent] = w[ticks.DOES + agent]


@compiled
def follow(s, w, wind, omen, price, rabbits, rain, ill, p, plan, states, workers, waiting):  # type: ignore[no-untyped-def]
    """Play one village from where it is to its end; returns J.

    Args:
        s, w: its rows, changed in place.
        p: (18,) `stock.PARAMETERS`.
        plan: int8 (480, 3) what to do instead of what the lists say, -1: nothing. A choice that finds its worker busy
            waits until they are free.
        states, workers, waiting: (481, 25), (481, 16), (481, 3): the rows before every tick, and the choices that wait
            then, written; read where it begins.
    """
    o, actions = np.zeros(r.OBSERVED, np.float32), np.zeros(3, np.int64)
    while w[ticks.NOW] < r.TICKS:
        tick, seen = w[ticks.NOW], False
        states[tick], workers[tick] = s, w
        due = waiting[tick + 1]
        due[:] = waiting[tick]
        for agent in range(3):
            if plan[tick, agent] != NOT_OVERRULED:
                due[agent] = plan[tick, agent]
            actions[agent] = r.WAIT
            if w[ticks.LEFT + agent] > 0 or ill[tick, agent]:
                continue
            if due[agent] != NOT_OVERRULED:
                actions[agent] = due[agent]
                due[agent] = NOT_OVERRULED
            else:
                if not seen:
                    omniscient(s, w, wind[tick], omen[tick], price[tick], o)
                    seen = True
                o[r.ROLE], o[r.PLACE] = agent, w[ticks.AT + agent]
                actions[agent] = stock.act(o, p)
            o[r.KNOWS + r.FARMER_DOES + agent] = actions[agent]
        ticks.advance(s, w, wind[tick], price[tick], rabbits[tick], rain[tick], ill[tick], actions)
    return s[ticks.J]


@compiled
def memory():  # type: ignore[no-untyped-def]
    """Room for the rows before every tick, and the choices that wait."""
    rows = np.empty((r.TICKS + 1, ticks.NUMBERS)), np.empty((r.TICKS + 1, ticks.WORKERS), np.int64)
    return rows[0], rows[1], np.full((r.TICKS + 1, 3), NOT_OVERRULED)


@compiled
def climb(s, w, wind, omen, price, rabbits, rain, ill, p, plan, where, agents, choices):  # type: ignore[no-untyped-def]
    """Overrule one choice after another, in place in `plan`, keeping what does not make J less; returns J.

    Args:
        s, w: the rows at the first dawn.
        plan: as in `follow`.
        where, agents, choices: (trials,) tick, worker and action (-1: follow the lists again) of every trial.
    """
    states, workers, waiting = memory()
    new_states, new_workers, new_waiting = memory()
    a, b = s.copy(), w.copy()
    best = follow(a, b, wind, omen, price, rabbits, rain, ill, p, plan, states, workers, waiting)
    for trial in range(len(where)):
        tick, agent = where[trial], agents[trial]
        # The worker's last choice before the tick is what is overruled.
        while tick > 0 and workers[tick, ticks.LEFT + agent] > 0:
            tick -= 1
        kept = plan[tick, agent]
        if kept == choices[trial]:
            continue
        plan[tick, agent] = choices[trial]
        a[:], b[:], new_waiting[tick] = states[tick], workers[tick], waiting[tick]
        found = follow(a, b, wind, omen, price, rabbits, rain, ill, p, plan, new_states, new_workers, new_waiting)
        if found >= best:
            best = found
            states[tick:], workers[tick:], waiting[tick:] = new_states[tick:], new_workers[tick:], new_waiting[tick:]
        else:
            plan[tick, agent] = kept
    return best


def fit(
    tape: Tape, start: NDArray[np.float64], rng: Generator, rounds: int = 12, count: int = 40
) -> NDArray[np.float64]:
    """(18,) numbers for the lists that do best on a tape: the cross-entropy method around some that do well."""
    rows = _rows(tape)
    low, high = stock.LOW, stock.HIGH
    mean, spread = start.copy(), (high - low) / 6
    best, most = start, -np.inf
    for _ in range(rounds):
        drawn = np.clip(mean + spread * rng.standard_normal((count, len(mean))), low, high)
        drawn[0] = best
        found = np.array([_play(rows, p) for p in drawn])
        elite = drawn[np.argsort(-found)[:8]]
        mean, spread = elite.mean(0), 0.8 * elite.std(0) + 0.02 * (high - low)
        if found.max() > most:
            best, most = drawn[found.argmax()], found.max()
    return best


def plan(
    tape: Tape, start: NDArray[np.float64], seed: int, trials: int
) -> tuple[float, NDArray[np.float64], NDArray[np.int8]]:
    """Search for a plan on a tape.

    Returns:
        Its return, the lists' numbers (18,), and the plan int8 (480, 3), -1 where the lists are followed.
    """
    rng = np.random.default_rng(seed)
    p = fit(tape, start, rng)
    found = np.full((r.TICKS, 3), NOT_OVERRULED, np.int8)
    choices = rng.integers(0, 13, trials).astype(np.int8)
    choices[rng.random(trials) < 0.15] = NOT_OVERRULED
    best = climb(*_rows(tape), p, found, rng.integers(0, r.TICKS, trials), rng.integers(0, 3, trials), choices)
    return best / r.NORM, p, found


def _rows(tape: Tape) -> tuple[NDArray[np.float64], ...]:
    """The first dawn on a tape, and the tape, as `follow` takes them."""
    v = Villages(stack([tape]))
    return v.numbers[0], v.workers[0], tape.wind, tape.omen, tape.price, tape.rabbits, tape.rain, tape.ill  # type: ignore[return-value]


def _play(rows: tuple[NDArray[np.float64], ...], p: NDArray[np.float64]) -> float:
    none = np.full((r.TICKS, 3), NOT_OVERRULED, np.int8)
    return float(follow(rows[0].copy(), rows[1].copy(), *rows[2:], p, none, *memory()))
