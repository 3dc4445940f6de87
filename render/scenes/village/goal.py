"""01: bread reaches the square and children play; the same morning without work, they sit and then curl up."""

from __future__ import annotations

from functools import partial

import numpy as np

from stagelight.render import theme
from stagelight.render.components.village import goods
from stagelight.render.components.village.house import house
from stagelight.render.components.village.villager import CHILDREN, LOOKS, villager
from stagelight.render.motion import between, ease, px, py
from stagelight.render.pen import Pen
from stagelight.render.scenes.village import town
from stagelight.render.scenes.village.shown import AGENTS, DAY, Run, Shown
from stagelight.render.stage import Cue, Section

SECONDS, TURN = 15.0, 7.4  # the end; when the other run takes over
CHILD, FOOT = 7.4, 80.5  # how large a child is; where they stand, percent
PLACES = (9.5, 20.0, 30.5, 41.0)  # of the children, percent
TABLE = (53.0, 80.0)  # of the bread in the square
FULL, RESTED = 0.999, 0.05  # share of the bread needed; hunger at dawn
DAY_SHOWN = 3  # of the run without work


def section(shown: Shown) -> Section:
    """Build the section: its captions, marks, still and description."""
    paid, starved = shown.main.paid[first_day(shown)], shown.idle.paid[DAY_SHOWN - 1]
    lost = f"{starved:.0f}".replace("-", "\N{MINUS SIGN}")
    return Section(
        name="goal",
        step="01",
        title="A shared goal",
        seconds=SECONDS,
        paint=partial(paint, shown),
        backdrop=lambda pen: None,
        captions=(
            Cue(0.3, 3.4, "Bread in the square: children play."),
            Cue(3.6, 7.2, "All three are paid for bread eaten."),
            Cue(7.5, 10.6, "The same weather, but nobody works."),
            Cue(10.8, SECONDS, "No bread: they sit, then curl up."),
        ),
        marks=(Cue(0.0, SECONDS, "posture"),),
        still=6.9,
        alt=f"Four children large in the square. With bread they hop, and the day pays {paid:+.0f}. Later, "
        f"in the run in which nobody works, they are curled up by day {DAY_SHOWN} and the day pays {lost}.",
    )


def first_day(shown: Shown) -> int:
    """The first day, from 0, on which everyone was fed and nobody was hungry from before."""
    rested = shown.main.column("hunger")[:-1:DAY] < RESTED
    return int(np.argmax((shown.main.fed >= FULL) & rested))


def clock(shown: Shown, t: float) -> float:
    """Ticks of the run that is shown at a time: a day of the village, then three of the idle one."""
    if t < TURN:
        start = first_day(shown) * DAY
        return float(np.interp(t, (0.0, TURN - 0.4), (start + 0.5, start + DAY - 0.1)))
    return float(np.interp(t, (TURN, TURN + 5.6), (0.5, DAY * DAY_SHOWN - 0.1)))


def paint(shown: Shown, pen: Pen, t: float) -> None:
    """Children and bread large, the day's pay at the right."""
    run, now = (shown.main if t < TURN else shown.idle), clock(shown, t)
    town.land(pen, now, paths=False)
    hunger = run.level("hunger", now)
    for at in range(5):
        house(pen, px(8 + 11.2 * at), py(47.5), min(max(5 * (1 - hunger) - at, 0.0), 1.0), 1.9)
    _server(pen, run, now)
    _table(pen, run, now)
    for at, x in enumerate(PLACES):
        y = py(FOOT - 2.5 * (at % 2))
        villager(pen, px(x), y, CHILDREN[at], hunger=hunger, joy=town.hops(t, at), size=CHILD, left=at == 3)
    pen.context.rectangle(0, 0, theme.WIDTH, theme.HEIGHT)
    pen.fill(theme.NIGHT_DEEP, 0.9 * between(t, TURN - 0.35, TURN + 0.35, 0.35))
    _numbers(shown, pen, run, now, t)


def _table(pen: Pen, run: Run, now: float) -> None:
    """The bread that is there to be eaten, one loaf for every four."""
    amount = run.level("square_bread", now)
    town.pile(pen, "loaf", px(TABLE[0]), py(TABLE[1]), amount, 3.2)


def _server(pen: Pen, run: Run, now: float) -> None:
    """Whoever stands in the square or comes to it with bread."""
    for agent, name in enumerate(AGENTS):
        start, end, share = run.leg(agent, now)
        good, amount = run.load(agent, now)
        if end == "square" and good == "loaf":
            x = px(64 - 5 * share)
            villager(
                pen, x, py(74), LOOKS[name], walked=2 * share, load=amount / town.ARMFUL, size=4.6, left=True, good=good
            )
        elif start == end == "square":
            villager(pen, px(59), py(74), LOOKS[name], size=4.6, left=True)


def _numbers(shown: Shown, pen: Pen, run: Run, now: float, t: float) -> None:
    """The day so far: bread eaten and missing, and what they pay."""
    tick, day = run.tick(now), run.tick(now) // DAY
    eaten, missed = (float(run.a[name][day * DAY : tick + 1].sum()) for name in ("eaten", "missed"))
    x = px(68)
    pen.panel(px(65), py(19), px(31), py(62), 0.92)
    words = "with work" if run is shown.main else "nobody works"
    pen.text(f"day {day + 1}, {words}", x, py(27), theme.FLOOR, theme.QUIET)
    for row, (name, value, colour) in enumerate((("eaten", eaten, theme.KEPT), ("missing", missed, theme.LOST))):
        y = py(37 + 10 * row)
        goods.good(pen, "loaf", x + 20, y - 14, 1.0, 2.1)
        pen.text(name, x + 62, y, theme.MUST_READ, theme.TEXT)
        pen.text(
            f"{value:.0f}",
            px(93),
            y,
            theme.MUST_READ,
            colour if value else theme.QUIET,
            font=theme.MONO_BOLD,
            anchor="end",
        )
    pay = eaten - 2 * missed
    colour = theme.KEPT if pay > 0 else theme.LOST if pay < 0 else theme.QUIET
    pen.line((x, py(52)), (px(93), py(52)), theme.HAIRLINE, 2)
    pen.text("reward of the day", x, py(59), theme.FLOOR, theme.QUIET)
    sign = "+" if pay > 0 else "\N{MINUS SIGN}" if pay < 0 else ""
    pen.text(f"{sign}{abs(pay):.0f}", x, py(71), theme.HERO, colour, font=theme.MONO_BOLD)
    pen.text("eaten, less twice missing", x, py(77.5), theme.FLOOR, theme.QUIET, alpha=ease(t, 3.8, 0.5))
