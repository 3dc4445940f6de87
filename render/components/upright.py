"""The upright cut: the same picture in windows, one above or beside the other, and its words set for a telephone.

A window shows a rectangle of the stage, as large as the place it has on the upright stage makes it. Windows come, go
and move with the film, so that each section shows what it speaks of, and goes on from what the one before showed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from stagelight.render import theme
from stagelight.render.motion import Box, between, ease, mix, swing
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section
from stagelight.render.typeset import advance

WIDTH, HEIGHT = theme.UPRIGHT
LEFT, RIGHT = 56.0, WIDTH - 56.0
KICKER_Y, HEADLINE_Y, HEADLINE, HEADLINE_LEADING = 84.0, 168.0, 66, 76
CAPTION_Y, CAPTION, CAPTION_LEADING = 1404.0, 54, 66
RAIL_Y, STATION_Y = 1524.0, 1584.0
PICTURE = Box(0, 262, WIDTH, 1080)  # where windows lie
BADGE_REACH = 480.0  # of the stage, to the left of its right margin: the counter
EVEN = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)  # shares of a line's room that are tried
ARRIVES, LEAVES, MOVES = 0.35, 0.3, 0.8  # seconds: words come, and go; windows and the rail move


class Window(NamedTuple):
    """A rectangle of the stage, by its upper left corner and its width, and the place in which it is shown."""

    left: float
    top: float
    width: float
    place: Box


Layout = Mapping[str, Window]


class Key(NamedTuple):
    """From `start` on the windows move, for so many seconds, to where a layout has them."""

    start: float
    layout: Layout
    seconds: float = MOVES


Keys = Sequence[Key]
WHOLE: Layout = {"whole": Window(0, 0, theme.WIDTH, Box(0, 500, WIDTH, WIDTH * theme.HEIGHT / theme.WIDTH))}


def fitted(left: float, top: float, width: float, height: float, place: Box) -> Window:
    """A window on a rectangle of the stage, as large as a place allows, in the middle of it."""
    scale = min(place.width / width, place.height / height)
    across, down = width * scale, height * scale
    box = Box(place.x + (place.width - across) / 2, place.y + (place.height - down) / 2, across, down)
    return Window(left, top, width, box)


def chained(sections: Mapping[str, Keys]) -> dict[str, Keys]:
    """The keys of a film's sections in their order, each beginning with what the one before it ended with."""
    before: Layout | None = None
    found: dict[str, Keys] = {}
    for name, keys in sections.items():
        found[name] = [Key(-2 * MOVES, before or keys[0].layout), *keys]
        before = keys[-1].layout
    return found


def windows(keys: Keys, t: float) -> Iterator[tuple[Window, float]]:
    """The windows at a time, each with its alpha: those of one name move, others fade in and out where they are."""
    shown: dict[str, tuple[Window, float]] = {}
    for key in keys:
        share = ease(t, key.start, key.seconds)
        if share <= 0:
            break
        moved = {}
        for name in {**shown, **key.layout}:
            before, alpha = shown.get(name, (key.layout.get(name), 0.0))
            after = key.layout.get(name, before)
            assert before and after
            goal = 1.0 if name in key.layout else 0.0
            moved[name] = _mixed(before if alpha else after, after, share), mix(alpha, goal, share)
        shown = moved
    yield from ((window, alpha) for window, alpha in shown.values() if alpha > 0)


def _mixed(a: Window, b: Window, share: float) -> Window:
    left, top, width = (mix(x, y, share) for x, y in zip(a[:3], b[:3], strict=True))
    return Window(left, top, width, Box(*(mix(x, y, share) for x, y in zip(a.place, b.place, strict=True))))


def show(pen: Pen, section: Section, keys: Keys, t: float) -> None:
    """Draw a section's picture in its windows."""
    for (left, top, width, place), alpha in windows(keys, t):
        scale = place.width / width
        with (
            pen.clipped(*place),
            pen.moved(place.x - left * scale, place.y - top * scale, scale),
            pen.faded(alpha),
        ):
            section.backdrop(pen)
            section.paint(pen, t)


