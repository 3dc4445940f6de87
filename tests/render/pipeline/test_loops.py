"""Loops: short, small, and of the moments in which the picture of the still comes about."""

from __future__ import annotations

import io
from dataclasses import replace

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from PIL import Image

from stagelight.render.pipeline import encode, loops, publish, video
from stagelight.render.pipeline.plan import Places
from support.tiny_scene import TINY, published, render

LONG = replace(TINY, name="long", width=320, height=192, av1=(10, 30))


def film(frames: int, still_from: int) -> bytes:
    """A video whose light grows with each frame until one from which on it stays."""
    writer = video.h264(LONG)
    for index in range(still_from + 1):
        grey = np.full((LONG.height, LONG.width, 3), 40 + 2 * index, np.uint8)
        writer.add(VideoFrame.from_ndarray(grey).reformat(format="yuv420p"), index)
    return writer.finish(frames)


def light(movie: bytes) -> list[tuple[int, float]]:
    """The number and the mean light of each picture of a video."""
    with av.open(io.BytesIO(movie), "r") as file:
        return [(round((frame.time or 0) * LONG.fps), float(video.luma(frame).mean()))
                for frame in file.decode(video=0)]  # fmt: skip


def seconds(movie: bytes) -> float:
    """The length of a video."""
    with av.open(io.BytesIO(movie), "r") as file:
        stream = file.streams.video[0]
        assert stream.duration
        assert stream.time_base
        return float(stream.duration * stream.time_base)


def test_a_loop_ends_a_second_after_the_picture_has_come_to_rest() -> None:
    movie = film(90, 60)
    whole = dict(light(movie))
    for kind, loop in loops.cut(movie, LONG, 90, 60).items():
        assert seconds(loop) == pytest.approx(loops.SECONDS), kind
        found = light(loop)
        assert [index for index, _ in found] == list(range(41)), "from 20 on, and nothing new after 60"
        assert [bright for _, bright in found] == pytest.approx([whole[20 + index] for index, _ in found], abs=2), kind


@pytest.mark.parametrize(("rest", "begins"), [(0, 0), (10, 0), (85, 40)])
def test_a_loop_stays_within_its_section(rest: int, begins: int) -> None:
    movie = film(90, 80)
    loop = loops.cut(movie, replace(LONG, av1=None), 90, rest)["loop.mp4"]
    assert seconds(loop) == pytest.approx(loops.SECONDS)
    index, bright = light(loop)[0]
    assert (index, abs(bright - dict(light(movie))[begins]) < 2) == (0, True)


def test_what_is_shown_when_a_loop_begins_may_have_come_before() -> None:
    movie = film(120, 20)
    (only,) = light(loops.cut(movie, replace(LONG, av1=None), 120, 100)["loop.mp4"])
    assert only[0] == 0
    assert abs(only[1] - light(movie)[-1][1]) < 2


def test_a_short_section_is_a_short_loop() -> None:
    assert seconds(loops.cut(film(20, 10), LONG, 20, 12)["loop.mp4"]) == pytest.approx(2)


def test_it_ends_where_the_picture_came_to_rest() -> None:
    assert [encode.since("abbbca", index) for index in range(6)] == [0, 1, 1, 1, 4, 5]


def test_a_loop_gives_up_fineness_before_size(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(0)
    pictures = [
        (VideoFrame.from_ndarray(chance.integers(0, 255, (192, 320, 3), np.uint8)).reformat(format="yuv420p"), index)
        for index in range(10)
    ]
    fine = loops.lightest(video.h264, [replace(LONG, crf=10)], pictures, 10)
    monkeypatch.setattr(loops, "BYTES", len(fine) // 2)
    assert (
        len(loops.lightest(video.h264, [replace(LONG, crf=crf) for crf in (10, 20, 45)], pictures, 10)) <= loops.BYTES
    )


def test_every_section_has_its_loop_and_the_smaller_codec_comes_first(places: Places) -> None:
    render(places, LONG)
    for section in published(places)["sections"]:
        assert [each["codecs"][:4] for each in section["loops"]] == ["av01", "avc1"]
        for each in section["loops"]:
            data = (places.assets / each["file"]).read_bytes()
            assert len(data) == each["bytes"] <= loops.BYTES
            assert seconds(data) == pytest.approx(section["duration"])


def test_the_smaller_film_is_as_long_and_as_small_as_it_shall_be(places: Places) -> None:
    render(places, replace(LONG, slow=(96, 30)))
    found = published(places)
    with av.open(str(places.assets / found["slow"]["file"])) as file:
        assert (file.streams.video[0].width, file.streams.video[0].height) == (160, 96)
    assert seconds((places.assets / found["slow"]["file"]).read_bytes()) == pytest.approx(found["duration"])
    assert found["slow"]["bytes"] < found["video"]["bytes"]
    assert (LONG.at_most(1000), LONG.at_most(96).width) == (LONG, 160)


def test_a_poster_is_no_wider_than_a_page_shows_it(places: Places) -> None:
    large = io.BytesIO()
    Image.new("RGB", (1920, 1080), (13, 17, 28)).save(large, "WEBP")
    made = publish._smaller(places, "tiny", large.getvalue(), publish.POSTER)
    with Image.open(places.assets / made["file"]) as image:
        assert image.size == (made["width"], made["height"]) == (publish.POSTER[0], 720)
