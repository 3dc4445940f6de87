"""The camera on the one town of the film: what it looks at, from how near; the film is a single shot of forty days.

Every section says for its seconds where the clock stands and where the camera looks, and begins with what the one
before it ended with. Where two villages are compared the stage is shared: the second comes in from the right.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from stagelight.render import theme
from stagelight.render.motion import Point, ease, mix, px, py
from stagelight.render.pen import Pen
from stagelight.render.scenes.village import town
from stagelight.render.scenes.village.data import DAY, Data, Run, run_reads

# The town of the shown run; its meals, from which the days of the story follow; and its words.
READS = (
    *town.WEATHER_READS, *run_reads("shown", *town.BUILDING_ARRAYS, *town.WORKER_ARRAYS), "arrays.price",
)  # fmt: skip
MEALS = run_reads("shown", "eaten", "missed")
WORDS = ("events.said.*",)
SECONDS = {"dawn": 9.0, "goal": 13.0, "relay": 17.0, "tradeoff": 21.0, "disturbances": 24.0, "results": 11.0}
BEGINS = dict(zip(SECONDS, itertools.accumulate(SECONDS.values(), initial=0.0), strict=False))  # in the film
MIDDLE, LEVEL = 50.0, 54.0  # percent of the stage: where what is looked at stands
GEAR = 0.2  # blades turn this much slower where a second is days
LANDS = 0.5  # the land comes nearer by this power of the zoom: it is far away


@dataclass(frozen=True)
class View:
    """A point that is looked at, percent of the stage at its full width, and from how near."""

    x: float
    y: float
    zoom: float

    def at(self, point: Point, middle: float = MIDDLE) -> Point:
        """The place of a point of the town on the stage, both in pixels."""
        x, y = px(middle - self.x * self.zoom), py(LEVEL - self.y * self.zoom)
        return x + self.zoom * point[0], y + self.zoom * point[1]


WIDE = View(MIDDLE, LEVEL, 1.0)
HALF = View(MIDDLE, 58.0, 0.55)  # the whole town on half of the stage
SQUARE = View(77.5, 70.5, 2.3)
PAUSE = 0.1  # seconds
CLOSE = 5.2  # the zoom on the child
Keys = Sequence[tuple[float, View]]


def looking(keys: Keys, t: float) -> View:
    """The view at a time: eased from key to key; two keys with one view hold it."""
    for (start, before), (end, after) in itertools.pairwise(keys):
        if t < end:
            share = ease(t, start, end - start)
            zoom = before.zoom * (after.zoom / before.zoom) ** share
            return View(mix(before.x, after.x, share), mix(before.y, after.y, share), zoom)
    return keys[-1][1]


def child() -> View:
    """The child that the film begins and ends with, near."""
    x, y = town.place(0)
    return View(x, y - 3.0, CLOSE)


def ticks(section: str, t: float, times: Sequence[float], clocks: Sequence[float]) -> float:
    """The clock at a time, on a line between those given, never back; it stands for a moment at both ends."""
    return float(np.interp(_moving(section, t), times, np.maximum.accumulate(clocks)))


def film(section: str, t: float) -> float:
    """Seconds of the film at a time of a section; they stand when its clock does."""
    return BEGINS[section] + _moving(section, t)


def _moving(section: str, t: float) -> float:
    seconds = SECONDS[section]
    return (min(max(t, PAUSE), seconds - PAUSE) - PAUSE) * seconds / (seconds - 2 * PAUSE)


def sun(t: float, start: tuple[float, float], end: tuple[float, float]) -> float:
    """The clock of the light while days rush by: from one (time, clock) to another the sun goes round once."""
    (begun, a), (done, b) = start, end
    return float(np.interp(t, (begun, done), (a, a + DAY * (1 + (b - a) / DAY % 1))))


def geared(data: Data, since: float, now: float) -> float:
    """Turns of the blades at a clock, where days rush by since another one."""
    return data.turned(since) + GEAR * (data.turned(now) - data.turned(since))


def shot(
    pen: Pen, data: Data, run: Run, now: float, t: float, view: View, *, light: float | None = None,
    middle: float = MIDDLE, half: float = 50.0, turned: float | None = None, threads: float = 0.0,
) -> None:  # fmt: skip
    """The town of a run as the camera sees it.

    Args:
        now: its clock.
        t: seconds of the film.
        light: the clock of the light, if another.
        middle: percent of the stage at which what is looked at stands.
        half: percent of the stage to both sides of it that are filled.
        turned: turns of the blades, where they are not those of the clock.
        threads: how clearly it is seen who waits for whom.
    """
    _land(pen, now if light is None else light, view, middle, half)
    with pen.moved(*view.at((0, 0), middle), view.zoom):
        town.paths(pen)
        town.buildings(
            pen, data, run, now, t, data.turned(now) if turned is None else turned, priced=0.9 < view.zoom < 1.4
        )
        town.crowd(pen, run, now, t)
        town.workers(pen, run, now)
        if threads > 0:
            town.threads(pen, run, now, threads)


def _land(pen: Pen, now: float, view: View, middle: float, half: float) -> None:
    """The land behind the town, which fills its part of the stage from wherever it is looked at."""
    zoom = max(view.zoom, 1.0) ** LANDS
    x = min(max(view.x, half / zoom), 100 - half / zoom)
    y = min(max(view.y, LEVEL / zoom), 100 - (100 - LEVEL) / zoom)
    with pen.moved(px(middle - x * zoom), py(LEVEL - y * zoom), zoom):
        town.land(pen, now)


def shared(
    pen: Pen, data: Data, other: Run, now: float, t: float, view: View, share: float, *, light: float | None = None,
    turned: float | None = None,
) -> None:  # fmt: skip
    """Two villages at one moment of one weather: the other's half comes in from the right as `share` goes to 1."""
    edge = mix(100.0, 50.0, share)
    with pen.clipped(0, 0, px(edge), theme.HEIGHT):
        shot(pen, data, data.main, now, t, view, light=light, middle=edge / 2, half=edge / 2, turned=turned)
    if share > 0:
        with pen.clipped(px(edge), 0, px(100 - edge), theme.HEIGHT):
            shot(pen, data, other, now, t, view, light=light, middle=edge + 25, half=25, turned=turned)
        pen.line((px(edge), py(17)), (px(edge), py(84)), theme.TEXT, 3, 0.6 * share)


def dial(data: Data, clock: Callable[[float], float], pen: Pen, t: float) -> None:
    """The day, and a ring that fills in all of them."""
    now = clock(t)
    town.counter(pen, data.main, now)
    x, y, radius = px(80.5), py(5.4), 17.0
    share = now / (data.main.days * DAY)
    pen.context.new_path()
    pen.context.arc(x, y, radius, 0, math.tau)
    pen.stroke(theme.HAIRLINE, 6)
    pen.context.new_path()
    pen.context.arc(x, y, radius, -math.pi / 2, -math.pi / 2 + math.tau * share)
    pen.stroke(theme.ATTENTION, 6)
