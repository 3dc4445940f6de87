"""Pictures that several sections of the scan share: a slice in its place, its name, the lesion's ring, k-space."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stagelight.render import theme
from stagelight.render.components import kplane, slices
from stagelight.render.components.slices import Picture
from stagelight.render.motion import Box, ease, mix, px, py
from stagelight.render.pen import Pen
from stagelight.render.scenes.scan.data import Data

Place = tuple[float, float, float, float]  # x, y, width, height of what a picture has to fit into

HERO: Place = (px(26), py(16.5), px(48), py(64))  # of the slice when it stands alone
KSPACE: Place = (px(8), py(16.5), px(34), py(64))  # of k-space
PICTURE: Place = (px(58), py(16.5), px(34), py(64))  # and of what it makes
NAME_DROP = 44  # from a picture's foot to the baseline of its name
LIT, BELIEVED = 0.8, 0.7  # least brightness of a measured point, so that it is seen to be lit; dimming of the others


def box(data: Data, place: Place, plane: str = "axial") -> Box:
    """The box of a plane's picture within a place."""
    return slices.fitted(data.recording.arrays[f"reference_{plane}"], *place)


def between(a: Box, b: Box, share: float) -> Box:
    """A box on its way from one to another."""
    return Box(*(mix(one, other, share) for one, other in zip(a, b, strict=True)))


def lesion(pen: Pen, data: Data, box: Box, alpha: float = 1.0) -> None:
    """The ring round the lesion of an axial picture, if there is a lesion."""
    if data.has_lesion and alpha > 0:
        slices.ring(pen, box, data.lesion_at, data.lesion_radius * box.width, alpha)


def name_below(pen: Pen, box: Box, words: str, colour: str = theme.QUIET, alpha: float = 1.0) -> None:
    """A name below a picture."""
    y = box.y + box.height + NAME_DROP
    pen.text(words, box.x + box.width / 2, y, theme.FLOOR, colour, anchor="middle", alpha=alpha)


def outline(pen: Pen, box: Box, alpha: float = 1.0) -> None:
    """A hairline round a picture's place."""
    pen.box(*box, 0)
    pen.stroke(theme.HAIRLINE, 2, 0.7 * alpha)


def read_plane(pen: Pen, recorded: Picture, read: NDArray[np.floating], box: Box, alpha: float = 1.0) -> None:
    """A plane of k-space of which each point is shown as far as it is read, 0 to 1."""
    level = kplane.brightness(recorded) * read
    kplane.plane(pen, np.maximum(level, 0.12 * read), np.ones_like(level), box, alpha)


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


def playing(t: float, start: float, seconds: float, count: int) -> float:
    """The step, 0 to count - 1, that is shown at t of a run that plays from `start` on, gently at its ends."""
    return (count - 1) * (0.5 * ease(t, start, seconds) + 0.5 * min(max((t - start) / seconds, 0.0), 1.0))
