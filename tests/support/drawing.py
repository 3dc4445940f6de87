"""Shared by the tests of scenes: a small stage, the words of a moment, and the laws of every scene."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from av.video.frame import VideoFrame

from stagelight.render import theme
from stagelight.render.pen import Pen
from stagelight.render.pipeline import direction, perceptual
from stagelight.render.scene import Scene, Section
from stagelight.render.stage import Film

SMALL = theme.Quality("test", 480, 270, 10, 30, "ultrafast")  # a quarter of the stage


def named(scene: Scene, name: str) -> Section:
    return next(section for section in scene.sections() if section.name == name)


def spoken(monkeypatch: pytest.MonkeyPatch, scene: Scene, name: str, t: float) -> list[tuple[str, float, float, float]]:
    """Every text drawn at a moment: (words, left, right, size) in stage pixels, seen ones only."""
    said: list[tuple[str, float, float, float]] = []
    plain, scale = Pen.text, SMALL.width / theme.WIDTH

    def listen(self: Pen, words: str, x: float, y: float, size: float, *args: Any, **kwargs: Any) -> float:
        width = plain(self, words, x, y, size, *args, **kwargs)
        matrix = self.context.get_matrix()
        if kwargs.get("alpha", 1.0) * self.opacity > 0.05:
            left = x - {"start": 0, "middle": width / 2, "end": width}[kwargs.get("anchor", "start")]
            ends = [matrix.transform_point(end, y)[0] / scale for end in (left, left + width)]
            said.append((words, ends[0], ends[1], size * matrix.xx / scale))
        return width

    with monkeypatch.context() as patch:
        patch.setattr(Pen, "text", listen)
        Film(named(scene, name), SMALL).at(t)
    return said


def words_fit(scene: Scene) -> None:
    """Stills and captions lie within their section, captions follow one another and stay until they are read."""
    marks = {mark.id for mark in scene.legend}
    for section in scene.sections():
        assert 0 <= section.still <= section.seconds
        assert section.alt.endswith(".")
        assert {cue.text for cue in section.marks} <= marks
        for cue in section.captions:
            assert 0 <= cue.start < cue.end <= section.seconds + 1e-6
            assert cue.end - cue.start >= len(cue.text.split()) / 5, f"{cue.text!r} is gone before it is read"
        for one, two in zip(section.captions, section.captions[1:], strict=False):
            assert one.end <= two.start


def text_is_large_and_on_the_stage(monkeypatch: pytest.MonkeyPatch, scene: Scene, name: str) -> None:
    for t in np.linspace(0, named(scene, name).seconds, 7):
        for words, left, right, size in spoken(monkeypatch, scene, name, float(t)):
            assert size >= theme.FLOOR - 0.01, words
            assert left >= 0, words
            assert right <= theme.WIDTH, words


def no_cut(scene: Scene) -> None:
    """The last frame of each section is the first of the next, as near as an eye can tell."""
    for quality in (theme.QUALITIES["web"], theme.QUALITIES["web"].turned()):
        films = [Film(section, quality) for section in scene.sections()]
        for before, after in pairwise(films):
            worst = perceptual.worst(_cells(before.frame(len(before) - 1)), _cells(after.frame(0)))
            assert worst.distance <= perceptual.TOLERANCE, f"{before.section.name} to {after.section.name}: {worst}"


def read_on_a_telephone(scene: Scene) -> None:
    """In the upright cut no words are cut off or collide, none is too small to be read, and no picture stands."""
    assert list(direction.faults(scene, turned=True)) == []
    assert min(direction.smallest(scene).values()) >= direction.LEAST


def _cells(frame: Any) -> perceptual.Cells:
    return perceptual.cells(VideoFrame.from_ndarray(np.ascontiguousarray(frame[..., :3]), "rgb24"))


def nothing_stands_still(scene: Scene) -> None:
    """No picture holds for more than 1.5 s, but while a caption is read: a second, and a third of one for each word."""
    for section in scene.sections():
        film, still, last = Film(section, SMALL), 0.0, None
        for index in range(len(film)):
            frame, t = film.frame(index).astype(int), index / SMALL.fps
            moves = last is None or np.abs(frame - last).max() > 3
            read = any(cue.start <= t <= cue.start + 1 + len(cue.text.split()) / 3 for cue in section.captions)
            still = 0.0 if moves or read else still + 1 / SMALL.fps
            assert still <= 1.5, f"{section.name} stands still at {t:.1f} s"
            last = frame.copy()


def any_frame_renders_alone(section: Section, every: int) -> None:
    film, alone = Film(section, SMALL), Film(section, SMALL)
    frames = {k: film.frame(k).copy() for k in range(0, len(film), every)}
    for k in sorted(frames, reverse=True):
        assert np.array_equal(alone.frame(k), frames[k])
