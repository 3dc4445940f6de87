"""Learning curves as pictures that need no script: the mean over seeds, its extremes as a band, a table below."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stagelight.render.pages.canvas import LEFT, LOW, NAME_GAP, RIGHT, TOP, download, figure, path, rows_table, text
from stagelight.render.pages.markup import Html, el
from stagelight.render.pages.scene_files import Scene, fail, pick_table
from stagelight.render.pages.values import integer, percent

Numbers = NDArray[np.float64]
Place = Callable[[float, float], tuple[float, float]]  # compute and rate -> x and y


class Curve(NamedTuple):
    """One kind of run: its compute and its rate at each evaluation, over its seeds."""

    label: str
    compute: Numbers  # (E,) mean over seeds
    rates: Numbers  # (S, E) of each seed, 0 to 1

    @property
    def mean(self) -> Numbers:
        """(E,) over seeds."""
        mean: Numbers = self.rates.mean(axis=0)
        return mean


def plot(scene: Scene, measured: str, runs: Mapping[str, str], across: str, title: str, page: str) -> Html:
    """Learning curves of several runs against their compute, from arrays of the recording.

    Args:
        scene: whose recording holds the arrays.
        measured: the share on the y axis, the last part of the arrays' names.
        runs: the first part of the arrays' names -> the label of the run.
        across: the unit of compute.
        title: of the picture.
        page: that asks for it.
    """
    lines = _read(scene, measured, runs, page)
    first = min(curve.compute[0] for curve in lines)
    last = max(curve.compute[-1] for curve in lines)

    def place(compute: float, rate: float) -> tuple[float, float]:
        share = math.log(compute / first) / math.log(last / first)
        return LEFT + (RIGHT - LEFT) * share, LOW - (LOW - TOP) * rate

    marks = [part for curve in enumerate(lines) for part in _curve(*curve, place)]
    ends = "; ".join(f"{c.label} {percent(c.mean[0])} at first, {percent(c.mean[-1])} at the end" for c in lines)
    file = download(f"{scene.name}-{measured}-{'-'.join(runs)}.csv", "Every seed, as CSV", _rows(lines, across))
    parts = (*_axes(first, last, place, across), *marks, *_names(lines, place))
    return figure(title, ends, parts, _table(title, lines, across), file)


def _read(scene: Scene, measured: str, runs: Mapping[str, str], page: str) -> list[Curve]:
    """The curves, from their first evaluation after the start: nothing has been learnt before."""
    arrays, curves = scene.arrays, []
    for run, label in runs.items():
        rates, compute = (
            pick_table(scene, arrays, f"{run}_{part}", "seeds, evaluations", page) for part in (measured, "compute")
        )
        if rates.shape != compute.shape or rates.shape[1] < 3:
            fail(
                f"docs/{page}: {scene.name}.npz has {run}_{measured} of shape {rates.shape}, wanted finite (seeds, "
                f"evaluations), three or more, and {run}_compute alike: run `click record {scene.name}`"
            )
        curves.append(Curve(label, compute.mean(axis=0)[1:].astype(float), rates[:, 1:].astype(float)))
    return curves


def _axes(first: float, last: float, place: Place, across: str) -> list[Html]:
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
    return [*parts, text((LEFT + RIGHT) / 2, LOW + 39, "middle", across)]


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


def _rows(curves: Sequence[Curve], across: str) -> Iterator[Sequence[object]]:
    """One evaluation of one seed a row: the run, its seed, its mean compute, and the share."""
    yield ["run", "seed", across, "share"]
    for curve in curves:
        for seed, rates in enumerate(curve.rates):
            for compute, rate in zip(curve.compute, rates, strict=True):
                yield [curve.label, seed, f"{compute:.10g}", f"{rate:.6g}"]


def _table(title: str, curves: Sequence[Curve], across: str) -> Html:
    """Mean and extremes at every evaluation, one row each."""
    rows = []
    for at in range(max(len(curve.compute) for curve in curves)):
        cells = [
            el("td", {"title": f"{percent(c.rates[:, at].min())} to {percent(c.rates[:, at].max())}"},
               percent(c.mean[at])) if at < len(c.compute) else el("td", {}) for c in curves
        ]  # fmt: skip
        rows.append(el("tr", {}, el("th", {"scope": "row"}, integer(round(curves[0].compute[at]))), *cells))
    return rows_table(title, (across, *(curve.label for curve in curves)), rows)
