"""The days that are left go by above a ribbon of all forty; then the child of the beginning."""

from __future__ import annotations

from functools import partial

import numpy as np

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.components import ribbon
from stagelight.render.components.ribbon import Kind
from stagelight.render.motion import Box, between, px, py
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, nothing, reads
from stagelight.render.scenes.village import camera, disturbances
from stagelight.render.scenes.village.data import DAY, FED, HUNGRY, Data

# Beats, in seconds.
SECONDS = camera.SECONDS["results"]
WIDE = 1.2  # the camera has drawn back
RUNS, DONE = 1.0, 5.6  # the days that are left
LEAVES, ARRIVES = 6.2, 8.8  # of the camera, to the child
RIBBON = (0.8, 6.4)  # while it is seen
LAST = 0.4  # ticks before the end at which the film does
DUSK = 0.8  # of a day: the light of the end
PANE_Y, PANE_HEIGHT = py(62.5), py(19.5)
BAND = Box(px(4), py(66), px(92), py(8.5))
KEY = (px(4), py(79.5))
KINDS = (Kind("fed", theme.KEPT, 1.0), Kind("short", theme.QUIET, 0.62, solid=False), Kind("hungry", theme.LOST, 0.32))


@reads(
    *camera.READS,
    *camera.MEALS,
    *camera.WORDS,
    "facts.shown.days_fed",
    "facts.shown.hungry_days",
    "facts.investor.hungry_days",
)
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    fed, hungry = int(data.main.fact("days_fed")), int(data.main.fact("hungry_days"))
    sold = int(recording.fact("investor.hungry_days"))
    eats = data.main.daily_fed[-1] >= FED
    return Section(
        name="results",
        step=None,
        title="Forty days",
        seconds=SECONDS,
        paint=partial(paint, data),
        backdrop=nothing,
        badge=partial(camera.dial, data, partial(clock, data)),
        captions=(
            Cue(0.1, 3.8, f"Forty days: {fed} fed in full, {hungry} hungry."),
            Cue(3.9, 6.9, f"Where all was sold: {sold} hungry."),
            Cue(7.0, SECONDS - 0.1, "The child has bread." if eats else "The child waits."),
        ),
        marks=(Cue(0.0, SECONDS, "posture"),),
        still=5.4,
        alt=f"The village above a ribbon of forty days, {fed} of them fed in full and {hungry} hungry. In the end the "
        "child of the beginning is near again.",
    )


def clock(data: Data, t: float) -> float:
    """Ticks at a time: all that are left."""
    start, last = disturbances.clock(data, disturbances.SECONDS), data.main.ticks - LAST
    return camera.ticks("results", t, (0.0, RUNS, DONE, SECONDS), (start, start + 0.3, last - 4.0, last))


def paint(data: Data, pen: Pen, t: float) -> None:
    """The whole town and the ribbon; then the child."""
    run, now = data.main, clock(data, t)
    child = camera.child()
    keys = ((0.0, disturbances.CHILDREN), (WIDE, camera.WIDE), (LEAVES, camera.WIDE), (ARRIVES, child))
    light, turned = now, data.turned(now)
    if t > RUNS:
        light = camera.sun(t, (RUNS, clock(data, RUNS)), (DONE, DUSK * DAY))
    if RUNS < t < DONE:
        turned = camera.geared(data, clock(data, RUNS), now)
    view = camera.looking([*keys, (SECONDS, child)], t)
    camera.shot(pen, data, run, now, camera.film("results", t), view, light=light, turned=turned)
    with pen.faded(between(t, *RIBBON, 0.5)) as seen:
        if seen:
            _ribbon(data, pen, now)


def _ribbon(data: Data, pen: Pen, now: float) -> None:
    """Fed, short and hungry days; the still ones behind them."""
    run = data.main
    pen.context.rectangle(0, PANE_Y, theme.WIDTH, PANE_HEIGHT)
    pen.fill(theme.NIGHT_DEEP, 0.85)
    kinds = np.repeat(np.where(run.daily_fed >= FED, 0, np.where(run.daily_fed < HUNGRY, 2, 1)), DAY)
    width = BAND.width / run.days
    for day in data.still_days:
        pen.context.rectangle(BAND.x + width * day, BAND.y - 14, width, BAND.height + 14)
        pen.fill(theme.HAIRLINE, 0.7)
    ribbon.ribbon(pen, BAND, kinds, KINDS, now)
    ribbon.playhead(pen, BAND, run.ticks, now)
    ribbon.key(pen, KINDS, *KEY)
