"""03: flour is left over, and a worker says where it goes; then two villages in one weather part ways."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

import numpy as np

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.components.village.granary import reading
from stagelight.render.motion import along, between, mix, px, py
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, nothing, reads
from stagelight.render.scenes.village import camera, relay, speech, town
from stagelight.render.scenes.village.camera import View
from stagelight.render.scenes.village.data import AGENTS, DAY, FED, KEPT, PLACES, Data, Run, run_reads
from stagelight.render.scenes.village.paths import ROUTES, spot

# Beats, in seconds.
SECONDS = camera.SECONDS["tradeoff"]
RUSHES, ARRIVES = 0.2, 2.4  # days go by to the choice, and the camera comes near
FORK = (1.8, 6.0)  # while both ways are shown
SAYS = (3.0, 8.6)
WALK, WALKED = 4.2, 8.4  # the worker goes
SHARES, SHARED = 9.0, 10.2  # the other village comes in
RUNS, DONE = 10.4, 17.8  # days go by in both
PARTS, PARTED = 19.6, 20.8
BEFORE = 8.5  # ticks before the wind drops at which the section ends
WALK_TICKS = 4.0
NEAR = View(57, 62, 1.2)
NAME_Y, NUMBERS_Y, INSET = py(22.5), py(27.8), 3.0
ARROW, STEP = 5.0, 26.0  # of the ways at the fork: width; pixels from dot to dot
NAMED = 58.0  # pixels below its end at which a way is named
LEAST = 4.0  # flour that is banked in the choice that is shown


@reads(
    *camera.READS,
    *camera.MEALS,
    *camera.WORDS,
    *run_reads("shown", "chosen", "moved"),
    *run_reads("investor", *town.BUILDING_ARRAYS, *town.WORKER_ARRAYS),
)
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    said, day = choice(data), round(ends(data)) // DAY + 1
    mine, other = (run.mouths(ends(data)) for run in (data.main, data.investor))
    reason = speech.words(said)
    return Section(
        name="tradeoff",
        step="03",
        title="Hedge or invest",
        seconds=SECONDS,
        paint=partial(paint, data),
        backdrop=nothing,
        badge=partial(camera.dial, data, partial(clock, data)),
        captions=(
            Cue(0.2, 4.0, "Flour is left over: store, or sell?"),
            Cue(4.2, 8.6, f"The {said['agent']} stores it" + (", and says why." if said.get("reason") else ".")),
            Cue(9.2, 13.0, "Beside it, the same weather: all is sold."),
            Cue(13.2, 17.0, "Coins buy tools, and the crowd grows." if other > mine else "Coins buy tools."),
            Cue(17.2, SECONDS - 0.1, "Then the wind tells."),
        ),
        marks=(Cue(0.0, SAYS[1], "bubble"), Cue(0.0, SECONDS, "gauge"), Cue(SHARES, SECONDS, "coins")),
        still=18.6,
        alt=f"Two villages side by side under the same weather, on day {day}. In one, flour is stored: it feeds {mine} "
        f"mouths. In the other all of it is sold and tools are bought: it feeds {other}. Before, the {said['agent']} "
        f"said: {reason}.",
    )


@lru_cache(KEPT)
def choice(data: Data) -> Mapping[str, Any]:
    """The first flour after the relay that is taken from the mill to the granary on a day fed in full, with a reason.

    Without a reason if no such choice has one; on any day if there is none on a day of that kind.
    """
    leaves, mill, since = data.main.array("leaves"), PLACES.index("mill"), relay.ends(data)
    until = data.shock.drops * DAY - 2 * DAY
    banked = [event for event in data.said if event["action"] == "bank"]
    fit = [
        event
        for event in banked
        if since + 2 < event["step"] < until
        and data.main.daily_fed[event["step"] // DAY] >= FED
        and leaves[event["step"], AGENTS.index(event["agent"])] == mill
        and _moved(data.main, event) >= LEAST
    ]
    later = [event for event in banked if event["step"] > since + 2]
    return next((event for event in fit if event.get("reason")), next(iter(fit or later or banked), data.said[-1]))


def _moved(run: Run, event: Mapping[str, Any]) -> float:
    """The amount that an action brought, from the moment of its choice to its end."""
    agent, step = AGENTS.index(event["agent"]), int(event["step"])
    after = np.flatnonzero(run.chosen[step + 1 :, agent] >= 0)
    stop = step + 1 + int(after[0]) if len(after) else run.ticks
    return float(run.array("moved")[step:stop, agent].max())


@lru_cache(KEPT)
def ends(data: Data) -> float:
    """The clock at the end: a little before the wind drops."""
    return data.shock.drops * DAY - BEFORE


def clock(data: Data, t: float) -> float:
    """Ticks at a time: to the choice, slowly through it, then day after day."""
    start = float(choice(data)["step"])
    times = (0.0, RUSHES, ARRIVES, WALK, WALKED, RUNS, DONE, SECONDS)
    last = ends(data)
    ticks = (relay.ends(data), relay.ends(data) + 0.1, start - 0.4, start + 0.1, start + WALK_TICKS,
             start + WALK_TICKS + 1, last - 1.5, last)  # fmt: skip
    return camera.ticks("tradeoff", t, times, ticks)


def paint(data: Data, pen: Pen, t: float) -> None:
    """The choice, near; then both villages."""
    now, film, said = clock(data, t), camera.film("tradeoff", t), choice(data)
    keys = ((0.0, camera.WIDE), (RUSHES, camera.WIDE), (ARRIVES, NEAR), (SHARES, NEAR), (SHARED, camera.HALF),
            (PARTS, camera.HALF), (PARTED, camera.WIDE))  # fmt: skip
    view = camera.looking(keys, t)
    light, turned = now, data.turned(now)
    for begun, done in ((RUSHES, ARRIVES), (RUNS, DONE)):
        if begun < t < done:
            a, b = clock(data, begun), clock(data, done)
            light = camera.sun(t, (begun, a), (done, b))
            turned = camera.geared(data, a, now)
    share = between(t, SHARES, PARTED, SHARED - SHARES)
    camera.shared(pen, data, data.investor, now, film, view, share, light=light, turned=turned)
    _fork(data, pen, said, view, between(t, *FORK, 0.5))
    speech.says(pen, data.main, said, now, view, between(t, *SAYS, 0.4))
    edge, alpha = mix(100.0, 50.0, share), between(t, SHARED - 0.3, PARTS + 0.3, 0.4)
    _numbers(pen, data.main, now, "this village", INSET, alpha)
    _numbers(pen, data.investor, now, "sells everything", edge + INSET, alpha)
    if t < SHARES:
        _reading(data, pen, now, view, between(t, ARRIVES, SHARES, 0.4))


def _fork(data: Data, pen: Pen, said: Mapping[str, Any], view: View, alpha: float) -> None:
    """From the mill to the granary, and from the mill to the market: the two ways of what is left over."""
    agent = AGENTS.index(said["agent"])
    for goal, name in (("granary", "store"), ("market", "sell")):
        stops = [spot(stop, agent) for stop in ROUTES["mill", goal]]
        for a, b in itertools.pairwise(stops):
            count = max(2, int(np.hypot(b[0] - a[0], b[1] - a[1]) / STEP))
            for dot in range(count):
                x, y = view.at(along(a, b, dot / count))
                pen.disc(x, y, ARROW, theme.ATTENTION, 0.9 * alpha)
        x, y = view.at(stops[-1])
        pen.text(name, x, y + NAMED, theme.MUST_READ, theme.ATTENTION, font=theme.SANS_STRONG, anchor="middle",
                 alpha=alpha)  # fmt: skip


def _reading(data: Data, pen: Pen, now: float, view: View, alpha: float) -> None:
    """The gauge, in days of bread."""
    x, y = view.at((px(town.GRANARY[0]), py(town.GRANARY[1])))
    with pen.faded(alpha):
        reading(pen, x + px(6), y - py(9), data.main.days_stored(now))


def _numbers(pen: Pen, run: Run, now: float, name: str, x: float, alpha: float) -> None:
    """A village's name, its mouths and its tools."""
    level = round(run.level("level", now))
    numbers = f"{run.mouths(now)} mouths" + (f", tools +{level}" if level else "")
    pen.text(name, px(x), NAME_Y, theme.MUST_READ, theme.TEXT, font=theme.SANS_STRONG, alpha=alpha)
    pen.text(numbers, px(x), NUMBERS_Y, theme.FLOOR, theme.TEXT, font=theme.MONO, alpha=alpha)
