"""The pictures as ordinary Manim scenes, written as its manual teaches and with its costs in mind.

What does not move is added first, so that Manim bakes it; what moves is changed in place (no `become`, no copies);
one animation drives all of it. Times are those of Manim's own frame loop.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, ClassVar

import manim
import numpy as np

from stagelight.render import theme
from stagelight.render.bench import pictures
from stagelight.render.components import board, pieces
from stagelight.render.motion import Point
from stagelight.render.theme import HEIGHT, WIDTH, Quality

UNIT = HEIGHT / 8  # stage pixels in one of Manim's units
STROKE = 0.01 * UNIT  # stage pixels in one unit of Manim's stroke width


def place(x: float, y: float) -> Any:
    """A place on the stage in Manim's coordinates."""
    return np.array([(x - WIDTH / 2) / UNIT, (HEIGHT / 2 - y) / UNIT, 0.0])


class Picture(manim.Scene):  # type: ignore[misc]
    """One picture; `seconds` is set before it is rendered, `cpu` is what playing it took, CPU seconds."""

    seconds: ClassVar[float] = 4.0
    cpu: float

    def shown(self, moving: manim.Mobject, change: Any) -> None:
        """Play `change` over the whole time: a function of the mobject and of the time."""
        animation = manim.UpdateFromAlphaFunc(
            moving, lambda mobject, alpha: change(mobject, alpha * self.seconds), rate_func=manim.linear
        )
        start = time.process_time()
        self.play(animation, run_time=self.seconds)
        self.cpu = time.process_time() - start


class Network(Picture):
    """Board, edges, nodes and bars."""

    def construct(self) -> None:
        """Static board first, then all that moves."""
        self.add(*_squares(), *(_man(symbol, board.centre(at, *pictures.BOARD)) for at, symbol in pictures.MEN.items()))
        edges = manim.VGroup(
            *(manim.Line(place(*a), place(*b), color=pictures.EDGE_COLOUR) for a, b in pictures.edges())
        )
        nodes = manim.VGroup(*(_node(*at) for at in pictures.nodes()))
        bars = manim.VGroup(*(_bar(pictures.bar_x(index)) for index in range(pictures.BARS)))
        rook = _man(pictures.ROOK, pictures.rook(0))
        off, on = (manim.ManimColor(colour) for colour in pictures.NODE_COLOURS)
        home, origin = rook.get_center(), place(*pictures.rook(0))

        def change(_: manim.Mobject, t: float) -> None:
            for edge, width, alpha in zip(edges, *pictures.strokes(t), strict=True):
                edge.set_stroke(width=width / STROKE, opacity=alpha)
            for node, active in zip(nodes, pictures.activation(t), strict=True):
                node.set_fill(off.interpolate(on, active))
            for bar, height in zip(bars, pictures.heights(t), strict=True):
                bar.stretch_to_fit_height(height / UNIT, about_edge=manim.DOWN)
            rook.move_to(home + place(*pictures.rook(t)) - origin)

        self.shown(manim.VGroup(edges, nodes, bars, rook), change)


class Slices(Picture):
    """One grey image, replaced on every frame."""

    def construct(self) -> None:
        """The image and its pixels."""
        left, top, side = pictures.SLICE_BOX
        image = manim.ImageMobject(pictures.slice_at(0))
        image.stretch_to_fit_width(side / UNIT).stretch_to_fit_height(side / UNIT)
        image.move_to(place(left + side / 2, top + side / 2))

        def change(_: manim.Mobject, t: float) -> None:
            image.pixel_array[..., :3] = pictures.slice_at(t)[..., None]

        self.shown(image, change)


class Cube(Picture):
    """Dots, moved on every frame."""

    def construct(self) -> None:
        """The dots, in the order in which they overlap."""
        colours = [pictures.POINT_COLOURS[index >= pictures.MEASURED] for index in range(pictures.POINTS)]
        dots = manim.VGroup(*(manim.Dot(radius=pictures.POINT_RADIUS / UNIT, color=colour) for colour in colours))

        def change(_: manim.Mobject, t: float) -> None:
            for dot, at in zip(dots, pictures.places(t), strict=True):
                dot.move_to(place(*at))

        self.shown(dots, change)


