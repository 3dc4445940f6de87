"""01: the cube of k-space; lines light up as they are measured; a plain inverse FFT of them blurs."""

from __future__ import annotations

from functools import partial

import numpy as np

from stagelight.render import theme
from stagelight.render.components import kcube
from stagelight.render.components.kcube import Pose
from stagelight.render.motion import ease, mix, px, py
from stagelight.render.pen import Pen
from stagelight.render.scenes.scan.shown import Shown, arrow
from stagelight.render.stage import Cue, Section

CUBE = (px(26.5), py(48.5), py(24))
SLICE = (px(60), py(17), px(32), py(62))


def section(shown: Shown) -> Section:
    """Build the section: its captions, marks, still and description."""
    count, points = (int(shown.recording.fact(name)) for name in ("measured", "points"))
    return Section(
        name="undersample",
        step="01",
        title="Undersample: measure less",
        seconds=14.0,
        paint=partial(paint, shown),
        backdrop=partial(backdrop, shown),
        captions=(
            Cue(0.4, 4.8, "A scanner reads k-space line by line. Here it reads few."),
            Cue(5.0, 9.6, "Dense in the centre, sparse outside. The rest is never measured."),
            Cue(9.8, 14.0, "The simplest picture of that: inverse FFT. It smears."),
        ),
        marks=(Cue(0.6, 14.0, "lit"), Cue(0.6, 14.0, "dark")),
        still=9.4,
        alt=f"The cube of k-space with {count:,} amber rods out of {points:,}, crowded in the middle and thin outside. "
        "Beside it the picture that an inverse Fourier transform makes of them alone: the same slice, smeared.",
    )


def backdrop(shown: Shown, pen: Pen) -> None:
    """The place of the picture."""
    box = shown.box(SLICE)
    pen.box(*box, 0)
    pen.stroke(theme.HAIRLINE, 2, 0.7)


def paint(shown: Shown, pen: Pen, t: float) -> None:
    """Rods ignite from the centre; the aliased slice; then the cube is turned end-on."""
    pose = _pose(t)
    kcube.edges(pen, pose, ease(t, 0.0, 0.5))
    kcube.axes(pen, pose, ease(t, 0.3, 0.6))
    lit = kcube.outward(shown.mask.shape, t, 0.9, 3.4, 0.5)
    kcube.ignite(pen, pose, shown.mask, lit, ease(t, 0.0, 0.6))
    count = f"{int(np.count_nonzero(shown.mask & (lit > 0.5))):,}"
    shown.counter(pen, f"{count} of {shown.mask.size:,} lines", ease(t, 0.9, 0.5))
    box = shown.box(SLICE)
    arrow(pen, (px(47), py(48)), (box.x - 24, py(48)), "inverse FFT", ease(t, 5.6, 0.9))
    pen.raster(shown.grey("zero_filled_axial"), *box, ease(t, 6.4, 1.2))
    shown.named(pen, box, "zero-filled", alpha=ease(t, 6.8, 0.6))
    shown.lesion(pen, box, ease(t, 7.8, 0.6))


def _pose(t: float) -> Pose:
    """The cube sways, then turns until its rods are points."""
    start, away = kcube.swaying(*CUBE, t), ease(t, 10.4, 1.6)
    return start._replace(turn=mix(start.turn, 0, away), tilt=mix(start.tilt, 0, away))
