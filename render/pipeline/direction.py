"""Faults that a director sees at once and a hash does not: words that collide or are cut off, pictures that stand.

A section is painted small, ten times a second, by a pen that notes each word it sets; its upright cut, too.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any

import cairo

from stagelight.render import theme
from stagelight.render.components import upright
from stagelight.render.motion import Box
from stagelight.render.pen import Anchor, Pen
from stagelight.render.scene import Scene, Section
from stagelight.render.theme import HEIGHT, WIDTH
from stagelight.render.typeset import shape

RATE = 10  # looks a second
SCALE = 0.25  # of the stage
SEEN = 0.35  # the alpha from which on words count as seen
TOUCH = 3.0  # stage pixels by which two boxes may overlap: outlines are within them
STILL = 1.5  # seconds for which a picture may stand once its words are read
WORDS = 3.0  # read in a second
PASSING, LEAVING = 0.2, 0.5  # seconds in which a word may pass over another one, and leave the frame with the camera
CUT = "is cut off"
PHONE, LEAST = 390, 9.0  # pixels: the width of a telephone, and the least size of what must be read there


@dataclass(frozen=True)
class Words:
    """Some words as they were set: what, how large, and the box of their outlines, in stage pixels."""

    text: str
    size: float
    left: float
    top: float
    right: float
    bottom: float
    whole: bool = True  # no window cuts into them

    def over(self, other: Words) -> bool:
        """True if the boxes overlap by more than they may."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across > TOUCH and down > TOUCH


@dataclass(frozen=True)
class Fault:
    """Something to look at, from one moment of the film to another, in seconds."""

    start: float
    end: float
    section: str
    what: str


class Listener(Pen):
    """A pen that notes the words it sets."""

    def __init__(self, context: cairo.Context[Any]) -> None:
        super().__init__(context)
        self.heard: list[Words] = []

    def text(self, words: str, x: float, y: float, size: float, colour: str = theme.TEXT, *, font: str = theme.SANS,
             anchor: Anchor = "start", alpha: float = 1.0) -> float:  # fmt: skip
        """Note the words if they are seen, and set them."""
        width = super().text(words, x, y, size, colour, font=font, anchor=anchor, alpha=alpha)
        if words.strip() and alpha * self.opacity >= SEEN:
            matrix = self.context.get_matrix()
            left = x - {"start": 0, "middle": width / 2, "end": width}[anchor]
            box = [(left + a * size, y + b * size) for a, b in _extent(words, font)]
            (left, top), (right, bottom) = box
            x0, y0, x1, y1 = self.context.clip_extents()
            if left < x1 and right > x0 and top < y1 and bottom > y0:
                (a, b), (c, d) = (matrix.transform_point(*corner) for corner in box)
                room = TOUCH / matrix.xx * SCALE
                whole = left > x0 - room and right < x1 + room and top > y0 - room and bottom < y1 + room
                a, b, c, d = (each / SCALE for each in (a, b, c, d))
                self.heard.append(Words(words, size * matrix.xx / SCALE, a, b, c, d, whole))
        return width

    def cached(self, draw: Callable[..., None], arguments: tuple[Hashable, ...], box: Box) -> None:
        """Draw it anew, so that its words are noted, too."""
        draw(self, *arguments)


@lru_cache(maxsize=4096)
def _extent(words: str, font: str) -> tuple[tuple[float, float], tuple[float, float]]:
    """The upper left and the lower right corner of the outlines of a line at size 1."""
    numbers = [number for _, *some in shape(words, font).path for number in some]
    xs, ys = numbers[::2] or [0.0], numbers[1::2] or [0.0]
    return (min(xs), min(ys)), (max(xs), max(ys))


def stage(section: Section, turned: bool) -> tuple[int, int, Callable[[Pen, float], None]]:
    """The stage of a section or of its upright cut: width, height and what draws all of it."""
    if turned:
        return *theme.UPRIGHT, section.upright or upright.alone(section)

    def paint(pen: Pen, t: float) -> None:
        section.backdrop(pen)
        section.paint(pen, t)

    return WIDTH, HEIGHT, paint


def look(section: Section, t: float, turned: bool = False) -> tuple[list[Words], bytes]:
    """The words that are seen at a moment of a section, or of its upright cut, and its picture."""
    width, height, draw = stage(section, turned)
    surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, round(width * SCALE), round(height * SCALE))
    context = cairo.Context(surface)
    context.scale(SCALE, SCALE)
    pen = Listener(context)
    draw(pen, t)
    surface.flush()
    return pen.heard, bytes(surface.get_data())


def faults(scene: Scene, turned: bool = False) -> Iterator[Fault]:
    """The faults of a film, or of its upright cut, section by section."""
    start = 0.0
    for section in scene.sections():
        yield from _faults(section, start, turned)
        start += section.seconds


def _faults(section: Section, start: float, turned: bool) -> Iterator[Fault]:
    width, height, _ = stage(section, turned)
    found: dict[str, list[float]] = {}
    before: set[str] = set()
    picture, since, read = b"", 0.0, 0.0
    for index in range(round(section.seconds * RATE)):
        t = index / RATE
        words, now = look(section, section.moment(t), turned)
        for what in dict.fromkeys(wrong(words, width, height)):
            found.setdefault(what, []).append(t)
        if now != picture:
            yield from _stood(section.name, start, since, t, read)
            picture, since = now, t
        texts = {each.text for each in words}
        if fresh := " ".join(texts - before).split():
            read = max(read, t) + len(fresh) / WORDS
        before = texts
    yield from _stood(section.name, start, since, section.seconds, read)
    for what, times in found.items():
        if len(times) <= RATE * (LEAVING if what.endswith(CUT) else PASSING):
            continue
        yield Fault(start + times[0], start + times[-1] + 1 / RATE, section.name, what)


def _stood(name: str, start: float, since: float, until: float, read: float) -> Iterator[Fault]:
    """That a picture stood from `since` to `until`, too long after its words were read."""
    idle = until - max(since, read)
    if idle > STILL:
        yield Fault(start + since, start + until, name, f"the picture stands, {idle:.1f} s of it with nothing to read")


def wrong(words: list[Words], width: float, height: float) -> Iterator[str]:
    """The faults of the words of one moment."""
    for one, other in combinations(words, 2):
        if one.text != other.text and one.over(other):
            yield f"“{one.text}” and “{other.text}” overlap"
    for each in words:
        if not each.whole or each.left < 0 or each.top < 0 or each.right > width or each.bottom > height:
            yield f"“{each.text}” {CUT}"


def smallest(scene: Scene) -> Mapping[str, float]:
    """The size of the smallest words of each section's upright still, in pixels on a telephone."""
    sizes = {part.name: [each.size for each in look(part, part.still, turned=True)[0]] for part in scene.sections()}
    return {name: min(some) * PHONE / theme.UPRIGHT[0] for name, some in sizes.items() if some}
