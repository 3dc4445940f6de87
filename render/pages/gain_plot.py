"""The gain of a network over the best classical method, by acceleration: a picture without a script, and a table.

A line is the mean of the drawn masks, a dot one of them. What was not measured is left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from stagelight.render.pages.canvas import LEFT, LOW, NAME_GAP, RIGHT, TOP, download, figure, path, rows_table, text
from stagelight.render.pages.markup import Html, el
from stagelight.render.pages.scene_files import Scene, fail
from stagelight.render.pages.values import signed, traced

LABELS = {"colin27": "Colin27", "patient": "The patient", "patient.lesion": "Its lesion"}
STEP = 0.25  # dB between two lines of the grid
Place = Callable[[float, float], tuple[float, float]]  # acceleration and gain -> x and y


class Line(NamedTuple):
    """One brain or a part of it."""

    name: str
    label: str
    values: dict[float, list[float]]  # acceleration -> gain under each mask, dB

    def mean(self, rate: float) -> float:
        """Over the masks."""
        return sum(self.values[rate]) / len(self.values[rate])


def plot(scene: Scene, network: str, title: str, page: str) -> Html:
    """Gains from the recording's facts, `<network>.gain.<who>.r<R>`, with `.draw_<n>` where there are several masks."""
    lines = _read(scene, network, page)
    rates = sorted({rate for line in lines for rate in line.values})
    gains = [gain for line in lines for values in line.values.values() for gain in values]
    low, high = STEP * math.floor(min(0.0, *gains) / STEP), STEP * math.ceil(max(0.0, *gains) / STEP)

    def place(rate: float, gain: float) -> tuple[float, float]:
        across = (rate - rates[0]) / (rates[-1] - rates[0])
        return LEFT + (RIGHT - LEFT) * across, LOW - (LOW - TOP) * (gain - low) / (high - low)

    sentence = "; ".join(
        f"{line.label} " + ", ".join(f"{signed(line.mean(rate))} dB at R = {rate:g}" for rate in sorted(line.values))
        for line in lines
    )
    file = download(f"{scene.name}-{network}-gains.csv", "Every mask, as CSV", _rows(lines))
    parts = (*_axes(rates, low, high, place), *_lines(lines, place))
    return figure(title, sentence, parts, _table(scene, network, title, lines, rates), file)


def _axes(rates: Sequence[float], low: float, high: float, place: Place) -> Iterator[Html]:
    for k in range(round((high - low) / STEP) + 1):
        gain = low + k * STEP
        y = place(rates[0], gain)[1]
        kind = "plot__grid plot__zero" if gain == 0 else "plot__grid"
        yield el("path", {"class": kind, "d": f"M{LEFT:g} {y:.1f}H{RIGHT:g}"})
        yield text(LEFT - 7, y + 4.5, "end", signed(gain) if gain else "0")
    for rate in rates:
        yield text(place(rate, low)[0], LOW + 19, "middle", f"{rate:g}")
    yield text((LEFT + RIGHT) / 2, LOW + 39, "middle", "acceleration R")


def _lines(lines: Sequence[Line], place: Place) -> Iterator[Html]:
    """Each line with its dots, and its name beside its end, from the highest end down."""
    lowest = -math.inf
    for order, line in sorted(enumerate(lines), key=lambda each: -each[1].mean(max(each[1].values))):
        points = [place(rate, line.mean(rate)) for rate in sorted(line.values)]
        yield el("path", {"class": f"plot__line plot--{order}", "d": path(points)})
        for rate, gains in line.values.items():
            for x, y in (place(rate, gain) for gain in gains):
                yield el("circle", {"class": f"plot__end plot--{order}", "cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": 3})
        lowest = max(points[-1][1], lowest + NAME_GAP)
        yield text(RIGHT + 12, lowest + 4.5, "start", line.label, f" plot--{order}")


def _read(scene: Scene, network: str, page: str) -> list[Line]:
    facts, lines = scene.head["facts"], []
    for name, label in LABELS.items():
        measured: dict[float, list[float]] = {}
        for fact in facts:
            if found := re.fullmatch(rf"{re.escape(f'{network}.gain.{name}')}\.r(\d+)", fact):
                drawn = [facts[draw] for n in range(1, 10) if (draw := f"{fact}.draw_{n}") in facts]
                measured[float(found[1])] = drawn or [facts[fact]]
        if measured:
            lines.append(Line(name, label, dict(sorted(measured.items()))))
    if not lines or len({rate for line in lines for rate in line.values}) < 2:
        fail(
            f"docs/{page}: {scene.name}.json has gains at fewer than two accelerations: run `click score {scene.name}`"
        )
    return lines


def _rows(lines: Sequence[Line]) -> Iterator[Sequence[object]]:
    """One mask a row: the brain, its acceleration, the number of the mask, the gain."""
    yield ["who", "acceleration", "mask", "gain in dB"]
    for line in lines:
        for rate, gains in line.values.items():
            for mask, gain in enumerate(gains, 1):
                yield [line.label, f"{rate:g}", mask, f"{gain:.6g}"]


def _table(scene: Scene, network: str, title: str, lines: Sequence[Line], rates: Sequence[float]) -> Html:
    """Mean and extremes at each acceleration."""
    rows = [
        el("tr", {}, el("th", {"scope": "row"}, f"{rate:g}"), *(_cell(scene, network, line, rate) for line in lines))
        for rate in rates
    ]
    return rows_table(title, ("R", *(line.label for line in lines)), rows)


def _cell(scene: Scene, network: str, line: Line, rate: float) -> Html:
    if rate not in line.values:
        return el("td", {}, "not measured")
    gains, name = line.values[rate], f"{network}.gain.{line.name}.r{rate:g}"
    extremes = f" ({signed(min(gains))} to {signed(max(gains))})" * (len(gains) > 1)
    return el("td", {}, traced(scene.name, name, line.mean(rate), signed(line.mean(rate))), extremes)
