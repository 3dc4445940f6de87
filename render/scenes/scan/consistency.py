"""04: the blue stranger accepts amber points; then the loop runs, and the empty ring fills."""

from __future__ import annotations

from functools import partial

import numpy as np

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.components import frame, kcube, slices
from stagelight.render.motion import Box, ease
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, reads
from stagelight.render.scenes.scan import drawing
from stagelight.render.scenes.scan.data import LESION_READS, WINDOW, Data
from stagelight.render.scenes.scan.drawing import LEFT, MIDDLE, RIGHT

# Beats, in seconds: once, slowly, with the stranger.
STRANGER, BELIEF, EMPTY_RING, FFT, KSPACE = 0.1, 0.2, 0.4, 1.2, 1.6
SNAP, SNAPS, SPARKS = 4.2, 2.2, 0.3  # the centre's points snap; the corners' so much later; how long each sparks
INVERSE_FFT, ACCEPTED, RING = 7.0, 7.5, 8.2
# Then every kept step of the run.
LOOP, RUN = 10.6, 6.4  # it starts, and for how long it runs
REST = 4.2
SECONDS = LOOP + RUN + REST
# Of one step, in shares of it: the new estimate, its points snap, the result.
ESTIMATE, ESTIMATE_TAKES = 0.0, 0.4
STEP_SNAP, STEP_SNAPS, STEP_EACH = 0.35, 0.3, 0.3
RESULT, RESULT_TAKES = 0.55, 0.4

# Layout.
ARROW_START, ARROW_END = 14, 22  # gaps
SPARK = 15.0

PLACES = ((LEFT, "believed", theme.BELIEF), (MIDDLE, "k-space", theme.QUIET), (RIGHT, "after the data", theme.MEASURED))
# Arrays of the run that is shown, which is one of two.
LOOP_ARRAYS = "after_axial", "before_axial", "kplane_after", "kplane_before", "misfit_after", "misfit_before", "step"
RUNS = {
    True: "Now at every step. Nothing else tells it whose brain this is.",
    False: "Now at every step of the whole method, conditioned on the scan.",
}
FILLED = {
    True: "The ring has filled. No word asked for it: the data did.",
    False: "The lesion is in its ring from the first step: the network sees the scan.",
}
NO_LESION = "This brain and no other. No word said whose: the data did."


@reads(
    *LESION_READS,
    *(f"arrays.{run}{name}" for run in ("", "guided_") for name in LOOP_ARRAYS),
    "arrays.accepted_axial",
    "arrays.kplane_accepted",
    "arrays.kplane_stranger",
    "arrays.mask",
    "arrays.reference_axial",
    "arrays.stranger_axial",
    "facts.guided.brain.psnr",
    "facts.steps",
    "facts.stranger.contrast",
    "facts.zero_filled.brain.psnr",
)
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    ring = ", with the lesion in its ring" if data.has_lesion else ""
    before, after = (float(data.loop(f"misfit_{when}")[-1]) for when in ("before", "after"))
    return Section(
        name="consistency",
        step="04",
        title="Data consistency: measurements decide",
        seconds=SECONDS,
        paint=partial(paint, data),
        backdrop=partial(backdrop, data),
        captions=(
            Cue(0.4, 3.8, f"The {data.dream_name} again, and its k-space: all of it believed."),
            Cue(4.0, 7.4, "Measured points snap to what was measured. The rest stays."),
            Cue(7.6, LOOP, f"Back to a picture: already less of a {data.dream_name}."),
            Cue(LOOP + 0.1, LOOP + RUN, RUNS[data.guided]),
            Cue(LOOP + RUN + 0.1, SECONDS, FILLED[data.guided] if data.has_lesion else NO_LESION),
        ),
        marks=(
            Cue(0.4, SECONDS, "belief"),
            Cue(4.0, SECONDS, "loop"),
            Cue(4.0, SECONDS, "lit"),
            Cue(7.6, SECONDS, "lesion"),
        ),
        still=LOOP + RUN + 2.4,
        alt="Left, the network's estimate in a blue frame; in the middle its k-space, blue where believed and amber "
        f"where measured; right, the slice after the measurements are put in{ring}. Off the data "
        f"by {before:.2f} times the noise before the last step's consistency, {after:.2f} after.",
    )


