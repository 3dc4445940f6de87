"""01: k-space is read from its middle outwards beside the picture that it makes; then one line in sixteen of it."""

from __future__ import annotations

from functools import partial

import numpy as np

from stagelight.engines.recording import Recording
from stagelight.render.components import frame, kcube, slices
from stagelight.render.components.slices import Numbers
from stagelight.render.motion import ease
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, nothing, reads
from stagelight.render.scenes.scan import drawing
from stagelight.render.scenes.scan.data import LESION_READS, Data
from stagelight.render.scenes.scan.drawing import KSPACE, PICTURE

# Beats, in seconds.
FORGET, EMPTY = 0.4, 0.8  # the picture goes: it has yet to be measured
FILL, FILLS = 1.8, 5.6  # the middle of k-space is read; its corners so much later
REWIND, REWINDS = 9.6, 2.6  # what is not read this time goes dark, from the rim inwards
RING = 12.8
SECONDS = 16.0
EDGE = 0.04  # of the way out, over which points light up


@reads(
    *LESION_READS,
    "arrays.growing_axial",
    "arrays.growing_radius",
    "arrays.kplane_full",
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
    rate = f"{recording.fact('acceleration'):.0f}"
    return Section(
        name="undersample",
        step="01",
        title="Undersample: measure less",
        seconds=SECONDS,
        paint=partial(paint, data),
        backdrop=nothing,
        captions=(
            Cue(0.3, 4.1, "A scanner reads no picture. It reads waves: this plane, k-space."),
            Cue(4.3, 8.9, "The middle holds the coarse shapes, the rim the fine detail."),
            Cue(9.1, 12.5, f"Each line takes time. Read one in {rate}, most in the middle."),
            Cue(12.7, SECONDS - 0.4, "What is missing blurs and streaks the picture."),
        ),
        marks=(Cue(1.8, SECONDS, "lit"), Cue(REWIND, SECONDS, "dark"), Cue(RING, SECONDS, "lesion")),
        still=14.2,
        alt=f"The plane of k-space with {count:,} amber points out of {points:,}, crowded in the middle and thin "
        "outside. Beside it the picture that they make alone: the same slice, blurred.",
    )


def paint(data: Data, pen: Pen, t: float) -> None:
    """The picture goes; k-space fills and the picture with it; most of k-space goes dark, and the picture blurs."""
    picture, plane = drawing.box(data, PICTURE), drawing.box(data, KSPACE)
    pen.raster(data.picture("reference_axial"), *picture, 1 - ease(t, FORGET, EMPTY))
    drawing.lesion(pen, data, picture, 1 - ease(t, FORGET, EMPTY))
    shown = ease(t, FORGET, EMPTY)
    read = _read(data, t)
    drawing.read_plane(pen, data.recording.arrays["kplane_full"], read, plane, shown)
    drawing.outline(pen, picture, shown)
    if t > FILL:
        radii = data.recording.arrays["growing_radius"]
        now = float(np.interp(_reach(t) * float(radii[-1]), radii, np.arange(len(radii))))
        slices.steps(pen, data.growing, now, picture, ease(t, FILL, 0.4))
    pen.raster(data.picture("zero_filled_axial"), *picture, ease(t, REWIND + 0.3, REWINDS))
    drawing.lesion(pen, data, picture, ease(t, RING, 0.6))
    drawing.name_below(pen, plane, "k-space", alpha=shown)
    drawing.name_below(pen, picture, "the picture it makes", alpha=shown)
    lines = int(read.sum()) if t < REWIND + REWINDS else int(data.mask.sum())
    frame.counter(pen, f"{lines:,} of {data.mask.size:,} lines", ease(t, FILL, 0.5))


def _read(data: Data, t: float) -> Numbers:
    """The share of each point of the plane that is read: outwards, and then back to those of the mask."""
    plane = data.measured.shape
    rows, columns = (np.linspace(-1, 1, count) for count in plane)
    far = np.hypot(rows[:, None], columns[None]) / np.sqrt(2)
    out = np.clip((_reach(t) * (1 + EDGE) - far) / EDGE, 0, 1)
    back = kcube.outward(plane, REWIND + REWINDS - t, 0.0, REWINDS)  # the rim first
    return np.asarray(out * (data.measured + (1 - data.measured) * (back if t > REWIND else 1.0)))


def _reach(t: float) -> float:
    """The share of the way to its corners that k-space is read; slowly in the middle, where a picture changes most."""
    return min(max((t - FILL) / FILLS, 0.0), 1.0) ** 2


def end(data: Data, pen: Pen, alpha: float) -> None:
    """The last picture of the section, fading."""
    picture, plane = drawing.box(data, PICTURE), drawing.box(data, KSPACE)
    drawing.read_plane(pen, data.recording.arrays["kplane_full"], data.measured, plane, alpha)
    drawing.outline(pen, picture, alpha)
    pen.raster(data.picture("zero_filled_axial"), *picture, alpha)
    drawing.lesion(pen, data, picture, alpha)
    drawing.name_below(pen, plane, "k-space", alpha=alpha)
    drawing.name_below(pen, picture, "the picture it makes", alpha=alpha)
    frame.counter(pen, f"{int(data.mask.sum()):,} of {data.mask.size:,} lines", alpha)
