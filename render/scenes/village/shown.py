"""The recording made ready to be drawn: runs that can be looked at between two recorded moments."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.recording import Recording
from stagelight.render.components import frame
from stagelight.render.components.village.goods import Good
from stagelight.render.components.village.head import Role
from stagelight.render.motion import Point, along, ease, mix, px, py
from stagelight.render.pen import Pen
from stagelight.render.theme import FLOOR, MONO_BOLD, TEXT

PLACES = ("field", "mill", "bakery", "granary", "market", "square")
AGENTS: tuple[Role, ...] = ("farmer", "miller", "baker")
ACTIONS = ("wait", "farm", "guard", "haul_wheat", "mill", "haul_flour", "bake", "serve", "bank", "draw", "sell", "buy",
           "invest")  # fmt: skip
WAIT, GRIND, BAKE = 0, 4, 6
DAY = 12
# Columns of a recorded state: six plots, then these.
STATE = ("cut_wheat", "mill_wheat", "mill_flour", "bakery_flour", "bakery_bread", "square_bread", "granary", "coins",
         "hunger", "rabbits", "mouths", "level", "J")  # fmt: skip
GOODS: tuple[Good, ...] = ("sheaf", "sack", "loaf")
# Where people stand at each place, percent of the stage, and the paths between those spots.
SPOTS = {"field": (15.5, 78.0), "mill": (34.5, 63.0), "bakery": (57.0, 64.0), "granary": (41.2, 79.5),
         "market": (88.5, 61.0), "square": (70.0, 75.0)}  # fmt: skip
PATHS = (("field", "mill"), ("mill", "granary"), ("mill", "bakery"), ("granary", "bakery"), ("bakery", "square"),
         ("granary", "square"), ("square", "market"))  # fmt: skip
APART = 2.3  # percent between two who stand at one spot


def spot(place: str, agent: int = 1) -> Point:
    """A worker's position at a place, in stage pixels."""
    x, y = SPOTS[place]
    return px(x + APART * (agent - 1)), py(y + 0.8 * (agent - 1))


def _routes() -> dict[tuple[str, str], tuple[str, ...]]:
    """The shortest way from place to place along the paths (Floyd and Warshall)."""
    far = {(a, b): math.inf for a in SPOTS for b in SPOTS}
    way: dict[tuple[str, str], tuple[str, ...]] = {(a, a): (a,) for a in SPOTS}
    for a in SPOTS:
        far[a, a] = 0.0
    for a, b in PATHS:
        for one, two in ((a, b), (b, a)):
            far[one, two], way[one, two] = math.dist(spot(one), spot(two)), (one, two)
    for middle in SPOTS:
        for a in SPOTS:
            for b in SPOTS:
                if far[a, middle] + far[middle, b] < far[a, b]:
                    far[a, b] = far[a, middle] + far[middle, b]
                    way[a, b] = way[a, middle] + way[middle, b][1:]
    return way


ROUTES = _routes()


