"""Checking what is published: bits in the same environment, looks elsewhere; what a reader would see is caught."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cairo
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from stagelight.render import theme
from stagelight.render.components import board
from stagelight.render.pen import Pen
from stagelight.render.pipeline import InputError, check, compare, encode, environment, perceptual, triptych, video
from stagelight.render.pipeline.perceptual import TOLERANCE, Window
from stagelight.render.pipeline.plan import Places
from stagelight.render.scene import Section
from stagelight.render.stage import Film, Frame
from stagelight.render.theme import Quality
from support.tiny_scene import SCENE, TINY, Inline, published, record, render, unwatched

WEB = theme.QUALITIES["web"]
CORNER = Quality("corner", 480, 272, WEB.fps, WEB.crf, WEB.preset)  # a corner of the stage, at the scale of `web`
Paint = Callable[[Pen], None]


# --- the distance -------------------------------------------------------------------------------------


def shot(paint: Paint, quality: Quality = CORNER) -> Frame:
    """A picture in which a stage pixel is a pixel."""

    def scaled(pen: Pen, _: float) -> None:
        with pen.moved(scale=theme.WIDTH / quality.width):
            paint(pen)

    section = Section("s", None, "", 1.0, scaled, lambda pen: None, (), (), 0.0, "")
    return Film(section, quality).at(0.0).copy()


def cells(frame: Frame) -> perceptual.Cells:
    return perceptual.cells(encode.encodable(VideoReformatter(), frame))


def distance(before: Paint, after: Paint) -> float:
    return perceptual.worst(cells(shot(before)), cells(shot(after))).distance


def words(text: str, colour: str = theme.QUIET, alpha: float = 1.0, x: float = 60, font: str = theme.MONO) -> Paint:
    return lambda pen: void(pen.text(text, x, 120, theme.FLOOR, colour, font=font, alpha=alpha))


def void(_: object) -> None:
    """Drop a result."""


def dot(x: float, colour: str = theme.ATTENTION) -> Paint:
    return lambda pen: pen.disc(x, 90, 7, colour)


def piece(square: int, size: float, symbol: str = "R") -> Paint:
    return lambda pen: board.board(pen, {square: symbol}, 20, 20, size)


SEEN = {
    "a digit": (words("0.3"), words("0.8")),
    "another": (words("16 %"), words("18 %")),
    "a faint digit": (words("3", alpha=0.5), words("8", alpha=0.5)),
    "a sign": (words("−2", theme.LOST), words("2", theme.LOST)),
    "good is bad": (words("3", theme.KEPT), words("3", theme.LOST)),
    "good is believed": (words("3", theme.KEPT), words("3", theme.BELIEF)),
    "secondary is believed": (words("3", theme.QUIET), words("3", theme.BELIEF)),
    "a dot's colour": (dot(90), dot(90, theme.KEPT)),
    "a dot's place": (dot(90), dot(93)),
    "a piece's place": (piece(0, 200), piece(1, 200)),
    "a dark piece's place": (piece(9, 200, "r"), piece(10, 200, "r")),
    "a piece": (piece(0, 200, "Q"), piece(0, 200, "K")),
    "a ray": (lambda pen: pen.line((60, 60), (300, 200), theme.BELIEF, 3), lambda pen: None),
}  # fmt: skip


@pytest.mark.parametrize("change", SEEN)
def test_a_small_change_is_seen(change: str) -> None:
    assert distance(*SEEN[change]) > 1.15 * TOLERANCE


@settings(deadline=None, max_examples=30)
@given(
    digits=st.tuples(st.sampled_from("0123456789"), st.sampled_from("0123456789")),
    x=st.floats(20, 400),
    colour=st.sampled_from([theme.TEXT, theme.QUIET, theme.ATTENTION, theme.KEPT, theme.LOST, theme.BELIEF]),
    font=st.sampled_from([theme.SANS, theme.MONO, theme.MONO_BOLD]),
)
def test_any_digit_that_changes_is_seen_wherever_it_stands(
    digits: tuple[str, str], x: float, colour: str, font: str
) -> None:
    assume(digits[0] != digits[1])
    before, after = (words(digit, colour, 1.0, x, font) for digit in digits)
    assert distance(before, after) > TOLERANCE


def busy(pen: Pen, shift: float = 0, more: float = 0) -> None:
    """Everything that is hard on an encoder: thin light lines, saturated edges, type, glow."""
    pen.disc(470, 262, more, theme.KEPT)
    pen.context.translate(shift, shift / 3)
    for index in range(14):
        pen.line((20 + 30 * index, 20), (460 - 25 * index, 250), theme.BELIEF, 2, 0.7)
    pen.glow(240, 130, 160, theme.ATTENTION)
    pen.text("advantage = +0.75", 30, 120, theme.FLOOR, theme.LOST, font=theme.MONO_BOLD)
    pen.text("Only mate counted", 30, 200, 44, theme.KEPT)
    board.board(pen, {0: "R", 9: "q", 20: "p"}, 350, 20, 100)


@pytest.mark.parametrize("quality", theme.QUALITIES.values(), ids=lambda quality: quality.name)
def test_what_the_encoder_does_is_not_seen(quality: Quality, tmp_path: Path) -> None:
    """Moving pictures at each quality's own settings, the hardest first: a picture that comes out of nothing."""
    moving = Quality("moving", 480, 272, quality.fps, quality.crf, quality.preset)
    frames = [shot(partial(busy, shift=shift)) for shift in (0, 0, 1, 3, 7, 15, 31)]
    writer = video.h264(moving)
    for index, frame in enumerate(frames):
        writer.add(encode.encodable(VideoReformatter(), frame), index)
    path = tmp_path / "moving.mp4"
    path.write_bytes(writer.finish(len(frames)))
    seen = compare._on_screen(path, [index / moving.fps for index in range(len(frames))], 0.5 / moving.fps)
    found = [perceptual.worst(perceptual.cells(got), cells(frame)) for got, frame in zip(seen, frames, strict=True)]
    assert 0 < max(window.distance for window in found) < TOLERANCE


