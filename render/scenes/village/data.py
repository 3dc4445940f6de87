"""The village's recording as named views, each read when it is first asked for.

Shapes: T ticks, DAY of them a day, D days. A clock is a number of ticks since the first dawn, whole at recorded
moments; views of a clock ease between two recorded moments.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.recording import Recording
from stagelight.render.components.village.goods import Good
from stagelight.render.components.village.head import Role
from stagelight.render.motion import ease, mix

Numbers = NDArray[np.floating]
Integers = NDArray[np.integer]

PLACES = ("field", "mill", "bakery", "granary", "market", "square")
AGENTS: tuple[Role, ...] = ("farmer", "miller", "baker")
WAIT, GRIND, BAKE = 0, 4, 6  # actions
DAY = 12
KEPT = 4  # recordings whose parts of the story are remembered
FED, HUNGRY = 0.95, 0.7  # share of the bread needed, of a day that is fed in full and of one that is hungry
PLOTS = 6
# Columns of a recorded state: the plots, then these.
STATE = ("cut_wheat", "mill_wheat", "mill_flour", "bakery_flour", "bakery_bread", "square_bread", "granary", "coins",
         "hunger", "rabbits", "mouths", "level", "J")  # fmt: skip
GOODS: tuple[Good, ...] = ("sheaf", "sack", "loaf")
CHANGES_AT, CHANGES_FOR = 0.6, 0.4  # when in a tick a stock changes, and for how long
WALKS_AT, WALKS_FOR = 0.05, 0.9  # when in a tick somebody walks


def run_reads(run: str, *arrays: str) -> tuple[str, ...]:
    """The declared names of a run's arrays."""
    return tuple(f"arrays.{run}_{array}" for array in arrays)


class Run:
    """One recorded run."""

    def __init__(self, recording: Recording, name: str) -> None:
        self.recording, self.name = recording, name

    def array(self, name: str) -> NDArray[Any]:
        """One of the run's arrays."""
        return self.recording.arrays[f"{self.name}_{name}"]

    def fact(self, name: str) -> float:
        """One of the run's facts."""
        return self.recording.fact(f"{self.name}.{name}")

    # What every tick gave.

    @cached_property
    def state(self) -> Numbers:
        """(T + 1, PLOTS + len(STATE)) the village at each moment."""
        return self.array("state")

    @cached_property
    def does(self) -> Integers:
        """(T, A) what each worker does in each tick."""
        return self.array("does")

    @cached_property
    def chosen(self) -> Integers:
        """(T, A) the action that each worker chooses in each tick, -1 for none."""
        return self.array("chosen")

    @cached_property
    def eaten(self) -> Numbers:
        """(T,) bread eaten in each tick."""
        return self.array("eaten")

    @cached_property
    def missed(self) -> Numbers:
        """(T,) bread missing in each tick."""
        return self.array("missed")

    @property
    def ticks(self) -> int:
        """T."""
        return len(self.state) - 1

    # What every day gave.

    @property
    def days(self) -> int:
        """D."""
        return self.ticks // DAY

    @cached_property
    def daily_eaten(self) -> Numbers:
        """(D,) bread eaten."""
        return np.asarray(self.eaten.reshape(-1, DAY).sum(1))

    @cached_property
    def daily_missed(self) -> Numbers:
        """(D,) bread missing."""
        return np.asarray(self.missed.reshape(-1, DAY).sum(1))

    @cached_property
    def daily_fed(self) -> Numbers:
        """(D,) the share of the bread needed that was there."""
        return self.daily_eaten / (self.daily_eaten + self.daily_missed)

    @cached_property
    def daily_reward(self) -> Numbers:
        """(D,) what a day adds to J."""
        return self.daily_eaten - 2 * self.daily_missed

    # The village at a clock.

    def column(self, name: str) -> Numbers:
        """(T + 1,) one column of the state."""
        return self.state[:, PLOTS + STATE.index(name)]

    def tick(self, clock: float) -> int:
        """The tick that a clock is in."""
        return min(max(int(clock), 0), self.ticks - 1)

    def level(self, name: str, clock: float) -> float:
        """A stock: it changes at the end of a tick."""
        return self._changing(self.column(name), clock)

    @cached_property
    def stored(self) -> Numbers:
        """(T + 1,) days of bread in the granary."""
        return self.column("granary") / self.column("mouths")

    def days_stored(self, clock: float) -> float:
        """Days of bread in the granary."""
        return self._changing(self.stored, clock)

    def most_stored(self, clock: float) -> float:
        """The most days of bread that the granary has held so far."""
        return float(self.stored[: int(clock) + 1].max())

    def _changing(self, values: Numbers, clock: float) -> float:
        tick = self.tick(clock)
        return mix(float(values[tick]), float(values[tick + 1]), ease(clock - tick, CHANGES_AT, CHANGES_FOR))

    def mouths(self, clock: float) -> int:
        """The number of mouths to feed."""
        return round(float(self.column("mouths")[self.tick(clock)]))

    def most_mouths(self, until: int) -> int:
        """The most mouths to feed up to a moment."""
        return round(float(self.column("mouths")[: until + 1].max()))

    def plots(self, clock: float) -> list[float]:
        """The ripeness of each plot, 0 to 1."""
        tick = self.tick(clock)
        before, after = self.state[tick, :PLOTS], self.state[tick + 1, :PLOTS]
        return [mix(float(a), float(b), clock - tick) for a, b in zip(before, after, strict=True)]

    def busy(self, action: int, clock: float) -> float:
        """1 while anyone is at an action, else 0, eased over the turn of a tick."""
        tick = self.tick(clock)
        now, before = (float((self.does[max(at, 0)] == action).any()) for at in (tick, tick - 1))
        return mix(before, now, ease(clock - tick, 0.0, 0.5))

    def grinds(self, clock: float) -> float:
        """1 while flour is being made: somebody is at it, and there is wind."""
        return self.busy(GRIND, clock) * float(self.recording.arrays["wind"][self.tick(clock)] > 0)

    def load(self, agent: int, clock: float) -> tuple[Good | None, float]:
        """A worker's load: of what, and the amount."""
        tick = self.tick(clock)
        kind, amount = int(self.array("good")[tick, agent]), float(self.array("load")[tick, agent])
        return (None, 0.0) if kind < 0 else (GOODS[kind], amount)

    def leg(self, agent: int, clock: float) -> tuple[str, str, float]:
        """The places a worker is between, and the share of the way, eased between two recorded moments."""
        tick, leaves, heads, way = self.tick(clock), self.array("leaves"), self.array("heads"), self.array("way")
        (a, b), (c, d) = ((int(leaves[at, agent]), int(heads[at, agent])) for at in (tick, tick + 1))
        here, there = (float(way[at, agent]) for at in (tick, tick + 1))
        step = ease(clock - tick, WALKS_AT, WALKS_FOR)
        if here > 0:
            goes_on = there > 0 and (a, b) == (c, d)
            return PLACES[a], PLACES[b], mix(here, there if goes_on else 1.0, step)
        if there > 0:
            return PLACES[c], PLACES[d], mix(0.0, there, step)
        return PLACES[a], PLACES[c], step if a != c else 0.0


