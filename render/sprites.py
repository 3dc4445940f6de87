"""Pictures as cairo surfaces, in the order of bytes that the stage's memory has: red, green, blue, alpha.

cairo believes the first byte to be blue. It only copies, blends and scales, so bytes in the stage's order stay in it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cache
from typing import Any

import cairo
import numpy as np
from numpy.typing import NDArray

from stagelight.render import theme


def picture(image: NDArray[np.uint8]) -> cairo.ImageSurface:
    """An image as a surface: grey (H, W), colour (H, W, 3), or with premultiplied alpha (H, W, 4).

    The last kind is not copied where it is contiguous and may be written to; it must then stay as it is.

    Raises:
        ValueError: the image is of another kind.
    """
    channels = image.shape[2] if image.ndim == 3 else 0
    if image.dtype != np.uint8 or image.ndim not in {2, 3} or channels not in {0, 3, 4} or not image.size:
        raise ValueError(f"raster: got {image.dtype} {image.shape}, wanted uint8 (H, W), (H, W, 3) or (H, W, 4)")
    data: Any
    if channels == 4:
        data = np.require(image, requirements=["C", "W"])
        kind = cairo.FORMAT_ARGB32
    elif channels == 3:
        data = np.empty((*image.shape[:2], 4), np.uint8)  # the fourth byte is not read
        data[..., :3] = image
        kind = cairo.FORMAT_RGB24
    else:
        data = np.multiply(image, np.uint32(0x010101), order="C")  # four times as quick as three copies
        kind = cairo.FORMAT_RGB24
    return cairo.ImageSurface.create_for_data(data, kind, image.shape[1], image.shape[0])


def _from_floats(pixels: NDArray[np.floating]) -> cairo.ImageSurface:
    """A premultiplied sprite from (side, side, 4) in 0..1, in the order the stage's memory has."""
    data = np.ascontiguousarray((pixels * 255 + 0.5).clip(0, 255).astype(np.uint8))
    return cairo.ImageSurface.create_for_data(data, cairo.FORMAT_ARGB32, data.shape[1], data.shape[0])  # type: ignore[arg-type]


def _radius_grid(side: int) -> tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.floating]]:
    axis = (np.arange(side, dtype=np.float32) + 0.5) / side * 2 - 1
    x, y = np.meshgrid(axis, axis)
    return x, y, np.hypot(x, y)


@cache
def glow(colour: str) -> cairo.ImageSurface:
    """Light that fades out from the middle."""
    _, _, radius = _radius_grid(128)
    strength = np.clip(1 - radius, 0, 1) ** 2.6
    return _from_floats(np.dstack([strength * c for c in theme.rgb(colour)] + [strength]))


@cache
def ball(colour: str) -> cairo.ImageSurface:
    """A shaded disc, lit from the upper left."""
    x, y, radius = _radius_grid(96)
    edge = np.clip((1 - radius) * 24, 0, 1)
    shade = 1.0 - 0.5 * np.clip(np.hypot(x + 0.3, y + 0.35) - 0.1, 0, 1.2) / 1.2
    bright = np.clip(0.55 - np.hypot(x + 0.36, y + 0.42), 0, 1) * 0.55
    return _from_floats(np.dstack([np.clip(c * shade + bright, 0, 1) * edge for c in theme.rgb(colour)] + [edge]))


class Shelf:
    """Drawings under keys. At most so many bytes are kept; what was not used for longest goes first."""

    def __init__(self, most: int) -> None:
        self.most, self.bytes = most, 0
        self.surfaces: dict[Hashable, cairo.ImageSurface] = {}

    def get(
        self, key: Hashable, width: int, height: int, draw: Callable[[cairo.Context[Any]], None]
    ) -> cairo.ImageSurface:
        """The surface that `draw` draws; drawn anew only if nothing is kept under the key."""
        surface = self.surfaces.pop(key, None)
        if surface is None:
            surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, width, height)
            draw(cairo.Context(surface))
            surface.flush()
            self.bytes += surface.get_stride() * height
            while self.bytes > self.most and self.surfaces:
                oldest = self.surfaces.pop(next(iter(self.surfaces)))
                self.bytes -= oldest.get_stride() * oldest.get_height()
        self.surfaces[key] = surface
        return surface


SHELF = Shelf(96 * 2**20)  # of this process