class Run:
    """One recorded run. A clock is a number of ticks since the first dawn, whole at recorded moments."""

    def __init__(self, recording: Recording, name: str) -> None:
        self.a: dict[str, NDArray[Any]] = {
            key.removeprefix(f"{name}_"): value for key, value in recording.arrays.items() if key.startswith(f"{name}_")
        }
        self.name, self.recording = name, recording
        eaten, missed = (self.a[key].reshape(-1, DAY).sum(1) for key in ("eaten", "missed"))
        self.eaten, self.fed = eaten, eaten / (eaten + missed)  # (40,) of each day
        self.paid = eaten - 2 * missed  # (40,) what a day adds to J
        self.stored = self.column("granary") / self.column("mouths")  # (T+1,) days of bread
        self.ticks = len(self.a["reward"])

    def fact(self, name: str) -> float:
        """One of this run's facts."""
        return self.recording.fact(f"{self.name}.{name}")

    def column(self, name: str) -> NDArray[np.floating]:
        """(T+1,) one column of the state."""
        found: NDArray[np.floating] = self.a["state"][:, 6 + STATE.index(name)]
        return found

    def tick(self, clock: float) -> int:
        """The tick that a clock is in."""
        return min(max(int(clock), 0), self.ticks - 1)

    def level(self, name: str, clock: float) -> float:
        """A stock at a clock: it changes at the end of a tick, eased."""
        values, tick = self.column(name), self.tick(clock)
        return mix(float(values[tick]), float(values[tick + 1]), ease(clock - tick, 0.6, 0.4))

    def mouths(self, clock: float) -> int:
        """The number of people to feed."""
        return round(float(self.column("mouths")[self.tick(clock)]))

    def grinds(self, clock: float) -> float:
        """The degree to which flour is being made, 0 to 1: somebody is at it, and there is wind."""
        tick = self.tick(clock)
        return self.busy(GRIND, clock) * float(self.recording.arrays["wind"][tick] > 0)

    def most(self, until: int) -> int:
        """The most mouths there were up to a moment."""
        return round(float(self.column("mouths")[: until + 1].max()))

    def days_stored(self, clock: float) -> float:
        """Days of bread in the granary."""
        tick = self.tick(clock)
        return mix(float(self.stored[tick]), float(self.stored[tick + 1]), ease(clock - tick, 0.6, 0.4))

    def plots(self, clock: float) -> list[float]:
        """The ripeness of each plot."""
        tick = self.tick(clock)
        before, after = self.a["state"][tick, :6], self.a["state"][tick + 1, :6]
        return [mix(float(a), float(b), clock - tick) for a, b in zip(before, after, strict=True)]

    def does(self, agent: int, clock: float) -> int:
        """A worker's current action."""
        return int(self.a["does"][self.tick(clock), agent])

    def busy(self, action: int, clock: float) -> float:
        """The degree to which anyone is at an action, 0 to 1, eased over the turn of a tick."""
        tick = self.tick(clock)
        now, before = (float((self.a["does"][max(at, 0)] == action).any()) for at in (tick, tick - 1))
        return mix(before, now, ease(clock - tick, 0.0, 0.5))

    def load(self, agent: int, clock: float) -> tuple[Good | None, float]:
        """The good that a worker holds, and the amount."""
        tick = self.tick(clock)
        kind = int(self.a["good"][tick, agent])
        return (None, 0.0) if kind < 0 else (GOODS[kind], float(self.a["load"][tick, agent]))

    def leg(self, agent: int, clock: float) -> tuple[str, str, float]:
        """The places a worker is between, and the share of the way, eased between two recorded moments."""
        tick = self.tick(clock)
        (a, b), (c, d) = (
            (int(self.a["leaves"][at, agent]), int(self.a["heads"][at, agent])) for at in (tick, tick + 1)
        )
        here, there = (float(self.a["way"][at, agent]) for at in (tick, tick + 1))
        step = ease(clock - tick, 0.05, 0.9)
        if here > 0:
            goes_on = there > 0 and (a, b) == (c, d)
            return PLACES[a], PLACES[b], mix(here, there if goes_on else 1.0, step)
        if there > 0:
            return PLACES[c], PLACES[d], mix(0.0, there, step)
        return PLACES[a], PLACES[c], step if a != c else 0.0

    def place(self, agent: int, clock: float) -> tuple[Point, float, bool]:
        """A worker's position in stage pixels, the number of strides made, and True if they face left."""
        start, end, share = self.leg(agent, clock)
        stops = [spot(place, agent) for place in ROUTES[start, end]]
        lengths = [math.dist(a, b) for a, b in itertools.pairwise(stops)]
        goal = share * sum(lengths)
        gone = goal
        for (a, b), length in zip(itertools.pairwise(stops), lengths, strict=True):
            if gone <= length:
                return along(a, b, gone / length), goal / 64 if 0 < share < 1 else 0.0, b[0] < a[0]
            gone -= length
        return stops[-1], 0.0, False


class Shown:
    """The runs of the recording, the weather that they share, and when what happened."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.main, self.idle, self.alone, self.hoarder, self.investor = (
            Run(recording, name) for name in ("shown", "idle", "alone", "hoarder", "investor")
        )
        self.events = recording.events
        self.cast = next(event for event in recording.events if event["kind"] == "cast")
        self.wind = recording.arrays["wind"]
        self.full = math.ceil(max(run.stored.max() for run in (self.main, self.hoarder)))  # of the gauge, days

    def day(self, kind: str) -> int:
        """The day on which something first happened, from 1."""
        return int(next(event for event in self.events if event["kind"] == kind)["day"])

    def first_breeze(self) -> int:
        """The tick in which the blades move again after the days without wind."""
        since = (self.day("wind_returns") - 1) * DAY
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

    def counter(self, pen: Pen, clock: float) -> None:
        """The day."""
        day = min(int(clock) // DAY, len(self.main.fed) - 1) + 1
        pen.text(f"day {day} of {len(self.main.fed)}", frame.RIGHT, py(6.6), FLOOR, TEXT, font=MONO_BOLD, anchor="end")


def count_words(count: int) -> str:
    """A small count in words."""
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    return words[count] if count < len(words) else str(count)
