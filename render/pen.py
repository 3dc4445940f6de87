"""The pen: shapes, light and type on a cairo context, in stage pixels and theme colours.

A frame's memory is RGBA and cairo writes BGRA: every colour is swapped on its way in (`theme.swap`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import cairo
import numpy as np
from numpy.typing import NDArray

from stagelight.render import batch_raster, sprites, theme
from stagelight.render.batch_raster import Numbers
from stagelight.render.motion import Box, Cubic, Point, mix
from stagelight.render.theme import swap
from stagelight.render.typeset import shape

Anchor = Literal["start", "middle", "end"]
HALOS = ((8.0, 0.035), (4.5, 0.06), (2.0, 0.12), (0.6, 0.25))  # extra width, alpha: a line that glows
HALO_MOST = 7.0  # stroke width beyond which halos grow no more


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
    def moved(
        self, x: float = 0, y: float = 0, scale: float = 1, turn: float = 0, mirrored: bool = False
    ) -> Iterator[None]:
        """Everything drawn inside is placed relative to (x, y), scaled, turned clockwise by radians, mirrored.

        What is turned or mirrored takes paths, not `lines`, `discs`, `glows` or type.
        """
        self.context.save()
        self.context.translate(x, y)
        self.context.scale(-scale if mirrored else scale, scale)
        self.context.rotate(turn)
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

    def cached(self, draw: Callable[..., None], arguments: tuple[Hashable, ...], box: Box) -> None:
        """Draw by `draw(pen, *arguments)`, all of it within a box; drawn so before, it is laid down again.

        For what costs much and changes little. It is laid down on whole device pixels, half of one off its place at
        most. `glow`, `glows` and `beam` add to what lies below and have no place in it; the stage must be upright.
        """
        scale, shift = self._upright()
        left, top = np.rint(scale * np.array(box[:2]) + shift).astype(int).tolist()
        width, height = (math.ceil(scale * side) for side in box[2:])

        def fresh(context: cairo.Context[Any]) -> None:
            context.set_matrix(cairo.Matrix(scale, 0, 0, scale, -scale * box.x, -scale * box.y))
            draw(Pen(context), *arguments)

        key, context = (draw, arguments, box, scale), self.context
        context.save()
        context.identity_matrix()
        context.set_source_surface(sprites.SHELF.get(key, width, height, fresh), left, top)
        context.get_source().set_filter(cairo.FILTER_NEAREST)  # pixel on pixel
        context.rectangle(left, top, width, height)
        context.clip()
        context.paint_with_alpha(self.opacity)
        context.restore()

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
        if dash:
            self.context.set_dash(dash)
        self.context.stroke()
        if dash:
            self.context.set_dash(())

    def line(
        self, a: Point, b: Point, colour: str, width: float, alpha: float = 1.0, dash: Sequence[float] = ()
    ) -> None:
        """A straight line."""
        self.context.move_to(*a)
        self.context.line_to(*b)
        self.stroke(colour, width, alpha, dash)

    def lines(self, ends: Numbers, colour: str, width: Numbers, alpha: Numbers) -> None:
        """Many straight lines of one colour: ends (N, 2, 2), each (x, y); width and alpha (N,).

        Half the cost of as many `line`s and the same picture, but for ends that are cut square to an axis.
        """
        if len(ends):
            scale, shift = self._upright()
            self._lay(batch_raster.lines(ends * scale + shift, width * scale, alpha), colour)

    def discs(self, middles: Numbers, colour: str, radius: Numbers, alpha: Numbers) -> None:
        """Many flat discs of one colour: middles (N, 2); radius and alpha (N,). A third of the cost of `disc`s."""
        if len(middles):
            scale, shift = self._upright()
            self._lay(batch_raster.discs(middles * scale + shift, radius * scale, alpha), colour)

    def glows(self, middles: Numbers, colour: str, radius: float, alpha: Numbers, most: float = 1.0) -> None:
        """Light round many points, added to what is there: middles (N, 2); alpha (N,).

        However many points are close to each other, together they reach `most` and no more.
        """
        if len(middles) and radius > 0:
            scale, shift = self._upright()
            cell = max(radius * scale / batch_raster.HALO_CELLS, 1.0)
            mask = batch_raster.halos((middles * scale + shift) / cell, radius * scale / cell, alpha)
            self.context.set_operator(cairo.OPERATOR_ADD)
            self._lay(mask, colour, most, cell)
            self.context.set_operator(cairo.OPERATOR_OVER)

    def _upright(self) -> tuple[float, Numbers]:
        """The scale and the shift that lead to device pixels; nothing ever turns the stage."""
        matrix = self.context.get_matrix()
        assert matrix.xy == 0 == matrix.yx
        assert matrix.xx == matrix.yy
        return matrix.xx, np.array([matrix.x0, matrix.y0])

    def _lay(self, mask: batch_raster.Mask, colour: str, alpha: float = 1.0, cell: float = 1.0) -> None:
        """Colour what a mask covers; each of its cells is so many device pixels wide."""
        height, width = mask.cover.shape
        data: Any = mask.cover
        pattern = cairo.SurfacePattern(cairo.ImageSurface.create_for_data(data, cairo.FORMAT_A8, width, height))
        pattern.set_matrix(cairo.Matrix(1 / cell, 0, 0, 1 / cell, -mask.left, -mask.top))
        self.ink(colour, alpha)
        self.context.save()
        self.context.identity_matrix()
        self.context.mask(pattern)
        self.context.restore()

    def polyline(self, points: Sequence[Point], colour: str, width: float, alpha: float = 1.0) -> None:
        """A line through points."""
        for index, point in enumerate(points):
            (self.context.line_to if index else self.context.move_to)(*point)
        self.stroke(colour, width, alpha)

    def polygon(self, points: Sequence[Point]) -> None:
        """Lay the path of a closed polygon."""
        for index, point in enumerate(points):
            (self.context.line_to if index else self.context.move_to)(*point)
        self.context.close_path()

    def curve(self, points: Cubic) -> None:
        """Lay the path of a cubic."""
        self.context.move_to(*points[0])
        self.context.curve_to(*points[1], *points[2], *points[3])

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
        self._sprite(sprites.ball(colour), x, y, radius, alpha, cairo.OPERATOR_OVER)

    def glow(self, x: float, y: float, radius: float, colour: str, alpha: float = 1.0) -> None:
        """Light around a point, added to what is there."""
        self._sprite(sprites.glow(colour), x, y, radius, alpha, cairo.OPERATOR_ADD)

    def raster(
        self, image: NDArray[np.uint8], x: float, y: float, width: float, height: float, alpha: float = 1.0
    ) -> None:
        """An image over a rectangle: grey (H, W), colour (H, W, 3), or with premultiplied alpha (H, W, 4).

        Raises:
            ValueError: the image is of another kind.
        """
        alpha = min(max(alpha, 0.0), 1.0) * self.opacity
        if alpha < 0.003 or width <= 0 or height <= 0:
            return
        context, surface = self.context, sprites.picture(image)
        context.save()
        context.rectangle(x, y, width, height)
        context.clip()
        context.translate(x, y)
        context.scale(width / surface.get_width(), height / surface.get_height())
        context.set_source_surface(surface)
        context.get_source().set_extend(cairo.EXTEND_PAD)  # else the outermost pixels fade into what is below
        context.paint_with_alpha(alpha)
        context.restore()

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

    def panel(self, x: float, y: float, width: float, height: float, alpha: float = 1.0, radius: float = 16) -> None:
        """A pane of night glass, lit from above, with a hairline edge."""
        self.box(x, y, width, height, radius)
        self.shade(y, y + height, theme.PANE_HIGH, theme.PANE_LOW, alpha)
        self.box(x, y, width, height, radius)
        self.stroke(theme.HAIRLINE, 1.6, 0.8 * alpha)

    def shade(self, top: float, bottom: float, high: str, low: str, alpha: float = 1.0, low_alpha: float = 1.0) -> None:
        """Fill the current path with a gradient, `high` at the height `top` and `low` at `bottom`."""
        gradient = cairo.LinearGradient(0, top, 0, bottom)
        alpha = min(max(alpha, 0.0), 1.0) * self.opacity
        gradient.add_color_stop_rgba(0, *swap(high), alpha)
        gradient.add_color_stop_rgba(1, *swap(low), alpha * low_alpha)
        self.context.set_source(gradient)
        self.context.fill()

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


def _towards_white(colour: str, share: float) -> str:
    return "#" + "".join(f"{round(255 * mix(c, 1, share)):02X}" for c in theme.rgb(colour))
