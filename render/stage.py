"""The stage: scenes, their sections, and the one place where Manim is bent to draw them.

A scene is drawn by painters. `Painter` is a Manim mobject whose draw function gets a `Pen`, a cairo context
with the project's colours, type and light; `StageCamera` is Manim's camera, taught to call it in z-order. What
does not move is baked into the background once for each section. A frame is a pure function of
(scene, section, t): there are no updaters, so any frame renders alone, anywhere.

A scene and its sections declare which parts of the recording they read (see `recording_deps` for the names). They are
given an excerpt that holds these alone, so a section is drawn again exactly where one of them, or its code, changes.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, wraps
from typing import Any, ClassVar

import cairo
import numpy as np
from numpy.typing import NDArray

from stagelight.engines.recording import Recording
from stagelight.render import later, theme
from stagelight.render.pen import Pen
from stagelight.render.recording_deps import Excerpt
from stagelight.render.theme import HEIGHT, WIDTH, Quality

with later.put_off("networkx", "scipy.spatial.transform"):
    import manim

BAND = 16  # rows of the night made at once
Frame = NDArray[np.uint8]  # (height, width, 4), RGBA


@dataclass(frozen=True)
class Cue:
    """Something that holds from `start` to `end`, seconds from the section's start."""

    start: float
    end: float
    text: str


@dataclass(frozen=True)
class Section:
    """One stretch of a scene. All that is said of it, in the picture, the tracks and the page, is said here."""

    name: str
    step: str | None  # "01" to "04" where it is one of the scene's four steps
    title: str
    seconds: float
    paint: Callable[[Pen, float], None]  # draws what moves at time t
    backdrop: Callable[[Pen], None]  # draws what does not, once
    captions: tuple[Cue, ...]
    marks: tuple[Cue, ...]  # legend entries in play; text is the entry's id
    still: float  # the moment that shows the section best
    alt: str  # the still, described
    pace: int | None = None  # pictures a second, where a video's own rate is too many; a cut-out moves in poses
    excerpt: Excerpt | None = None  # of the recording, where it declares what it reads; else it reads as its scene does

    def frames(self, quality: Quality) -> int:
        """The number of frames of the section."""
        return round(self.seconds * quality.fps)

    def moment(self, t: float) -> float:
        """The moment whose picture is shown at t: t itself, or the last one that the pace allows."""
        return t if self.pace is None else math.floor(self.pace * t + 1e-6) / self.pace


@dataclass(frozen=True)
class Mark:
    """An entry of the legend: what a mark in the picture encodes."""

    id: str
    name: str
    text: str


class Scene(ABC):
    """One annotated scene over one recording."""

    name: ClassVar[str]
    title: ClassVar[str]
    claim: ClassVar[str]
    legend: ClassVar[tuple[Mark, ...]]
    poster: ClassVar[str | None] = None  # the section whose still is the poster; None: the first step
    reads: ClassVar[tuple[str, ...]] = ()  # parts of the recording that every section may read

    def __init__(self, recording: Recording) -> None:
        self.recording = Excerpt(recording, self.reads, f"{type(self).__module__}.{type(self).__qualname__}")

    @abstractmethod
    def sections(self) -> tuple[Section, ...]:
        """The sections in order. Pure: the same recording gives the same sections."""

    def reads_of(self, section: Section) -> tuple[str, ...]:
        """The declared names of what one of its sections reads, those of the whole scene among them."""
        return tuple(sorted((section.excerpt or self.recording).reads))


def nothing(pen: Pen) -> None:
    """The backdrop of a section in which everything moves."""


def reads(*names: str) -> Callable[[Callable[[Recording], Section]], Callable[[Recording], Section]]:
    """Declare which parts of the recording a section is made from and drawn from, besides those of the whole scene.

    For a function that makes a section of a recording: it is given an excerpt that holds those parts alone.
    """

    def declare(make: Callable[[Recording], Section]) -> Callable[[Recording], Section]:
        @wraps(make)
        def section(recording: Recording) -> Section:
            excerpt = Excerpt(recording, names, f"{make.__module__}.{make.__qualname__}")
            return replace(make(excerpt), excerpt=excerpt)

        return section

    return declare


class Painter(manim.Mobject):  # type: ignore[misc]
    """A mobject that paints itself with a pen. A lone point keeps Manim's layering from dropping it."""

    def __init__(self, paint: Callable[[Pen], None]) -> None:
        super().__init__()
        self.paint = paint
        self.points = np.zeros((1, 3))


