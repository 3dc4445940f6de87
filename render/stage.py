"""The stage: the one place where Manim is bent.

A scene is drawn by painters. `Painter` is a Manim mobject whose draw function gets a `Pen`, a cairo context
with the project's colours, type and light; `StageCamera` is Manim's camera, taught to call it in z-order. What
does not move is baked into the background once for each section. A frame is a pure function of
(scene, section, t): there are no updaters, so any frame renders alone, anywhere.

Manim's pixel array is RGBA and cairo writes BGRA: every colour is swapped on its way in (`theme.swap`).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, ClassVar, Literal

import cairo
import manim
import numpy as np
import uharfbuzz
from numpy.typing import NDArray

from engines.recording import Recording
from render import theme
from render.theme import HEIGHT, WIDTH, Quality, swap

Point = tuple[float, float]
Frame = NDArray[np.uint8]  # (height, width, 4), RGBA
Anchor = Literal["start", "middle", "end"]
HALOS = ((8.0, 0.035), (4.5, 0.06), (2.0, 0.12), (0.6, 0.25))  # extra width, alpha: a line that glows
HALO_MOST = 7.0  # stroke width beyond which halos grow no more


# --- Scenes -------------------------------------------------------------------------------------------


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

    def frames(self, quality: Quality) -> int:
        """How many frames the section has."""
        return round(self.seconds * quality.fps)


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

    def __init__(self, recording: Recording) -> None:
        self.recording = recording

    @abstractmethod
    def sections(self) -> tuple[Section, ...]:
        """The sections in order. Pure: the same recording gives the same sections."""


# --- Frames -------------------------------------------------------------------------------------------


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

    def __len__(self) -> int:
        """How many frames there are."""
        return self.section.frames(self.quality)

    def frame(self, index: int) -> Frame:
        """Frame `index`, valid until the next call."""
        return self.at(index / self.quality.fps)

    def at(self, t: float) -> Frame:
        """The picture t seconds into the section, valid until the next call."""
        self.camera.reset()
        self.camera.capture_mobjects([Painter(lambda pen: self.section.paint(pen, t))])
        return self.camera.pixel_array  # type: ignore[no-any-return]


@lru_cache(maxsize=4)
def night(width: int, height: int) -> Frame:
    """The empty stage: a soft light above the middle, dark corners, dithered so that nothing bands."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = x / width - 0.5, y / height - 0.42
    light = np.exp(-((x / 0.48) ** 2 + (y / 0.52) ** 2))[..., None]
    corner = np.clip((x**2 * 1.5 + y**2 * 1.3) * 1.5 - 0.16, 0, 1)[..., None]
    base, high, deep = (
        np.array(theme.rgb(c), np.float32) * 255 for c in (theme.NIGHT, theme.NIGHT_HIGH, theme.NIGHT_DEEP)
    )
    colour = base + (high - base) * light
    colour = colour + (deep - colour) * corner
    noise = np.random.default_rng(0).random((height, width, 1), np.float32)
    frame = np.full((height, width, 4), 255, np.uint8)
    frame[..., :3] = np.floor(colour + noise).clip(0, 255)
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
        super().__init__(Painter(lambda pen: section.paint(pen, self.t)), remover=True, **kwargs)

    def interpolate_mobject(self, alpha: float) -> None:
        """Set the section's clock."""
        self.t = alpha * self.section.seconds


# --- Time ---------------------------------------------------------------------------------------------


def ease(t: float, start: float, seconds: float = theme.MOVE) -> float:
    """0 before `start`, 1 after `start + seconds`, cubic in and out between."""
    if seconds <= 0:
        return float(t >= start)
    x = min(max((t - start) / seconds, 0.0), 1.0)
    return 4 * x**3 if x < 0.5 else 1 - (-2 * x + 2) ** 3 / 2


def between(t: float, start: float, end: float, fade: float = 0.35) -> float:
    """Rises at `start`, falls before `end`."""
    return ease(t, start, fade) * (1 - ease(t, end - fade, fade))


def mix(a: float, b: float, x: float) -> float:
    """From a to b as x goes from 0 to 1."""
    return a + (b - a) * x


def along(a: Point, b: Point, x: float) -> Point:
    """The point a share x of the way from a to b."""
    return mix(a[0], b[0], x), mix(a[1], b[1], x)


