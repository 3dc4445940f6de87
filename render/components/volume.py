"""A volume as a solid that turns: light that comes from its front is seen first, and what is deeper shows through.

Each place has an opacity, .35 clip((v - .25) / .25, 0, 1), and is lit along its gradient; the far side is half as
bright. A view is made once, for a volume and an angle, and kept: drawing it again is laying down a picture.
"""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from functools import cache

import numpy as np
from numpy.typing import NDArray

from stagelight.render import theme
from stagelight.render.components import phantom
from stagelight.render.motion import Box, py
from stagelight.render.pen import Pen

Volume = NDArray[np.float32]
Picture = NDArray[np.uint8]
VIEWS = 90  # round a full turn
KEPT_VIEWS = 180
OPAQUE, CLEAR_BELOW, OPAQUE_ABOVE = 0.35, 0.25, 0.5
FAR = 0.5  # brightness at the far side
AMBIENT, LIT, SHEEN = 0.28, 1.0, 0.1
TILT = 14.0  # degrees seen from above
LIGHT = np.array([-0.45, 0.62, 0.64], np.float32)  # where it comes from: right, up, towards the eye
_kept: OrderedDict[tuple[str, int, int], Picture] = OrderedDict()


class Turntable:
    """A volume (right, front, up), 0 to 1, that can be seen from all sides."""

    def __init__(self, volume: Volume, views: int = VIEWS) -> None:
        """Take a volume.

        Raises:
            ValueError: it has not three axes, or nothing in it would be seen.
        """
        if volume.ndim != 3 or not (volume > CLEAR_BELOW).any():
            raise ValueError(f"volume: got {volume.shape}, wanted three axes and some value above {CLEAR_BELOW}")
        self.views = views
        self._solid = _centred(np.asarray(volume, np.float32))
        self._name = hashlib.sha1(self._solid.tobytes(), usedforsecurity=False).hexdigest()

    def view(self, degrees: float) -> Picture:
        """The view nearest to an angle, (H, W, 4), premultiplied; at 0 its right is at the right, seen from behind."""
        index = round(degrees / 360 * self.views) % self.views
        key = (self._name, self.views, index)
        if key not in _kept:
            _kept[key] = _composed(_turned(self._solid, 2 * math.pi * index / self.views))
            if len(_kept) > KEPT_VIEWS:
                _kept.popitem(last=False)
        _kept.move_to_end(key)
        return _kept[key]

    def draw(self, pen: Pen, degrees: float, box: Box, alpha: float = 1.0) -> None:
        """The solid seen from an angle, in a square box."""
        pen.raster(self.view(degrees), *box, alpha)


def _centred(volume: Volume) -> Volume:
    """The visible part of a volume, in the middle of a block (side, side, height) that holds it at every angle."""
    filled = np.argwhere(volume > CLEAR_BELOW)
    low, high = filled.min(0), filled.max(0) + 1
    size = high - low
    side = math.ceil(math.hypot(size[0], size[1])) + 4
    block = np.zeros((side, side, side), np.float32)
    at = (side - size) // 2
    part = tuple(slice(start, start + length) for start, length in zip(at, size, strict=True))
    block[part] = volume[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    block[~(block > CLEAR_BELOW).any(2)] = 0  # columns that nobody sees need no turning
    return block


def _turned(block: Volume, angle: float) -> Volume:
    """The block as seen from an angle and from a little above: depth from the eye, across, up."""
    side = len(block)
    middle = (side - 1) / 2
    depth, across = np.mgrid[:side, :side].astype(np.float32) - middle
    # At angle 0 the eye is behind the back: depth is towards the front, across to the right.
    x = across * math.cos(angle) + depth * math.sin(angle) + middle
    y = depth * math.cos(angle) - across * math.sin(angle) + middle
    x, y = x.clip(0, side - 1.001), y.clip(0, side - 1.001)
    i, j = x.astype(np.intp), y.astype(np.intp)
    column: NDArray[np.bool_] = np.any(block, axis=2)
    some: NDArray[np.bool_] = (
        column[i, j] | column[i + 1, j] | column[i, j + 1] | column[i + 1, j + 1]
    )  # less than half of the block
    i, j, u, v = i[some], j[some], (x - i)[some][:, None], (y - j)[some][:, None]
    turned = np.zeros_like(block)
    near, far = (block[i, k] * (1 - u) + block[i + 1, k] * u for k in (j, j + 1))
    turned[some] = near * (1 - v) + far * v
    return _tilted(turned)


def _tilted(block: Volume) -> Volume:
    """Depth planes shifted upwards the farther they are, as an eye from above sees them."""
    side = len(block)
    shift = (np.arange(side) - (side - 1) / 2) * math.tan(math.radians(TILT))
    rows = np.arange(side)
    tilted = np.empty_like(block)
    for plane, by in enumerate(shift):
        source = (rows - by).clip(0, side - 1.001)
        low = source.astype(np.intp)
        share = (source - low).astype(np.float32)
        tilted[plane] = block[plane][:, low] * (1 - share) + block[plane][:, low + 1] * share
    return tilted


def _composed(block: Volume) -> Picture:
    """Compose depth planes (depth, across, up), front first, into a picture: (H, W, 4), premultiplied."""
    side = len(block)
    light = LIGHT / np.linalg.norm(LIGHT)
    opacity = OPAQUE * ((block - CLEAR_BELOW) / (OPAQUE_ABOVE - CLEAR_BELOW)).clip(0, 1)
    passed = np.ones((side, side), np.float32)
    bright, cover = np.zeros_like(passed), np.zeros_like(passed)
    filled = np.flatnonzero(opacity.any((1, 2)))
    for depth in range(max(filled[0], 1), min(filled[-1], side - 2) + 1):
        # The gradient points into the solid, so light falls on what rises away from it.
        slope = [block[depth + 1] - block[depth - 1], *(np.gradient(block[depth], axis=axis) * 2 for axis in (0, 1))]
        length = np.sqrt(sum(part**2 for part in slope)) + 0.04
        facing = ((light[2] * slope[0] - light[0] * slope[1] - light[1] * slope[2]) / length).clip(0, 1)
        far = 1 - (1 - FAR) * (depth - filled[0]) / (filled[-1] - filled[0] + 1)
        part = passed * opacity[depth]
        bright += part * far * (AMBIENT + LIT * facing + SHEEN * facing**12)
        cover += part
        passed *= 1 - opacity[depth]
    colour = np.array(theme.rgb(theme.TISSUE), np.float32)
    light = np.minimum(bright, cover)[..., None] * colour
    picture = np.concatenate([light, cover[..., None]], -1).transpose(1, 0, 2)[::-1]
    return np.ascontiguousarray((picture * 255 + 0.5).astype(np.uint8))


@cache
def _example() -> Turntable:
    return Turntable(phantom.brain())


def exhibit(pen: Pen, t: float) -> None:
    """A solid that turns."""
    _example().draw(pen, 30 + 8 * t, Box(960 - py(64), py(-14), py(128), py(128)))
