"""Sky, hills and meadow behind the village; the sky shows the hour, and nothing outshines the people."""

from __future__ import annotations

import math

import numpy as np

from stagelight.render import theme
from stagelight.render.motion import ease, mix, px, py
from stagelight.render.pen import Pen

HORIZON = 36.0  # percent of the stage
STARS = 70
BEAM_HIGH, BEAM_LOW = 15.0, 44.0  # of the sky's gradient, percent
LIGHTS = 144  # in how many steps a day's light changes: ten minutes each


def daylight(hour: float) -> tuple[float, float]:
    """Shares of dawn or dusk, and of day, at an hour of the day, 0 to 1: it dawns at 0, night falls at 1."""
    hour %= 1.0
    day = ease(hour, 0.06, 0.2) * (1 - ease(hour, 0.72, 0.2))
    return max(1 - abs(hour - 0.1) / 0.14, 1 - abs(hour - 0.84) / 0.14, 0.0), day


def landscape(pen: Pen, hour: float, alpha: float = 1.0) -> None:
    """The whole picture's ground at an hour of the day, 0 to 1."""
    dawn, day = daylight(round(LIGHTS * hour) / LIGHTS)
    with pen.faded(alpha) as visible:
        if not visible:
            return
        for (high, low), share in ((theme.SKY_NIGHT, 1.0), (theme.SKY_DAWN, dawn), (theme.SKY_DAY, 0.85 * day)):
            pen.context.rectangle(0, 0, theme.WIDTH, py(HORIZON + 10))
            pen.shade(py(BEAM_HIGH), py(BEAM_LOW), high, low, share)
        _stars(pen, 1 - max(dawn, day))
        for colour, share, near in (
            (theme.HILLS_FAR, 1.0, False), (theme.HILLS_DAY, 0.75 * day, False),
            (theme.HILLS, 1.0, True), (theme.HILLS_DAY, 0.4 * day, True),
        ):  # fmt: skip
            _hills(pen, colour, *((HORIZON + 3, 3.4, 1.3, 2.1) if near else (HORIZON - 1, 5.2, 0.7, 0.4)), share)
        pen.context.rectangle(0, py(HORIZON + 5), theme.WIDTH, theme.HEIGHT)
        pen.shade(py(HORIZON + 5), py(92), theme.MEADOW, theme.MEADOW_DEEP)
        pen.context.rectangle(0, py(HORIZON + 5), theme.WIDTH, theme.HEIGHT)
        pen.fill(theme.NIGHT_DEEP, mix(0.42, 0.0, max(day, 0.6 * dawn)))
        pen.context.rectangle(0, py(HORIZON + 5), theme.WIDTH, theme.HEIGHT)
        pen.shade(py(HORIZON + 5), py(92), theme.MEADOW_DAY, theme.MEADOW_DAY_DEEP, 0.9 * day)


def _stars(pen: Pen, alpha: float) -> None:
    """Faint, always the same ones."""
    chance = np.random.default_rng(5)
    places = np.stack([chance.random(STARS) * theme.WIDTH, py(2) + chance.random(STARS) ** 1.3 * py(30)], 1)
    size, light = 0.8 + 1.3 * chance.random(STARS), 0.12 + 0.2 * chance.random(STARS)
    if alpha > 0.01:
        pen.discs(places, theme.QUIET, size, light * alpha * pen.opacity)


def _hills(pen: Pen, colour: str, top: float, swell: float, waves: float, shift: float, alpha: float) -> None:
    """A line of hills down to the meadow."""
    if alpha <= 0:
        return
    pen.context.move_to(0, py(HORIZON + 12))
    for step in range(65):
        x = step / 64
        y = top + swell * (
            0.5 * math.sin(waves * math.tau * x + shift) + 0.3 * math.sin(2.3 * waves * math.tau * x + 1)
        )
        pen.context.line_to(x * theme.WIDTH, py(y))
    pen.context.line_to(theme.WIDTH, py(HORIZON + 12))
    pen.context.close_path()
    pen.fill(colour, alpha)


def exhibit(pen: Pen, t: float) -> None:
    """A day passes."""
    landscape(pen, t / 4)
    pen.text(f"{(t / 4) % 1:.2f} of a day", px(6), py(90), theme.FLOOR, theme.TEXT, font=theme.MONO)