def px(percent: float) -> float:
    """A horizontal place given in percent of the stage."""
    return percent * WIDTH / 100


def py(percent: float) -> float:
    """A vertical place given in percent of the stage."""
    return percent * HEIGHT / 100


# --- The pen ------------------------------------------------------------------------------------------


class Pen:
    """Draws on the stage: shapes, light and type, all in stage pixels and theme colours."""

    def __init__(self, context: cairo.Context[Any]) -> None:
        self.context = context
        self.opacity = 1.0
        context.set_line_cap(cairo.LINE_CAP_ROUND)
        context.set_line_join(cairo.LINE_JOIN_ROUND)

    @contextmanager
    def faded(self, alpha: float) -> Iterator[bool]:
        """Everything drawn inside is that much fainter. Yields whether anything would be seen."""
        before, self.opacity = self.opacity, self.opacity * min(max(alpha, 0.0), 1.0)
        try:
            yield self.opacity > 0.002
        finally:
            self.opacity = before

    @contextmanager
    def moved(self, x: float = 0, y: float = 0, scale: float = 1) -> Iterator[None]:
        """Everything drawn inside is placed relative to (x, y) and scaled."""
        self.context.save()
        self.context.translate(x, y)
        self.context.scale(scale, scale)
        try:
            yield
        finally:
            self.context.restore()

    @contextmanager
    def clipped(self, x: float, y: float, width: float, height: float) -> Iterator[None]:
        """Nothing drawn inside leaves the rectangle."""
        self.context.save()
        self.context.rectangle(x, y, width, height)
        self.context.clip()
        try:
            yield
        finally:
            self.context.restore()

    def ink(self, colour: str, alpha: float = 1.0) -> None:
        """Choose the colour of what follows."""
        self.context.set_source_rgba(*swap(colour), min(max(alpha, 0.0), 1.0) * self.opacity)

    def fill(self, colour: str, alpha: float = 1.0) -> None:
        """Fill the current path."""
        self.ink(colour, alpha)
        self.context.fill()

    def stroke(self, colour: str, width: float, alpha: float = 1.0, dash: Sequence[float] = ()) -> None:
        """Stroke the current path."""
        self.ink(colour, alpha)
        self.context.set_line_width(width)
        self.context.set_dash(dash)
        self.context.stroke()
        self.context.set_dash(())

    def line(
        self, a: Point, b: Point, colour: str, width: float, alpha: float = 1.0, dash: Sequence[float] = ()
    ) -> None:
        """A straight line."""
        self.context.move_to(*a)
        self.context.line_to(*b)
        self.stroke(colour, width, alpha, dash)

    def polyline(self, points: Sequence[Point], colour: str, width: float, alpha: float = 1.0) -> None:
        """A line through points."""
        for index, point in enumerate(points):
            (self.context.line_to if index else self.context.move_to)(*point)
        self.stroke(colour, width, alpha)

    def disc(self, x: float, y: float, radius: float, colour: str, alpha: float = 1.0) -> None:
        """A flat disc."""
        self.context.arc(x, y, max(radius, 0), 0, math.tau)
        self.fill(colour, alpha)

    def ring(
        self, x: float, y: float, radius: float, colour: str, width: float, alpha: float = 1.0, share: float = 1.0
    ) -> None:
        """A circle, or the first share of one from twelve o'clock."""
        self.context.new_sub_path()
        self.context.arc(x, y, max(radius, 0), -math.pi / 2, -math.pi / 2 + math.tau * share)
        self.stroke(colour, width, alpha)

    def ball(self, x: float, y: float, radius: float, colour: str, alpha: float = 1.0) -> None:
        """A shaded disc, lit from the upper left."""
        self._sprite(_ball_sprite(colour), x, y, radius, alpha, cairo.OPERATOR_OVER)

    def glow(self, x: float, y: float, radius: float, colour: str, alpha: float = 1.0) -> None:
        """Light around a point, added to what is there."""
        self._sprite(_glow_sprite(colour), x, y, radius, alpha, cairo.OPERATOR_ADD)

    def _sprite(
        self, sprite: cairo.ImageSurface, x: float, y: float, radius: float, alpha: float, how: cairo.Operator
    ) -> None:
        alpha = min(max(alpha, 0.0), 1.0) * self.opacity
        if alpha < 0.003 or radius <= 0:
            return
        context, side = self.context, sprite.get_width()
        context.save()
        context.translate(x - radius, y - radius)
        context.scale(2 * radius / side, 2 * radius / side)
        context.set_operator(how)
        context.set_source_surface(sprite)
        context.get_source().set_filter(cairo.FILTER_BILINEAR)  # soft shapes; the default filter costs three times
        context.rectangle(0, 0, side, side)
        context.clip()
        context.paint_with_alpha(alpha)
        context.restore()

    def beam(self, draw: Callable[[], None], colour: str, width: float, alpha: float = 1.0) -> None:
        """A glowing stroke: `draw` lays the path, which is stroked as halos and then a bright core."""
        self.context.set_operator(cairo.OPERATOR_ADD)
        for factor, strength in HALOS:
            draw()
            self.stroke(colour, width + factor * min(width, HALO_MOST), alpha * strength)
        self.context.set_operator(cairo.OPERATOR_OVER)
        draw()
        self.stroke(_towards_white(colour, 0.45), width, alpha)

    def box(self, x: float, y: float, width: float, height: float, radius: float) -> None:
        """Lay the path of a rounded rectangle."""
        radius = max(min(radius, width / 2, height / 2), 0)
        context = self.context
        context.new_sub_path()
        for cx, cy, turn in ((x + width - radius, y + radius, -1), (x + width - radius, y + height - radius, 0),
                             (x + radius, y + height - radius, 1), (x + radius, y + radius, 2)):  # fmt: skip
            context.arc(cx, cy, radius, turn * math.pi / 2, (turn + 1) * math.pi / 2)
        context.close_path()

    def panel(self, x: float, y: float, width: float, height: float, alpha: float = 1.0, radius: float = 18) -> None:
        """A quiet surface with a hairline edge."""
        alpha *= self.opacity
        gradient = cairo.LinearGradient(0, y, 0, y + height)
        gradient.add_color_stop_rgba(0, *swap(theme.PANEL_TOP), alpha)
        gradient.add_color_stop_rgba(1, *swap(theme.PANEL_FOOT), alpha)
        self.box(x, y, width, height, radius)
        self.context.set_source(gradient)
        self.context.fill()
        self.box(x + 0.75, y + 0.75, width - 1.5, height - 1.5, radius)
        self.stroke(theme.HAIRLINE, 1.5, alpha / self.opacity if self.opacity else 0)

    def text(self, words: str, x: float, y: float, size: float, colour: str = theme.TEXT, *, font: str = theme.SANS,
             anchor: Anchor = "start", alpha: float = 1.0) -> float:  # fmt: skip
        """Words on the baseline y; returns their width. Shaped once with kerning, filled as outlines."""
        line = shape(words, font)
        width = line.advance * size
        if alpha * self.opacity < 0.003:
            return width
        context = self.context
        context.save()
        context.translate(x - {"start": 0, "middle": width / 2, "end": width}[anchor], y)
        context.scale(size, size)
        context.new_path()
        for kind, *numbers in line.path:
            if kind == "M":
                context.move_to(*numbers)
            elif kind == "L":
                context.line_to(*numbers)
            elif kind == "C":
                context.curve_to(*numbers)
            else:
                context.close_path()
        context.restore()
        self.fill(colour, alpha)
        return width


