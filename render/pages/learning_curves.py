"""Learning curves as pictures that need no script: the mean over seeds, its extremes as a band, a table below."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stagelight.render.pages.canvas import LEFT, LOW, NAME_GAP, RIGHT, TOP, download, figure, path, rows_table, text
from stagelight.render.pages.markup import Html, el
from stagelight.render.pages.scene_files import Scene, fail, pick, pick_table
from stagelight.render.pages.values import integer, percent

Numbers = NDArray[np.float64]
ACROSS = "positions reached"
Place = Callable[[float, float], tuple[float, float]]  # compute and rate -> x and y


class Curve(NamedTuple):
    """One kind of start: the compute and its rate at each evaluation, over its seeds."""

    label: str
    compute: Numbers  # (E,) mean over seeds
    rates: Numbers  # (S, E) of each seed, 0 to 1

    @property
    def mean(self) -> Numbers:
        """(E,) over seeds."""
        mean: Numbers = self.rates.mean(axis=0)
        return mean


def plot(scene: Scene, cells: Mapping[str, str], title: str, page: str) -> Html:
    """Draw the success from held-out starts of some cells against the positions reached.

    Args:
        scene: whose recording holds `curve_boards`, (seeds, moments), and `curve_success`, (seeds, moments, cells).
        cells: the name of a cell in the configuration -> the label of its curve.
        title: of the picture.
        page: that asks for it.
    """
    lines = _read(scene, cells, page)
    first, last = lines[0].compute[0], lines[0].compute[-1]

    def place(compute: float, rate: float) -> tuple[float, float]:
        share = math.log(compute / first) / math.log(last / first)
        return LEFT + (RIGHT - LEFT) * share, LOW - (LOW - TOP) * rate

    marks = [part for curve in enumerate(lines) for part in _curve(*curve, place)]
    ends = "; ".join(f"{c.label} {percent(c.mean[0])} at first, {percent(c.mean[-1])} at the end" for c in lines)
    file = download(f"{scene.name}-{'-'.join(cells)}.csv", "Every seed, as CSV", _rows(lines))
    parts = (*_axes(first, last, place), *marks, *_names(lines, place))
    return figure(title, ends, parts, _table(title, lines), file)


def _read(scene: Scene, cells: Mapping[str, str], page: str) -> list[Curve]:
    """The curves, from their first evaluation after the start: nothing has been learnt before."""
    boards, success = read_success(scene, page)
    compute = boards.mean(axis=0)[1:]
    if len(compute) < 2 or compute[0] <= 0 or not (np.diff(compute) > 0).all():
        fail(
            f"docs/{page}: {scene.name}.npz has curve_boards of shape {boards.shape}, wanted (seeds, moments), three "
            f"moments or more and rising: run `click record {scene.name}`"
        )
    names = {name: at for at, name in enumerate(scene.head["config"]["cells"])}
    places = {label: pick(names, name, f"{scene.name}.json (cells)", page) for name, label in cells.items()}
    return [Curve(label, compute, success[:, 1:, at]) for label, at in places.items()]


def read_success(scene: Scene, page: str) -> tuple[Numbers, Numbers]:
    """The positions reached at each examined moment, (S, E), and the success in each cell then, (S, E, C)."""
    boards = pick_table(scene, scene.arrays, "curve_boards", "seeds, moments", page).astype(float)
    success: Numbers = pick(scene.arrays, "curve_success", f"{scene.name}.npz", page).astype(float)
    wanted = (*boards.shape, len(scene.head["config"]["cells"]))
    if success.shape != wanted or not np.isfinite(success).all():
        fail(
            f"docs/{page}: {scene.name}.npz has curve_success of shape {success.shape}, wanted finite {wanted}: "
            f"run `click record {scene.name}`"
        )
    return boards, success


def _axes(first: float, last: float, place: Place) -> list[Html]:
    """Lines for the quarters, ticks at powers of ten, and the unit of compute."""
    parts = []
    for rate in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = place(first, rate)[1]
        parts += [el("path", {"class": "plot__grid", "d": f"M{LEFT:g} {y:.1f}H{RIGHT:g}"}),
                  text(LEFT - 7, y + 4.5, "end", percent(rate, 0))]  # fmt: skip
    for power in range(math.ceil(math.log10(first * 0.999)), math.floor(math.log10(last * 1.001)) + 1):
        x = place(10.0**power, 0)[0]
        parts += [el("path", {"class": "plot__grid", "d": f"M{x:.1f} {LOW:g}v5"}),
                  text(x, LOW + 19, "middle", integer(10.0**power))]  # fmt: skip
    return [*parts, text((LEFT + RIGHT) / 2, LOW + 39, "middle", ACROSS)]


def _curve(order: int, curve: Curve, place: Place) -> list[Html]:
    """The extremes over seeds as a band, the mean as a line with a mark of its own kind at its end."""
    low, high = curve.rates.min(axis=0), curve.rates.max(axis=0)
    round_trip = [*zip(curve.compute, high, strict=True), *list(zip(curve.compute, low, strict=True))[::-1]]
    line = _placed(zip(curve.compute, curve.mean, strict=True), place)
    x, y = place(curve.compute[-1], curve.mean[-1])
    return [
        el("path", {"class": f"plot__band plot--{order}", "d": _placed(round_trip, place) + "Z"}),
        el("path", {"class": f"plot__line plot--{order}", "d": line}),
        el("circle", {"class": f"plot__end plot--{order}", "cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": 4}),
    ]  # fmt: skip


def _placed(points: Iterable[tuple[float, float]], place: Place) -> str:
    return path(place(*point) for point in points)


def _names(curves: Sequence[Curve], place: Place) -> list[Html]:
    """Each curve's name beside its end, the lower of two that are close moved down, and a thread to the end."""
    parts, lowest = [], -math.inf
    for order in sorted(range(len(curves)), key=lambda at: -curves[at].mean[-1]):
        x, y = place(curves[order].compute[-1], curves[order].mean[-1])
        lowest = max(y, lowest + NAME_GAP)
        parts += [el("path", {"class": "plot__thread", "d": f"M{x + 5:.1f} {y:.1f}L{RIGHT + 15:.1f} {lowest:.1f}"}),
                  text(RIGHT + 19, lowest + 4.5, "start", curves[order].label, f" plot--{order}")]  # fmt: skip
    return parts


def _rows(curves: Sequence[Curve]) -> Iterator[Sequence[object]]:
    """One evaluation of one seed a row: the starts, the seed, the mean compute, and the share."""
    yield ["starts", "seed", ACROSS, "share"]
    for curve in curves:
        for seed, rates in enumerate(curve.rates):
            for compute, rate in zip(curve.compute, rates, strict=True):
                yield [curve.label, seed, f"{compute:.10g}", f"{rate:.6g}"]


def _table(title: str, curves: Sequence[Curve]) -> Html:
    """Mean and extremes at every evaluation, one row each."""
    rows = []
    for at, compute in enumerate(curves[0].compute):
        cells = [
            el("td", {"title": f"{percent(c.rates[:, at].min())} to {percent(c.rates[:, at].max())}"},
               percent(c.mean[at])) for c in curves
        ]  # fmt: skip
        rows.append(el("tr", {}, el("th", {"scope": "row"}, integer(round(compute))), *cells))
    return rows_table(title, (ACROSS, *(curve.label for curve in curves)), rows)
