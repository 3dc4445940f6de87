"""01: bread reaches the square and children play; the same morning without work, they sit and then curl up."""

from __future__ import annotations

from functools import partial

import numpy as np

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.components.village import goods
from stagelight.render.components.village.house import house
from stagelight.render.components.village.villager import CHILDREN, LOOKS, villager
from stagelight.render.motion import ease, px, py
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, nothing, reads
from stagelight.render.scenes.village import town
from stagelight.render.scenes.village.data import AGENTS, DAY, Data, Run, run_reads
from stagelight.render.wording import MINUS, with_minus

# Beats, in seconds.
TURN = 7.4  # the other run takes over
DAY_ENDS, IDLE_ENDS = TURN - 0.4, TURN + 5.6  # the last moments that are seen of each
RULE = 3.8  # how the reward is counted
SECONDS = 15.0

# Layout, in percent.
CHILD, CHILDREN_X, CHILDREN_Y, CHILDREN_STEP = 7.4, (9.5, 20.0, 30.5, 41.0), 80.5, 2.5
HOUSES, HOUSES_X, HOUSES_Y, HOUSES_PITCH, HOUSE_SIZE = 5, 8, 47.5, 11.2, 1.9
TABLE, TABLE_SIZE = (53.0, 80.0), 3.2  # of the bread in the square
SERVER_FAR, SERVER_NEAR, SERVER_Y, SERVER_SIZE = 64, 59, 74, 4.6  # who brings bread comes from the right
# The day's pay, in pixels.
PANEL = (px(65), py(19), px(31), py(62))
LEFT, RIGHT = px(68), px(93)
TITLE_Y, RULE_Y, REWARD_NAME_Y, REWARD_Y, FORMULA_Y = py(27), py(52), py(59), py(71), py(77.5)
ROWS_TOP, ROWS_PITCH = 37, 10  # percent
LOAF_X, LOAF_RISE, LOAF_SIZE, NAME_X = 20, 14, 2.1, 62

FULL, RESTED = 0.999, 0.05  # share of the bread needed; hunger at dawn
IDLE_DAYS = 3  # that are seen of the run without work
ARRAYS = ("eaten", "good", "heads", "leaves", "load", "missed", "state", "way")


@reads(*run_reads("shown", *ARRAYS), *run_reads("idle", *ARRAYS))
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    paid = f"{data.main.daily_reward[first_day(data)]:+.0f}"
    starved = with_minus(f"{data.idle.daily_reward[IDLE_DAYS - 1]:.0f}")
    return Section(
        name="goal",
        step="01",
        title="A shared goal",
        seconds=SECONDS,
        paint=partial(paint, data),
        backdrop=nothing,
        captions=(
            Cue(0.3, 3.4, "Bread in the square: children play."),
            Cue(3.6, 7.2, "All three are paid for bread eaten."),
            Cue(7.5, 10.6, "The same weather, but nobody works."),
            Cue(10.8, SECONDS, "No bread: they sit, then curl up."),
        ),
        marks=(Cue(0.0, SECONDS, "posture"),),
        still=6.9,
        alt=f"Four children large in the square. With bread they hop, and the day pays {paid}. Later, in the run in "
        f"which nobody works, they are curled up by day {IDLE_DAYS} and the day pays {starved}.",
    )


def first_day(data: Data) -> int:
    """The first day, from 0, on which everyone was fed and nobody was hungry from before."""
    rested = data.main.column("hunger")[:-1:DAY] < RESTED
    return int(np.argmax((data.main.daily_fed >= FULL) & rested))


def clock(data: Data, t: float) -> float:
    """Ticks of the run that is shown at a time: a day of the village, then three of the idle one."""
    if t < TURN:
        start = first_day(data) * DAY
        return float(np.interp(t, (0.0, DAY_ENDS), (start + 0.5, start + DAY - 0.1)))
    return float(np.interp(t, (TURN, IDLE_ENDS), (0.5, DAY * IDLE_DAYS - 0.1)))


def paint(data: Data, pen: Pen, t: float) -> None:
    """Children and bread large, the day's pay at the right."""
    run, now = (data.main if t < TURN else data.idle), clock(data, t)
    town.land(pen, now)
    hunger = run.level("hunger", now)
    for at in range(HOUSES):
        lit = min(max(HOUSES * (1 - hunger) - at, 0.0), 1.0)
        house(pen, px(HOUSES_X + HOUSES_PITCH * at), py(HOUSES_Y), lit, HOUSE_SIZE)
    _server(pen, run, now)
    town.pile(pen, "loaf", px(TABLE[0]), py(TABLE[1]), run.level("square_bread", now), TABLE_SIZE)
    for at, x in enumerate(CHILDREN_X):
        y = py(CHILDREN_Y - CHILDREN_STEP * (at % 2))
        villager(pen, px(x), y, CHILDREN[at], hunger=hunger, joy=town.hops(t, at), size=CHILD, left=at == 3)
    town.curtain(pen, t, TURN)
    _numbers(pen, run, now, "with work" if run is data.main else "nobody works", ease(t, RULE, 0.5))


def _server(pen: Pen, run: Run, now: float) -> None:
    """Whoever stands in the square or comes to it with bread."""
    y = py(SERVER_Y)
    for agent, name in enumerate(AGENTS):
        start, end, share = run.leg(agent, now)
        good, amount = run.load(agent, now)
        if end == "square" and good == "loaf":
            x = px(SERVER_FAR - (SERVER_FAR - SERVER_NEAR) * share)
            villager(pen, x, y, LOOKS[name], walked=2 * share, load=amount / town.ARMFUL, size=SERVER_SIZE, left=True,
                     good=good)  # fmt: skip
        elif start == end == "square":
            villager(pen, px(SERVER_NEAR), y, LOOKS[name], size=SERVER_SIZE, left=True)


def _numbers(pen: Pen, run: Run, now: float, words: str, rule: float) -> None:
    """The day so far: bread eaten and missing, and what they pay."""
    tick, day = run.tick(now), run.tick(now) // DAY
    eaten, missed = (float(amounts[day * DAY : tick + 1].sum()) for amounts in (run.eaten, run.missed))
    pen.panel(*PANEL, 0.92)
    pen.text(f"day {day + 1}, {words}", LEFT, TITLE_Y, theme.FLOOR, theme.QUIET)
    for row, (name, value, lit) in enumerate((("eaten", eaten, theme.KEPT), ("missing", missed, theme.LOST))):
        y, colour = py(ROWS_TOP + ROWS_PITCH * row), lit if value else theme.QUIET
        goods.good(pen, "loaf", LEFT + LOAF_X, y - LOAF_RISE, 1.0, LOAF_SIZE)
        pen.text(name, LEFT + NAME_X, y, theme.MUST_READ, theme.TEXT)
        pen.text(f"{value:.0f}", RIGHT, y, theme.MUST_READ, colour, font=theme.MONO_BOLD, anchor="end")
    reward = eaten - 2 * missed
    sign, colour = ("+", theme.KEPT) if reward > 0 else (MINUS, theme.LOST) if reward < 0 else ("", theme.QUIET)
    pen.line((LEFT, RULE_Y), (RIGHT, RULE_Y), theme.HAIRLINE, 2)
    pen.text("reward of the day", LEFT, REWARD_NAME_Y, theme.FLOOR, theme.QUIET)
    pen.text(f"{sign}{abs(reward):.0f}", LEFT, REWARD_Y, theme.HERO, colour, font=theme.MONO_BOLD)
    pen.text("eaten, less twice missing", LEFT, FORMULA_Y, theme.FLOOR, theme.QUIET, alpha=rule)
