"""All of an episode's chance, drawn before anyone acts: two agents on the same seed meet the same weather.

Each kind of chance has a generator of its own, spawned from the seed, so that a scenario that changes one of them
leaves the others as they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from stagelight.engines.village.constants import AGENTS, DAY, DAYS, PLOTS, TICKS
from stagelight.engines.village.scenarios import Scenario

WIND = np.array([0.0, 0.5, 1.0])
WIND_CHAIN = np.array([[0.5, 0.4, 0.1], [0.06, 0.78, 0.16], [0.01, 0.10, 0.89]])
PRICE_BACK, PRICE_NOISE, PRICE_RANGE = 0.02, 0.03, (0.5, 1.6)


@dataclass(frozen=True)
class Tape:
    """One episode's chance; stacked, every field has a leading axis B."""

    plots: NDArray[np.float64]  # (6,) how grown each plot is at the start, 1 = ripe
    wind: NDArray[np.float64]  # (480,) 0, 0.5 or 1
    omen: NDArray[np.bool_]  # (480,) the mill stands still today or tomorrow
    price: NDArray[np.float64]  # (480,) coins for one of flour
    rabbits: NDArray[np.bool_]  # (480,) they come, if there are none
    rain: NDArray[np.float64]  # (480,) factor on what grows
    ill: NDArray[np.bool_]  # (480, 3) who lies ill


def draw(scenario: Scenario, seed: int, spell_start: int | None = None) -> Tape:
    """The tape of a scenario and a seed; `spell_start`, a day counted from 1, instead of the one drawn."""
    plots, wind, stall, price, rabbits, ill, spell = map(np.random.default_rng, np.random.SeedSequence(seed).spawn(7))
    first, last = _spell(scenario, spell, spell_start)
    during = np.zeros(DAYS, np.bool_)
    during[first:last] = True
    stalls = _stalls(scenario, stall) | (during & scenario.spell_stall)
    ticks = np.repeat(during, DAY)
    rate = np.where(ticks, max(scenario.rabbit_rate, scenario.spell_rabbit_rate), scenario.rabbit_rate)
    return Tape(
        plots=plots.uniform(0.2, 1, PLOTS),
        wind=np.where(np.repeat(stalls, DAY), 0.0, _wind(wind)),
        omen=np.repeat(stalls | np.append(stalls[1:], False), DAY),
        price=_price(price, np.where(ticks, scenario.spell_price, 1.0)),
        rabbits=rabbits.random(TICKS) < rate,
        rain=np.where(ticks, scenario.spell_growth, 1.0),
        ill=np.repeat(_illness(scenario, ill), DAY, axis=0),
    )


def stack(tapes: Sequence[Tape]) -> Tape:
    """Many tapes as one, each field with a leading axis."""
    return Tape(*(np.stack([getattr(tape, field.name) for tape in tapes]) for field in fields(Tape)))


def until(tape: Tape, tick: int, calm: float = 1.0) -> Tape:
    """A tape as it looks to someone who has lived it up to a tick and expects `calm` wind and no shock after."""
    late = np.arange(TICKS) >= tick
    now = min(tick, TICKS - 1)
    return replace(
        tape,
        wind=np.where(late, calm, tape.wind),
        omen=tape.omen & ~late,
        price=np.where(late, tape.price[now], tape.price),
        rabbits=tape.rabbits & ~late,
        rain=np.where(late, 1.0, tape.rain),
        ill=tape.ill & ~late[:, None],
    )


def _spell(scenario: Scenario, rng: Generator, start: int | None) -> tuple[int, int]:
    """First day and the one after the last, from 0; both 0 without a spell. Draws the same numbers either way."""
    first = int(rng.integers(scenario.spell_start[0], scenario.spell_start[1] + 1))
    days = int(rng.integers(scenario.spell_days[0], scenario.spell_days[1] + 1))
    if days == 0:
        return 0, 0
    first = (first if start is None else start) - 1
    return first, min(first + days, DAYS)


def _stalls(scenario: Scenario, rng: Generator) -> NDArray[np.bool_]:
    """(40,) the days on which the mill stands still: spells of some days with a free day after each."""
    stalls = np.zeros(DAYS, np.bool_)
    chance, days = rng.random(DAYS), rng.integers(scenario.stall_days[0], scenario.stall_days[1] + 1, DAYS)
    day = 1
    while day < DAYS:
        if chance[day] < scenario.stall_hazard:
            stalls[day : day + days[day]] = True
            day += int(days[day])
        day += 1
    return stalls


def _illness(scenario: Scenario, rng: Generator) -> NDArray[np.bool_]:
    """(40, 3) the days on which each worker lies ill; none falls ill again the day after."""
    ill = np.zeros((DAYS, len(AGENTS)), np.bool_)
    chance = rng.random(ill.shape)
    days = rng.integers(scenario.ill_days[0], scenario.ill_days[1] + 1, ill.shape)
    for agent in range(len(AGENTS)):
        day = 1
        while day < DAYS:
            if chance[day, agent] < scenario.ill_hazard:
                ill[day : day + days[day, agent], agent] = True
                day += int(days[day, agent])
            day += 1
    return ill


def _wind(rng: Generator) -> NDArray[np.float64]:
    """(480,) a Markov chain over no, half and full wind, from full."""
    chance, chain, state = rng.random(TICKS), WIND_CHAIN.cumsum(1), 2
    found = np.empty(TICKS)
    for tick in range(TICKS):
        found[tick] = WIND[state]
        state = min(int(np.searchsorted(chain[state], chance[tick], "right")), 2)
    return found


def _price(rng: Generator, mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """(480,) a price that wanders and returns to its mean; it jumps when the mean falls."""
    noise, price = PRICE_NOISE * rng.standard_normal(TICKS), 1.0
    found = np.empty(TICKS)
    for tick in range(TICKS):
        price = min(price, mean[tick]) if tick and mean[tick] < mean[tick - 1] else price
        price = float(np.clip(price + PRICE_BACK * (mean[tick] - price) + noise[tick], *PRICE_RANGE))
        found[tick] = price
    return found
