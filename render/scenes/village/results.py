"""The whole run as a ribbon; then what this village and others reach, in two kinds of weather."""

from __future__ import annotations

from functools import partial

import numpy as np

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.components import ribbon
from stagelight.render.components.ribbon import Kind
from stagelight.render.motion import Box, between, ease, mix, px, py
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, nothing, reads
from stagelight.render.scenes.village import town
from stagelight.render.scenes.village.data import DAY, Data, run_reads
from stagelight.render.wording import with_minus

# Beats, in seconds.
PLAYS, PLAYED = 0.5, 6.8  # the run again
SCORES, ROWS, EACH_ROW = 7.6, 0.3, 0.15  # returns take its place; then row by row
SECONDS = 15.0

# Layout of the run.
TOWN, TOWN_SCALE = (px(20), py(5)), 0.6
PANE_Y, PANE_HEIGHT = py(55.5), py(31)
BAND, CURVE = Box(px(4), py(67.5), px(92), py(8.5)), Box(px(4), py(56.5), px(92), py(9.5))
NO_WIND_X, NO_WIND_DROP, GRANARY_DROP = 8, 36, 30
KEY = (px(4), py(83.2))
CURVE_STEP = 3  # ticks between two points of the granary's line
NOON, GEAR = 0.45, 0.2  # of a day: its light; blades turn this much slower, where a second is a week

# Layout of the returns, percent, and bars in pixels.
NAMES_X, COLUMNS_X, COLUMNS_PITCH, COLUMN_WIDTH = 4, 32, 33, 25
WEATHER_Y, AXIS_TOP, ROWS_TOP, ROWS_HEIGHT = 21, 24.0, 28.5, 54.0
BAR_RISE, BAR_HEIGHT, BAR_RADIUS, VALUE_GAP, TICK_DROP = 29, 32, 5, 12, 40

FED, HUNGRY = 0.95, 0.7  # share of the bread needed, of a day that is fed in full and of one that is hungry
KINDS = (Kind("fed", theme.KEPT, 1.0), Kind("short", theme.QUIET, 0.62, solid=False), Kind("hungry", theme.LOST, 0.32))
AGENTS = (
    ("random", "moves by chance"),
    ("small", "small language model"),
    ("no_granary", "no granary"),
    ("sell_all", "sells everything"),
    ("hoarder", "stores everything"),
    ("small_taught", "language model, taught"),
    ("stock", "reserve by season"),
    ("policy", "trained policy"),
    ("clairvoyant", "knows the weather"),
)
PLAN = "clairvoyant"  # no agent, so never the best one
WEATHER = {"calm": "calm weather", "compound": "wind drops, rabbits"}


@reads(
    *town.WEATHER_READS,
    *run_reads("shown", *town.BUILDING_ARRAYS, "eaten", "missed"),
    "facts.compared.llm_seeds",
    "facts.compared.seeds",
    *(f"facts.score.{weather}.{agent}.return" for weather in WEATHER for agent, _ in AGENTS),
    "facts.shown.days_fed",
    "facts.shown.hungry_days",
)
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    fed, hungry = int(data.main.fact("days_fed")), int(data.main.fact("hungry_days"))
    worth = _return(data, "compound", "stock") - _return(data, "compound", "no_granary")
    seeds, fewer = int(recording.fact("compared.seeds")), int(recording.fact("compared.llm_seeds"))
    returns = "; ".join(
        f"{name} {_return(data, 'calm', agent):.2f} and {_return(data, 'compound', agent):.2f}"
        for agent, name in AGENTS
    )
    return Section(
        name="results",
        step=None,
        title="The ledger",
        seconds=SECONDS,
        paint=partial(paint, data),
        backdrop=nothing,
        captions=(
            Cue(0.0, 3.68, f"Forty days: {fed} fed in full, {hungry} hungry."),
            Cue(3.7, 7.4, "The line is the granary, filled and eaten."),
            Cue(7.6, 11.5, f"Return, mean of {seeds} runs; language model {fewer}."),
            Cue(11.6, SECONDS, f"Stored flour is worth {worth:.2f} under shocks."),
        ),
        marks=(Cue(0.0, PLAYED, "gauge"), Cue(0.0, PLAYED, "posture")),
        still=13.6,
        alt=f"A ribbon of forty days, {fed} of them fed and {hungry} hungry, with the granary above it; and the "
        f"returns of villages in calm weather and under shocks: {with_minus(returns)}.",
    )


def _return(data: Data, weather: str, agent: str) -> float:
    return data.recording.fact(f"score.{weather}.{agent}.return")


def clock(t: float) -> float:
    """Ticks at a time: the whole run."""
    return float(np.interp(t, (PLAYS, PLAYED), (0.0, 40 * DAY - 0.01)))


def paint(data: Data, pen: Pen, t: float) -> None:
    """The run again above its ribbon; then the returns in its place."""
    if t < SCORES:
        _run(data, pen, t)
        return
    town.dark(pen)
    if t > SCORES:
        for column, weather in enumerate(WEATHER):
            _returns(data, pen, t, column, weather)


