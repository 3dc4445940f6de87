"""The stage: the one place where Manim is bent, to draw the frames of a section.

A scene is drawn by painters. `Painter` is a Manim mobject whose draw function gets a `Pen`, a cairo context
with the project's colours, type and light; `StageCamera` is Manim's camera, taught to call it in z-order. What
does not move is baked into the background once for each section. A frame is a pure function of
(scene, section, t): there are no updaters, so any frame renders alone, anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import cairo
import manim
import numpy as np
from numpy.typing import NDArray

from stagelight.render import theme
from stagelight.render.components import upright
from stagelight.render.pen import Pen
from stagelight.render.scene import Scene, Section, nothing
from stagelight.render.theme import HEIGHT, WIDTH, Quality

BAND = 16  # rows of the night made at once
Frame = NDArray[np.uint8]  # (height, width, 4), RGBA


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
        width, height = theme.UPRIGHT if self.pixel_height > self.pixel_width else (WIDTH, HEIGHT)
        context.set_matrix(cairo.Matrix(self.pixel_width / width, 0, 0, self.pixel_height / height, 0, 0))
        context.new_path()
        painter.paint(Pen(context))
        context.restore()
        context.get_target().flush()


class Film:
    """The frames of one section, drawn on demand and in any order."""

    def __init__(self, section: Section, quality: Quality) -> None:
        self.section, self.quality = section, quality
        self.paint, backdrop = section.paint, section.backdrop
        if quality.upright:
            self.paint, backdrop = section.upright or upright.alone(section), nothing
        self.camera = StageCamera(
            pixel_width=quality.width, pixel_height=quality.height, frame_rate=quality.fps, background=None
        )
        self.camera.background = night(quality.width, quality.height).copy()
        self.camera.reset()
        self.camera.capture_mobjects([Painter(backdrop)])
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
            self.camera.capture_mobjects([Painter(lambda pen: self.paint(pen, t))])
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
