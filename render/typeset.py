"""Type: lines shaped with kerning from the shipped fonts, as outlines. The system's fonts are never asked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import uharfbuzz

from stagelight.render import theme
from stagelight.render.motion import Point, along


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
def has(character: str, font: str) -> bool:
    """True if a shipped font has a character."""
    return bool(_font(font)[0].get_nominal_glyph(ord(character)))


@lru_cache(maxsize=4096)
def shape(words: str, font: str) -> Line:
    """Shape words with a shipped font, never one of the system's.

    Raises:
        ValueError: the font lacks a character.
    """
    face, unit = _font(font)
    buffer = _glyphs(words, font)
    path: list[tuple[Any, ...]] = []
    x = 0.0
    for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        _outline(face, info.codepoint, (x + place.x_offset) / unit, -place.y_offset / unit, unit, path)
        x += place.x_advance
    return Line(x / unit, tuple(path))


@lru_cache(maxsize=4096)
def advance(words: str, font: str) -> float:
    """The width of the line that `shape` makes of words, without its outlines; raises what that raises."""
    units: int = sum(place.x_advance for place in _glyphs(words, font).glyph_positions)
    return units / _font(font)[1]


def _glyphs(words: str, font: str) -> uharfbuzz.Buffer:
    """The glyphs of words, and their places."""
    buffer = uharfbuzz.Buffer()
    buffer.add_str(words)
    buffer.guess_segment_properties()
    uharfbuzz.shape(_font(font)[0], buffer, {"kern": True, "liga": False, "calt": True})
    lacking = next((words[info.cluster] for info in buffer.glyph_infos if info.codepoint == 0), None)
    if lacking is not None:
        raise ValueError(f"{font} has no glyph for {lacking!r} in {words!r}; add it to the shipped subset")
    return buffer


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