SCENES: dict[str, type[Picture]] = {"network": Network, "slices": Slices, "cube": Cube}


def _squares() -> list[manim.Mobject]:
    side = pictures.SQUARE / UNIT
    return [
        manim.Square(
            side,
            stroke_width=0,
            fill_opacity=1,
            fill_color=theme.SQUARE_LIGHT if (square // 8 + square) % 2 else theme.SQUARE_DARK,
        ).move_to(place(*board.centre(square, *pictures.BOARD)))
        for square in range(64)
    ]


def _node(x: float, y: float) -> manim.Mobject:
    node = manim.Circle(pictures.NODE_RADIUS / UNIT, fill_opacity=1)
    return node.set_stroke(pictures.EDGE_COLOUR, pictures.NODE_EDGE / STROKE).move_to(place(x, y))


def _bar(x: float) -> manim.Mobject:
    bar = manim.Rectangle(width=pictures.BAR_WIDTH / UNIT, height=1, stroke_width=0, fill_opacity=1)
    return bar.set_fill(pictures.BAR_COLOUR).move_to(place(x, pictures.BAR_BASE), aligned_edge=manim.DOWN)


class _Outline:
    """A path of a man, taken down as a cairo context would be told it."""

    def __init__(self, at: Point) -> None:
        self.at, self.shape, self.start = at, manim.VMobject(), (0.0, 0.0)

    def _there(self, x: float, y: float) -> Any:
        scale = pictures.SQUARE / 100
        return place(self.at[0] + (x - 50) * scale, self.at[1] + (y - 50) * scale)

    def move_to(self, x: float, y: float) -> None:
        self.start = (x, y)
        self.shape.start_new_path(self._there(x, y))

    def line_to(self, x: float, y: float) -> None:
        self.shape.add_line_to(self._there(x, y))

    def curve_to(self, *numbers: float) -> None:
        points = (self._there(*numbers[index : index + 2]) for index in (0, 2, 4))
        self.shape.add_cubic_bezier_curve_to(*points)

    def close_path(self) -> None:
        self.shape.add_line_to(self._there(*self.start))


def _man(symbol: str, at: Point) -> manim.Mobject:
    """A man, flat."""
    outline = _Outline(at)
    pieces.trace(outline, symbol, "body")  # type: ignore[arg-type]
    body, edge = (pieces.IVORY, pieces.INK) if symbol.isupper() else (pieces.INK, pieces.IVORY)
    outline.shape.joint_type = manim.LineJointType.ROUND
    return outline.shape.set_fill(body, 1).set_stroke(edge, pictures.MAN_EDGE / STROKE)


def settings(quality: Quality, **more: Any) -> Any:
    """Manim's settings for a quality, quiet and without its cache."""
    fixed = {
        "pixel_width": quality.width,
        "pixel_height": quality.height,
        "frame_rate": quality.fps,
        "background_color": pictures.GROUND,
        "disable_caching": True,
        "verbosity": "ERROR",
        "progress_bar": "none",
    }
    return manim.tempconfig({**fixed, **more})


def draw(name: str, quality: Quality, seconds: float, see: Any = None) -> float:
    """Play a picture and keep nothing; CPU seconds of the frame loop. `see` gets a copy of each frame."""
    with settings(quality, dry_run=True):
        scene = _scene(name, seconds)
        if see is not None:
            scene.renderer.add_frame = lambda frame, num_frames=1: see(frame)
        scene.render()
    return scene.cpu


def film(name: str, quality: Quality, seconds: float, folder: Path) -> Path:
    """Render a picture as Manim does, H.264 at the quality's CRF and x264's own preset; the mp4."""
    with settings(quality, media_dir=str(folder), video_encoder_options={"crf": str(quality.crf)}):
        scene = _scene(name, seconds)
        scene.render()
        return Path(scene.renderer.file_writer.movie_file_path)


def _scene(name: str, seconds: float) -> Picture:
    kind = SCENES[name]
    scene = type(kind.__name__, (kind,), {"seconds": seconds})()
    assert isinstance(scene, Picture)
    return scene
