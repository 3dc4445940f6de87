"""The learning curves of the scripts that train in the village from outside, as they wrote them, in one picture.

A script writes a row at each evaluation: minutes of processor time, ticks, scenario, return, and its score on
development seeds.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from stagelight.render.pages.canvas import LEFT, LOW, NAME_GAP, RIGHT, TOP, download, figure, path, rows_table, text
from stagelight.render.pages.markup import Html, el
from stagelight.render.pages.scene_files import fail
from stagelight.render.pages.values import number

FOLDER = "docs/curves"
COLUMNS = ["minutes", "ticks", "scenario", "return", "score"]
ACROSS = "minutes of one core"
TITLE = "Score on development seeds of usual weather, as it is learnt"

Curve = Sequence[tuple[float, float]]  # minutes, score


def plot(root: Path, files: Mapping[str, str], page: str) -> Html:
    """Draw the curves of some files of FOLDER.

    Args:
        root: of the project.
        files: name without its ending -> the label of its curve.
        page: that asks for it.
    """
    curves = {label: _read(root, name, page) for name, label in files.items()}
    last = max(curve[-1][0] for curve in curves.values())

    def place(minutes: float, score: float) -> tuple[float, float]:
        return LEFT + (RIGHT - LEFT) * minutes / last, LOW - (LOW - TOP) * score

    parts, lowest = _axes(last, place(0, 0)[1]), -math.inf
    ends = {label: place(*curve[-1]) for label, curve in curves.items()}
    for order, label in enumerate(sorted(curves, key=lambda label: ends[label][1])):
        x, y = ends[label]
        lowest = max(y, lowest + NAME_GAP)
        line = path(place(minutes, max(score, 0.0)) for minutes, score in curves[label])
        parts += [
            el("path", {"class": f"plot__line plot--{order}", "d": line}),
            el("circle", {"class": f"plot__end plot--{order}", "cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": 4}),
            el("path", {"class": "plot__thread", "d": f"M{x + 5:.1f} {y:.1f}L{RIGHT + 15:.1f} {lowest:.1f}"}),
            text(RIGHT + 19, lowest + 4.5, "start", label, f" plot--{order}"),
        ]
    sentence = "; ".join(f"{label} {number(curve[-1][1], 2)} at the end" for label, curve in curves.items())
    rows = [(label, *point) for label, curve in curves.items() for point in curve]
    table = rows_table(TITLE, (ACROSS, *curves), _rows(curves))
    return figure(
        TITLE, sentence, parts, table, download("scripts.csv", "As CSV", [("script", ACROSS, "score"), *rows])
    )


def _read(root: Path, name: str, page: str) -> Curve:
    """The points of a file; one that is not what a script writes ends the build."""
    file = root / FOLDER / f"{name}.csv"
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            head, *rows = csv.reader(lines)
        curve = [(float(minutes), float(score)) for minutes, _, scenario, _, score in rows if scenario == "std"]
        whole = head == COLUMNS and len(curve) > 1 and all(map(math.isfinite, sum(curve, ())))
    except (OSError, ValueError):
        whole = False
    if not whole:
        fail(f"docs/{page}: {FOLDER}/{name}.csv is missing or no learning curve; a script of #examples writes one")
    return curve


def _axes(last: float, foot: float) -> list[Html]:
    """Lines for the quarters of the score, and ticks for the quarters of the time."""
    parts = []
    for quarter in range(5):
        y, x = foot - (foot - TOP) * quarter / 4, LEFT + (RIGHT - LEFT) * quarter / 4
        parts += [
            el("path", {"class": "plot__grid", "d": f"M{LEFT:g} {y:.1f}H{RIGHT:g}"}),
            text(LEFT - 7, y + 4.5, "end", number(quarter / 4, 2)),
            el("path", {"class": "plot__grid", "d": f"M{x:.1f} {LOW:g}v5"}),
            text(x, LOW + 19, "middle", number(last * quarter / 4, 0)),
        ]
    return [*parts, text((LEFT + RIGHT) / 2, LOW + 39, "middle", ACROSS)]


def _rows(curves: Mapping[str, Curve]) -> list[Html]:
    """A row for each evaluation, of all curves that have as many."""
    rows = []
    for points in zip(*curves.values(), strict=False):
        cells = (el("td", {}, number(score, 2)) for _, score in points)
        rows.append(el("tr", {}, el("th", {"scope": "row"}, number(points[0][0], 0)), *cells))
    return rows
