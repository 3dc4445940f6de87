"""Forgetting as a picture: how well the first seed does in every cell of its curriculum, at every examined moment.

A row is a cell: a kind of start, at a distance from mate, against an opponent. A column is a moment of training. The
fuller a square, the more of that cell's held-out starts end in mate within the budget.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stagelight.render.pages.canvas import WIDE, download, figure, path, rows_table, text
from stagelight.render.pages.learning_curves import read_success
from stagelight.render.pages.markup import Html, el
from stagelight.render.pages.scene_files import Scene
from stagelight.render.pages.values import integer, percent

LEFT, TOP, RIGHT = 132.0, 6.0, 432.0  # of the squares; kinds are named at their left
ROW, GAP = 5.0, 6.0  # height of a row; between two kinds
LEVELS = 10  # of fullness that are told apart
TICKS = 4  # columns between two that are named
KINDS = {"mate": "Forced mates", "kqk": "King and queen", "krk": "King and rook", "kbbk": "Two bishops",
         "kbnk": "Bishop and knight"}  # fmt: skip
GAMES = {"random": "Games: random", "greedy": "greedy", "material_1": "material", "careful": "careful",
         "material_2": "material, two plies"}  # fmt: skip
AGAINST = {"random": "random moves", "material_1": "the material opponent", "greedy": "the greedy opponent",
           "careful": "the careful opponent", "material_2": "the two-ply material opponent"}  # fmt: skip

Numbers = NDArray[np.float64]


class Drop(NamedTuple):
    """The fall of a cell by the end, from the moment at which it was found mastered."""

    cell: int
    before: float
    after: float


def plot(scene: Scene, title: str, page: str) -> Html:
    """The picture, its sentence, its table and its file."""
    boards, success = (each[0] for each in read_success(scene, page))
    cells: list[str] = scene.head["config"]["cells"]
    tops, end = _places(cells)
    final = scene.arrays["final_success"][0] if "final_success" in scene.arrays else None
    fell = drops(success, scene.head["config"]["rule"]["mastered"], final)
    parts = (*_squares(success, tops), *_names(cells, tops), *_axis(boards, end), *_scale(end), *_worst(fell, tops))
    file = download(f"{scene.name}-cells.csv", "Every cell and moment, as CSV", _rows(cells, boards, success))
    return figure(title, _sentence(cells, fell), parts, _table(title, cells, boards, success, fell), file, end + 62)


def drops(success: Numbers, mastered: float, final: Numbers | None) -> list[Drop]:
    """The drop of each cell that was ever mastered, largest first: the rule of the fact `forgetting.worst`.

    Success is smoothed over two moments, and a cell is mastered once that reaches `mastered`.

    Args:
        success: (E, C).
        mastered: success from which a later drop counts.
        final: (C,) success at the end, measured on other starts; without it, the last of the smoothed.
    """
    smooth = (success[:-1] + success[1:]) / 2
    end, found = smooth[-1] if final is None else final, []
    for cell, rates in enumerate(smooth.T):
        reached = np.flatnonzero(rates >= mastered)
        if len(reached):
            found.append(Drop(cell, float(rates[reached[0]]), float(end[cell])))
    return sorted(found, key=lambda drop: drop.after - drop.before)


def words(cell: str) -> str:
    """A cell in words: `krk.4-5` -> king and rook, 4 to 5 moves."""
    kind, *rest = cell.split(".")
    if kind == "opening":
        return f"the opening, against {AGAINST.get(rest[0], rest[0])}"
    moves = re.sub("-", " to ", rest[0]) + (" move" if rest[0] == "1" else " moves")
    if kind == "tail":
        return f"{moves} before mate, against {AGAINST.get(rest[1], rest[1])}"
    return f"{KINDS.get(kind, kind).replace('Forced mates', 'forced mate').lower()}, {moves}"


def _kind(cell: str) -> str:
    """The group that a cell is drawn in: games are told apart by their opponent."""
    kind, *rest = cell.split(".")
    return GAMES.get(rest[-1], rest[-1]) if kind in {"tail", "opening"} else KINDS.get(kind, kind)


def _places(cells: Sequence[str]) -> tuple[list[float], float]:
    """The top of each cell's row, and the lower end of the last."""
    tops, at = [], TOP
    for before, cell in zip([cells[0], *cells], cells, strict=False):
        at += GAP if _kind(before) != _kind(cell) else 0
        tops.append(at)
        at += ROW
    return tops, at


