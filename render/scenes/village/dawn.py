"""First light: a child, then the village round it; its places, its three workers and those they feed."""

from __future__ import annotations

from functools import partial

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.motion import between, ease, px, py
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, nothing, reads
from stagelight.render.scenes.village import camera, town
from stagelight.render.scenes.village.data import Data

# Beats, in seconds.
SECONDS = camera.SECONDS["dawn"]
LIGHT, LIGHTS = 0.0, 2.0
LEAVES, ARRIVES = 2.2, 5.0  # of the camera, from the child to the whole town
NAMES, EACH_NAME, NAMED = 4.4, 0.2, 8.7
CLOCK = ((0.0, 2.2, SECONDS), (0.3, 1.0, 4.5))  # seconds, ticks: the morning
ENDS = CLOCK[1][-1]

# Where each place is named, percent.
PLACES = (
    ("field", 16, 82.4),
    ("mill", 30.6, 47),
    ("granary", 47.2, 48.6),
    ("bakery", 58.5, 31.5),
    ("market", 90.5, 37.5),
    ("square", 64.5, 81),
)


@reads(*camera.READS)
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
        badge=partial(camera.dial, data, clock),
        captions=(
            Cue(0.2, 2.9, "A child waits for bread."),
            Cue(3.0, 5.8, f"Three workers feed {mouths} mouths."),
            Cue(5.9, SECONDS - 0.1, "Each sees only their own place."),
        ),
        marks=(Cue(0.0, 4.0, "posture"), Cue(4.0, SECONDS, "blades"), Cue(4.0, SECONDS, "gauge")),
        still=8.2,
        alt="A village at first light: a field of six plots, a windmill, a granary with a glass gauge, a bakery, a "
        f"market and a square with children. Three workers are at their posts. {mouths} mouths are to be fed.",
    )


def clock(t: float) -> float:
    """Ticks at a time."""
    return camera.ticks("dawn", t, *CLOCK)


def paint(data: Data, pen: Pen, t: float) -> None:
    """Light comes up on the child; the camera draws back; the places are named."""
    now = clock(t)
    view = camera.looking(((LEAVES, camera.child()), (ARRIVES, camera.WIDE)), max(t, LEAVES))
    camera.shot(pen, data, data.main, now, camera.film("dawn", t), view)
    town.dark(pen, 0.85 * (1 - ease(t, LIGHT, LIGHTS)))
    for order, (name, x, y) in enumerate(PLACES):
        alpha = between(t, NAMES + EACH_NAME * order, NAMED, 0.4)
        pen.text(name, px(x), py(y), theme.FLOOR, theme.TEXT, anchor="middle", alpha=alpha)
