"""Pictures that several sections of the scan share: a slice in its place, its name, the lesion's ring, k-space."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stagelight.render import theme
from stagelight.render.components import kplane, slices
from stagelight.render.components.slices import Picture
from stagelight.render.motion import Box, Point, ease, px, py
from stagelight.render.pen import Pen
from stagelight.render.scenes.scan.data import Data

Place = tuple[float, float, float, float]  # x, y, width, height of what a picture has to fit into

HERO: Place = (px(26), py(16.5), px(48), py(67))  # of the slice when it stands alone
LEFT, MIDDLE, RIGHT = ((px(x), py(17), px(27), py(62)) for x in (4, 36.5, 69))  # of three side by side
NAME_DROP = 46  # from a picture's foot to the baseline of its name
TIP, BARB, HALF_WIDTH, ARROW_NAME_RISE = 12, 6, 9, 22  # of an arrow's head: ahead of its line's end, behind it
METHODS = {"zero_filled": "zero-filled", "variation": "variation", "wavelet": "wavelets", "mean": "classical",
           "samples": "diffusion", "ours": "3 rounds"}  # fmt: skip
LIT, BELIEVED = 0.8, 0.7  # least brightness of a measured point, so that it is seen to be lit; dimming of the others


def box(data: Data, place: Place, plane: str = "axial") -> Box:
    """The box of a plane's picture within a place."""
    return slices.fitted(data.recording.arrays[f"reference_{plane}"], *place)


def lesion(pen: Pen, data: Data, box: Box, alpha: float = 1.0) -> None:
    """The ring round the lesion of an axial picture, if there is a lesion."""
    if data.has_lesion:
        slices.ring(pen, box, data.lesion_at, data.lesion_radius * box.width, alpha)


def name_below(pen: Pen, box: Box, words: str, colour: str = theme.QUIET, alpha: float = 1.0) -> None:
    """A name below a picture."""
    y = box.y + box.height + NAME_DROP
    pen.text(words, box.x + box.width / 2, y, theme.FLOOR, colour, anchor="middle", alpha=alpha)


def kspace_plane(
    pen: Pen, data: Data, before: Picture, after: Picture, share: NDArray[np.floating], box: Box, alpha: float = 1.0
) -> None:
    """A plane of k-space on its way from before consistency to after it; `share` (Z, Y) says how far each point is.

    Measured points go from blue to amber, the others stay blue.
    """
    level = kplane.brightness(before) * (1 - share) + kplane.brightness(after) * share
    known = share * data.measured
    level = np.maximum(level * (BELIEVED + (1 - BELIEVED) * known), LIT * known)
    kplane.plane(pen, level, known, box, alpha)


def arrow(pen: Pen, a: Point, b: Point, words: str, share: float, colour: str = theme.QUIET) -> None:
    """A level arrow that grows from a to b, named above its middle."""
    if share <= 0:
        return
    x, y = a[0] + (b[0] - a[0]) * share, a[1]
    pen.line(a, (x, y), colour, 3, share)
    pen.polygon([(x + TIP, y), (x - BARB, y - HALF_WIDTH), (x - BARB, y + HALF_WIDTH)])
    pen.fill(colour, share)
    if words:
        middle = (a[0] + b[0]) / 2
        pen.text(words, middle, y - ARROW_NAME_RISE, theme.FLOOR, colour, anchor="middle", alpha=share)


def playing(t: float, start: float, seconds: float, count: int) -> float:
    """The step, 0 to count - 1, that is shown at t of a run that plays from `start` on, gently at its ends."""
    return (count - 1) * (0.5 * ease(t, start, seconds) + 0.5 * min(max((t - start) / seconds, 0.0), 1.0))