def _squares(success: Numbers, tops: Sequence[float]) -> Iterator[Html]:
    """The squares, those of one fullness as one shape; neighbours in a row that are as full are one."""
    wide = (RIGHT - LEFT) / len(success)
    shapes: dict[int, list[str]] = {}
    for top, rates in zip(tops, success.T, strict=True):
        at = 0
        for level, same in groupby(np.rint(LEVELS * rates).astype(int)):
            count = len(list(same))
            x, length = LEFT + wide * at, wide * count
            shapes.setdefault(int(level), []).append(f"M{x:.1f} {top:g}h{length:.1f}v{ROW - 0.5:g}h-{length:.1f}z")
            at += count
    for level, shape in sorted(shapes.items()):
        yield el("path", {"class": "plot__cell", "fill-opacity": _opacity(level), "d": "".join(shape)})


def _opacity(level: int) -> str:
    return f"{0.06 + 0.94 * level / LEVELS:.2f}"


def _names(cells: Sequence[str], tops: Sequence[float]) -> Iterator[Html]:
    """Each kind beside the middle of its rows."""
    rows = list(zip(cells, tops, strict=True))
    for name, group in groupby(rows, key=lambda row: _kind(row[0])):
        places = [top for _, top in group]
        yield text(LEFT - 8, (places[0] + places[-1] + ROW) / 2 + 4, "end", name)


def _axis(boards: Numbers, end: float) -> Iterator[Html]:
    """The moments below the squares, some of them named."""
    wide = (RIGHT - LEFT) / len(boards)
    for at in range(0, len(boards), TICKS):
        x = LEFT + wide * (at + 0.5)
        yield el("path", {"class": "plot__grid", "d": f"M{x:.1f} {end + 1:g}v4"})
        yield text(x, end + 18, "middle", f"{boards[at] / 1e6:.3g}")
    yield text((LEFT + RIGHT) / 2, end + 36, "middle", "positions reached, in millions")


def _scale(end: float) -> Iterator[Html]:
    """The scale of fullness."""
    yield text(LEFT + 60, end + 57, "end", "mates: 0%")
    for level in range(LEVELS + 1):
        shape = f"M{LEFT + 66 + 12 * level:g} {end + 48:g}h12v9h-12z"
        yield el("path", {"class": "plot__cell", "fill-opacity": _opacity(level), "d": shape})
    yield text(LEFT + 66 + 12 * (LEVELS + 1) + 6, end + 57, "start", "100%")


def _worst(fell: Sequence[Drop], tops: Sequence[float]) -> Iterator[Html]:
    """A mark at the end of the row that fell furthest."""
    if fell and fell[0].after < fell[0].before:
        middle = tops[fell[0].cell] + ROW / 2
        points = [(RIGHT + 2, middle), (WIDE - 1, middle - 4), (WIDE - 1, middle + 4), (RIGHT + 2, middle)]
        yield el("path", {"class": "plot__end", "d": path(points)})


def _sentence(cells: Sequence[str], fell: Sequence[Drop]) -> str:
    """The picture in words."""
    if not fell:
        return f"None of {len(cells)} cells was mastered"
    worst, kept = fell[0], sum(drop.after >= drop.before for drop in fell)
    told = f"{len(fell)} of {len(cells)} cells were mastered at some moment; no lower at the end: {kept}"
    if kept == len(fell):
        return told
    fall = f"from {percent(worst.before)} to {percent(worst.after)}"
    return f"{told}. The largest drop: {words(cells[worst.cell])}, {fall}"


def _rows(cells: Sequence[str], boards: Numbers, success: Numbers) -> Iterator[Sequence[object]]:
    """One cell at one moment a row."""
    yield ["cell", "positions reached", "share of mates"]
    for at, cell in enumerate(cells):
        for reached, rate in zip(boards, success[:, at], strict=True):
            yield [cell, f"{reached:.10g}", f"{rate:.6g}"]


def _table(title: str, cells: Sequence[str], boards: Numbers, success: Numbers, fell: Sequence[Drop]) -> Html:
    """Each cell at five moments, evenly apart in the order of examination, and its drop."""
    moments = np.unique(np.linspace(0, len(boards) - 1, 5).astype(int))
    dropped = {drop.cell: drop for drop in fell}
    rows = []
    for at, cell in enumerate(cells):
        drop = dropped.get(at)
        fall = "never mastered" if drop is None else percent(max(0.0, drop.before - drop.after))
        shares = [el("td", {}, percent(success[moment, at], 0)) for moment in moments]
        rows.append(el("tr", {}, el("th", {"scope": "row"}, words(cell)), *shares, el("td", {}, fall)))
    return rows_table(title, ("Cell", *(integer(boards[moment]) for moment in moments), "Drop"), rows)
