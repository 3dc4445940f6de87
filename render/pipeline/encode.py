"""One section: its frames drawn, hashed and encoded in memory, then put in the cache, each file in one step.

Measured at 1920 x 1080: swscale's area filter is the cheapest conversion to yuv420p that stays within half a
level of BT.709, limited range (point sampling is a quarter cheaper and leaves fringes on coloured edges). Frames are
hashed by BLAKE3, at a quarter of what SHA-256 costs. One that equals the frame before is neither converted nor encoded.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import lru_cache

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from blake3 import blake3
from PIL import Image

from stagelight.engines.recording import atomic
from stagelight.render.pipeline import loops, video
from stagelight.render.pipeline.background import in_background
from stagelight.render.pipeline.cache import Segment
from stagelight.render.pipeline.load import load_scene
from stagelight.render.pipeline.plan import Places
from stagelight.render.pipeline.unit import Unit
from stagelight.render.scene import Scene, Section
from stagelight.render.stage import Film, Frame

SAMPLES = 12  # frames of a section on which what the encoders lose is measured
STILL_WIDTH, STILL_BYTES = 1920, 100_000
STILL_QUALITIES = (90, 84, 78, 72, 66, 60, 50, 40, 30, 20, 10)


def draw(unit: Unit, on_frame: Callable[[int], None]) -> Segment:
    """Draw and encode a section into its slot, all but the sidecar; `on_frame` gets the count of finished frames."""
    film = Film(section(unit), unit.quality)
    digests, files, errors = _filmed(film, unit, on_frame)
    files["webp"] = webp(picture(film, film.section.still))
    if not unit.quality.upright:
        at = min(round(film.section.still * unit.quality.fps), unit.frames - 1)
        files |= loops.cut(files["mp4"], unit.quality, unit.frames, since(digests, at))
    unit.slot.folder.mkdir(parents=True, exist_ok=True)
    for kind, data in files.items():
        with atomic(unit.slot.file(kind)) as file:
            file.write(data)
    hashes = {kind: hashlib.sha256(data).hexdigest() for kind, data in files.items()}
    return Segment(unit.frames, tuple(digests), hashes, errors)


def since(digests: Sequence[str], index: int) -> int:
    """The frame from which on the picture of frame `index` is shown."""
    return next((before for before in range(index, 0, -1) if digests[before - 1] != digests[index]), 0)


def _filmed(
    film: Film, unit: Unit, on_frame: Callable[[int], None]
) -> tuple[list[str], dict[str, bytes], dict[str, float]]:
    """All frames: their hashes, the videos by ending and, where there are two of these, what each has lost."""
    writers = {"mp4": video.h264(unit.quality)}
    adders: list[Callable[[VideoFrame, int], None]] = [writers["mp4"].add]
    if second := video.av1(unit.quality):
        writers["av1.mp4"] = second
        adders.append(second.add)
    if small := video.slow(unit.quality):
        writers["slow.mp4"] = small
        adders.append(_shrinking(small, video.shrinker(unit.quality.at_most(small.stream.height))))
    digests, samples, converter = list[str](), dict[int, video.Luma](), VideoReformatter()
    sampled = {unit.frames * (2 * sample + 1) // (2 * SAMPLES) for sample in range(SAMPLES)} if second else set()
    with ExitStack() as threads:
        encoders = [threads.enter_context(in_background(add)) if unit.spare else add for add in adders]
        for index, (frame, digest) in enumerate(hashed(film, range(unit.frames))):
            if digests[-1:] != [digest]:
                converted, first = encodable(converter, frame), index
                for encoder in encoders:
                    encoder(converted, index)
            if index in sampled:
                samples[first] = video.luma(converted)
            digests.append(digest)
            on_frame(index + 1)
    movies = {kind: writer.finish(unit.frames) for kind, writer in writers.items()}
    alike = ("mp4", "av1.mp4") if second else ()
    errors = {kind: video.error(movies[kind], unit.quality.fps, samples) for kind in alike}
    return digests, movies, errors


def _shrinking(writer: video.Writer, shrink: Callable[[VideoFrame], VideoFrame]) -> Callable[[VideoFrame, int], None]:
    return lambda frame, index: writer.add(shrink(frame), index)


def digests(unit: Unit, on_frame: Callable[[int], None]) -> list[str]:
    """The hashes of all frames, drawn and kept nowhere."""
    hashes = []
    for _, digest in hashed(Film(section(unit), unit.quality), range(unit.frames)):
        hashes.append(digest)
        on_frame(len(hashes))
    return hashes


def section(unit: Unit) -> Section:
    """The section that a unit means."""
    return next(section for section in _scene(unit.places, unit.scene).sections() if section.name == unit.section)


@lru_cache(maxsize=1)
def _scene(places: Places, name: str) -> Scene:
    return load_scene(places, name)


def forget() -> None:
    """Load the scene anew when it is next drawn: its recording may be another."""
    _scene.cache_clear()


def hashed(film: Film, indices: Iterable[int]) -> Iterator[tuple[Frame, str]]:
    """Frames, each valid until the next, with the BLAKE3 of their RGBA bytes."""
    for index in indices:
        frame = film.frame(index)
        yield frame, blake3(frame.data).hexdigest()


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