def _run(data: Data, pen: Pen, t: float) -> None:
    """The village over its ribbon; both give way to the dark before the returns come."""
    run, now = data.main, clock(t)
    town.land(pen, NOON * DAY)
    gone = ease(t, SCORES - 0.6, 0.6)
    with pen.moved(*TOWN, TOWN_SCALE):
        town.buildings(pen, data, run, now, t, GEAR * data.turned(now), priced=False)
        town.crowd(pen, run, now, t, run.ticks)
    pen.context.rectangle(0, PANE_Y, theme.WIDTH, PANE_HEIGHT)
    pen.fill(theme.NIGHT_DEEP, 0.6)
    town.dark(pen, gone)
    with pen.faded(1 - gone):
        _ribbon(data, pen, now)
    town.counter(pen, run, now)


def _ribbon(data: Data, pen: Pen, now: float) -> None:
    """Fed, short and hungry days; the granary above them; the still days behind."""
    run = data.main
    kinds = np.repeat(np.where(run.daily_fed >= FED, 0, np.where(run.daily_fed < HUNGRY, 2, 1)), DAY)
    width = BAND.width / run.days
    for day in data.still_days:
        pen.context.rectangle(BAND.x + width * day, CURVE.y, width, BAND.y + BAND.height - CURVE.y)
        pen.fill(theme.HAIRLINE, 0.55)
    if len(data.still_days):
        x = BAND.x + width * int(data.still_days[0]) + NO_WIND_X
        pen.text("no wind", x, CURVE.y + NO_WIND_DROP, theme.FLOOR, theme.TEXT)
    ribbon.ribbon(pen, BAND, kinds, KINDS, now)
    _granary(data, pen, now)
    ribbon.playhead(pen, BAND, run.ticks, now)
    ribbon.key(pen, KINDS, *KEY)


def _granary(data: Data, pen: Pen, now: float) -> None:
    """The granary, as a line."""
    stored = data.main.stored
    most = max(float(stored.max()), 1e-6)
    points = [
        (CURVE.x + CURVE.width * at / data.main.ticks, CURVE.y + CURVE.height * (1 - float(stored[at]) / most))
        for at in range(0, int(now) + 1, CURVE_STEP)
    ]
    if len(points) > 1:
        pen.polyline(points, theme.STRAW, 5)
    alpha = between(now, 12.0, 1e9, 20.0)
    pen.text("granary", CURVE.x, CURVE.y + GRANARY_DROP, theme.FLOOR, theme.STRAW, alpha=alpha)


def _returns(data: Data, pen: Pen, t: float, column: int, weather: str) -> None:
    """The return of each kind of village in one weather: bars from nought, to the right when positive."""
    every = [_return(data, each, agent) for each in WEATHER for agent, _ in AGENTS]
    low, high = min(0.0, *every), max(1.0, *every)
    left, right = px(COLUMNS_X + COLUMNS_PITCH * column), px(COLUMNS_X + COLUMN_WIDTH + COLUMNS_PITCH * column)
    zero, one = (mix(left, right, (level - low) / (high - low)) for level in (0, 1))
    _axis(pen, zero, one, WEATHER[weather], ease(t, SCORES))
    pitch, best = ROWS_HEIGHT / len(AGENTS), max(_return(data, weather, agent) for agent, _ in AGENTS if agent != PLAN)
    for row, (agent, name) in enumerate(AGENTS):
        y, share = py(ROWS_TOP + pitch * row), ease(t, SCORES + ROWS + EACH_ROW * row, 0.8)
        value = _return(data, weather, agent)
        end = mix(zero, mix(left, right, (value - low) / (high - low)), share)
        if not column:
            pen.text(name, px(NAMES_X), y, theme.FLOOR, theme.TEXT, alpha=share)
        colour = theme.LOST if value < 0 else theme.KEPT if value == best else theme.QUIET
        pen.box(min(zero, end), y - BAR_RISE, abs(end - zero), BAR_HEIGHT, BAR_RADIUS)
        pen.fill(colour, 0.9)
        words = with_minus(f"{value:.2f}")
        pen.text(words, max(end, zero) + VALUE_GAP, y, theme.FLOOR, colour, font=theme.MONO_BOLD, alpha=share)


def _axis(pen: Pen, zero: float, one: float, name: str, alpha: float) -> None:
    """A column's name and its lines at 0 and 1."""
    foot = py(AXIS_TOP + ROWS_HEIGHT)
    pen.text(name, zero, py(WEATHER_Y), theme.FLOOR, theme.TEXT, font=theme.SANS_STRONG, alpha=alpha)
    pen.line((zero, py(AXIS_TOP)), (zero, foot), theme.HAIRLINE, 3)
    pen.line((one, py(AXIS_TOP)), (one, foot), theme.HAIRLINE, 3, dash=(3, 9))
    for x, words in ((zero, "0"), (one, "1")):
        pen.text(words, x, foot + TICK_DROP, theme.FLOOR, theme.TEXT, anchor="middle", font=theme.MONO_BOLD)
