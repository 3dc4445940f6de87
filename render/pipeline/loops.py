"""Some seconds of a section as small videos, which play over and over beside the text that speaks of them.

They are cut from the section's own video: the seconds in which the picture of its still comes about, and one more in
which it rests.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import av
from av.video.frame import VideoFrame

from stagelight.render.pipeline import video
from stagelight.render.theme import Quality

HEIGHT = 480  # at most
SECONDS, REST = 5.0, 1.0  # how long a round is, and how much of it is left when the picture has come to rest
BYTES = 400_000
H264 = tuple(("veryfast", crf) for crf in (24, 28, 32, 37, 42, 48))  # of which the first that BYTES allow is taken
AV1 = tuple((8, crf) for crf in (42, 48, 54, 59, 63))

Pictures = Sequence[tuple[VideoFrame, int]]  # each with the frame from which on it is shown


def cut(movie: bytes, quality: Quality, frames: int, rest: int) -> dict[str, bytes]:
    """The loop of a section, by the ending of its file; in AV1, too, where the quality has it.

    Args:
        movie: the section's video.
        quality: its quality.
        frames: its length.
        rest: the frame from which on the picture of its still is shown.
    """
    length = min(round(SECONDS * quality.fps), frames)
    first = min(max(rest - round((SECONDS - REST) * quality.fps), 0), frames - length)
    small = quality.at_most(HEIGHT)
    pictures = list(_cut(movie, small, first, first + length))
    as_h264 = [replace(small, preset=preset, crf=crf) for preset, crf in H264]
    loops = {"loop.mp4": lightest(video.h264, as_h264, pictures, length)}
    if quality.av1:
        loops["loop.av1.mp4"] = lightest(video.av1, [replace(small, av1=each) for each in AV1], pictures, length)
    return loops


def lightest(
    encoder: Callable[[Quality], video.Writer | None], qualities: Sequence[Quality], pictures: Pictures, length: int
) -> bytes:
    """Pictures as a video of so many frames, in the first of some qualities that BYTES allow, or the last."""
    for quality in qualities:
        writer = encoder(quality)
        assert writer
        for picture, index in pictures:
            writer.add(picture, index)
        made = writer.finish(length)
        if len(made) <= BYTES:
            break
    return made


def _cut(movie: bytes, small: Quality, first: int, end: int) -> Iterator[tuple[VideoFrame, int]]:
    """The pictures of a video from frame `first` on and before frame `end`, made small."""
    shrink, before = video.shrinker(small), None
    with av.open(io.BytesIO(movie), "r") as file:
        stream = file.streams.video[0]
        stream.codec_context.thread_count = 1
        for frame in file.decode(stream):
            index = round((frame.time or 0) * small.fps)
            if index >= end:
                break
            if index > first and before is not None:
                yield _fresh(shrink(before)), 0
            before = frame if index <= first else None
            if index > first:
                yield _fresh(shrink(frame)), index - first
        if before is not None:
            yield _fresh(shrink(before)), 0


def _fresh(frame: VideoFrame) -> VideoFrame:
    """The picture alone, without the time and the kind that it had in its video."""
    return VideoFrame.from_ndarray(frame.to_ndarray(), format="yuv420p")