@settings(deadline=None, max_examples=25)
@given(x=st.integers(0, 464), y=st.integers(0, 256), level=st.integers(0, 255))
def test_the_worst_window_is_where_the_change_is(x: int, y: int, level: int) -> None:
    before = np.full((272, 480, 4), 255, np.uint8)
    before[..., :3] = 90
    after = before.copy()
    after[y : y + 16, x : x + 16, :3] = level
    found = perceptual.worst(cells(before), cells(after))
    assert found == perceptual.worst(cells(after), cells(before))
    if abs(level - 90) > 2:
        assert abs(found.x - x) <= perceptual.CELL
        assert abs(found.y - y) <= perceptual.CELL
        assert found.distance > 0.5 * abs(level - 90) * 219 / 255


def test_a_picture_is_no_distance_from_itself() -> None:
    frame = shot(busy)
    assert perceptual.worst(cells(frame), cells(frame)).distance == 0


# --- the report ---------------------------------------------------------------------------------------


def test_the_report_shows_before_after_and_the_difference(tmp_path: Path) -> None:
    before, after = shot(busy)[..., :3], shot(partial(busy, more=9))[..., :3]
    path = tmp_path / "deep" / "one.png"
    triptych.write(path, before, after, Window(464, 256, 70.0), "tiny / one, frame 3 at 0.30 s")
    sheet = np.array(Image.open(path).convert("RGB")).astype(int)
    assert sheet.shape[1] == 3 * triptych.PANEL + 4 * triptych.GAP
    thirds = [triptych.GAP + column * (triptych.PANEL + triptych.GAP) for column in range(3)]
    left, middle, right = (sheet[200:, x : x + triptych.PANEL] for x in thirds)
    assert np.abs(left - middle).max() > 100
    assert (np.abs(left - middle).max(axis=2) > 0).mean() < 0.2
    assert np.median(right) < 30
    amber = (sheet == [0xFF, 0xB6, 0x48]).all(axis=2)
    assert all(amber[:, x : x + triptych.PANEL].sum() > 200 for x in thirds)


# --- the command --------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _tiny_quality(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(theme.QUALITIES, "tiny", TINY)


def verdicts(places: Places, only: Sequence[str] = (), every: int = 1) -> dict[str, str]:
    found = check.sections(places, "tiny", Inline(), unwatched, only, every)
    return {finding.what: ("same" if finding.same else "different") + f" {finding.note}" for finding in found}


def rewrite(places: Places, old: str, new: str) -> None:
    """Change the tiny scene's source."""
    assert old in SCENE
    (places.assets.parent / "tinyscenes" / "tiny.py").write_text(SCENE.replace(old, new))
    sys.modules.pop("tinyscenes.tiny", None)