def text_width(words: str, size: float, font: str = theme.SANS) -> float:
    """How wide words are on the stage."""
    return shape(words, font).advance * size


def wrap(words: str, size: float, width: float, font: str = theme.SANS) -> list[str]:
    """Words broken into lines of at most `width`; a single longer word keeps a line of its own."""
    lines: list[str] = []
    for word in words.split():
        if lines and text_width(f"{lines[-1]} {word}", size, font) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


@dataclass(frozen=True)
class Line:
    """A shaped line at size 1, y down, its origin on the baseline."""

    advance: float
    path: tuple[tuple[Any, ...], ...]


@cache
def _font(name: str) -> tuple[uharfbuzz.Font, int]:
    face = uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(theme.FONTS / name)))
    return uharfbuzz.Font(face), face.upem


@lru_cache(maxsize=4096)
def shape(words: str, font: str) -> Line:
    """Shape words with a shipped font, never one of the system's.

    Raises:
        ValueError: the font lacks a character.
    """
    face, unit = _font(font)
    buffer = uharfbuzz.Buffer()
    buffer.add_str(words)
    buffer.guess_segment_properties()
    uharfbuzz.shape(face, buffer, {"kern": True, "liga": False, "calt": True})
    path: list[tuple[Any, ...]] = []
    x = 0.0
    for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        if info.codepoint == 0:
            raise ValueError(
                f"{font} has no glyph for {words[info.cluster]!r} in {words!r}; add it to the shipped subset"
            )
        _outline(face, info.codepoint, (x + place.x_offset) / unit, -place.y_offset / unit, unit, path)
        x += place.x_advance
    return Line(x / unit, tuple(path))


