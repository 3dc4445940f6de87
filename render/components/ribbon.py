"""A long run as a ribbon: what held when as bands of colour and shape, marks of events above, a playhead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from stagelight.render import theme
from stagelight.render.motion import Box, ease, px, py
from stagelight.render.pen import Anchor, Pen

AHEAD = 0.3  # alpha of what is still to come
MARK = 11.0  # half a mark's size


@dataclass(frozen=True)
class Kind:
    """A kind of stretch of the run. Its height tells it without its colour."""

    name: str
    colour: str
    height: float  # 0 to 1 of the ribbon's
    solid: bool = True  # else an outline


@dataclass(frozen=True)
class Event:
    """Something that happened at one tick. Its shape tells what without its colour."""

    tick: int
    name: str
    colour: str
    shape: Literal["disc", "ring", "up", "down"] = "disc"


def spans(kinds: NDArray[np.integer]) -> list[tuple[int, int, int]]:
    """The stretches of a run (T,) that stay the same: first tick, tick after the last, what it was."""
    if not len(kinds):
        return []
    cuts = [0, *(np.flatnonzero(np.diff(kinds)) + 1).tolist(), len(kinds)]
    return [(a, b, int(kinds[a])) for a, b in pairwise(cuts)]


def ribbon(pen: Pen, box: Box, run: NDArray[np.integer], kinds: Sequence[Kind], now: float) -> None:
    """A run (T,), each tick an index into `kinds`, up to tick `now`; what comes after is faint."""
    wide = box.width / max(len(run), 1)
    floor = box.y + box.height
    pen.line((box.x, floor), (box.x + box.width, floor), theme.HAIRLINE, 2)
    for start, end, index in spans(run):
        kind = kinds[index]
        reached = min(max(now, start), end)
        for a, b, alpha in ((start, reached, 1.0), (reached, end, AHEAD)):
            if b > a:
                _band(pen, kind, box.x + a * wide, floor, (b - a) * wide, kind.height * box.height, alpha)


def _band(pen: Pen, kind: Kind, x: float, floor: float, width: float, height: float, alpha: float) -> None:
    if kind.solid:
        pen.context.rectangle(x, floor - height, width, height)
        pen.fill(kind.colour, alpha)
    else:
        edge = min(3.0, width)
        pen.context.rectangle(x, floor - height, width, height)
        pen.fill(kind.colour, 0.22 * alpha)
        pen.context.rectangle(x, floor - height, width, edge)
        pen.fill(kind.colour, alpha)


def events(pen: Pen, box: Box, ticks: int, happened: Sequence[Event], now: float) -> None:
    """Marks above the ribbon, on a stem down to their tick, once the playhead has reached them."""
    for event in happened:
        if event.tick > now:
            continue
        x, y = box.x + box.width * (event.tick + 0.5) / ticks, box.y - 34
        pen.line((x, y + MARK), (x, box.y + box.height), event.colour, 2, 0.6)
        _mark(pen, event, x, y)
        anchor: Anchor = "start" if x < box.x + box.width / 2 else "end"
        pen.text(event.name, x + (-6 if anchor == "start" else 6), y - 24, theme.FLOOR, theme.TEXT, anchor=anchor)


def _mark(pen: Pen, event: Event, x: float, y: float) -> None:
    if event.shape == "disc":
        pen.disc(x, y, MARK, event.colour)
    elif event.shape == "ring":
        pen.ring(x, y, MARK - 2, event.colour, 4)
    else:
        way = MARK if event.shape == "down" else -MARK
        pen.context.move_to(x, y + way)
        pen.context.line_to(x - MARK, y - way)
        pen.context.line_to(x + MARK, y - way)
        pen.context.close_path()
        pen.fill(event.colour)


def playhead(pen: Pen, box: Box, ticks: int, now: float) -> None:
    """Draw the current position in the run."""
    x = box.x + box.width * min(max(now / ticks, 0.0), 1.0)
    pen.glow(x, box.y + box.height + 12, 44, theme.ATTENTION, 0.7)
    pen.line((x, box.y - 12), (x, box.y + box.height + 12), theme.ATTENTION, 4)
    pen.disc(x, box.y + box.height + 12, 9, theme.ATTENTION)


def key(pen: Pen, kinds: Sequence[Kind], x: float, y: float) -> None:
    """Draw the key to the bands, side by side from x, on the baseline y."""
    for kind in kinds:
        pen.line((x, y + 2), (x + 42, y + 2), theme.HAIRLINE, 2)
        _band(pen, kind, x, y + 2, 42, 34 * kind.height, 1.0)
        x += 58 + pen.text(kind.name, x + 58, y, theme.FLOOR, theme.QUIET) + 56


def exhibit(pen: Pen, t: float) -> None:
    """A run of 400 ticks up to the playhead."""
    ticks = 400
    kinds = (
        Kind("plenty", theme.KEPT, 1.0),
        Kind("enough", theme.QUIET, 0.6, solid=False),
        Kind("want", theme.LOST, 0.3),
    )
    wave = np.sin(np.arange(ticks) / 23) + 0.6 * np.sin(np.arange(ticks) / 7.3 + 1)
    run = np.digitize(-wave, (-0.4, 0.7))
    happened = (
        Event(60, "the wind drops", theme.QUIET, "down"),
        Event(150, "the first loaf", theme.TEXT, "up"),
        Event(300, "a loan", theme.BELIEF, "ring"),
    )
    box = Box(px(6), py(42), px(88), py(20))
    now = ticks * ease(t, 0.0, 3.4)
    ribbon(pen, box, run, kinds, now)
    events(pen, box, ticks, happened, now)
    playhead(pen, box, ticks, now)
    key(pen, kinds, px(6), py(76))
