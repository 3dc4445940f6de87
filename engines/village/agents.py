"""The scripted agents by name, each a number of the same lists changed: what a score is compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.village import rules as r
from engines.village import stock, ticks
from engines.village.core import Villages
from engines.village.playing import play
from engines.village.tape import Tape

NEVER_SOLD = 99.0  # days of food that are never reached
# `stock.PUBLISHED` fitted again, in the same way, where nobody says anything.
SILENT = (
    3.41, 3.79, 1.92, 1.39, 0.523, 0.265, 0.78, 0.374, 1.41, 1.12, 0.917,
    0.494, 0.922, 0.675, 38.4, 6.32, 1, 1, 0.695, 0.562, 0.123,
)  # fmt: skip


@dataclass(frozen=True)
class Agent:
    """What three workers follow."""

    name: str
    changed: tuple[tuple[str, float], ...] = ()  # of `stock.PARAMETERS`
    talks: bool = True
    works: tuple[bool, bool, bool] = (True, True, True)
    says: str = ""  # what it is, for a table

    def parameters(self) -> NDArray[np.float64]:
        """(21,) its numbers."""
        return stock.parameters(dict(self.changed), stock.PUBLISHED if self.talks else SILENT)


def with_reserve(days: float, talks: bool = True) -> Agent:
    """The (s, S) policy with a reserve of some days of food."""
    quiet = "" if talks else "_silent"
    return Agent(f"reserve_{days:g}{quiet}", (("reserve", days),), talks)


_ALL = (("winter_reserve", 0.0), ("omen_reserve", 0.0))
AGENTS = {
    agent.name: agent
    for agent in (
        Agent("random", says="any allowed action, evenly"),
        Agent("roles", (("helps", 0.0), ("rescue_days", 0.0)), says="each keeps to one craft; the published reserve"),
        Agent("stock", says="(s, S) with the published reserve"),
        Agent("sell_all", (("reserve", 0.0), *_ALL), says="no reserve: all that is banked is sold"),
        Agent("hoarder", (("reserve", NEVER_SOLD), ("invests", 0.0)), says="nothing is sold"),
        Agent("no_granary", (("reserve", 0.0), ("draws", 0.0), *_ALL), says="nothing is ever taken from the granary"),
        Agent("no_messages", talks=False, says="(s, S) retuned for silence"),
        Agent("farmer_alone", works=(True, False, False), says="one works, two wait"),
        Agent("miller_alone", works=(False, True, False), says="one works, two wait"),
        Agent("baker_alone", works=(False, False, True), says="one works, two wait"),
    )
}


def named(name: str) -> Agent:
    """An agent by its name; `reserve_4` is the (s, S) policy with four days of food in reserve.

    Raises:
        ValueError: there is none of that name.
    """
    if name in AGENTS:
        return AGENTS[name]
    days, _, quiet = name.removeprefix("reserve_").partition("_")
    if name.startswith("reserve_") and days.replace(".", "", 1).isdigit() and quiet in {"", "silent"}:
        return with_reserve(float(days), not quiet)
    raise ValueError(f"agent {name!r}: no such agent; choose one of {', '.join(AGENTS)}, or reserve_4 for any number")


def episodes(agent: Agent, tapes: Tape, seed: int = 0) -> tuple[Villages, NDArray[np.float64]]:
    """Play an agent to the end of every tape; as `playing.play`, with every tick kept. `seed`: of the random agent."""
    if agent.name == "random":
        return _random(tapes, seed)
    return play(tapes, agent.parameters(), agent.talks, agent.works, remember=True)


def _random(tapes: Tape, seed: int) -> tuple[Villages, NDArray[np.float64]]:
    villages, rng = Villages(tapes), np.random.default_rng(seed)
    history = np.empty((len(villages), r.TICKS, ticks.NUMBERS))
    everyone = np.ones((len(villages), 3), np.bool_)
    for tick in range(r.TICKS):
        chance = rng.random(villages.masks.shape) * villages.masks
        villages.step(chance.argmax(-1), everyone)
        history[:, tick] = villages.numbers
    return villages, history
