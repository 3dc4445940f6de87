"""Slices of a volume: one or three at right angles, from step to step, beside another across a divider."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stagelight.render import theme
from stagelight.render.components import phantom
from stagelight.render.motion import Box, Point, ease, mix, px, py
from stagelight.render.pen import Anchor, Pen

Numbers = NDArray[np.floating]
Picture = NDArray[np.uint8]
FRAME = 4.0  # width of a belief's frame
SLIVER = 0.15  # of a picture's width, below which its name fades


class Window(NamedTuple):
    """The values shown as black and as white."""

    black: float
    white: float

    def grey(self, values: Numbers | NDArray[np.integer]) -> Picture:
        """Values of any shape as grey."""
        share = (np.asarray(values, np.float32) - self.black) / (self.white - self.black)
        return np.asarray((share.clip(0, 1) * 255 + 0.5).astype(np.uint8))


def planes(volume: Numbers, at: tuple[int, int, int]) -> tuple[Numbers, Numbers, Numbers]:
    """The slices of a volume (right, front, up) through a place: from above, from behind and from the right.

    The front is at the top of the first and at the right of the last; the person's right is at the right.
    """
    x, y, z = at
    return volume[:, :, z].T[::-1], volume[:, y].T[::-1], volume[x].T[::-1]


def fitted(picture: Picture, x: float, y: float, width: float, height: float) -> Box:
    """The largest box of a picture's shape, (..., H, W), in the middle of a place."""
    rows, columns = picture.shape[-2:]
    scale = min(width / columns, height / rows)
    wide, high = columns * scale, rows * scale
    return Box(x + (width - wide) / 2, y + (height - high) / 2, wide, high)


def belief(pen: Pen, box: Box, alpha: float = 1.0) -> None:
    """A blue frame round what a model believes."""
    pen.box(*box, 3)
    pen.stroke(theme.BELIEF, FRAME, alpha)


def steps(pen: Pen, recorded: Picture, now: float, box: Box, alpha: float = 1.0) -> None:
    """One of the recorded pictures (S, H, W), or two that lie over each other while one goes over to the next.

    Args:
        now: the step that is shown, 0 to S - 1; 2.25 is step 2 with a quarter of step 3 over it.
    """
    now = min(max(now, 0.0), len(recorded) - 1.0)
    first = int(now)
    pen.raster(recorded[first], *box, alpha)
    if now > first:
        pen.raster(recorded[first + 1], *box, alpha * (now - first))


def wipe(pen: Pen, left: Picture, right: Picture, share: float, box: Box, names: tuple[str, str]) -> None:
    """Two pictures of one thing, the first shown up to a divider a share of the way across.

    Their names are below, each as long as more than a sliver of its picture is seen.
    """
    at = mix(box.x, box.x + box.width, min(max(share, 0.0), 1.0))
    for picture, x, width in ((left, box.x, at - box.x), (right, at, box.x + box.width - at)):
        with pen.clipped(x, box.y, width, box.height):
            pen.raster(picture, *box)
    for width, colour in ((10, theme.NIGHT), (4, theme.TEXT)):  # seen on light tissue too
        pen.line((at, box.y), (at, box.y + box.height), colour, width)
    pen.disc(at, box.y + box.height / 2, 13, theme.TEXT)
    sides: tuple[tuple[float, Anchor, float], ...] = (
        (box.x, "start", at - box.x), (box.x + box.width, "end", box.x + box.width - at)
    )  # fmt: skip
    for name, (x, anchor, seen) in zip(names, sides, strict=True):
        alpha = min(seen / (SLIVER * box.width), 1.0)
        pen.text(name, x, box.y + box.height + 48, theme.FLOOR, theme.QUIET, anchor=anchor, alpha=alpha)


def ring(pen: Pen, box: Box, at: Point, radius: float, alpha: float = 1.0) -> None:
    """An open ring round a place, given as shares of a picture's width and height."""
    x, y = box.x + at[0] * box.width, box.y + at[1] * box.height
    pen.ring(x, y, radius + 2.5, theme.NIGHT, 3, 0.7 * alpha)  # so that it shows on light tissue too
    pen.ring(x, y, radius, theme.ATTENTION, 4, alpha)


def exhibit(pen: Pen, t: float) -> None:
    """A slice emerges from noise; a divider compares it with the truth; the three planes."""
    window, truth = Window(0, 0.95), phantom.slice_from_above()
    hero, lesion = Box(px(4), py(8), py(76), py(76)), (0.5 + phantom.LESION[0] / 2, 0.5 - phantom.LESION[1] / 2)
    if t < 2.2:
        steps(pen, window.grey(phantom.guesses(12)), 11 * ease(t, 0, 2), hero)
        belief(pen, hero)
    else:
        names = (f"1 in {1 / phantom.mask(phantom.SIDE).mean():.0f} measured", "all")
        wipe(pen, window.grey(phantom.aliased()), window.grey(truth), 0.6 * ease(t, 2.2, 1.2), hero, names)
    ring(pen, hero, lesion, 62, ease(t, 1.4, 0.4))
    beside = Box(px(51), py(8), py(42), py(42))
    x, y, z = (round((part + 1) / 2 * (phantom.SIDE - 1)) for part in phantom.LESION)
    above, behind, right = planes(phantom.head(), (x, y, z))
    pen.raster(window.grey(above), *beside)
    for top, plane in ((8, behind), (47, right)):
        pen.raster(window.grey(plane), px(76), py(top), py(37), py(37))
