"""Videos: every time exact, every section start a place to seek to, the same bytes from any number of workers."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter

from stagelight.render import theme
from stagelight.render.pipeline import RenderError, cache, encode, executor, make, plan, publish, video
from stagelight.render.pipeline.plan import Places
from stagelight.render.theme import Quality
from support.tiny_scene import TINY, published, record, render, unwatched

BOTH = replace(TINY, name="both", width=320, height=192, crf=24, av1=(10, 30))


class Shown(NamedTuple):
    """A frame of a file: when it is shown, for how long, and whether a reader can start there."""

    start: Fraction
    seconds: Fraction
    key: bool


def packets(data: bytes) -> tuple[list[Shown], Fraction]:
    """The frames of an mp4 in the order they are stored, and how long it lasts."""
    with av.open(io.BytesIO(data), "r") as file:
        stream = file.streams.video[0]
        base = stream.time_base
        assert base is not None
        assert stream.duration is not None
        found = []
        for packet in file.demux(stream):
            if packet.pts is not None and packet.duration is not None:
                assert packet.pts == packet.dts, "stored in the order in which they are shown"
                found.append(Shown(packet.pts * base, packet.duration * base, packet.is_keyframe))
        return found, stream.duration * base


def decoded(data: bytes) -> list[Fraction]:
    """The time at which each frame that a decoder gives is shown."""
    with av.open(io.BytesIO(data), "r") as file:
        stream = file.streams.video[0]
        assert stream.time_base is not None
        context = stream.codec_context
        assert context.pix_fmt == "yuv420p"
        assert (context.colorspace, context.color_range, context.color_primaries, context.color_trc) == (1, 1, 1, 1)
        return [frame.pts * stream.time_base for frame in file.decode(stream) if frame.pts is not None]


@pytest.mark.parametrize("kind", ["video", "av1"])
def test_the_video_is_exact(places: Places, kind: str) -> None:
    render(places, BOTH)
    data = (places.assets / published(places)[kind]["file"]).read_bytes()
    assert data.find(b"moov") < data.find(b"mdat"), "its index comes first"
    assert b"elst" not in data or packets(data)[0][0].start == 0
    found, duration = packets(data)
    # In each section the dot moves for a second, then stands: ten frames and one that lasts.
    starts = [Fraction(section + index, 10) for section in (0, 20, 45) for index in range(11)]
    assert [frame.start for frame in found] == decoded(data) == starts
    assert [frame.seconds for frame in found] == [
        end - start for start, end in zip(starts, [*starts[1:], Fraction(13, 2)], strict=True)
    ], "each frame lasts until the next"
    assert duration == Fraction(13, 2)
    keys = {frame.start for frame in found if frame.key}
    assert keys >= {Fraction(section["start"]) for section in published(places)["sections"]}


def test_what_a_page_says_of_a_video_is_so(places: Places) -> None:
    render(places, BOTH)
    found = published(places)
    assert found["video"]["codecs"].startswith("avc1.")
    assert len(found["video"]["codecs"]) == len("avc1.640028")
    assert found["av1"]["codecs"] == "av01.0.00M.08"
    assert found["av1"]["bytes"] <= 0.9 * found["video"]["bytes"]
    for kind, codec in (("video", "h264"), ("av1", "libdav1d")):
        with av.open(str(places.assets / found[kind]["file"]), "r") as file:
            assert file.streams.video[0].codec_context.name == codec


@pytest.mark.parametrize(
    ("lost", "size", "wanted"),
    [
        ((1.0, 1.0), 1_000_000, True),
        ((1.0, 1.0), 1000, False),
        ((6.4, 1.0), 1_000_000, True),
        ((6.6, 1.0), 1_000_000, False),
        ((8.0, 9.0), 1_000_000, True),
        ((None, 1.0), 1_000_000, False),
    ],
)
def test_av1_is_published_where_it_is_smaller_and_clean_or_no_worse(
    places: Places, lost: tuple[float | None, float], size: int, wanted: bool
) -> None:
    render(places, BOTH)
    slots = [
        cache.Slot(places.cache / "tiny" / "both", section["name"], section["key"])
        for section in published(places)["sections"]
    ]
    errors = {kind: each for kind, each in zip(("av1.mp4", "mp4"), lost, strict=True) if each is not None}
    finished = [(slot, replace(segment, errors=errors)) for slot in slots if (segment := cache.find(slot)) is not None]
    assert len(finished) == 3
    assert (publish.av1(finished, size, BOTH) is not None) is wanted


def test_the_error_is_that_of_the_decoded_picture() -> None:
    quality = Quality("noise", 128, 96, 10, 30, "ultrafast")
    frame = np.random.default_rng(0).integers(0, 255, (96, 128, 4), np.uint8)
    shown = encode.encodable(VideoReformatter(), frame)
    writer = video.h264(quality)
    writer.add(shown, 0)
    writer.add(encode.encodable(VideoReformatter(), frame[::-1].copy()), 3)
    movie, light = writer.finish(5), video.luma(shown)
    with av.open(io.BytesIO(movie), "r") as file:
        first = next(file.decode(video=0)).to_ndarray()[:96].astype(float)
    assert video.error(movie, 10, {0: light}) == pytest.approx(np.square(first - light).mean(), rel=1e-4)
    assert video.error(movie, 10, {0: light, 3: light}) > 2 * video.error(movie, 10, {0: light})
    assert video.error(movie, 10, {1: light}) == float("inf"), "a frame that is not there is no good sign"


@pytest.mark.parametrize("writing", [video.h264, video.av1])
def test_colours_survive_encoding(writing: Callable[[Quality], video.Writer | None]) -> None:
    colours = [theme.TEXT, theme.ATTENTION, theme.KEPT, theme.LOST, theme.BELIEF, "#FF0000", "#00FF00", "#0000FF"]
    frame = np.full((64, 64 * len(colours), 4), 255, np.uint8)
    for index, colour in enumerate(colours):
        frame[:, 64 * index : 64 * index + 64, :3] = [round(255 * part) for part in theme.rgb(colour)]
    writer = writing(Quality("exact", frame.shape[1], 64, 10, 1, "veryfast", av1=(8, 1)))
    assert writer is not None
    writer.add(encode.encodable(VideoReformatter(), frame), 0)
    with av.open(io.BytesIO(writer.finish(1)), "r") as file:
        found = next(file.decode(video=0)).to_ndarray(format="yuv444p")
    for index, colour in enumerate(colours):
        red, green, blue = theme.rgb(colour)
        light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
        wanted = (16 + 219 * light, 128 + 224 * (blue - light) / 1.8556, 128 + 224 * (red - light) / 1.5748)
        assert np.abs(found[:, 32, 64 * index + 32] - wanted).max() <= 1.0, colour


def test_no_thread_of_an_encoder_runs_in_real_time() -> None:
    writer = video.av1(theme.QUALITIES["web"])
    assert writer is not None
    threads = [int(path.name) for path in Path("/proc/self/task").iterdir()]
    assert len(threads) > 1
    assert {os.sched_getscheduler(thread) for thread in threads} == {os.SCHED_OTHER}


def test_segments_that_do_not_belong_together_are_not_joined(places: Places, tmp_path: Path) -> None:
    def segment(name: str, quality: Quality) -> Path:
        writer = video.h264(quality)
        frame = np.full((quality.height, quality.width, 4), 90, np.uint8)
        writer.add(encode.encodable(VideoReformatter(), frame), 0)
        path = tmp_path / name
        path.write_bytes(writer.finish(7))
        return path

    one, other = segment("one.mp4", TINY), segment("other.mp4", replace(TINY, width=320))
    assert packets(video.join([(one, 0.7), (one, 0.7)]))[1] == Fraction(14, 10)
    with pytest.raises(RenderError, match=r"one.mp4: 0.7 s of h264, wanted 0.8 s"):
        video.join([(one, 0.8)])
    with pytest.raises(RenderError, match=r"other.mp4: .* like the others; remove it and render again"):
        video.join([(one, 0.7), (other, 0.7)])


def test_encoders_give_the_same_bytes_twice(places: Places) -> None:
    found = []
    for seed in (7, 8, 7):
        record(places, seed=seed)
        render(places, BOTH)
        found.append([published(places)[kind]["sha256"] for kind in ("video", "av1")])
        for path in places.cache.rglob("*.json"):
            path.unlink()
    assert found[0] == found[2] != found[1]
    keys = {plan.inputs(places, "tiny").key("one", quality, ()) for quality in (BOTH, replace(BOTH, av1=None))}
    assert len(keys) == 2


@pytest.mark.slow
def test_two_workers_at_once_give_the_bytes_of_one(places: Places) -> None:
    render(places, BOTH)
    alone = published(places)
    shutil.rmtree(places.cache)
    with executor.pool(2) as workers:
        make.render(places, plan.inputs(places, "tiny"), BOTH, workers, unwatched)
    assert published(places) == alone
    assert alone["av1"]
