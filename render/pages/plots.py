"""Learning curves as pictures that need no script: the mean over seeds, its extremes as a band, a table below."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from stagelight.render.pages.figures import integer, percent
from stagelight.render.pages.markup import Html, el, framed
from stagelight.render.pages.published import Scene, fail, pick

Numbers = NDArray[np.float64]

WIDE, HIGH = 440.0, 300.0  # of the picture, in its own units; type is 13 of them
LEFT, RIGHT, TOP, LOW = 44.0, 322.0, 14.0, 252.0  # of the plot; curves are named at its right
APART = 17.0  # two names, at least


class Curve(NamedTuple):
    """The learning curve of one kind of run: at each examined moment, over its seeds."""

    label: str
    compute: Numbers  # (E,) mean over seeds
    rates: Numbers  # (S, E) of each seed, 0 to 1

    @property
    def mean(self) -> Numbers:
        """(E,) over seeds."""
        found: Numbers = self.rates.mean(axis=0)
        return found


def curves(scene: Scene, measured: str, runs: Mapping[str, str], across: str, title: str, page: str) -> Html:
    """Learning curves of several runs against their compute, from arrays of the recording.

    Args:
        measured: what is plotted, a share: the last part of the arrays' names.
        runs: the first part of the arrays' names -> what the run is called.
        across: what compute counts, in words.
        title: what the picture shows, in words.
    """
    found = _read(scene, measured, runs, page)
    first = min(curve.compute[0] for curve in found)
    last = max(curve.compute[-1] for curve in found)

    def place(compute: float, rate: float) -> tuple[float, float]:
        share = math.log(compute / first) / math.log(last / first)
        return LEFT + (RIGHT - LEFT) * share, LOW - (LOW - TOP) * rate

    marks = [part for curve in enumerate(found) for part in _curve(*curve, place)]
    picture = el(
        "svg", {"class": "plot", "viewBox": f"0 0 {WIDE:g} {HIGH:g}", "role": "img", "aria-label": _told(title, found)},
        *_axes(first, last, place, across), *marks, *_names(found, place),
    )  # fmt: skip
    file = download(f"{scene.name}-{measured}-{'-'.join(runs)}.csv", "Every seed, as CSV", _rows(found, across))
    words = el("summary", {}, "The same as a table")
    table = el("details", {"class": "fold"}, words, _table(title, found, across), file)
    return el("figure", {"class": "plotted"}, el("figcaption", {}, title), picture, table)


def _read(scene: Scene, measured: str, runs: Mapping[str, str], page: str) -> list[Curve]:
    """The curves, from their first moment after the start: nothing has been learnt before."""
    path = scene.assets / "recordings" / f"{scene.name}.npz"
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays: dict[str, Any] = {name: file[name] for name in file.files if name.startswith(tuple(runs))}
    except (OSError, ValueError) as error:
        fail(f"{path.name} cannot be read ({error}): run `click record {scene.name}`")
    found = []
    for run, label in runs.items():
        rates, compute = (pick(arrays, f"{run}_{part}", path.name, page) for part in (measured, "compute"))
        if rates.shape != compute.shape or rates.ndim != 2 or rates.shape[1] < 3 or not np.isfinite(rates).all():
            fail(
                f"docs/{page}: {path.name} has {run}_{measured} of shape {rates.shape}, wanted finite (seeds, moments)"
            )
        found.append(Curve(label, compute.mean(axis=0)[1:].astype(float), rates[:, 1:].astype(float)))
    return found


def _axes(first: float, last: float, place: Any, across: str) -> list[Html]:
    """Lines for the quarters, ticks at powers of ten, and what is counted."""
    parts = []
    for rate in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = place(first, rate)[1]
        parts += [el("path", {"class": "plot__grid", "d": f"M{LEFT:g} {y:.1f}H{RIGHT:g}"}),
                  text(LEFT - 7, y + 4.5, "end", percent(rate, 0))]  # fmt: skip
    for power in range(math.ceil(math.log10(first * 0.999)), math.floor(math.log10(last * 1.001)) + 1):
        x = place(10.0**power, 0)[0]
        parts += [el("path", {"class": "plot__grid", "d": f"M{x:.1f} {LOW:g}v5"}),
                  text(x, LOW + 19, "middle", integer(10.0**power))]  # fmt: skip
    return [*parts, text((LEFT + RIGHT) / 2, LOW + 39, "middle", across)]


def _curve(order: int, curve: Curve, place: Any) -> list[Html]:
    """The extremes over seeds as a band, the mean as a line with a mark of its own kind at its end."""
    low, high = curve.rates.min(axis=0), curve.rates.max(axis=0)
    round_trip = [*zip(curve.compute, high, strict=True), *list(zip(curve.compute, low, strict=True))[::-1]]
    line = _path(zip(curve.compute, curve.mean, strict=True), place)
    x, y = place(curve.compute[-1], curve.mean[-1])
    return [
        el("path", {"class": f"plot__band plot--{order}", "d": _path(round_trip, place) + "Z"}),
        el("path", {"class": f"plot__line plot--{order}", "d": line}),
        el("circle", {"class": f"plot__end plot--{order}", "cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": 4}),
    ]  # fmt: skip


def _path(points: Any, place: Any) -> str:
    return "".join(f"{'L' if at else 'M'}{x:.1f} {y:.1f}" for at, (x, y) in enumerate(place(*p) for p in points))


def _names(found: Sequence[Curve], place: Any) -> list[Html]:
    """Each curve's name beside its end, the lower of two that are close moved down, and a thread to the end."""
    parts, lowest = [], -math.inf
    for order in sorted(range(len(found)), key=lambda at: -found[at].mean[-1]):
        x, y = place(found[order].compute[-1], found[order].mean[-1])
        lowest = max(y, lowest + APART)
        parts += [el("path", {"class": "plot__thread", "d": f"M{x + 5:.1f} {y:.1f}L{RIGHT + 15:.1f} {lowest:.1f}"}),
                  text(RIGHT + 19, lowest + 4.5, "start", found[order].label, f" plot--{order}")]  # fmt: skip
    return parts


