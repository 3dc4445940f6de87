"""01: the cube of k-space; lines light up as they are measured; a plain inverse FFT of them blurs."""

from __future__ import annotations

from functools import partial

import numpy as np

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.components import frame, kcube
from stagelight.render.components.kcube import Pose
from stagelight.render.motion import ease, mix, px, py
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, reads
from stagelight.render.scenes.scan import drawing
from stagelight.render.scenes.scan.data import LESION_READS, Data

# Beats, in seconds.
AXES = 0.3
IGNITE, IGNITES = 0.9, 3.4  # the centre's lines are measured; the corners' so much later
INVERSE_FFT, ALIASED, NAMED, RING = 5.6, 6.4, 6.8, 7.8
TURN, TURNS = 10.4, 1.6  # the cube is seen end-on
SECONDS = 14.0

# Layout.
CUBE = (px(26.5), py(48.5), py(24))
PICTURE = (px(60), py(17), px(32), py(62))
ARROW_LEFT, ARROW_Y, ARROW_GAP = px(47), py(48), 24


@reads(
    *LESION_READS,
    "arrays.mask",
    "arrays.reference_axial",
    "arrays.zero_filled_axial",
    "facts.measured",
    "facts.points",
)
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    count, points = (int(recording.fact(name)) for name in ("measured", "points"))
    return Section(
        name="undersample",
        step="01",
        title="Undersample: measure less",
        seconds=SECONDS,
        paint=partial(paint, data),
        backdrop=partial(backdrop, data),
        captions=(
            Cue(0.4, 4.8, "A scanner reads k-space line by line. Here it reads few."),
            Cue(5.0, 9.6, "Dense in the centre, sparse outside. The rest is never measured."),
            Cue(9.8, SECONDS, "The simplest picture of that: inverse FFT. It smears."),
        ),
        marks=(Cue(0.6, SECONDS, "lit"), Cue(0.6, SECONDS, "dark")),
        still=9.4,
        alt=f"The cube of k-space with {count:,} amber rods out of {points:,}, crowded in the middle and thin outside. "
        "Beside it the picture that an inverse Fourier transform makes of them alone: the same slice, smeared.",
    )


def backdrop(data: Data, pen: Pen) -> None:
    """The place of the picture."""
    pen.box(*drawing.box(data, PICTURE), 0)
    pen.stroke(theme.HAIRLINE, 2, 0.7)


def paint(data: Data, pen: Pen, t: float) -> None:
    """Rods ignite from the centre; the aliased slice; then the cube is turned end-on."""
    pose = _pose(t)
    kcube.edges(pen, pose, ease(t, 0.0, 0.5))
    kcube.axes(pen, pose, ease(t, AXES, 0.6))
    lit = kcube.outward(data.mask.shape, t, IGNITE, IGNITES, 0.5)
    kcube.ignite(pen, pose, data.mask, lit, ease(t, 0.0, 0.6))
    count = f"{int(np.count_nonzero(data.mask & (lit > 0.5))):,}"
    frame.counter(pen, f"{count} of {data.mask.size:,} lines", ease(t, IGNITE, 0.5))
    box = drawing.box(data, PICTURE)
    drawing.arrow(pen, (ARROW_LEFT, ARROW_Y), (box.x - ARROW_GAP, ARROW_Y), "inverse FFT", ease(t, INVERSE_FFT, 0.9))
    pen.raster(data.picture("zero_filled_axial"), *box, ease(t, ALIASED, 1.2))
    drawing.name_below(pen, box, "zero-filled", alpha=ease(t, NAMED, 0.6))
    drawing.lesion(pen, data, box, ease(t, RING, 0.6))


def _pose(t: float) -> Pose:
    """The cube sways, then turns until its rods are points."""
    start, away = kcube.swaying(*CUBE, t), ease(t, TURN, TURNS)
    return start._replace(turn=mix(start.turn, 0, away), tilt=mix(start.tilt, 0, away))
