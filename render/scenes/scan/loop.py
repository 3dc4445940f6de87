"""The loop, drawn as a ring: noisy picture, guess, k-space, mended picture, and round again; beside it two runs.

Both runs begin with the same noise. One is held to the measurements at each step, the other to none. `now` counts
steps: 2.25 is a quarter of the way round the third.
"""

from __future__ import annotations

import math

import numpy as np

from stagelight.render import theme
from stagelight.render.components import frame, kcube, slices
from stagelight.render.components.slices import Numbers
from stagelight.render.motion import Box, ease, px, py
from stagelight.render.pen import Pen
from stagelight.render.scenes.scan import drawing
from stagelight.render.scenes.scan.data import Data

READS = (
    "arrays.after_axial",
    "arrays.before_axial",
    "arrays.free_before_axial",
    "arrays.kplane_after",
    "arrays.kplane_before",
    "arrays.mask",
    "arrays.noisy_axial",
    "arrays.reference_axial",
    "arrays.sigma",
    "arrays.step",
    "facts.steps",
)

# Layout.
CENTRE, RADIUS = (px(26), py(47.5)), py(22.5)
THUMB = py(18.5)  # height of a picture on the ring
STATIONS = ("noisy picture", "guess", "its k-space", "picture")  # from twelve o'clock, clockwise
OUT = (0.0, 0.25, 0.5, 0.75)  # of the way round
FREE, HELD = ((px(x), py(18), px(21), py(58)) for x in (53, 76))
NAMES = {"free": "not held to the data", "held": "held to the data"}
COMET, SPARK = 60.0, 12.0

# Of one turn, in shares of it.
GUESSED, SNAPS, MENDED, TAKES = 0.16, 0.42, 0.66, 0.14


def station(data: Data, index: int) -> Box:
    """The place of a picture on the ring."""
    angle = 2 * math.pi * OUT[index]
    x, y = CENTRE[0] + 1.32 * RADIUS * math.sin(angle), CENTRE[1] - RADIUS * math.cos(angle)
    box = slices.fitted(data.recording.arrays["reference_axial"], 0, 0, THUMB, THUMB)
    return Box(x - box.width / 2, y - box.height / 2, box.width, box.height)


def draw(data: Data, pen: Pen, now: float, alpha: float = 1.0, bare: float = 1.0, comet: float = 1.0) -> None:
    """The ring and both runs.

    Args:
        data: the recording.
        pen: to draw with.
        now: the step, see above.
        alpha: of all of it.
        bare: of k-space on the ring, which may be drawn large elsewhere.
        comet: of the light that goes round; where turns are quick it would flicker.
    """
    count = len(data.kept_steps)
    now = min(max(now, 0.0), count - 1e-6)
    index, part = int(now), now - int(now)
    before, after, noisy = data.picture("before_axial"), data.picture("after_axial"), data.noisy("axial")
    last = max(index - 1, 0)
    guessed, mended = ease(part, GUESSED, TAKES), ease(part, MENDED, TAKES)
    with pen.faded(alpha):
        _ring(pen, part, comet)
        boxes = [station(data, k) for k in range(len(STATIONS))]
        lit = [_lit(part, at) for at in OUT]
        pen.raster(noisy[index], *boxes[0])
        if index:
            pen.raster(before[last], *boxes[1])
            pen.raster(after[last], *boxes[3])
        else:
            for box in boxes[1:]:
                pen.box(*box, 0)
                pen.fill(theme.NIGHT_DEEP, 0.9)
        pen.raster(before[index], *boxes[1], guessed)
        kspace(data, pen, now, boxes[2], bare * (1.0 if index else ease(part, SNAPS - 0.12, TAKES)))
        pen.raster(after[index], *boxes[3], mended)
        for k, box in enumerate(boxes):
            drawing.outline(pen, box)
            if k == 1:
                slices.belief(pen, box, 0.4 + 0.6 * lit[k])
            _name(pen, k, box, lit[k])
        held, free = drawing.box(data, HELD), drawing.box(data, FREE)
        for box, pictures, share in ((free, data.free, guessed), (held, after, mended)):
            pen.raster(pictures[last] if index else noisy[0], *box)
            pen.raster(pictures[index], *box, share)
        slices.belief(pen, free, 0.7)
        drawing.name_below(pen, free, NAMES["free"], theme.BELIEF)
        drawing.name_below(pen, held, NAMES["held"], theme.MEASURED)
        steps = data.kept_steps
        frame.counter(pen, f"step {int(steps[index])} of {data.steps}")


def kspace(data: Data, pen: Pen, now: float, box: Box, alpha: float = 1.0, sparks: float = 0.0) -> None:
    """K-space of the guess, in which measured points snap to what was measured."""
    index, part = int(now), now - int(now)
    share = snapped(data, part)
    believed, kept = (data.recording.arrays[f"kplane_{when}"][index] for when in ("before", "after"))
    drawing.kspace_plane(pen, data, believed, kept, share, box, alpha)
    if sparks > 0:
        rising = share * (1 - snapped(data, part - 0.03)) * data.measured
        rows, columns = np.nonzero(rising > 0.05)
        plane = data.measured.shape
        places = np.stack(
            [box.x + (columns + 0.5) / plane[1] * box.width, box.y + (rows + 0.5) / plane[0] * box.height], -1
        )
        pen.glows(places, theme.MEASURED, SPARK, 0.4 * sparks * rising[rows, columns], 0.3)


def snapped(data: Data, part: float) -> Numbers:
    """The way of each point of the plane from what is believed to what was measured, 0 to 1, outwards."""
    return kcube.outward(data.measured.shape, part, SNAPS, 0.16, 0.05)


def _lit(part: float, at: float) -> float:
    """The nearness of the light on the ring to a place of it, 0 to 1."""
    away = abs((part - at + 0.5) % 1 - 0.5)
    return max(0.0, 1 - away / 0.14)


def _ring(pen: Pen, part: float, comet: float) -> None:
    """The way round, as an ellipse with a light that goes round it."""
    angles = np.linspace(0, 2 * math.pi, 97)
    pen.polyline([_on(angle) for angle in angles], theme.HAIRLINE, 4, 0.9)
    tail = [_on(2 * math.pi * (part - 0.09 * k / 12)) for k in range(12, -1, -1)]
    pen.polyline(tail, theme.ATTENTION, 6, 0.8 * comet)
    pen.glow(*tail[-1], COMET, theme.ATTENTION, 0.9 * comet)
    pen.disc(*tail[-1], 10, theme.ATTENTION, comet)


def _on(angle: float) -> tuple[float, float]:
    return CENTRE[0] + 1.32 * RADIUS * math.sin(angle), CENTRE[1] - RADIUS * math.cos(angle)


def _name(pen: Pen, index: int, box: Box, lit: float) -> None:
    """The name of a place on the ring: beneath it, or above the one at the foot."""
    y = box.y - 16 if index == 2 else box.y + box.height + 40
    colour = theme.TEXT if lit > 0.5 else theme.QUIET
    pen.text(STATIONS[index], box.x + box.width / 2, y, theme.FLOOR, colour, anchor="middle")
