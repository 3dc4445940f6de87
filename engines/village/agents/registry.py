"""The scripted agents by name, each a number of the same lists changed: what a score is compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village import kernels
from stagelight.engines.village.agents import fitted, planner
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.batch_episode import play
from stagelight.engines.village.exogenous import Tape

NEVER_SOLD = 99.0  # days of food that are never reached
_ALL_YEAR = (("winter_reserve", 0.0), ("omen_reserve", 0.0))


@dataclass(frozen=True)
class Agent:
    """What three workers follow."""

    name: str
    changed: tuple[tuple[str, float], ...] = ()  # of `base_stock_policy.PARAMETERS`, instead of those fitted
    talks: bool = True
    works: tuple[bool, bool, bool] = (True, True, True)
    own_numbers: bool = True  # fitted to the scenario; or else its numbers are those for all of them
    says: str = ""  # what it is, for a table

    def parameters(self, scenario: str = fitted.ALL) -> NDArray[np.float64]:
        """(30,) its numbers in a scenario."""
        return fitted.parameters(dict(self.changed), scenario if self.own_numbers else fitted.ALL, self.talks)


def with_reserve(days: float, talks: bool = True) -> Agent:
    """The (s, S) policy with a reserve of the same days of food all year, whatever is to come."""
    quiet = "" if talks else "_silent"
    return Agent(f"reserve_{days:g}{quiet}", (*_ALL_YEAR, ("reserve", days)), talks)


ROLES_RESERVE = 5.0  # of the whole days the best on train seeds, one number for all scenarios
_NONE = (*_ALL_YEAR, ("reserve", 0.0))
AGENTS = {
    agent.name: agent
    for agent in (
        Agent("random", says="any allowed action, evenly"),
        Agent(
            "roles",
            (*_ALL_YEAR, ("reserve", ROLES_RESERVE), ("helps", 0.0)),
            own_numbers=False,
            says="each keeps to one craft, by one list in all weather",
        ),
        Agent("stock", says="(s, S) with a reserve, more before winter and in still wind"),
        Agent("planner", says="tries each action in thought on what it believes, follows the lists after"),
        Agent("sell_all", _NONE, says="as stock, but all that is banked is sold"),
        Agent("hoarder", (("reserve", NEVER_SOLD), ("invests", 0.0)), says="as stock, but nothing is sold"),
        Agent("no_granary", (*_NONE, ("draws", 0.0)), says="as sell_all, and nothing is taken from the granary"),
        Agent("no_messages", talks=False, says="(s, S), fitted where nobody says anything"),
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


def episodes(
    agent: Agent, tapes: Tape, scenario: str = fitted.ALL, seed: int = 0
) -> tuple[Villages, NDArray[np.float64]]:
    """Play an agent to the end of every tape; as `batch_episode.play`, with every tick kept.

    Args:
        agent: who acts.
        tapes: stacked.
        scenario: the one whose numbers the lists have.
        seed: of the random agent.
    """
    if agent.name == "random":
        return _random(tapes, seed)
    if agent.name == "planner":
        return planner.play(tapes, agent.parameters(scenario), agent.talks)
    return play(tapes, agent.parameters(scenario), agent.talks, agent.works, remember=True)


def _random(tapes: Tape, seed: int) -> tuple[Villages, NDArray[np.float64]]:
    villages, rng = Villages(tapes), np.random.default_rng(seed)
    history = np.empty((len(villages), r.TICKS, kernels.NUMBERS))
    everyone = np.ones((len(villages), 3), np.bool_)
    for tick in range(r.TICKS):
        chance = rng.random(villages.masks.shape) * villages.masks
        villages.step(chance.argmax(-1), everyone)
        history[:, tick] = villages.numbers
    return villages, history
