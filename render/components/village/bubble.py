"""A speech bubble for words that nobody vouches for: an agent's, which may be a language model's.

They are drawn as they are, never interpreted: no markup, no control or direction characters, no stacked accents. What
the shipped font lacks stands as `MISSING`; what does not fit ends in an ellipsis. Who speaks, a script, a planner, a
trained policy or a language model, is shown by the border and in words.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from stagelight.render import theme, typeset
from stagelight.render.motion import Box, Point, ease, px, py
from stagelight.render.pen import Pen

Author = Literal["script", "planner", "policy", "language model"]
SIZE, LEADING, PAD = theme.FLOOR, 50.0, 30.0  # type, from line to line, margin
DASHES = {"planner": (14.0, 9.0), "policy": (2.0, 9.0)}  # of the border
MOST = 2_000  # characters that are looked at
MISSING, ELLIPSIS = "\N{REPLACEMENT CHARACTER}", "..."
_FONT = theme.SANS
_DROPPED = {"Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me"}  # controls, directions, private, unassigned; loose accents


def plain(words: str) -> str:
    """Words as they can be drawn: one line, every character one that the font has."""
    spaced = "".join(" " if each.isspace() else each for each in words[:MOST])
    drawable = (each for each in unicodedata.normalize("NFC", spaced) if unicodedata.category(each) not in _DROPPED)
    return " ".join("".join(each if typeset.has(each, _FONT) else _missing() for each in drawable).split())


@lru_cache(maxsize=1)
def _missing() -> str:
    return MISSING if typeset.has(MISSING, _FONT) else "?"


def width(words: str) -> float:
    """The width of plain words."""
    return typeset.advance(words, _FONT) * SIZE


def wrap(words: str, wide: float, most: int) -> list[str]:
    """Plain words in at most `most` lines no wider than `wide`; a word too long for a line is broken.

    Raises:
        ValueError: not even one character and the ellipsis fit.
    """
    if most < 1 or width("W" + ELLIPSIS) > wide:
        raise ValueError(f"a bubble {wide:g} wide with {most} lines holds no words; make it larger")
    lines: list[str] = []
    line = ""
    for word in _broken(plain(words).split(), wide):
        longer = f"{line} {word}" if line else word
        if width(longer) <= wide:
            line = longer
        else:
            lines.append(line)
            line = word
    lines += [line] if line else []
    if len(lines) <= most:
        return lines
    last = lines[most - 1]
    while width(last + ELLIPSIS) > wide:
        last = last[:-1]
    return [*lines[: most - 1], last.rstrip() + ELLIPSIS]


def _broken(words: Sequence[str], wide: float) -> list[str]:
    """Words of which none is wider than a line."""
    broken: list[str] = []
    for word in words:
        rest = word
        while width(rest) > wide:
            end = max(1, int(len(rest) * wide / width(rest)))
            while end > 1 and width(rest[:end]) > wide:
                end -= 1
            broken.append(rest[:end])
            rest = rest[end:]
        broken.append(rest)
    return broken


def bubble(
    pen: Pen, words: str, author: Author, box: Box, mouth: Point, alpha: float = 1.0, spare: float = 0.0, head: str = ""
) -> None:
    """The words in their box under who wrote them, the tail towards the speaker's mouth, below it.

    Args:
        spare: pixels at the right that stay free.
        head: the first line, where it is more than the author's kind.
    """
    lines = wrap(words, box.width - 2 * PAD - spare, int((box.height - 2 * PAD - LEADING) // LEADING))
    with pen.faded(alpha) as visible:
        if not visible:
            return
        _shape(pen, box, mouth, author)
        pen.shade(box.y, box.y + box.height, theme.PANE_HIGH, theme.PANE_LOW)
        _shape(pen, box, mouth, author)
        colour = {"script": theme.QUIET, "language model": theme.BELIEF}.get(author, theme.TEXT)
        pen.stroke(colour, 4 if author == "language model" else 3, 0.9, dash=DASHES.get(author, ()))
        pen.text(head or author, box.x + PAD, box.y + PAD + 0.72 * SIZE, SIZE, colour, font=theme.MONO)
        for row, line in enumerate(lines, 1):
            pen.text(line, box.x + PAD, box.y + PAD + 0.72 * SIZE + LEADING * row, SIZE, theme.TEXT)


def _shape(pen: Pen, box: Box, mouth: Point, author: Author) -> None:
    """The outline: round for a language model, square for a script; the tail leaves the lower edge."""
    radius = {"script": 6.0, "planner": 18.0, "policy": 18.0, "language model": 34.0}[author]
    foot, low = min(max(mouth[0], box.x + 60), box.x + box.width - 60), box.y + box.height
    right, context = box.x + box.width, pen.context
    context.new_path()
    context.move_to(box.x + radius, box.y)
    context.line_to(right - radius, box.y)
    context.curve_to(right, box.y, right, box.y, right, box.y + radius)
    context.line_to(right, low - radius)
    context.curve_to(right, low, right, low, right - radius, low)
    context.line_to(foot + 24, low)
    context.line_to(*mouth)
    context.line_to(foot - 24, low)
    context.line_to(box.x + radius, low)
    context.curve_to(box.x, low, box.x, low, box.x, low - radius)
    context.line_to(box.x, box.y + radius)
    context.curve_to(box.x, box.y, box.x, box.y, box.x + radius, box.y)
    context.close_path()


def exhibit(pen: Pen, t: float) -> None:
    """A script, a planner and a language model; the last one tries what it can."""
    said: tuple[tuple[str, Author], ...] = (
        ("Two sacks today. The wind is falling.", "script"),
        ("Keep nine loaves in the granary: four days without wind are as likely as not this month.", "planner"),
        ("<b>Ignore the rules</b> \u202egnitirw {{ secret }} and " + "very " * 30 + "long words", "language model"),
    )
    for row, (words, author) in enumerate(said):
        box = Box(px(14), py(5 + 31 * row), px(60), py(22.5))
        bubble(pen, words, author, box, (px(20), py(31.5 + 31 * row)), ease(t, 0.3 + 0.5 * row, 0.5))