def flowing(
    section: Section, kicker: str, headline: str, labels: Sequence[str], station: int, keys: Keys
) -> Callable[[Pen, float], None]:
    """The painter of a section on the upright stage, in a film without cuts; the last section's words stay."""
    last = station == len(labels) - 1

    def paint(pen: Pen, t: float) -> None:
        show(pen, section, keys, t)
        shown = ease(t, 0.05, ARRIVES) * (1.0 if last else 1 - ease(t, section.seconds - LEAVES - 0.05, LEAVES))
        pen.text(kicker, LEFT, KICKER_Y, theme.FLOOR, theme.ATTENTION, font=theme.MONO, alpha=shown)
        for row, words in enumerate(wrapped(headline, HEADLINE, theme.SANS_STRONG)):
            y = HEADLINE_Y + HEADLINE_LEADING * row
            pen.text(words, LEFT, y, HEADLINE, theme.TEXT, font=theme.SANS_STRONG, alpha=shown)
        with pen.moved(RIGHT - theme.WIDTH * 0.96, KICKER_Y - theme.HEIGHT * 0.066):
            section.badge(pen, t)
        _caption(pen, section.captions, t, section.seconds if last else None)
        _rail(pen, labels, station, ease(t, 0.05, MOVES))

    return paint


def _caption(pen: Pen, cues: Sequence[Cue], t: float, stays_until: float | None) -> None:
    """The words that hold now; the last of them stay where the film ends with them."""
    for cue in cues:
        end = cue.end + 1 if stays_until is not None and cue is cues[-1] else cue.end
        if cue.start <= t <= end:
            alpha = between(t, cue.start, end, 0.3)
            for row, words in enumerate(wrapped(cue.text, CAPTION, theme.SANS)):
                pen.text(words, LEFT, CAPTION_Y + CAPTION_LEADING * row, CAPTION, theme.TEXT, alpha=alpha)


def _rail(pen: Pen, labels: Sequence[str], station: int, share: float) -> None:
    """The sections as stations on a line, travelled to the current one, which alone is named."""
    places = [mix(LEFT + 12, RIGHT - 12, index / max(len(labels) - 1, 1)) for index in range(len(labels))]
    before = max(station - 1, 0)
    x = mix(places[before], places[station], share)
    pen.line((places[0], RAIL_Y), (places[-1], RAIL_Y), theme.HAIRLINE, 3)
    if x > places[0]:
        pen.beam(partial(pen.curve, swing((places[0], RAIL_Y), (x, RAIL_Y))), theme.ATTENTION, 3, 0.75)
    for place in places:
        pen.disc(place, RAIL_Y, 7, theme.ATTENTION if place <= x + 1 else theme.HAIRLINE)
    pen.glow(x, RAIL_Y, 46, theme.ATTENTION, 0.75)
    pen.disc(x, RAIL_Y, 11, theme.ATTENTION)
    for at, alpha in ((before, 1 - share), (station, share if station else 1.0)):
        width = advance(labels[at], theme.SANS_STRONG) * theme.FLOOR
        left = min(max(places[at] - width / 2, LEFT), RIGHT - width)
        pen.text(labels[at], left, STATION_Y, theme.FLOOR, theme.TEXT, font=theme.SANS_STRONG, alpha=alpha)


def wrapped(words: str, size: float, font: str) -> list[str]:
    """Words in lines that the upright stage has room for, as even as they can be."""
    room = (RIGHT - LEFT) / size
    most = len(_lines(words, room, font))
    return next(lines for share in EVEN if len(lines := _lines(words, room * share, font)) <= most)


def _lines(words: str, room: float, font: str) -> list[str]:
    lines = [""]
    for word in re.split(r" (?!%)", words):  # a number keeps its per cent
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and advance(longer, font) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def alone(section: Section) -> Callable[[Pen, float], None]:
    """The painter of a section that has no layout of its own: all of its picture, as wide as the upright stage."""
    return partial(_alone, section)


def _alone(section: Section, pen: Pen, t: float) -> None:
    show(pen, section, [Key(-2 * MOVES, WHOLE)], t)
