"""The network's gain over the best classical method, by acceleration: a picture that needs no script, and a table.

A line is the mean of several drawn masks, a dot one of them. What was not measured is not there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from stagelight.render.pages.figures import signed, traced
from stagelight.render.pages.markup import Html, el, framed
from stagelight.render.pages.plots import APART, HIGH, LEFT, LOW, RIGHT, TOP, WIDE, download, text
from stagelight.render.pages.published import Scene, fail

WHO = {"colin27": "Colin27", "patient": "The patient", "patient.lesion": "Its lesion"}
STEP = 0.25  # dB between two lines of the grid


class Line(NamedTuple):
    """One brain or a part of it."""

    name: str
    label: str
    values: dict[float, list[float]]  # acceleration -> gain under each mask, dB

    def mean(self, rate: float) -> float:
        """Over the masks."""
        return sum(self.values[rate]) / len(self.values[rate])


def plot(scene: Scene, title: str, page: str) -> Html:
    """Gains from the recording's facts, `gain.<who>.r<R>.draw_<n>`."""
    found = _read(scene, page)
    rates = sorted({rate for line in found for rate in line.values})
    every = [value for line in found for values in line.values.values() for value in values]
    low, high = STEP * math.floor(min(0.0, *every) / STEP), STEP * math.ceil(max(0.0, *every) / STEP)

    def place(rate: float, gain: float) -> tuple[float, float]:
        across = (rate - rates[0]) / (rates[-1] - rates[0])
        return LEFT + (RIGHT - LEFT) * across, LOW - (LOW - TOP) * (gain - low) / (high - low)

    parts = []
    for k in range(round((high - low) / STEP) + 1):
        gain = low + k * STEP
        y = place(rates[0], gain)[1]
        kind = "plot__grid plot__zero" if gain == 0 else "plot__grid"
        parts += [el("path", {"class": kind, "d": f"M{LEFT:g} {y:.1f}H{RIGHT:g}"}),
                  text(LEFT - 7, y + 4.5, "end", signed(gain) if gain else "0")]  # fmt: skip
    for rate in rates:
        parts.append(text(place(rate, low)[0], LOW + 19, "middle", f"{rate:g}"))
    parts.append(text((LEFT + RIGHT) / 2, LOW + 39, "middle", "acceleration R"))
    lowest = -math.inf
    for order, line in sorted(enumerate(found), key=lambda each: -each[1].mean(max(each[1].values))):
        points = [place(rate, line.mean(rate)) for rate in sorted(line.values)]
        path = "".join(f"{'L' if at else 'M'}{x:.1f} {y:.1f}" for at, (x, y) in enumerate(points))
        parts.append(el("path", {"class": f"plot__line plot--{order}", "d": path}))
        for rate, values in line.values.items():
            dots = (place(rate, value) for value in values)
            parts += [el("circle", {"class": f"plot__end plot--{order}", "cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": 3})
                      for x, y in dots]  # fmt: skip
        lowest = max(points[-1][1], lowest + APART)
        parts.append(text(RIGHT + 12, lowest + 4.5, "start", line.label, f" plot--{order}"))
    told = "; ".join(
        f"{line.label} " + ", ".join(f"{signed(line.mean(rate))} dB at R = {rate:g}" for rate in sorted(line.values))
        for line in found
    )
    picture = el("svg", {"class": "plot", "viewBox": f"0 0 {WIDE:g} {HIGH:g}", "role": "img",
                         "aria-label": f"{title}. {told}."}, *parts)  # fmt: skip
    return el("figure", {"class": "plotted"}, el("figcaption", {}, title), picture, _table(scene, title, found, rates))


def _read(scene: Scene, page: str) -> list[Line]:
    facts, found = scene.head["facts"], []
    for name, label in WHO.items():
        values = {
            float(rate): [
                value for n in range(1, 10) if (value := facts.get(f"gain.{name}.r{rate:g}.draw_{n}")) is not None
            ]
            for rate in scene.head["config"]["grid"]
        }
        measured = {rate: gains for rate, gains in values.items() if gains}
        if measured:
            found.append(Line(name, label, measured))
    if not found or len({rate for line in found for rate in line.values}) < 2:
        fail(
            f"docs/{page}: {scene.name}.json has gains at fewer than two accelerations: run `click score {scene.name}`"
        )
    return found


def _table(scene: Scene, title: str, found: list[Line], rates: list[float]) -> Html:
    """Mean and extremes at each acceleration, and all of it as a file that is in the page itself."""
    rows = [el("tr", {}, el("th", {"scope": "row"}, f"{rate:g}"), *(_cell(scene, line, rate) for line in found))
            for rate in rates]  # fmt: skip
    sheet: list[Sequence[object]] = [["who", "acceleration", "mask", "gain in dB"]]
    sheet += [
        [line.label, f"{rate:g}", mask, f"{gain:.6g}"]
        for line in found for rate, values in line.values.items() for mask, gain in enumerate(values, 1)
    ]  # fmt: skip
    return el(
        "details", {"class": "fold"}, el("summary", {}, "The same as a table"),
        framed("plotted__table", "plotted__rates", title, ("R", *(line.label for line in found)), rows),
        download(f"{scene.name}-gains.csv", "Every mask, as CSV", sheet),
    )  # fmt: skip


def _cell(scene: Scene, line: Line, rate: float) -> Html:
    if rate not in line.values:
        return el("td", {}, "not measured")
    values, name = line.values[rate], f"gain.{line.name}.r{rate:g}"
    extremes = f" ({signed(min(values))} to {signed(max(values))})"
    return el("td", {}, traced(scene.name, name, line.mean(rate), signed(line.mean(rate))), extremes)
