"""The texts of a picture and the contrast of each with the pixels that are really round it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import cairo
import numpy as np
import pytest
from numpy.typing import NDArray

from stagelight.render import theme
from stagelight.render.pen import Pen
from stagelight.render.scene import Section
from stagelight.render.stage import Film, Frame
from stagelight.render.theme import Quality

FULL = Quality("full", theme.WIDTH, theme.HEIGHT, 10, 30, "ultrafast")
SMALL = Quality("small", 192, 108, 10, 30, "ultrafast")
BOLD = {theme.SANS_STRONG, theme.SANS_BOLD, theme.MONO_BOLD}
ENOUGH, ENOUGH_LARGE, LARGE, LARGE_BOLD = 4.5, 3.0, 48, 36
FADE = 0.1  # seconds in which a text that stays does not change
Box = tuple[int, int, int, int]  # left, top, right, bottom, in pixels of the frame


@dataclass(frozen=True)
class Said:
    """A text as it was drawn."""

    words: str
    size: float  # stage pixels
    font: str
    colour: str
    alpha: float  # with all that fades it
    place: tuple[float, float]  # where its baseline starts, in stage pixels
    ink: tuple[Box, NDArray[np.uint8]]  # where its pixels are, and how much of each it covers

    @property
    def wanted(self) -> float:
        large = self.size >= LARGE or (self.size >= LARGE_BOLD and self.font in BOLD)
        return ENOUGH_LARGE if large else ENOUGH

    def __str__(self) -> str:
        x, y = self.place
        return f"{self.words!r}, {self.size:g} px, {self.colour} at alpha {self.alpha:.2f}, x {x:.0f}, y {y:.0f}"


@contextmanager
def listening() -> Iterator[list[Said]]:
    """Every text that is drawn meanwhile, those that cannot be seen left out."""
    said: list[Said] = []
    plain = Pen.text

    def listen(self: Pen, words: str, x: float, y: float, size: float, colour: str = theme.TEXT, **how: Any) -> float:
        width = plain(self, words, x, y, size, colour, **how)
        alpha = how.get("alpha", 1.0) * self.opacity
        if alpha > 0.05 and words.strip():
            matrix = self.context.get_matrix()
            surface = self.context.get_target()
            assert isinstance(surface, cairo.ImageSurface)
            scale = surface.get_width() / theme.WIDTH
            left = x - {"start": 0, "middle": width / 2, "end": width}[how.get("anchor", "start")]
            x0, y0 = matrix.transform_point(left - size / 2, y - 1.5 * size)
            x1, y1 = matrix.transform_point(left + width + size / 2, y + size / 2)
            box = (max(int(x0), 0), max(int(y0), 0), int(x1), int(y1))
            draw = partial(plain, words=words, x=x, y=y, size=size, colour=colour, **{**how, "alpha": 1.0})
            ink = _ink(matrix, box, draw)
            start = matrix.transform_point(left, y)
            font = how.get("font", theme.SANS)
            place = (start[0] / scale, start[1] / scale)
            said.append(Said(words, size * matrix.xx / scale, font, colour, alpha, place, ink))
        return width

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pen, "text", listen)
        yield said


def _ink(matrix: cairo.Matrix, box: Box, draw: Callable[[Pen], float]) -> tuple[Box, NDArray[np.uint8]]:
    """The coverage of each pixel of a box by a text; the box cut down to those it touches."""
    left, top, right, bottom = box
    mask = cairo.ImageSurface(cairo.FORMAT_A8, right - left, bottom - top)
    context = cairo.Context(mask)
    context.translate(-left, -top)
    context.transform(matrix)
    draw(Pen(context))
    mask.flush()
    data = np.ndarray((bottom - top, mask.get_stride()), np.uint8, mask.get_data())[:, : right - left]
    rows, columns = (np.flatnonzero(data.any(axis=axis)) for axis in (1, 0))
    ink = data[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].copy()
    left, top = left + int(columns[0]), top + int(rows[0])
    return (left, top, left + ink.shape[1], top + ink.shape[0]), ink


def texts(section: Section, t: float) -> tuple[Frame, list[Said]]:
    """A moment's picture and the texts that are settled in it."""
    with listening() as said:
        film = Film(section, FULL)
        frame = film.at(t).copy()
    still = []
    for moment in (max(t - FADE, 0), min(t + FADE, section.seconds)):
        with listening() as near:
            Film(section, SMALL).at(moment)
        still.append({(other.words, round(other.alpha, 2)) for other in near})
    return frame, [each for each in said if all((each.words, round(each.alpha, 2)) in others for others in still)]


def linear(colours: NDArray[np.floating]) -> NDArray[np.floating]:
    """sRGB in 0..1 as light."""
    return np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)


def luminance(colours: NDArray[np.floating]) -> NDArray[np.floating]:
    """Relative luminance of (..., 3) sRGB in 0..1."""
    return np.asarray(linear(colours) @ np.array([0.2126, 0.7152, 0.0722]))


def ratio(one: Any, two: Any) -> Any:
    """WCAG's contrast of two luminances."""
    return (np.maximum(one, two) + 0.05) / (np.minimum(one, two) + 0.05)


def seen(frame: Frame, said: Said) -> float:
    """The contrast of a text in a picture: its inner pixels against the least favourable twentieth of those round it.

    The pixels round it are those of its rectangle, two pixels wider on all sides, that it does not cover at all.
    """
    (left, top, right, bottom), ink = said.ink
    rows, columns = (slice(max(low - 2, 0), high + 2) for low, high in ((top, bottom), (left, right)))
    light = luminance(frame[rows, columns, :3] / 255.0)
    cover = np.zeros(light.shape, np.uint8)
    cover[top - rows.start :, left - columns.start :][: len(ink), : ink.shape[1]] = ink[: len(light), : light.shape[1]]
    core, ground = light[cover >= 250], light[cover == 0]
    assert core.size, f"{said} has no inner pixel"
    return float(np.quantile(ratio(np.median(core), ground), 0.05))