@dataclass(frozen=True)
class Shock:
    """The longest time without wind, and what it did to a run. Days from 0."""

    drops: int  # the first day without wind
    blows: int  # the first with wind again
    hungry: tuple[int, ...]  # those, from the drop to the recovery, on which less than HUNGRY of the need was there
    recovered: int  # the first day, not before the wind is back, that is fed in full; the last day if there is none


class Data:
    """The runs of the recording, the weather that they share, and the days on which things happened."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.main, self.idle, self.alone, self.hoarder, self.investor = (
            Run(recording, name) for name in ("shown", "idle", "alone", "hoarder", "investor")
        )

    @cached_property
    def said(self) -> list[Mapping[str, Any]]:
        """Every choice with what was said of it, in order."""
        return self.events("said")

    def swayed_by(self, said: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The choices of others that would have been others, had they not heard what was said."""
        return [e for e in self.events("swayed") if e["heard"] == said["step"] and e["by"] == said["agent"]]

    def events(self, kind: str) -> list[Mapping[str, Any]]:
        """All events of a kind, in order."""
        return [event for event in self.recording.events if event["kind"] == kind]

    @cached_property
    def wind(self) -> Numbers:
        """(T,) the wind in each tick, 0 to 1."""
        return self.recording.arrays["wind"]

    @cached_property
    def still_days(self) -> Integers:
        """The days without any wind, from 0."""
        return np.flatnonzero(self.wind.reshape(-1, DAY).max(1) == 0)

    @cached_property
    def shock(self) -> Shock:
        """Of the shown run."""
        still, fed = self.still_days, self.main.daily_fed
        spells = np.split(still, np.flatnonzero(np.diff(still) > 1) + 1) if len(still) else [np.array([0])]
        longest = max(spells, key=len)
        drops, blows = int(longest[0]), min(int(longest[-1]) + 1, self.main.days - 1)
        back = next((day for day in range(blows, self.main.days) if fed[day] >= FED), self.main.days - 1)
        return Shock(drops, blows, tuple(day for day in range(drops, back) if fed[day] < HUNGRY), back)

    @cached_property
    def gauge_days(self) -> int:
        """The days of bread of a full gauge: enough for the runs whose granary is seen."""
        return math.ceil(max(float(run.stored.max()) for run in (self.main, self.hoarder)))

    def first_breeze(self) -> int:
        """The tick in which the blades move again after the days without wind."""
        since = self.shock.blows * DAY
        return since + int(np.argmax(self.wind[since:] > 0))

    def turned(self, clock: float) -> float:
        """Turns of the mill's blades."""
        turned = self.recording.arrays["turned"]
        return float(np.interp(clock, np.arange(len(turned)), turned))

    def breeze(self, clock: float) -> float:
        """The wind, 0 to 1, eased over the turn of a tick."""
        tick = min(max(int(clock), 0), len(self.wind) - 1)
        return mix(float(self.wind[max(tick - 1, 0)]), float(self.wind[tick]), ease(clock - tick, 0.0, 0.6))

    def price(self, clock: float) -> float:
        """Coins for one of flour."""
        price = self.recording.arrays["price"]
        return float(price[min(max(int(clock), 0), len(price) - 1)])