def forget(places: Places) -> None:
    """Lose the cache of drawn sections."""
    for path in [path for path in places.cache.rglob("*") if path.is_file()]:
        path.unlink()


def reports(places: Places) -> list[str]:
    return sorted(path.stem for path in (places.cache / "tiny" / "check").glob("*.png"))


def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be on another machine."""
    plain = environment.environment
    monkeypatch.setattr(check, "environment", lambda found: {**plain(found), "cairo": "0.1"})


def test_nothing_published_is_said(places: Places) -> None:
    with pytest.raises(InputError, match="nothing is published of tiny; run `click render tiny`"):
        verdicts(places)


def test_the_same_environment_has_to_give_the_same_bits(places: Places) -> None:
    render(places)
    forget(places)
    assert verdicts(places) == {f"{part}{cut}": "same " for cut in ("", " upright") for part in ("open", "one", "two")}
    with pytest.raises(InputError, match="no section of tiny 'three'"):
        verdicts(places, ["three"])
    rewrite(places, "540, 120, _colours.DOT", "540, 120.1, _colours.DOT")
    found = verdicts(places, ["one"])["one"]
    assert found.startswith("different other bits, though no picture looks different; at worst ")
    assert found.endswith(str(places.cache / "tiny" / "check" / "one.png"))
    assert reports(places) == ["one", "one-upright"]


def test_another_environment_has_to_give_the_same_looks(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    render(places)
    forget(places)
    elsewhere(monkeypatch)
    rewrite(places, "540, 120, _colours.DOT", "540, 120.1, _colours.DOT")
    reason = f"cairo 0.1 here, {cairo.cairo_version_string()} then"
    assert {said.partition(";")[0] for said in verdicts(places).values()} == {
        f"same {frames} frames and the still look the same ({reason})" for frames in (20, 25)
    }
    assert reports(places) == []


@pytest.mark.parametrize("every", [1, 3])
def test_what_changed_is_found_without_the_cache_and_shown(
    places: Places, monkeypatch: pytest.MonkeyPatch, every: int
) -> None:
    render(places)
    forget(places)
    elsewhere(monkeypatch)
    late = "            if t > 1.75:\n                pen.disc(1500, 200, 40, theme.ATTENTION)\n"
    rewrite(places, "        def backdrop", f"{late}\n        def backdrop")
    found = verdicts(places, every=every)
    assert all(said.startswith("different ") for said in found.values())
    assert "from frame 18 at 1.80 s on" in found["two"]
    assert f"{'2 of 21' if every == 1 else '1 of 8'} pictures look different" in found["two"]
    assert reports(places) == [f"{part}{cut}" for part in ("one", "open", "two") for cut in ("", "-upright")]
    rewrite(places, "min(t, 1.0)", "min(t, 1.0)")
    assert all(said.startswith("same ") for said in verdicts(places, every=every).values())
    assert reports(places) == []


def test_what_cannot_be_compared_is_different(places: Places) -> None:
    render(places)
    rewrite(places, '("one", "01", 2.5), ("two", "02", 2.0)', '("one", "01", 3.0), ("three", "02", 2.0)')
    (places.assets / published(places)["sections"][0]["still"]["file"]).unlink()
    found = verdicts(places)
    assert found.pop("open upright") == "same "
    assert found.pop("one upright").startswith("different 30 frames of 96x144 at 10 fps")
    assert found.pop("two upright") == found["two"]
    assert found == {
        "open": f"different {published(places)['sections'][0]['still']['file']} is missing",
        "one": "different 30 frames of 160x96 at 10 fps, published are 25 frames of 160x96 at 10 fps",
        "two": "different the scene has no such section any more",
    }


def test_a_still_of_something_else_is_found(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    render(places)
    elsewhere(monkeypatch)
    still = places.assets / published(places)["sections"][1]["still"]["file"]
    Image.new("RGB", (160, 96), theme.NIGHT).save(still)
    found = verdicts(places, ["one"], every=20)
    assert "different 1 of 3 pictures look different, from the still on" in found["one"]


def test_check_sees_files_that_are_not_what_the_manifest_says(places: Places) -> None:
    render(places)
    assert all(finding.same for finding in check.files(places, "tiny"))
    file = published(places)["tracks"]["captions"]
    (places.assets / file).write_text("WEBVTT\n")
    record(places, seed=8)
    wrong = [Path(finding.what).name for finding in check.files(places, "tiny") if not finding.same]
    assert wrong == ["tiny.json", Path(file).name]
