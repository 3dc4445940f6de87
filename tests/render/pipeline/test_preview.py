"""The preview: small, short, looping, and of the moments before the poster."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from stagelight.render.pipeline import encode, preview, publish
from stagelight.render.pipeline.load import load_scene
from stagelight.render.pipeline.plan import Places
from stagelight.render.stage import Film
from support.tiny_scene import published, render


def played(data: bytes) -> list[tuple[int, Image.Image]]:
    """The pictures of a WebP that moves, each with its milliseconds."""
    found = []
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "WEBP"
        assert image.info["loop"] == 0, "for ever"
        for index in range(image.n_frames):  # type: ignore[attr-defined]
            image.seek(index)
            shown = image.convert("RGB")  # which loads it, and its duration
            found.append((image.info["duration"], shown))
    return found


def test_a_preview_is_small_short_and_ends_on_the_poster(places: Places) -> None:
    render(places)
    told = published(places)["preview"]
    data = (places.assets / told["file"]).read_bytes()
    assert len(data) == told["bytes"] <= preview.BYTES
    found = played(data)
    assert {image.size for _, image in found} == {(480, 270)} == {(told["width"], told["height"])}
    assert sum(milliseconds for milliseconds, _ in found) / 1000 == pytest.approx(preview.SECONDS, abs=0.05)
    assert found[-1][0] >= 1000 * preview.REST
    section = load_scene(places, "tiny").sections()[1]
    film = Film(section, preview.SMALL)
    first, last = (film.at(t)[..., :3].astype(float) for t in (0.0, section.still))
    assert np.abs(np.asarray(found[0][1], float) - first).mean() < np.abs(first - last).mean() / 5
    assert np.abs(np.asarray(found[-1][1], float) - last).mean() < np.abs(first - last).mean() / 5


def test_it_ends_where_the_picture_came_to_rest(places: Places) -> None:
    assert [encode.since("abbbca", index) for index in range(6)] == [0, 1, 1, 1, 4, 5]
    section = load_scene(places, "tiny").sections()[1]
    assert preview.preview(section, 1.0) != preview.preview(section, 0.9)


def test_a_preview_gives_up_fineness_before_size() -> None:
    chance = np.random.default_rng(0)
    frames = [chance.integers(0, 255, (270, 480, 3), np.uint8) // 8 for _ in range(12)]
    assert preview.BYTES / 2 < len(preview.animated(frames)) <= preview.BYTES


def test_a_poster_is_no_wider_than_a_page_shows_it(places: Places) -> None:
    large = io.BytesIO()
    Image.new("RGB", (1920, 1080), (13, 17, 28)).save(large, "WEBP")
    made = publish._smaller(places, "tiny", large.getvalue(), publish.POSTER)
    with Image.open(places.assets / made["file"]) as image:
        assert image.size == (made["width"], made["height"]) == (publish.POSTER[0], 720)
