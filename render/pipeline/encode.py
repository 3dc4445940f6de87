"""One section: its frames drawn, hashed and encoded in memory, then put in the cache, each file in one step.

Measured at 1920 x 1080: swscale's area filter is the cheapest conversion to yuv420p that stays within half a
level of BT.709, limited range (point sampling is a quarter cheaper and leaves fringes on coloured edges). There
is one encoder thread, because x264's bytes change with their number. What equals the frame before is not hashed
again, and a frame that equals it altogether is not converted again.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, Interpolation, VideoReformatter
from numpy.typing import NDArray
from PIL import Image

from engines.recording import atomic
from render.pipeline.cache import Segment, Slot
from render.pipeline.load import load_scene
from render.pipeline.plan import Places
from render.stage import Film, Frame, Scene, Section
from render.theme import Quality

KEYFRAME_SECONDS = 2  # from keyframe to keyframe, the first at the section's start: how far a seek has to decode
PIECES = 4  # into which a row is cut for hashing: of 1, 2, 4 and 8, the cheapest on real scenes
# On real scenes a fifth faster than the preset alone and a tenth smaller, at the same error.
FLATTER = {"veryfast": ":b-adapt=0:weightp=0:subme=1:me=dia"}
STILL_WIDTH, STILL_BYTES = 1920, 100_000
STILL_QUALITIES = (90, 84, 78, 72, 66, 60, 50, 40, 30, 20, 10)


@dataclass(frozen=True)
class Unit:
    """One section to draw: plain values only, so that it can travel to any process."""

    places: Places
    scene: str
    section: str
    quality: Quality
    frames: int
    slot: Slot


def draw(unit: Unit, tell: Callable[[int], None]) -> Segment:
    """Draw and encode a section into its slot, all but the sidecar; `tell` gets the count of finished frames."""
    film = Film(section(unit), unit.quality)
    encoder, digests = Encoder(unit.quality), list[str]()
    for frame, digest in hashed(film, range(unit.frames)):
        encoder.add(frame, again=digests[-1:] == [digest])
        digests.append(digest)
        tell(len(digests))
    files = {"mp4": encoder.finish(), "webp": webp(picture(film, film.section.still))}
    unit.slot.folder.mkdir(parents=True, exist_ok=True)
    for kind, data in files.items():
        with atomic(unit.slot.file(kind)) as file:
            file.write(data)
    return Segment(
        unit.frames, tuple(digests), {kind: hashlib.sha256(data).hexdigest() for kind, data in files.items()}
    )


def digests(unit: Unit, tell: Callable[[int], None]) -> list[str]:
    """The hashes of all frames, drawn and kept nowhere."""
    found = []
    for _, digest in hashed(Film(section(unit), unit.quality), range(unit.frames)):
        found.append(digest)
        tell(len(found))
    return found


def section(unit: Unit) -> Section:
    """The section that a unit means."""
    return next(section for section in _scene(unit.places, unit.scene).sections() if section.name == unit.section)


@lru_cache(maxsize=1)
def _scene(places: Places, name: str) -> Scene:
    return load_scene(places, name)


def hashed(film: Film, indices: Iterator[int] | range) -> Iterator[tuple[Frame, str]]:
    """Frames, each valid until the next, with the sha256 over the sha256 of each quarter row of RGBA bytes."""
    before: NDArray[np.uint64] | None = None
    hashes: list[bytes] = []
    for index in indices:
        frame = film.frame(index)
        pieces = frame.reshape(PIECES * len(frame), -1).view(np.uint64)
        if before is None:
            before, hashes = ~pieces, [b""] * len(pieces)
        changed = np.flatnonzero((pieces != before).any(axis=1))
        for piece in changed.tolist():
            hashes[piece] = hashlib.sha256(pieces[piece].data).digest()
        before[changed] = pieces[changed]
        yield frame, hashlib.sha256(b"".join(hashes)).hexdigest()


def picture(film: Film, t: float) -> Frame:
    """One moment of a section, at most STILL_WIDTH wide."""
    quality = film.quality
    if quality.width > STILL_WIDTH:
        height = quality.height * STILL_WIDTH // quality.width
        film = Film(film.section, replace(quality, width=STILL_WIDTH, height=height))
    return film.at(t)


def webp(frame: Frame) -> bytes:
    """A frame as WebP, as good as STILL_BYTES allow, so that any still can be a poster."""
    image = Image.fromarray(np.ascontiguousarray(frame[..., :3]))
    for quality in STILL_QUALITIES:
        buffer = io.BytesIO()
        image.save(buffer, "WEBP", quality=quality, method=4)
        if buffer.tell() <= STILL_BYTES:
            break
    return buffer.getvalue()


def encodable(reformatter: VideoReformatter, frame: Frame) -> VideoFrame:
    """A frame as the encoder takes it, yuv420p, BT.709, limited range. It shares no memory with the frame."""
    return reformatter.reformat(
        VideoFrame.from_numpy_buffer(frame, format="rgba"),
        format="yuv420p",
        src_color_range=ColorRange.JPEG,
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
        interpolation=Interpolation.AREA,
        threads=1,
    )


class Encoder:
    """H.264 in an mp4 in memory: what a full disk could cut short is written by `atomic`, which notices."""

    def __init__(self, quality: Quality) -> None:
        self.buffer = io.BytesIO()
        self.container = av.open(self.buffer, "w", format="mp4", options={"fflags": "+bitexact"})
        gop = KEYFRAME_SECONDS * quality.fps
        fixed = f"keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0:threads=1:lookahead-threads=1"
        fixed += FLATTER.get(quality.preset, "")
        options = {"preset": quality.preset, "crf": str(quality.crf), "x264-params": fixed}
        self.stream = self.container.add_stream("libx264", rate=quality.fps, options=options)
        self.stream.width, self.stream.height, self.stream.pix_fmt = quality.width, quality.height, "yuv420p"
        context = self.stream.codec_context
        context.thread_count = 1
        context.color_range, context.colorspace = ColorRange.MPEG, Colorspace.ITU709
        context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        self.reformatter, self.last, self.count = VideoReformatter(), VideoFrame(), 0

    def add(self, frame: Frame, again: bool) -> None:
        """Append a frame; `again` promises that it equals the one before."""
        if not again:
            self.last = encodable(self.reformatter, frame)
        self.last.pts = self.count
        self.count += 1
        self.container.mux(self.stream.encode(self.last))

    def finish(self) -> bytes:
        """The mp4."""
        self.container.mux(self.stream.encode(None))
        self.container.close()
        return self.buffer.getvalue()