class StageCamera(manim.Camera):  # type: ignore[misc]
    """Manim's Cairo camera, which also draws painters, and clears to a baked background."""

    def capture_mobjects(self, mobjects: Sequence[manim.Mobject], **kwargs: Any) -> None:
        """Draw runs of ordinary mobjects as Manim does, and each painter in its place between them."""
        waiting: list[manim.Mobject] = []
        for mobject in self.get_mobjects_to_display(mobjects, **kwargs):
            if isinstance(mobject, Painter):
                super().capture_mobjects(waiting, **kwargs)
                waiting = []
                self._paint(mobject)
            else:
                waiting.append(mobject)
        super().capture_mobjects(waiting, **kwargs)

    def _paint(self, painter: Painter) -> None:
        context = self.get_cairo_context(self.pixel_array)
        context.save()
        context.set_matrix(cairo.Matrix(self.pixel_width / WIDTH, 0, 0, self.pixel_height / HEIGHT, 0, 0))
        context.new_path()
        painter.paint(Pen(context))
        context.restore()
        context.get_target().flush()


class Film:
    """The frames of one section, drawn on demand and in any order."""

    def __init__(self, section: Section, quality: Quality) -> None:
        self.section, self.quality = section, quality
        self.camera = StageCamera(
            pixel_width=quality.width, pixel_height=quality.height, frame_rate=quality.fps, background=None
        )
        self.camera.background = night(quality.width, quality.height).copy()
        self.camera.reset()
        self.camera.capture_mobjects([Painter(section.backdrop)])
        self.camera.background = self.camera.pixel_array.copy()
        self._drawn: float | None = None  # the moment whose picture the camera holds

    def __len__(self) -> int:
        """The number of frames."""
        return self.section.frames(self.quality)

    def frame(self, index: int) -> Frame:
        """Frame `index`, valid until the next call."""
        return self.at(index / self.quality.fps)

    def at(self, t: float) -> Frame:
        """The picture t seconds into the section, valid until the next call."""
        t = self.section.moment(t)
        if t != self._drawn:
            self.camera.reset()
            self.camera.capture_mobjects([Painter(lambda pen: self.section.paint(pen, t))])
            self._drawn = t
        return self.camera.pixel_array  # type: ignore[no-any-return]


@lru_cache(maxsize=4)
def night(width: int, height: int) -> Frame:
    """The empty stage: a soft light above the middle, dark corners, dithered so that nothing bands."""
    colours = (np.array(theme.rgb(c), np.float32) * 255 for c in (theme.NIGHT, theme.NIGHT_HIGH, theme.NIGHT_DEEP))
    channels = list(enumerate(zip(*colours, strict=True)))
    chance = np.random.default_rng(0)
    x, y = np.arange(width, dtype=np.float32) / width - 0.5, np.arange(height, dtype=np.float32) / height - 0.42
    across, down = np.exp(-((x / 0.48) ** 2)), np.exp(-((y / 0.52) ** 2))[:, None]
    outward, below = 2.25 * x**2 - 0.16, 1.95 * y[:, None] ** 2
    frame = np.full((height, width, 4), 255, np.uint8)
    for top in range(0, height, BAND):  # in bands, because fresh memory for whole frames is most of the cost
        rows = slice(top, top + BAND)
        light, corner = down[rows] * across, np.clip(below[rows] + outward, 0, 1)
        noise = chance.random(light.shape, np.float32)
        for channel, (base, high, deep) in channels:
            level = base + (high - base) * light
            level += (deep - level) * corner
            level += noise  # and what is behind the point is cut off
            frame[rows, :, channel] = level
    return frame


class ManimStage(manim.Scene):  # type: ignore[misc]
    """A whole stage scene as an ordinary Manim scene, for `manim render/scenes/<name>.py`."""

    stage: Scene

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, camera_class=StageCamera, **kwargs)

    def construct(self) -> None:
        """Play each section over its own backdrop."""
        for section in self.stage.sections():
            self.next_section(section.name)
            film = Film(section, Quality("manim", self.camera.pixel_width, self.camera.pixel_height, 30, 0, ""))
            self.camera.background = film.camera.background
            self.play(_Play(section), run_time=section.seconds, rate_func=manim.linear)


class _Play(manim.Animation):  # type: ignore[misc]
    def __init__(self, section: Section, **kwargs: Any) -> None:
        self.section, self.t = section, 0.0
        super().__init__(Painter(lambda pen: section.paint(pen, section.moment(self.t))), remover=True, **kwargs)

    def interpolate_mobject(self, alpha: float) -> None:
        """Set the section's clock."""
        self.t = alpha * self.section.seconds
