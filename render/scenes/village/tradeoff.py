"""03: a surplus goes into the granary, in the worker's recorded words; then two villages on one tape part ways."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.components.village.bubble import bubble
from stagelight.render.components.village.granary import reading
from stagelight.render.components.village.villager import LOOKS, villager
from stagelight.render.components.village.windmill import windmill
from stagelight.render.motion import Box, between, ease, mix, px, py
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, nothing, reads
from stagelight.render.scenes.village import town
from stagelight.render.scenes.village.data import AGENTS, DAY, PLACES, Data, Run, run_reads

# Beats, in seconds.
SAYS = 0.5
WALK = 1.2  # from the mill to the granary
SPLIT = 7.8  # the stage is shared by two villages
RUNS, DONE = 8.3, 15.2  # their first and last moment
FIRST_DIMMED, SECOND_DIMMED = (10.2, 12.2), (8.6, 10.2)  # while the other one is looked at
SECONDS = 19.0

# Layout of the choice, percent.
MILL_PLACE, GRANARY_PLACE, READING = (10, 74, 2.6), (41, 80.5, 3.15), (56, 72)
WALKER_X, WALKER_Y, WALKER_SIZE = (17, 29.5), 81, 4.4
BUBBLE, MOUTH = Box(px(54), py(19), px(41), py(33)), (px(56), py(57))
WALK_TICKS, STRIDES = 4, 3
# Layout of the two villages, percent.
SECOND_X, TOWN_Y, TOWN_SCALE = 50.0, 23.5, 0.5
NAME_X, MOUTHS_X, NAME_Y, NAME_SIZE = 4, 46, 21.5, 44
DIMMED_TOP, DIMMED_HEIGHT = 20, 47
DIVIDER = ((px(50), py(19)), (px(50), py(66)))
NOON = 0.45  # of a day: the light over both
GEAR = 0.2  # blades turn this much slower here, where a second is five days
# Layout of the chart.
CHART, CHART_PANE = Box(px(5), py(70.5), px(60), py(13)), (py(68), py(17.5))
KEY_LEFT, KEY_RIGHT, KEY_WORDS, KEY_TITLE_Y, RETURN_RIGHT = px(69), px(72), px(73), py(74), px(96)
ROWS_TOP, ROWS_PITCH, LINE_RISE = 78.6, 4.6, 12
SOLID: tuple[float, ...] = ()
DASHED: tuple[float, ...] = (14.0, 9.0)

FED, LEAST = 0.95, 4  # of the choice that is shown: share of the bread needed on that day; flour banked


@reads(
    *town.WEATHER_READS,
    *run_reads("shown", "chosen", "eaten", "good", "heads", "leaves", "load", "missed", "moved", "way"),
    *run_reads("hoarder", "eaten", *town.BUILDING_ARRAYS),
    *run_reads("investor", "eaten", *town.BUILDING_ARRAYS),
    "events.said.*",
    "facts.calm.hoarder.return",
    "facts.calm.investor.return",
    "facts.hoarder.return",
    "facts.investor.return",
)
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    said, (hoard, invest) = choice(data), (run.fact("return") for run in (data.hoarder, data.investor))
    reasons = f"A {said['author']} gives no reasons; none is shown."
    return Section(
        name="tradeoff",
        step="03",
        title="Hedge or invest",
        seconds=SECONDS,
        paint=partial(paint, data),
        backdrop=nothing,
        captions=(
            Cue(0.2, 3.9, f"Flour is left over: the {said['agent']}'s own message."),
            Cue(4.0, 7.7, "Its reason is in its own words." if "reason" in said else reasons),
            Cue(8.0, 11.4, "Same weather: storing waits, selling buys tools."),
            Cue(11.6, 15.27, _growth(data)),
            Cue(15.3, SECONDS, _verdict(data)),
        ),
        marks=(Cue(0.0, SPLIT, "bubble"), Cue(0.0, SECONDS, "gauge"), Cue(SPLIT, SECONDS, "coins")),
        still=17.6,
        alt="Two villages side by side under the same weather. One stores all its flour, one sells all and buys tools. "
        f"A chart of bread eaten a day shows the seller growing, then hungry. Returns: {hoard:.2f} for storing, "
        f"{invest:.2f} for selling.",
    )


def choice(data: Data) -> Mapping[str, Any]:
    """The first flour that is taken from the mill to the granary on a day that is fed in full, as it was said."""
    leaves, mill = data.main.array("leaves"), PLACES.index("mill")
    return next(
        event
        for event in data.events("said")
        if event["action"] == "bank"
        and data.main.daily_fed[event["step"] // DAY] >= FED
        and leaves[event["step"], AGENTS.index(event["agent"])] == mill
        and _moved(data.main, event) >= LEAST
    )


def _moved(run: Run, event: Mapping[str, Any]) -> float:
    """The amount that an action brought, from the moment of its choice to its end."""
    agent, step = AGENTS.index(event["agent"]), int(event["step"])
    ends = np.flatnonzero(run.chosen[step + 1 :, agent] >= 0)
    stop = step + 1 + int(ends[0]) if len(ends) else run.ticks
    return float(run.array("moved")[step:stop, agent].max())


def _growth(data: Data) -> str:
    """The caption on the chart: it says if the seller came to feed more."""
    seller, storer = (run.most_mouths(run.ticks) for run in (data.investor, data.hoarder))
    return (
        "Tools feed more mouths, until the wind drops." if seller > storer else "The lines: bread eaten a day in each."
    )


def _verdict(data: Data) -> str:
    """The caption on the returns, here and in calm weather."""
    better = "storing" if data.hoarder.fact("return") > data.investor.fact("return") else "selling"
    calm = {
        way: data.recording.fact(f"calm.{run}.return") for way, run in (("storing", "hoarder"), ("selling", "investor"))
    }
    best = max(calm, key=calm.__getitem__)
    return f"{better.capitalize()} did better here" + (f"; in calm weather, {best}." if best != better else ".")


def paint(data: Data, pen: Pen, t: float) -> None:
    """The choice, close; then both villages and their chart."""
    if t < SPLIT:
        _choice(data, pen, t)
    else:
        _both(data, pen, t)
    town.curtain(pen, t, SPLIT)


def _choice(data: Data, pen: Pen, t: float) -> None:
    """The worker walks from the mill to the granary; the gauge rises by what they bring."""
    said, run = choice(data), data.main
    agent, start = AGENTS.index(said["agent"]), int(said["step"])
    now = float(np.interp(t, (WALK, SPLIT - 1.4), (start, start + WALK_TICKS)))
    town.land(pen, now)
    windmill(pen, px(MILL_PLACE[0]), py(MILL_PLACE[1]), data.turned(now), 0.0, MILL_PLACE[2])
    town.gauge(pen, data, run, now, GRANARY_PLACE)
    begin, end, share = run.leg(agent, now)
    gone = share if end == "granary" and begin != end else float(begin == end == "granary")
    good, amount = run.load(agent, now)
    x, walked = mix(px(WALKER_X[0]), px(WALKER_X[1]), gone), STRIDES * gone if 0 < gone < 1 else 0.0
    villager(pen, x, py(WALKER_Y), LOOKS[AGENTS[agent]], walked=walked, load=amount / town.ARMFUL, size=WALKER_SIZE,
             good=good)  # fmt: skip
    reading(pen, px(READING[0]), py(READING[1]), run.days_stored(now))
    words = " ".join(part for part in (said.get("reason", ""), said.get("message", "")) if part)
    bubble(pen, words, said["author"], BUBBLE, MOUTH, ease(t, SAYS, 0.6))
    town.counter(pen, run, now)


def clock(t: float) -> float:
    """Ticks of both runs."""
    return float(np.interp(t, (RUNS, DONE), (0.0, 40 * DAY - 0.01)))


def _both(data: Data, pen: Pen, t: float) -> None:
    """Both villages, a line between them; the chart of both below."""
    now = clock(t)
    town.land(pen, DAY * NOON)
    _village(data, pen, data.hoarder, "stores everything", 0.0, now, t, between(t, *FIRST_DIMMED, 0.4))
    _village(data, pen, data.investor, "sells everything", SECOND_X, now, t, between(t, *SECOND_DIMMED, 0.4))
    pen.line(*DIVIDER, theme.HAIRLINE, 2)
    _chart(data, pen, now)
    _key(data, pen, ease(t, DONE, 0.5))
    town.counter(pen, data.main, now)


def _village(data: Data, pen: Pen, run: Run, name: str, x: float, now: float, t: float, dimmed: float) -> None:
    """A village at half size, its name and its numbers."""
    with pen.moved(px(x), py(TOWN_Y), TOWN_SCALE):
        town.buildings(pen, data, run, now, t, GEAR * data.turned(now), priced=False)
        town.crowd(pen, run, now, t, run.ticks)
    if dimmed > 0:
        pen.context.rectangle(px(x), py(DIMMED_TOP), px(SECOND_X), py(DIMMED_HEIGHT))
        pen.fill(theme.NIGHT_DEEP, 0.55 * dimmed)
    level = round(run.level("level", now))
    numbers = f"{run.mouths(now)} mouths" + (f", tools +{level}" if level else "")
    pen.text(name, px(x + NAME_X), py(NAME_Y), NAME_SIZE, theme.TEXT, font=theme.SANS_STRONG)
    pen.text(numbers, px(x + MOUTHS_X), py(NAME_Y), theme.FLOOR, theme.TEXT, font=theme.MONO, anchor="end")


def _chart(data: Data, pen: Pen, now: float) -> None:
    """Bread eaten a day in both, on one scale; bands where there is no wind."""
    pen.context.rectangle(0, CHART_PANE[0], theme.WIDTH, CHART_PANE[1])
    pen.fill(theme.NIGHT_DEEP, 0.55)
    runs, foot = (data.hoarder, data.investor), CHART.y + CHART.height
    width, most = CHART.width / data.main.days, float(max(run.daily_eaten.max() for run in runs))
    for day in data.still_days:
        if day < now / DAY:
            pen.context.rectangle(CHART.x + width * day, CHART.y, width, CHART.height)
            pen.fill(theme.HAIRLINE, 0.6)
    pen.line((CHART.x, foot), (CHART.x + CHART.width, foot), theme.HAIRLINE, 3)
    _line(pen, data.hoarder.daily_eaten, now / DAY, most, theme.TEXT, SOLID)
    _line(pen, data.investor.daily_eaten, now / DAY, most, theme.STRAW, DASHED)


def _key(data: Data, pen: Pen, alpha: float) -> None:
    """The key of the chart's lines; in the end, the returns."""
    pen.text("bread eaten a day", KEY_LEFT, KEY_TITLE_Y, theme.FLOOR, theme.QUIET)
    rows = ((data.hoarder, "stores", theme.TEXT, SOLID), (data.investor, "sells", theme.STRAW, DASHED))
    for row, (run, name, colour, dash) in enumerate(rows):
        y, words = py(ROWS_TOP + ROWS_PITCH * row), f"return {run.fact('return'):.2f}"
        pen.line((KEY_LEFT, y - LINE_RISE), (KEY_RIGHT, y - LINE_RISE), colour, 6, dash=dash)
        pen.text(name, KEY_WORDS, y, theme.FLOOR, theme.TEXT)
        pen.text(words, RETURN_RIGHT, y, theme.FLOOR, colour, font=theme.MONO_BOLD, anchor="end", alpha=alpha)


def _line(
    pen: Pen, values: NDArray[np.floating], upto: float, most: float, colour: str, dash: tuple[float, ...]
) -> None:
    """A day's value at the middle of the day, up to now."""
    width = CHART.width / len(values)
    points = [(CHART.x + width * (day + 0.5), CHART.y + CHART.height * (1 - float(value) / most))
              for day, value in enumerate(values) if day + 0.5 <= upto]  # fmt: skip
    for at, point in enumerate(points):
        (pen.context.line_to if at else pen.context.move_to)(*point)
    if points:
        pen.stroke(colour, 5, 1.0, dash)