def text(x: float, y: float, anchor: str, words: str, more: str = "") -> Html:
    """Words in a picture."""
    return el("text", {"class": f"plot__text{more}", "x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor}, words)


def _told(title: str, found: Sequence[Curve]) -> str:
    """The picture in one sentence."""
    ends = "; ".join(f"{c.label} {percent(c.mean[0])} at first, {percent(c.mean[-1])} at the end" for c in found)
    return f"{title}. {ends}."


def download(name: str, words: str, rows: Iterable[Sequence[object]]) -> Html:
    """Rows as a CSV file that is in the page itself: nothing to fetch, nothing to go stale."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    address = "data:text/csv;charset=utf-8," + quote(out.getvalue(), safe=",.()/")
    return el("p", {}, el("a", {"href": address, "download": name}, words))


def _rows(found: Sequence[Curve], across: str) -> Iterator[Sequence[object]]:
    """The curves, one moment of one seed a row: what ran, its seed, its mean compute, and the share."""
    yield ["run", "seed", across, "share"]
    for curve in found:
        for seed, rates in enumerate(curve.rates):
            for compute, rate in zip(curve.compute, rates, strict=True):
                yield [curve.label, seed, f"{compute:.10g}", f"{rate:.6g}"]


def _table(title: str, found: Sequence[Curve], across: str) -> Html:
    """Mean and extremes at every moment, one row each."""
    rows = []
    for at in range(max(len(curve.compute) for curve in found)):
        cells = [
            el("td", {"title": f"{percent(c.rates[:, at].min())} to {percent(c.rates[:, at].max())}"},
               percent(c.mean[at])) if at < len(c.compute) else el("td", {}) for c in found
        ]  # fmt: skip
        rows.append(el("tr", {}, el("th", {"scope": "row"}, integer(round(found[0].compute[at]))), *cells))
    return framed("plotted__table", "plotted__rates", title, (across, *(curve.label for curve in found)), rows)
