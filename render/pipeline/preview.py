"""A few seconds of a scene as a small WebP that loops: what a page may show of it before the video is asked for.

It shows the seconds in which the poster's picture comes about: they end where that picture has come to rest. What
would lie before the section's start is its first picture, waiting.
"""

from __future__ import annotations

from collections.abc import Sequence

import imageio.v3 as iio
import numpy as np

from stagelight.render.scene import Section
from stagelight.render.stage import Film, Frame
from stagelight.render.theme import Quality

SMALL = Quality("preview", 480, 270, 12, 0, "")
SECONDS, REST = 4.0, 1.0  # how long a round is, and how much of it the last picture stays
BYTES = 150_000
QUALITIES = (84, 75, 60, 45, 30, 15)


def preview(section: Section, rest: float) -> bytes:
    """The preview of a section whose picture has come to rest `rest` seconds after its start."""
    last = round((SECONDS - REST) * SMALL.fps)
    film = Film(section, SMALL)
    times = [max(rest - (last - index) / SMALL.fps, 0.0) for index in range(last + 1)]
    return animated([film.at(t)[..., :3].copy() for t in times])


def animated(frames: Sequence[Frame]) -> bytes:
    """Frames as a WebP that loops and rests on its last one, as good as BYTES allow."""
    durations = [round(1000 / SMALL.fps)] * (len(frames) - 1) + [round(1000 * REST)]
    for quality in QUALITIES:
        made = iio.imwrite(
            "<bytes>",
            np.stack(frames),
            plugin="pillow",
            extension=".webp",
            duration=durations,
            loop=0,
            quality=quality,
            minimize_size=True,
        )
        if len(made) <= BYTES:
            break
    return bytes(made)
