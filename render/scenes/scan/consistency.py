"""04: the blue stranger accepts amber points; then the loop runs, and the empty ring fills."""

from __future__ import annotations

from functools import partial

import numpy as np

from stagelight.render import theme
from stagelight.render.components import kcube, slices
from stagelight.render.motion import ease
from stagelight.render.pen import Pen
from stagelight.render.scenes.scan.shown import LEFT, MIDDLE, RIGHT, Shown, arrow
from stagelight.render.stage import Cue, Section

LOOP, RUN = 10.6, 6.4  # when the loop starts, and for how long it runs
FILLED = {
    "guided_": "The ring has filled. No word asked for it: the data did.",
    "": "The lesion is in its ring. No word told of it: the data did.",
}
NOBODY = "This brain and no other. No word said whose: the data did."
LOOPS = {
    "guided_": "Now at every step. Nothing else tells it whose brain this is.",
    "": "Now at every step of the whole method, told of the scan as well.",
}
REST = 4.2  # after the last


def section(shown: Shown) -> Section:
    """Build the section: its captions, marks, still and description."""
    end = LOOP + RUN + REST
    ring = ", with the lesion in its ring" if shown.ringed else ""
    before, after = (float(shown.a[f"{shown.loop}misfit_{when}"][-1]) for when in ("before", "after"))
    return Section(
        name="consistency",
        step="04",
        title="Data consistency: measurements decide",
        seconds=end,
        paint=partial(paint, shown),
        backdrop=partial(backdrop, shown),
        captions=(
            Cue(0.4, 3.8, f"The {shown.dream} again, and its k-space: all of it believed."),
            Cue(4.0, 7.4, "Measured points snap to what was measured. The rest stays."),
            Cue(7.6, 10.6, f"Back to a picture: already less of a {shown.dream}."),
            Cue(LOOP + 0.1, LOOP + RUN, LOOPS[shown.loop]),
            Cue(LOOP + RUN + 0.1, end, FILLED[shown.loop] if shown.ringed else NOBODY),
        ),
        marks=(
            Cue(0.4, end, "belief"),
            Cue(4.0, end, "loop"),
            Cue(4.0, end, "lit"),
            Cue(7.6, end, "lesion"),
        ),
        still=LOOP + RUN + 2.4,
        alt="Left, the network's estimate in a blue frame; in the middle its k-space, blue where believed and amber "
        f"where measured; right, the slice after the measurements are put in{ring}. Off the data "
        f"by {before:.2f} times the noise before the last step's consistency, {after:.2f} after.",
    )


def backdrop(shown: Shown, pen: Pen) -> None:
    """Name the three places."""
    for place, words, colour in ((LEFT, "believed", theme.BELIEF), (MIDDLE, "k-space", theme.QUIET),
                                 (RIGHT, "after the data", theme.MEASURED)):  # fmt: skip
        box = shown.box(place)
        pen.box(*box, 0)
        pen.stroke(theme.HAIRLINE, 2, 0.6)
        shown.named(pen, box, words, colour)


def paint(shown: Shown, pen: Pen, t: float) -> None:
    """Once slowly with the stranger, then every recorded step of the run that is held to the data."""
    left, middle, right = (shown.box(place) for place in (LEFT, MIDDLE, RIGHT))
    y = left.y + left.height / 2
    arrow(pen, (left.x + left.width + 14, y), (middle.x - 22, y), "FFT", ease(t, 1.2, 0.7))
    arrow(pen, (middle.x + middle.width + 14, y), (right.x - 22, y), "iFFT", ease(t, 7.0, 0.7))
    if t < LOOP:
        _once(shown, pen, t)
    else:
        _loop(shown, pen, t)
    slices.belief(pen, left, ease(t, 0.2, 0.5))
    shown.lesion(pen, left, ease(t, 0.4, 0.6) * (0.9 if t < LOOP else 0.6))
    shown.lesion(pen, right, ease(t, 8.2, 0.6))


def _once(shown: Shown, pen: Pen, t: float) -> None:
    """The stranger, its k-space, the snap, and what comes of it."""
    left, middle, right = (shown.box(place) for place in (LEFT, MIDDLE, RIGHT))
    pen.raster(shown.grey("stranger_axial"), *left, ease(t, 0.1, 0.5))
    plane = shown.measured.shape
    share = kcube.outward(plane, t, 4.2, 2.2)
    shown.kplane(pen, shown.a["kplane_stranger"], shown.a["kplane_accepted"], share, middle, ease(t, 1.6, 0.8))
    _sparks(shown, pen, t)
    pen.raster(shown.grey("accepted_axial"), *right, ease(t, 7.5, 0.9))


def _sparks(shown: Shown, pen: Pen, t: float) -> None:
    """Light where points are just being replaced."""
    middle, plane = shown.box(MIDDLE), shown.measured.shape
    rising = kcube.outward(plane, t, 4.2, 2.2) * (1 - kcube.outward(plane, t - 0.3, 4.2, 2.2)) * shown.measured
    rows, columns = np.nonzero(rising > 0.05)
    places = np.stack([middle.x + (columns + 0.5) / plane[1] * middle.width,
                       middle.y + (rows + 0.5) / plane[0] * middle.height], -1)  # fmt: skip
    pen.glows(places, theme.MEASURED, 15.0, 0.4 * rising[rows, columns], 0.3)


def _loop(shown: Shown, pen: Pen, t: float) -> None:
    """Each recorded step: the estimate, the snap, the result; pictures go over from one recorded state to the next."""
    left, middle, right = (shown.box(place) for place in (LEFT, MIDDLE, RIGHT))
    run = shown.loop
    steps, count = shown.a[f"{run}step"], len(shown.a[f"{run}step"])
    now = min((t - LOOP) / RUN * count, count - 1e-6)
    index, part = int(now), now - int(now)
    over = ease(part, 0.0, 0.4)  # the estimate first, the snap after it
    before, after = shown.grey(f"{run}before_axial"), shown.grey(f"{run}after_axial")
    previous = max(index - 1, 0)
    last = shown.grey("stranger_axial") if index == 0 else before[previous]
    result = shown.grey("accepted_axial") if index == 0 else after[previous]
    pen.raster(last, *left)
    pen.raster(before[index], *left, over)
    share = kcube.outward(shown.measured.shape, part, 0.35, 0.3, 0.3)
    believed, kept = (shown.a[f"{run}kplane_{when}"][index] for when in ("before", "after"))
    shown.kplane(pen, believed, kept, share, middle)
    pen.raster(result, *right)
    pen.raster(after[index], *right, ease(part, 0.55, 0.4))
    shown.counter(pen, f"step {int(steps[index])} of {shown.steps}", ease(t, LOOP, 0.4))
