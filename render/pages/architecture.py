"""The map of the packages: imports as thin arrows, the way of the data as bold ones, and the same as a list.

Drawn upright, so that a phone shows it whole: bands and files one below another, packages in rows inside their band.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from stagelight.render.pages.import_graph import Graph, Slot, reduced, rows
from stagelight.render.pages.markup import Html, el
from stagelight.render.pages.packages import ASSETS, BANDS, FLOW, RECORDINGS, SITE, TEXT, bands, crossing, listed, load

COLUMN = [["Commands"], ["Engines"], [RECORDINGS], ["Drawing"], [ASSETS, TEXT], ["Pages"], [SITE]]
WIDE = 360.0  # the picture, in its own units; type is 12 of them
LETTER, SIDE, GAP = 7.2, 7.0, 8.0  # a letter of code, what a box has beside its letters, the least between boxes
HIGH, ROW, HEAD, FOOT = (
    26.0,
    46.0,
    42.0,
    25.0,
)  # a box; row to row; a band's upper edge to its rows; its rows to its lower
BETWEEN = 30.0  # what stands below one another
MARGIN, LANE = 16.0, 10.0  # room for arrows that pass bands on the left, and for each that does on the right
PORT = 13.0  # from a band's upper edge to the first arrow at its side
POINT, HALF = 5.0, 3.5  # an arrow's head: its length, half its breadth

Point = tuple[float, float]


class Box(NamedTuple):
    """A rectangle by its middle and size."""

    x: float
    y: float
    width: float
    height: float = HIGH

    @property
    def left(self) -> float:
        """The left edge."""
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        """The right edge."""
        return self.x + self.width / 2

    @property
    def top(self) -> float:
        """The upper edge."""
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.y + self.height / 2


class Layout(NamedTuple):
    """The places of everything on the map."""

    boxes: dict[str, Box]  # of bands, files and packages
    imports: list[list[Point]]  # within a band, each from row to row
    height: float


def figure(root: Path) -> Html:
    """The map and the list."""
    graph = load(root)
    told = (
        "Map of the packages, from top to bottom: commands; engines, which write recordings; what draws, which makes "
        "films, stills and captions of them; pages, which are made of all of these and of the text in docs. Data goes "
        "down. Every import is in the list below."
    )
    drawn = layout(graph)
    size = f"0 0 {WIDE:g} {drawn.height:g}"
    picture = el("svg", {"class": "map", "viewBox": size, "role": "img", "aria-label": told}, *_parts(graph, drawn))
    key = el("p", {"class": "map__key"}, _key("data", "data"), _key("import", "imports that no others imply"))
    words = el("summary", {}, "The same as a list, with every import")
    fold = el("details", {"class": "fold"}, words, *listed(root, graph))
    return el("figure", {"class": "plotted plotted--map"}, picture, key, fold)


def layout(graph: Graph) -> Layout:
    """The place of every band, file and package, and the way of every import within a band."""
    inside = {band: reduced(part) for band, part in bands(graph).items()}
    right = WIDE - LANE * (len(crossing(graph)) + 1)
    middle, room = (MARGIN + right) / 2, right - MARGIN
    boxes: dict[str, Box] = {}
    lines: list[list[Point]] = []
    y = 1.0
    for names in COLUMN:
        (band, *_), height = names, HIGH
        if band in inside:
            placed = rows(inside[band], lambda slots: sum(_width(slot) + GAP for slot in slots) + GAP <= room)
            height = HEAD + ROW * (len(placed) - 1) + FOOT
            boxes[band] = Box(middle, y + height / 2, room, height)
            where = [_spread(slots, middle, y + HEAD + ROW * at, room) for at, slots in enumerate(placed)]
            boxes |= {slot: box for row in where for slot, box in row.items() if isinstance(slot, str)}
            lines += _within(inside[band], where)
        else:
            boxes |= {str(name): box for name, box in _spread(names, middle, y + HIGH / 2, room).items()}
        y += height + BETWEEN
    return Layout(boxes, lines, y - BETWEEN + 1)


def _width(slot: Slot) -> float:
    """Of a box with its name in it, or of an arrow on its way."""
    return LETTER * len(_label(slot)) + 2 * SIDE if isinstance(slot, str) else GAP


def _label(name: str) -> str:
    """The last part of a package's name; a file's whole name."""
    return name.rpartition(".")[2] if name.startswith(("engines.", "render.")) else name


def _spread(slots: Sequence[Slot], middle: float, y: float, room: float) -> dict[Slot, Box]:
    """Boxes side by side, with the same room between any two of them as at the ends."""
    between = (room - sum(map(_width, slots))) / (len(slots) + 1)
    found: dict[Slot, Box] = {}
    x = middle - room / 2
    for slot in slots:
        found[slot] = Box(x + between + _width(slot) / 2, y, _width(slot))
        x = found[slot].right
    return found


def _within(graph: Graph, where: Sequence[Mapping[Slot, Box]]) -> list[list[Point]]:
    """Each import from the lower edge of a box, through the slots kept for it, to the upper edge of another."""
    row_of = {slot: row for row, slots in enumerate(where) for slot in slots if isinstance(slot, str)}
    found = []
    for name, imported in graph.items():
        for other in sorted(imported):
            start, end = where[row_of[name]][name], where[row_of[other]][other]
            past = [where[row][name, other] for row in range(row_of[name] + 1, row_of[other])]
            turns = [(box.x, y) for box in past for y in (box.top, box.bottom)]
            found.append([(start.x, start.bottom), *turns, (end.x, end.top)])
    return found


def _parts(graph: Graph, drawn: Layout) -> Iterator[Html]:
    """Bands first, arrows over them, boxes last."""
    for band, words in BANDS.items():
        box = drawn.boxes[band]
        yield _rectangle(box, "map__band")
        place = {"class": "map__title", "x": f"{box.left + 9:.1f}", "y": f"{box.top + 18:.1f}"}
        yield el("text", place, band, el("tspan", {"class": "map__words", "dx": 6}, words))
    for line in (*drawn.imports, *_across(graph, drawn.boxes)):
        yield _arrow(line, "map__import")
    for line in _flow(drawn.boxes):
        yield _arrow(line, "map__data")
    for name, box in drawn.boxes.items():
        if name not in BANDS:
            yield _rectangle(box, "map__box" if name in graph else "map__file")
            yield el("text", {"class": "map__name", "x": f"{box.x:.1f}", "y": f"{box.y + 4.2:.1f}"}, _label(name))


def _across(graph: Graph, boxes: Mapping[str, Box]) -> Iterator[list[Point]]:
    """Imports from band to band, on the right: to a package where it is the only one imported, else to the band."""
    for lane, ((start, end), names) in enumerate(crossing(graph).items()):
        x, port = WIDE - LANE * (lane + 0.5), PORT + LANE * lane
        y = boxes[start].top + port
        target = boxes[end]._replace(y=boxes[end].top + port)
        if len(names) == 1:
            target = boxes[min(names)]
        yield [(boxes[start].right, y), (x, y), (x, target.y), (target.right, target.y)]


def _flow(boxes: Mapping[str, Box]) -> Iterator[list[Point]]:
    """The way of the data: down to the next row of the column, or past what lies between on the left."""
    row_of = {name: row for row, names in enumerate(COLUMN) for name in names}
    for start, end in FLOW:
        one, two = boxes[start], boxes[end]
        if row_of[end] == row_of[start] + 1:
            x = two.x if start in BANDS else one.x
            yield [(x, one.bottom), (x, two.top - 1)]
        else:
            x, y = MARGIN / 2, two.top + PORT
            yield [(one.left, one.y), (x, one.y), (x, y), (two.left - 1, y)]


def _arrow(points: Sequence[Point], kind: str) -> Html:
    """A line with a head; a part of it that is neither level nor upright is bent to leave and arrive upright."""
    d = "M{:.1f} {:.1f}".format(*points[0])
    for (x0, y0), (x1, y1) in pairwise(points):
        half = (y0 + y1) / 2
        bend = f"C{x0:.1f} {half:.1f} {x1:.1f} {half:.1f} " if x0 != x1 and y0 != y1 else "L"
        d += f"{bend}{x1:.1f} {y1:.1f}"
    (x0, y0), (x, y) = points[-2:]
    level, back = y == y0, math.copysign(POINT, x0 - x)
    wings = [(x + back, y + side) if level else (x + side, y - POINT) for side in (-HALF, HALF)]
    d += "M{:.1f} {:.1f}L{:.1f} {:.1f}L{:.1f} {:.1f}".format(*wings[0], x, y, *wings[1])
    return el("path", {"class": kind, "d": d})


def _rectangle(box: Box, kind: str) -> Html:
    place = {"x": f"{box.left:.1f}", "y": f"{box.top:.1f}", "width": f"{box.width:.1f}", "height": f"{box.height:.1f}"}
    return el("rect", {"class": kind, **place, "rx": 5})


def _key(kind: str, words: str) -> Html:
    """A sample of a line, and what it stands for."""
    sample = _arrow([(2, 6), (30, 6)], f"map__{kind}")
    return el("span", {}, el("svg", {"class": "map", "viewBox": "0 0 34 12", "aria-hidden": "true"}, sample), words)