def _outline(face: uharfbuzz.Font, glyph: int, dx: float, dy: float, unit: int, path: list[tuple[Any, ...]]) -> None:
    """Append a glyph's outline at (dx, dy); quadratic curves become cubic ones."""
    here = (0.0, 0.0)

    def place(x: float, y: float) -> Point:
        return dx + x / unit, dy - y / unit

    def move(x: float, y: float, _: Any) -> None:
        nonlocal here
        here = place(x, y)
        path.append(("M", *here))

    def line(x: float, y: float, _: Any) -> None:
        nonlocal here
        here = place(x, y)
        path.append(("L", *here))

    def cubic(x1: float, y1: float, x2: float, y2: float, x: float, y: float, _: Any) -> None:
        nonlocal here
        here = place(x, y)
        path.append(("C", *place(x1, y1), *place(x2, y2), *here))

    def quadratic(x1: float, y1: float, x: float, y: float, _: Any) -> None:
        nonlocal here
        bend, end = place(x1, y1), place(x, y)
        path.append(("C", *along(here, bend, 2 / 3), *along(end, bend, 2 / 3), *end))
        here = end

    def close(_: Any) -> None:
        path.append(("Z",))

    funcs = uharfbuzz.DrawFuncs()
    funcs.set_move_to_func(move)
    funcs.set_line_to_func(line)
    funcs.set_cubic_to_func(cubic)
    funcs.set_quadratic_to_func(quadratic)
    funcs.set_close_path_func(close)
    face.draw_glyph(glyph, funcs, None)


def _towards_white(colour: str, share: float) -> str:
    return "#" + "".join(f"{round(255 * mix(c, 1, share)):02X}" for c in theme.rgb(colour))


def _sprite_from(pixels: NDArray[np.floating]) -> cairo.ImageSurface:
    """A premultiplied sprite from (side, side, 4) in 0..1, in the order the stage's memory has."""
    data = np.ascontiguousarray((pixels * 255 + 0.5).clip(0, 255).astype(np.uint8))
    return cairo.ImageSurface.create_for_data(data, cairo.FORMAT_ARGB32, data.shape[1], data.shape[0])  # type: ignore[arg-type]


def _radius_grid(side: int) -> tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.floating]]:
    axis = (np.arange(side, dtype=np.float32) + 0.5) / side * 2 - 1
    x, y = np.meshgrid(axis, axis)
    return x, y, np.hypot(x, y)


@cache
def _glow_sprite(colour: str) -> cairo.ImageSurface:
    _, _, radius = _radius_grid(128)
    strength = np.clip(1 - radius, 0, 1) ** 2.6
    return _sprite_from(np.dstack([strength * c for c in theme.rgb(colour)] + [strength]))


@cache
def _ball_sprite(colour: str) -> cairo.ImageSurface:
    x, y, radius = _radius_grid(96)
    edge = np.clip((1 - radius) * 24, 0, 1)
    shade = 1.0 - 0.5 * np.clip(np.hypot(x + 0.3, y + 0.35) - 0.1, 0, 1.2) / 1.2
    bright = np.clip(0.55 - np.hypot(x + 0.36, y + 0.42), 0, 1) * 0.55
    return _sprite_from(np.dstack([np.clip(c * shade + bright, 0, 1) * edge for c in theme.rgb(colour)] + [edge]))
