"""Moving pictures as mp4 in memory: H.264 for every reader, AV1 for those whose browser plays it.

A picture that stays is one frame that lasts: only what differs from the picture before is encoded, under its own
time. H.264 goes without B-frames, so that frames are decoded in the order in which they are shown: every time in
the file is then a plain frame number, with no edit list. Each encoder has one thread, because x264's bytes change
with their number.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, Interpolation, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from stagelight.render.pipeline import RenderError
from stagelight.render.theme import Quality

Luma = NDArray[np.uint8]  # (height, width)

KEYFRAME_SECONDS = 2  # from keyframe to keyframe while things move: how far a seek has to decode
# veryfast: on real scenes a fifth faster than the preset alone and a tenth smaller, at the same error. medium, whose
# frames are four times as large: a third of the memory, and no larger, with the CRF that `final` has.
FLATTER = {"veryfast": ":weightp=0:subme=1:me=dia", "medium": ":rc-lookahead=6:ref=1"}
WIDE = 1920  # beyond it SVT-AV1 keeps no group of frames to choose from, which would take half a gigabyte

os.environ.setdefault("SVT_LOG", "1")  # SVT-AV1 tells its errors alone; it looks when it starts


class Writer:
    """One encoder and its mp4. What a full disk could cut short is written by `atomic`, which notices."""

    def __init__(self, codec: str, quality: Quality, options: Mapping[str, str]) -> None:
        self.buffer = io.BytesIO()
        self.container = av.open(self.buffer, "w", format="mp4", options={"fflags": "+bitexact"})
        stream = self.container.add_stream(codec, rate=quality.fps, options=dict(options))
        assert isinstance(stream, VideoStream)
        self.stream = stream
        self.last: Packet[VideoStream] | None = None
        stream.width, stream.height, stream.pix_fmt = quality.width, quality.height, "yuv420p"
        context = stream.codec_context
        context.thread_count = 1
        context.color_range, context.colorspace = ColorRange.MPEG, Colorspace.ITU709
        context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709

    def add(self, frame: VideoFrame, index: int) -> None:
        """Show a picture from frame `index` on."""
        frame.pts = index
        self._mux(self.stream.encode(frame))

    def finish(self, frames: int) -> bytes:
        """The mp4, which lasts `frames` frames in all."""
        self._mux(self.stream.encode(None))
        self._close(frames)
        self.container.close()
        return self.buffer.getvalue()

    def _mux(self, packets: Sequence[Packet[VideoStream]]) -> None:
        for packet in packets:
            assert packet.pts is not None
            self._close(packet.pts)
            self.last = packet

    def _close(self, end: int) -> None:
        """Let the frame that is shown last until `end`."""
        if self.last is not None:
            assert self.last.pts is not None
            self.last.duration = end - self.last.pts
            self.container.mux(self.last)


def h264(quality: Quality) -> Writer:
    """Plays everywhere."""
    gop = KEYFRAME_SECONDS * quality.fps
    fixed = f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes=0:force-cfr=1:threads=1:lookahead-threads=1"
    fixed += FLATTER.get(quality.preset, "")
    return Writer("libx264", quality, {"preset": quality.preset, "crf": str(quality.crf), "x264-params": fixed})


def slow(quality: Quality) -> Writer | None:
    """The same as `h264`, smaller, for slow lines; None where the quality does without."""
    if quality.slow is None:
        return None
    height, crf = quality.slow
    return h264(replace(quality.at_most(height), crf=crf))


def shrinker(small: Quality) -> Callable[[VideoFrame], VideoFrame]:
    """A function that makes pictures as small as a quality has them."""
    converter = VideoReformatter()
    return lambda frame: converter.reformat(
        frame, small.width, small.height, interpolation=Interpolation.AREA, threads=1
    )


def av1(quality: Quality) -> Writer | None:
    """About half the bytes for the same picture; None where the quality does without."""
    if quality.av1 is None:
        return None
    preset, crf = quality.av1
    fixed = f"lp=1:keyint={KEYFRAME_SECONDS * quality.fps}:irefresh-type=2"
    fixed += ":pred-struct=1" if quality.width > WIDE else ""
    writer = Writer("libsvtav1", quality, {"preset": str(preset), "crf": str(crf), "svtav1-params": fixed})
    writer.stream.codec_context.open()
    _step_back()
    return writer


def _step_back() -> None:
    """Take back the real time that SVT-AV1, run by root, gives this thread and its own: nothing else would run."""
    threads = Path("/proc/self/task")
    for thread in [int(path.name) for path in threads.iterdir()] if threads.exists() else []:
        with suppress(ProcessLookupError):
            if os.sched_getscheduler(thread) == os.SCHED_FIFO:
                os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))


def luma(frame: VideoFrame) -> Luma:
    """The light of a yuv420p frame, copied."""
    return frame.to_ndarray()[: frame.height].astype(np.uint8)


def error(movie: bytes, fps: int, wanted: Mapping[int, Luma]) -> float:
    """The mean squared error of light over some frames, by the index from which they are shown."""
    errors = []
    with av.open(io.BytesIO(movie), "r") as file:
        stream = file.streams.video[0]
        stream.codec_context.thread_count = 1
        for frame in file.decode(stream):
            index = round((frame.time or 0) * fps)
            if index in wanted:
                errors.append(np.square(luma(frame).astype(np.float32) - wanted[index]).mean())
    return float(np.mean(errors)) if len(errors) == len(wanted) else float("inf")


def join(segments: Sequence[tuple[Path, float]]) -> bytes:
    """Segments (file, seconds) as one mp4, its index at the front, without encoding anything again.

    Raises:
        RenderError: a segment does not last as long as it should, or was encoded in another way than the first.
    """
    buffer = io.BytesIO()
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    # To move the index to the front, libav reads back through a second handle what it has written.
    output = av.open(buffer, "w", format="mp4", options=options, io_open=lambda *_: io.BytesIO(buffer.getvalue()))
    stream, header, offset = None, None, 0
    for path, seconds in segments:
        with av.open(str(path)) as source:
            video = source.streams.video[0]
            assert video.time_base is not None
            if stream is None:
                stream = output.add_stream_from_template(video, opaque=True)  # or it wants an encoder
                stream.time_base, header = video.time_base, video.codec_context.extradata
            length = video.duration or 0
            if abs(length * video.time_base - seconds) > 1e-6 or video.codec_context.extradata != header:
                actual = f"{float(length * video.time_base):g} s of {video.codec_context.name}"
                raise RenderError(f"{path}: {actual}, wanted {seconds:g} s like the others; remove it and render again")
            for packet in source.demux(video):
                if packet.pts is None or packet.dts is None:  # the end
                    continue
                packet.pts, packet.dts, packet.stream = packet.pts + offset, packet.dts + offset, stream
                output.mux(packet)
            offset += length
    output.close()
    return buffer.getvalue()


def codecs(movie: bytes) -> str:
    """The codecs string by which a browser knows whether it can play an mp4: avc1.640028, av01.0.08M.08."""
    with av.open(io.BytesIO(movie), "r") as file:
        context = file.streams.video[0].codec_context
        head = context.extradata or b""
        if context.name == "h264":
            return f"avc1.{head[1:4].hex()}"
        profile, level, flags = head[1] >> 5, head[1] & 31, head[2]
        depth = 8 if not flags & 0x40 else 12 if flags & 0x20 else 10
        return f"av01.{profile}.{level:02d}{'H' if flags & 0x80 else 'M'}.{depth:02d}"
