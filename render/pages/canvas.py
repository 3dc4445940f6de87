"""A plot's picture in its own units: sizes, words in it, and the table and file below it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from stagelight.render.pages.markup import Html, el, fold, framed

WIDE, HIGH = 440.0, 300.0  # of the picture; type is 13 of its units
LEFT, RIGHT, TOP, LOW = 44.0, 322.0, 14.0, 252.0  # of the plot; curves are named at its right
NAME_GAP = 17.0  # between two names, at least


def text(x: float, y: float, anchor: str, words: str, more: str = "") -> Html:
    """Words in a picture."""
    return el("text", {"class": f"plot__text{more}", "x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor}, words)


def path(points: Iterable[tuple[float, float]]) -> str:
    """A line through points, as the `d` of an SVG path."""
    return "".join(f"{'L' if at else 'M'}{x:.1f} {y:.1f}" for at, (x, y) in enumerate(points))


def figure(title: str, sentence: str, parts: Iterable[Html], table: Html, file: Html, high: float = HIGH) -> Html:
    """A plot under its title, described in one sentence, with its table and its file folded below."""
    picture = el(
        "svg",
        {"class": "plot", "viewBox": f"0 0 {WIDE:g} {high:g}", "role": "img", "aria-label": f"{title}. {sentence}."},
        *parts,
    )
    return el("figure", {"class": "plotted"}, el("figcaption", {}, title), picture,
              fold("The same as a table", table, file))  # fmt: skip


def rows_table(title: str, columns: Iterable[str], rows: Iterable[Html]) -> Html:
    """The table of a plot."""
    return framed("plotted__table", "plotted__rates", title, columns, rows)


def download(name: str, words: str, rows: Iterable[Sequence[object]]) -> Html:
    """Rows as a CSV file within the page itself: nothing to fetch, nothing to go stale."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    address = "data:text/csv;charset=utf-8," + quote(out.getvalue(), safe=",.()/")
    return el("p", {}, el("a", {"href": address, "download": name}, words))