def backdrop(data: Data, pen: Pen) -> None:
    """The three places and their names."""
    for place, words, colour in PLACES:
        box = drawing.box(data, place)
        pen.box(*box, 0)
        pen.stroke(theme.HAIRLINE, 2, 0.6)
        drawing.name_below(pen, box, words, colour)


def paint(data: Data, pen: Pen, t: float) -> None:
    """Once slowly with the stranger, then every recorded step of the run that is held to the data."""
    left, middle, right = _boxes(data)
    _arrow(pen, left, middle, "FFT", ease(t, FFT, 0.7))
    _arrow(pen, middle, right, "iFFT", ease(t, INVERSE_FFT, 0.7))
    if t < LOOP:
        _once(data, pen, t)
    else:
        _loop(data, pen, t)
    slices.belief(pen, left, ease(t, BELIEF, 0.5))
    drawing.lesion(pen, data, left, ease(t, EMPTY_RING, 0.6) * (0.9 if t < LOOP else 0.6))
    drawing.lesion(pen, data, right, ease(t, RING, 0.6))


def _boxes(data: Data) -> tuple[Box, Box, Box]:
    return drawing.box(data, LEFT), drawing.box(data, MIDDLE), drawing.box(data, RIGHT)


def _arrow(pen: Pen, source: Box, target: Box, words: str, share: float) -> None:
    """An arrow between two pictures."""
    y = source.y + source.height / 2
    drawing.arrow(pen, (source.x + source.width + ARROW_START, y), (target.x - ARROW_END, y), words, share)


def _once(data: Data, pen: Pen, t: float) -> None:
    """The stranger, its k-space, the snap, and what comes of it."""
    left, middle, right = _boxes(data)
    arrays = data.recording.arrays
    pen.raster(data.picture("stranger_axial"), *left, ease(t, STRANGER, 0.5))
    share = kcube.outward(data.measured.shape, t, SNAP, SNAPS)
    before, after = arrays["kplane_stranger"], arrays["kplane_accepted"]
    drawing.kspace_plane(pen, data, before, after, share, middle, ease(t, KSPACE, 0.8))
    _sparks(data, pen, middle, t)
    pen.raster(data.picture("accepted_axial"), *right, ease(t, ACCEPTED, 0.9))


def _sparks(data: Data, pen: Pen, box: Box, t: float) -> None:
    """Light where points are just being replaced."""
    plane = data.measured.shape
    now, settled = (kcube.outward(plane, at, SNAP, SNAPS) for at in (t, t - SPARKS))
    rising = now * (1 - settled) * data.measured
    rows, columns = np.nonzero(rising > 0.05)
    places = np.stack(
        [box.x + (columns + 0.5) / plane[1] * box.width, box.y + (rows + 0.5) / plane[0] * box.height], -1
    )
    pen.glows(places, theme.MEASURED, SPARK, 0.4 * rising[rows, columns], 0.3)


def _loop(data: Data, pen: Pen, t: float) -> None:
    """Each recorded step: the estimate, the snap, the result; pictures go over from one recorded state to the next."""
    left, middle, right = _boxes(data)
    steps, count = data.loop("step"), len(data.loop("step"))
    now = min((t - LOOP) / RUN * count, count - 1e-6)
    index, part = int(now), now - int(now)
    before, after = (WINDOW.grey(data.loop(f"{when}_axial")) for when in ("before", "after"))
    estimate = before[index - 1] if index else data.picture("stranger_axial")
    result = after[index - 1] if index else data.picture("accepted_axial")
    pen.raster(estimate, *left)
    pen.raster(before[index], *left, ease(part, ESTIMATE, ESTIMATE_TAKES))
    share = kcube.outward(data.measured.shape, part, STEP_SNAP, STEP_SNAPS, STEP_EACH)
    believed, kept = (data.loop(f"kplane_{when}")[index] for when in ("before", "after"))
    drawing.kspace_plane(pen, data, believed, kept, share, middle)
    pen.raster(result, *right)
    pen.raster(after[index], *right, ease(part, RESULT, RESULT_TAKES))
    frame.counter(pen, f"step {int(steps[index])} of {data.steps}", ease(t, LOOP, 0.4))
