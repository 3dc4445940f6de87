"""First light over the village: its places, its three workers, those they feed, and the day."""

from __future__ import annotations

from functools import partial

import numpy as np

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.motion import ease, px, py
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, nothing, reads
from stagelight.render.scenes.village import town
from stagelight.render.scenes.village.data import DAY, Data, run_reads

# Beats, in seconds.
LIGHT, LIGHTS = 0.2, 2.2
NAMES, EACH_NAME = 1.8, 0.25
SECONDS = 9.0
CLOCK = ((0.0, 2.0, SECONDS), (0.3, 1.2, 8.0))  # seconds, ticks: the first half day

# Where each place is named, percent.
PLACES = (
    ("field", 16, 82.4),
    ("mill", 30.6, 47),
    ("granary", 47, 83.4),
    ("bakery", 58.5, 31.5),
    ("market", 90.5, 37.5),
    ("square", 64.5, 81),
)


@reads(*town.WEATHER_READS, *run_reads("shown", *town.BUILDING_ARRAYS, *town.WORKER_ARRAYS), "arrays.price")
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    mouths = data.main.mouths(0)
    return Section(
        name="dawn",
        step=None,
        title="Dawn",
        seconds=SECONDS,
        paint=partial(paint, data),
        backdrop=nothing,
        captions=(
            Cue(0.4, 4.4, f"Three workers feed {mouths} mouths, their own too."),
            Cue(4.6, SECONDS, "Each sees only the place they stand at."),
        ),
        marks=(Cue(0.0, SECONDS, "blades"), Cue(2.0, SECONDS, "gauge"), Cue(4.0, SECONDS, "posture")),
        still=8.2,
        alt="A village at first light: a field of six plots, a windmill, a granary with a glass gauge, a bakery, a "
        f"market and a square with children. Three workers are at their posts. {mouths} mouths are to be fed.",
    )


def clock(t: float) -> float:
    """Ticks at a time."""
    return float(np.interp(t, *CLOCK))


def paint(data: Data, pen: Pen, t: float) -> None:
    """Light comes up; work begins; the places are named."""
    now = clock(t)
    town.land(pen, now)
    town.paths(pen)
    town.town(pen, data, data.main, now, t, DAY)
    town.dark(pen, 0.8 * (1 - ease(t, LIGHT, LIGHTS)))
    for order, (name, x, y) in enumerate(PLACES):
        alpha = ease(t, NAMES + EACH_NAME * order, 0.5)
        pen.text(name, px(x), py(y), theme.FLOOR, theme.TEXT, anchor="middle", alpha=alpha)
    town.counter(pen, data.main, now)
