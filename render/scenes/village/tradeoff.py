"""03: a surplus goes into the granary, in the worker's recorded words; then two villages on one tape part ways."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.render import theme
from stagelight.render.components.village.bubble import bubble
from stagelight.render.components.village.granary import granary, reading
from stagelight.render.components.village.villager import LOOKS, villager
from stagelight.render.components.village.windmill import windmill
from stagelight.render.motion import Box, between, ease, mix, px, py
from stagelight.render.pen import Pen
from stagelight.render.scenes.village import town
from stagelight.render.scenes.village.shown import AGENTS, DAY, Shown
from stagelight.render.stage import Cue, Section

SECONDS, SPLIT, RUNS, DONE = 19.0, 7.8, 8.3, 15.2  # the end; when it splits; the two runs' first and last moment
MILL = 1  # a place
FED, LEAST = 0.95, 4  # share of the bread needed on that day; flour banked
BESIDE = 0.5  # scale of each of the two villages
CHART = Box(px(5), py(70.5), px(60), py(13))
SOLID: tuple[float, ...] = ()
DASHED: tuple[float, ...] = (14.0, 9.0)
GEAR = 0.2  # blades turn this much slower here, where a second is five days


def choice(shown: Shown) -> Mapping[str, Any]:
    """The first flour that is taken from the mill to the granary on a day that is fed in full, as it was said."""
    return next(
        event
        for event in shown.events
        if event["kind"] == "said"
        and event["action"] == "bank"
        and shown.main.fed[event["step"] // DAY] >= FED
        and shown.main.a["leaves"][event["step"], AGENTS.index(event["agent"])] == MILL
        and _moved(shown, event) >= LEAST
    )


def _moved(shown: Shown, event: Mapping[str, Any]) -> float:
    """How much an action brought, from the moment of its choice to its end."""
    agent, step = AGENTS.index(event["agent"]), int(event["step"])
    ends = np.flatnonzero(shown.main.a["chosen"][step + 1 :, agent] >= 0)
    stop = step + 1 + int(ends[0]) if len(ends) else shown.main.ticks
    return float(shown.main.a["moved"][step:stop, agent].max())


def section(shown: Shown) -> Section:
    """What is said and when."""
    said, (hoard, invest) = choice(shown), (run.fact("return") for run in (shown.hoarder, shown.investor))
    reasons = (
        "Its reason is in its own words."
        if "reason" in said
        else f"A {said['author']} gives no reasons; none is shown."
    )
    calm = {
        name: shown.recording.fact(f"calm.{run}.return")
        for name, run in (("storing", "hoarder"), ("selling", "investor"))
    }
    better, best = "storing" if hoard > invest else "selling", max(calm, key=lambda name: calm[name])
    more = shown.investor.most(shown.investor.ticks) > shown.hoarder.most(shown.hoarder.ticks)
    grown = "Tools feed more mouths, until the wind drops." if more else "The lines: bread eaten a day in each."
    turned = f"; in calm weather, {best}" if best != better else ""
    return Section(
        name="tradeoff",
        step="03",
        title="Hedge or invest",
        seconds=SECONDS,
        paint=partial(paint, shown),
        backdrop=lambda pen: None,
        captions=(
            Cue(0.2, 3.9, f"Flour is left over: the {said['agent']}'s own message."),
            Cue(4.0, 7.7, reasons),
            Cue(8.0, 11.4, "Same weather: storing waits, selling buys tools."),
            Cue(11.6, 15.27, grown),
            Cue(15.3, SECONDS, f"{better.capitalize()} did better here{turned}."),
        ),
        marks=(Cue(0.0, SPLIT, "bubble"), Cue(0.0, SECONDS, "gauge"), Cue(SPLIT, SECONDS, "coins")),
        still=17.6,
        alt="Two villages side by side under the same weather. One stores all its flour, one sells all and buys tools. "
        f"A chart of bread eaten a day shows the seller growing, then hungry. Returns: {hoard:.2f} for storing, "
        f"{invest:.2f} for selling.",
    )  # fmt: skip


def paint(shown: Shown, pen: Pen, t: float) -> None:
    """The choice, close; then both villages and their chart."""
    if t < SPLIT:
        _choice(shown, pen, t)
    else:
        _both(shown, pen, t)
    pen.context.rectangle(0, 0, theme.WIDTH, theme.HEIGHT)
    pen.fill(theme.NIGHT_DEEP, 0.9 * between(t, SPLIT - 0.35, SPLIT + 0.35, 0.35))


def _choice(shown: Shown, pen: Pen, t: float) -> None:
    """The worker walks from the mill to the granary; the gauge rises by what they bring."""
    said, run = choice(shown), shown.main
    agent, start = AGENTS.index(said["agent"]), int(said["step"])
    now = float(np.interp(t, (1.2, SPLIT - 1.4), (start, start + 4)))
    town.land(pen, now, paths=False)
    windmill(pen, px(10), py(74), shown.turned(now), 0.0, 2.6)
    days = run.days_stored(now)
    granary(pen, px(41), py(80.5), days, shown.full, float(run.stored[: int(now) + 1].max()), 3.15)
    begin, end, share = run.leg(agent, now)
    gone = share if end == "granary" and begin != end else float(begin == end == "granary")
    good, amount = run.load(agent, now)
    villager(pen, mix(px(17), px(29.5), gone), py(81), LOOKS[AGENTS[agent]], walked=3 * gone if 0 < gone < 1 else 0.0,
             load=amount / town.ARMFUL, size=4.4, good=good)  # fmt: skip
    reading(pen, px(56), py(72), days)
    words = " ".join(part for part in (said.get("reason", ""), said.get("message", "")) if part)
    box = Box(px(54), py(19), px(41), py(33))
    bubble(pen, words, said["author"], box, (px(56), py(57)), ease(t, 0.5, 0.6))
    shown.counter(pen, now)


def clock(t: float) -> float:
    """Ticks of both runs."""
    return float(np.interp(t, (RUNS, DONE), (0.0, 40 * DAY - 0.01)))


def _both(shown: Shown, pen: Pen, t: float) -> None:
    """Each village at half size, its name and its numbers; the chart of both below."""
    now = clock(t)
    town.land(pen, DAY * 0.45, paths=False)
    for run, name, x, first in (
        (shown.hoarder, "stores everything", 0.0, True),
        (shown.investor, "sells everything", 50.0, False),
    ):
        dimmed = between(t, 8.6, 10.2, 0.4) if not first else between(t, 10.2, 12.2, 0.4)
        with pen.moved(px(x), py(23.5), BESIDE):
            town.buildings(pen, shown, run, now, t, GEAR * shown.turned(now), priced=False)
            town.mouths(pen, run, now, t, run.ticks)
        if dimmed > 0:
            pen.context.rectangle(px(x), py(20), px(50), py(47))
            pen.fill(theme.NIGHT_DEEP, 0.55 * dimmed)
        pen.text(name, px(x + 4), py(21.5), 44, theme.TEXT, font=theme.SANS_STRONG)
        level = round(run.level("level", now))
        words = f"{run.mouths(now)} mouths" + (f", tools +{level}" if level else "")
        pen.text(words, px(x + 46), py(21.5), theme.FLOOR, theme.TEXT, font=theme.MONO, anchor="end")
    pen.line((px(50), py(19)), (px(50), py(66)), theme.HAIRLINE, 2)
    _chart(shown, pen, now, t)
    shown.counter(pen, now)


def _chart(shown: Shown, pen: Pen, now: float, t: float) -> None:
    """Bread eaten a day in both, on one scale; bands where there is no wind."""
    pen.context.rectangle(0, py(68), theme.WIDTH, py(17.5))
    pen.fill(theme.NIGHT_DEEP, 0.55)
    days = len(shown.main.fed)
    wide, most = CHART.width / days, float(max(shown.hoarder.eaten.max(), shown.investor.eaten.max()))
    still = shown.wind.reshape(days, DAY).max(1) == 0
    for day in np.flatnonzero(still):
        if day < now / DAY:
            pen.context.rectangle(CHART.x + wide * day, CHART.y, wide, CHART.height)
            pen.fill(theme.HAIRLINE, 0.6)
    pen.line((CHART.x, CHART.y + CHART.height), (CHART.x + CHART.width, CHART.y + CHART.height), theme.HAIRLINE, 3)
    for run, colour, dash in ((shown.hoarder, theme.TEXT, SOLID), (shown.investor, theme.STRAW, DASHED)):
        _line(pen, run.eaten, now / DAY, most, colour, dash)
    pen.text("bread eaten a day", px(69), py(74), theme.FLOOR, theme.QUIET)
    said = ease(t, DONE, 0.5)
    for row, (run, name, colour, dash) in enumerate(
        ((shown.hoarder, "stores", theme.TEXT, SOLID), (shown.investor, "sells", theme.STRAW, DASHED))
    ):
        y = py(78.6 + 4.6 * row)
        pen.line((px(69), y - 12), (px(72), y - 12), colour, 6, dash=dash)
        pen.text(name, px(73), y, theme.FLOOR, theme.TEXT)
        pen.text(
            f"return {run.fact('return'):.2f}",
            px(96),
            y,
            theme.FLOOR,
            colour,
            font=theme.MONO_BOLD,
            anchor="end",
            alpha=said,
        )


def _line(
    pen: Pen, values: NDArray[np.floating], upto: float, most: float, colour: str, dash: tuple[float, ...]
) -> None:
    """A day's value at the middle of the day, up to now."""
    wide = CHART.width / len(values)
    points = [(CHART.x + wide * (day + 0.5), CHART.y + CHART.height * (1 - float(value) / most))
              for day, value in enumerate(values) if day + 0.5 <= upto]  # fmt: skip
    for at, point in enumerate(points):
        (pen.context.line_to if at else pen.context.move_to)(*point)
    if points:
        pen.stroke(colour, 5, 1.0, dash)
