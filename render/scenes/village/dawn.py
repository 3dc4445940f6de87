"""First light over the village: its places, its three workers, those they feed, and the day."""

from __future__ import annotations

from functools import partial

import numpy as np

from stagelight.render import theme
from stagelight.render.motion import ease, px, py
from stagelight.render.pen import Pen
from stagelight.render.scenes.village import town
from stagelight.render.scenes.village.shown import DAY, Shown
from stagelight.render.stage import Cue, Section

SECONDS = 9.0
NAMES = (("field", 16, 82.4), ("mill", 30.6, 47), ("granary", 47, 83.4), ("bakery", 58.5, 31.5), ("market", 90.5, 37.5),
         ("square", 64.5, 81))  # fmt: skip


def section(shown: Shown) -> Section:
    """Build the section: its captions, marks, still and description."""
    mouths = shown.main.mouths(0)
    return Section(
        name="dawn",
        step=None,
        title="Dawn",
        seconds=SECONDS,
        paint=partial(paint, shown),
        backdrop=lambda pen: None,
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
    """Ticks: the first half day."""
    return float(np.interp(t, (0.0, 2.0, SECONDS), (0.3, 1.2, 8.0)))


def paint(shown: Shown, pen: Pen, t: float) -> None:
    """Light comes up; work begins; the places are named."""
    now = clock(t)
    town.land(pen, now)
    town.town(pen, shown, shown.main, now, t, DAY)
    pen.context.rectangle(0, 0, theme.WIDTH, theme.HEIGHT)
    pen.fill(theme.NIGHT_DEEP, 0.8 * (1 - ease(t, 0.2, 2.2)))
    for order, (name, x, y) in enumerate(NAMES):
        pen.text(name, px(x), py(y), theme.FLOOR, theme.TEXT, anchor="middle", alpha=ease(t, 1.8 + 0.25 * order, 0.5))
    shown.counter(pen, now)
