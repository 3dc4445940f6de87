"""02: wheat, flour and bread pass from hand to hand, threads tell who waits; then one worker tries it all alone."""

from __future__ import annotations

from functools import partial

import numpy as np

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.motion import ease, mix, px, py
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, nothing, reads
from stagelight.render.scenes.village import town
from stagelight.render.scenes.village.data import DAY, HAUL_WHEAT, Data, run_reads

# Beats, in seconds.
BEGIN, THREADS = 0.8, 0.8
ZOOMS, PANS = (0.3, 2.0), (2.0, 8.5)  # the camera comes closer; it follows from field to square: from, for how long
TURN = 11.6  # the lone worker takes over
COMPARED = TURN + 0.6
SECONDS = 17.0
RELAY_ENDS, ALONE_ENDS = TURN - 0.3, SECONDS - 1.0  # the last moments that are seen of each

# Ticks that are seen.
RELAY_TICKS = 22
ALONE_TICKS = (2 * DAY, 7 * DAY)

# Layout.
ZOOM, GROUND = 1.1, py(84)  # what stays where it is as the camera comes closer
PANEL = (px(49), py(16), px(47), py(17))
NAME_X, BAR_X, BAR_WIDTH, SHARE_RIGHT = px(51), px(66), px(19), px(95)
BAR_RISE, BAR_HEIGHT, BAR_RADIUS = 24, 22, 11
ROWS_TOP, ROWS_PITCH = 22.6, 6.6  # percent


@reads(
    *town.WEATHER_READS,
    *run_reads("shown", *town.BUILDING_ARRAYS, *town.WORKER_ARRAYS, "chosen"),
    *run_reads("alone", *town.BUILDING_ARRAYS, *town.WORKER_ARRAYS),
    "arrays.price",
    "facts.alone.fed",
    "facts.shown.fed",
)
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    three, one = (f"{run.fact('fed'):.0%}" for run in (data.main, data.alone))
    return Section(
        name="relay",
        step="02",
        title="Divide & relay",
        seconds=SECONDS,
        paint=partial(paint, data),
        backdrop=nothing,
        captions=(
            Cue(0.2, 3.6, "The farmer brings wheat to the mill."),
            Cue(3.8, 7.6, "Wind makes flour of it, the baker bread."),
            Cue(7.8, 11.5, "A taut thread: waiting for the one before."),
            Cue(11.8, SECONDS, "One worker doing every job, at half skill, is too slow."),
        ),
        marks=(Cue(0.0, TURN, "thread"), Cue(0.0, SECONDS, "blades"), Cue(TURN, SECONDS, "posture")),
        still=8.0,
        alt="Workers on the paths between field, mill, bakery and square, goods in their hands, with threads from the "
        f"baker to the miller and from the miller to the farmer. Together they meet {three} of the need; one "
        f"worker alone meets {one}.",
    )


def first_tick(data: Data) -> int:
    """The tick at which the relay begins: the farmer takes the first sheaves after the first day to the mill."""
    begins = np.flatnonzero(data.main.chosen[DAY:, 0] == HAUL_WHEAT)
    return DAY + int(begins[0]) if len(begins) else DAY


def clock(data: Data, t: float) -> float:
    """Ticks of the run that is seen at a time."""
    if t < TURN:
        start = first_tick(data)
        return float(np.interp(t, (BEGIN, RELAY_ENDS), (start, start + RELAY_TICKS)))
    return float(np.interp(t, (TURN, ALONE_ENDS), ALONE_TICKS))


def paint(data: Data, pen: Pen, t: float) -> None:
    """The town, seen closer and followed from field to square; then the lone run, wide."""
    if t < TURN:
        _relay(data, pen, t)
    else:
        _alone(data, pen, t)
    town.curtain(pen, t, TURN)
    town.counter(pen, data.main, clock(data, t))


def _relay(data: Data, pen: Pen, t: float) -> None:
    """Three at work, the camera with them."""
    run, now = data.main, clock(data, t)
    zoom = mix(1.0, ZOOM, ease(t, *ZOOMS))
    middle = ease(t, *PANS) * theme.WIDTH
    across = round(middle * (1 - zoom))  # whole pixels, which no video has to send
    town.land(pen, now)
    with pen.moved(across, GROUND * (1 - zoom), zoom):
        town.paths(pen)
        town.town(pen, data, run, now, t, first_tick(data) + RELAY_TICKS, priced=False)
        town.threads(pen, run, now, ease(t, THREADS, 0.8))


def _alone(data: Data, pen: Pen, t: float) -> None:
    """One at work, and what that comes to beside three."""
    now = clock(data, t)
    town.land(pen, now)
    town.paths(pen)
    town.town(pen, data, data.alone, now, t, ALONE_TICKS[1])
    _comparison(data, pen, ease(t, COMPARED, 0.6))


def _comparison(data: Data, pen: Pen, alpha: float) -> None:
    """The share of the bread needed that three workers bring, and one alone."""
    pen.panel(*PANEL, 0.9 * alpha)
    rows = (("three together", data.main, theme.KEPT), ("one, every job", data.alone, theme.LOST))
    for row, (name, run, colour) in enumerate(rows):
        y, share = py(ROWS_TOP + ROWS_PITCH * row), run.fact("fed")
        pen.text(name, NAME_X, y, theme.FLOOR, theme.TEXT, alpha=alpha)
        pen.box(BAR_X, y - BAR_RISE, BAR_WIDTH, BAR_HEIGHT, BAR_RADIUS)
        pen.fill(theme.HAIRLINE, 0.6 * alpha)
        pen.box(BAR_X, y - BAR_RISE, BAR_WIDTH * share, BAR_HEIGHT, BAR_RADIUS)
        pen.fill(colour, alpha)
        pen.text(f"{share:.0%} fed", SHARE_RIGHT, y, theme.FLOOR, colour, font=theme.MONO_BOLD, anchor="end",
                 alpha=alpha)  # fmt: skip
