"""A perceptual distance of two pictures where they differ most, which a video encoder's error does not reach.

Pictures are compared as an encoder has them: luma and halved chroma, BT.709. Each plane's signed differences are
averaged over cells of 4 x 4 of its own pixels, which an encoder's ringing hardly survives and a changed glyph does; in
colour the encoder errs more and the eye sees less, and there a cell is 8 pixels of the picture wide. The distance is
the root mean square of the three planes' cells, in levels of 255, over the worst window of 16 x 16 pixels.

Measured: the worst window that H.264 makes of unchanged pictures, over all 2,580 frames of the rollout scene at `web`,
is 7.1 (5.6 at `draft`, 7.6 in samples at `final`). At `web`, a digit changed in type of 36 px gives 39, at half its
strength 19; colour swapped in such a digit, from secondary text to belief, 15, from good to bad 61; a piece moved by
one square 81 on a board of 600 px, 21 (white) and 8 (black) on one of 90 px. TOLERANCE is 1.4 times the encoder's
worst; the least of the colours is 1.5 times TOLERANCE. What is not seen: a black piece of 11 px moved, a hairline gone.
At `draft`, 640 x 360, a digit is 12 px high and gives 6: there only what is larger is seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from numpy.typing import NDArray
from PIL import Image

CELL, CELLS = 4, 4  # pixels of a cell's side; cells of a window's side
SIDE = CELL * CELLS  # pixels of a window's side
TOLERANCE = 10.0

Cells = tuple[NDArray[np.float32], ...]  # the means of Y, Cb and Cr over cells, (H / 4, W / 4) each


@dataclass(frozen=True)
class Window:
    """The place of the largest difference of two pictures: left upper corner in pixels, distance in levels."""

    x: int
    y: int
    distance: float


def cells(frame: VideoFrame) -> Cells:
    """A yuv420p frame as what is compared of it."""
    if frame.format.name != "yuv420p":
        frame = frame.reformat(format="yuv420p")
    light, *colours = (_means(plane) for plane in frame.planes)
    rows, columns = light.shape
    return light, *(colour.repeat(2, axis=0).repeat(2, axis=1)[:rows, :columns] for colour in colours)


def _means(plane: VideoPlane) -> NDArray[np.float32]:
    levels = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
    return np.asarray(Image.fromarray(levels).reduce(CELL), np.float32)


def worst(before: Cells, after: Cells) -> Window:
    """The window in which two pictures of one size differ most."""
    energy = np.asarray(sum((old - new) ** 2 for old, new in zip(before, after, strict=True)))
    sums = _runs(_runs(energy, CELLS).T, CELLS).T
    y, x = np.unravel_index(int(sums.argmax()), sums.shape)
    return Window(int(x) * CELL, int(y) * CELL, float(np.sqrt(sums[y, x])) / CELLS)


def _runs(values: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """Sums of every `length` rows that follow each other."""
    count = len(values) - length + 1
    total: NDArray[np.float32] = np.sum([values[start : start + count] for start in range(length)], axis=0)
    return total
