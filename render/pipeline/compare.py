"""One published section beside its re-drawing: the picture that differs most, and by how much.

What was published is taken from the video and the still as a reader gets them, so that no cache is needed.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from PIL import Image

from stagelight.render.pipeline import encode, perceptual, triptych
from stagelight.render.pipeline.perceptual import TOLERANCE, Window
from stagelight.render.pipeline.unit import Unit
from stagelight.render.stage import Film


@dataclass(frozen=True)
class Published(Unit):
    """A section to draw again, and where it is published."""

    video: Path
    start: float  # seconds into the video
    still: Path
    every: int  # compare every n-th frame
    report_above: float  # the distance from which a report is written
    report: Path  # a PNG


@dataclass(frozen=True)
class Difference:
    """The result of a comparison."""

    worst: str  # the picture that differs most
    window: Window
    frames: int  # compared
    wrong: tuple[str, ...]  # the pictures that look different
    report: Path | None


class Pair(NamedTuple):
    """A picture as published and as drawn now, both as an encoder has them."""

    name: str
    before: VideoFrame
    after: VideoFrame


def compare(unit: Published, on_frame: Callable[[int], None]) -> Difference:
    """Draw a section again, compare it with what is published, and write the report where there is cause."""
    worst, window, wrong, count = None, Window(0, 0, -1.0), list[str](), -1
    for pair in _pairs(unit):
        here = perceptual.worst(perceptual.cells(pair.before), perceptual.cells(pair.after))
        if here.distance > TOLERANCE:
            wrong.append(pair.name)
        if here.distance > window.distance:
            worst, window = pair, here
        count += 1
        on_frame(min(count * unit.every, unit.frames))
    assert worst is not None
    report = unit.report if window.distance > unit.report_above else None
    if report:
        title = f"{unit.scene} / {unit.section}, {worst.name}"
        triptych.write(report, _rgb(worst.before), _rgb(worst.after), window, title)
    return Difference(worst.name, window, count, tuple(wrong), report)


def _pairs(unit: Published) -> Iterator[Pair]:
    """The still, then every n-th frame."""
    film, converter = Film(encode.section(unit), unit.quality), VideoReformatter()
    drawn = io.BytesIO(encode.webp(encode.picture(film, film.section.still)))  # with the same loss, which may be large
    stills = [np.array(Image.open(file).convert("RGBA")) for file in (unit.still, drawn)]
    yield Pair("the still", *(encode.encodable(VideoReformatter(), still) for still in stills))
    indices = range(0, unit.frames, unit.every)
    times = [index / unit.quality.fps for index in indices]
    published = _on_screen(unit.video, [unit.start + t for t in times], 0.5 / unit.quality.fps)
    for index, t, before in zip(indices, times, published, strict=True):
        yield Pair(f"frame {index} at {t:.2f} s", before, encode.encodable(converter, film.frame(index)))


def _on_screen(video: Path, times: list[float], slack: float) -> Iterator[VideoFrame]:
    """The frame that a video shows at each of these rising times, in seconds."""
    with av.open(str(video)) as source:
        stream = source.streams.video[0]
        assert stream.time_base is not None
        source.seek(round(times[0] / stream.time_base), stream=stream)
        frames = source.decode(stream)
        current = next(frames)
        ahead = next(frames, None)
        for t in times:
            while ahead is not None and ahead.time <= t + slack:
                current, ahead = ahead, next(frames, None)
            yield current


def _rgb(frame: VideoFrame) -> triptych.Picture:
    return frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
