"""The scripted agents by name, each a number of the same lists changed: what a score is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.village.agents import fitted
from stagelight.engines.village.agents.planner import Planner
from stagelight.engines.village.agents.protocol import Agent, BatchAgent, Each
from stagelight.engines.village.agents.scripted import BatchRandom, BatchScripted, Idle, Scripted
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.batch_episode import Rollouts, play
from stagelight.engines.village.exogenous import Tape

# Weights of the trained policy; `policy` loads them, with torch.
PUBLISHED = Path(__file__).resolve().parents[3] / "site_assets" / "recordings" / "village_policy.safetensors"
NEVER_SOLD = 99.0  # days of food that are never reached
_ALL_YEAR = (("winter_reserve", 0.0), ("omen_reserve", 0.0))


@dataclass(frozen=True)
class Entry:
    """An agent of the registry: what its three workers follow."""

    name: str
    changed: tuple[tuple[str, float], ...] = ()  # of `base_stock_policy.PARAMETERS`, instead of those fitted
    talks: bool = True
    works: tuple[bool, bool, bool] = (True, True, True)
    own_numbers: bool = True  # fitted to the scenario; or else its numbers are those for all of them
    says: str = ""  # what it is, for a table

    def parameters(self, scenario: str = fitted.ALL) -> NDArray[np.float64]:
        """(30,) its numbers in a scenario."""
        return fitted.parameters(dict(self.changed), scenario if self.own_numbers else fitted.ALL, self.talks)


def with_reserve(days: float, talks: bool = True) -> Entry:
    """The (s, S) policy with a reserve of the same days of food all year, whatever is to come."""
    quiet = "" if talks else "_silent"
    return Entry(f"reserve_{days:g}{quiet}", (*_ALL_YEAR, ("reserve", days)), talks)


ROLES_RESERVE = 5.0  # of the whole days the best on train seeds, one number for all scenarios
_NONE = (*_ALL_YEAR, ("reserve", 0.0))
AGENTS = {
    agent.name: agent
    for agent in (
        Entry("random", says="any allowed action, evenly"),
        Entry(
            "roles",
            (*_ALL_YEAR, ("reserve", ROLES_RESERVE), ("helps", 0.0)),
            own_numbers=False,
            says="each keeps to one craft, by one list in all weather",
        ),
        Entry("stock", says="(s, S) with a reserve, more before winter and in still wind"),
        Entry("planner", says="tries each action in thought on what it believes, follows the lists after"),
        Entry("sell_all", _NONE, says="as stock, but all that is banked is sold"),
        Entry("hoarder", (("reserve", NEVER_SOLD), ("invests", 0.0)), says="as stock, but nothing is sold"),
        Entry("no_granary", (*_NONE, ("draws", 0.0)), says="as sell_all, and nothing is taken from the granary"),
        Entry("no_messages", talks=False, says="(s, S), fitted where nobody says anything"),
        Entry("farmer_alone", works=(True, False, False), says="one works, two wait"),
        Entry("miller_alone", works=(False, True, False), says="one works, two wait"),
        Entry("baker_alone", works=(False, False, True), says="one works, two wait"),
    )
}


def named(name: str) -> Entry:
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


def episodes(entry: Entry, tapes: Tape, scenario: str = fitted.ALL, seed: int = 0) -> Rollouts:
    """Play an agent to the end of every tape.

    Args:
        entry: who acts.
        tapes: stacked.
        scenario: the one whose numbers the lists have.
        seed: of the random agent.
    """
    villages = Villages(tapes)
    return play(villages, _batch(entry, len(villages), scenario, seed))


def workers(entry: Entry, scenario: str = fitted.ALL) -> list[Agent]:
    """The three workers of an agent, to be asked one at a time.

    Raises:
        ValueError: it is chance, which draws for many villages at once.
    """
    if entry.name == "random":
        raise ValueError(f"agent {entry.name!r}: acts for many villages at once; choose {', '.join(list(AGENTS)[1:])}")
    numbers, worker = entry.parameters(scenario), Planner if entry.name == "planner" else Scripted
    return [worker(numbers, entry.talks) if works else Idle(entry.talks) for works in entry.works]


def _batch(entry: Entry, count: int, scenario: str, seed: int) -> BatchAgent:
    if entry.name == "random":
        return BatchRandom(np.random.default_rng(seed))
    if entry.name == "planner":
        return Each([workers(entry, scenario) for _ in range(count)], entry.talks)
    return BatchScripted(entry.parameters(scenario), entry.talks, entry.works)
