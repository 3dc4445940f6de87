"""The whole run as a ribbon; then what this village and others reach, in two kinds of weather."""

from __future__ import annotations

from functools import partial

import numpy as np

from stagelight.render import theme
from stagelight.render.components import ribbon
from stagelight.render.components.ribbon import Kind
from stagelight.render.motion import Box, between, ease, mix, px, py
from stagelight.render.pen import Pen
from stagelight.render.scenes.village import town
from stagelight.render.scenes.village.shown import DAY, Shown
from stagelight.render.stage import Cue, Section

SECONDS, PLAYED, SCORES = 15.0, 6.8, 7.6
BAND = Box(px(4), py(67.5), px(92), py(8.5))
CURVE = Box(px(4), py(56.5), px(92), py(9.5))
KINDS = (Kind("fed", theme.KEPT, 1.0), Kind("short", theme.QUIET, 0.62, solid=False), Kind("hungry", theme.LOST, 0.32))
WELL, HUNGRY = 0.95, 0.7
OTHERS = (
    ("random", "moves by chance"),
    ("small", "small language model"),
    ("no_granary", "no granary"),
    ("sell_all", "sells everything"),
    ("hoarder", "stores everything"),
    ("small_taught", "language model, taught"),
    ("stock", "reserve by season"),
    ("policy", "trained policy"),
    ("clairvoyant", "knows the weather"),
)
PLAN = "clairvoyant"
WEATHER = ("calm", "compound")
NAMES = {"calm": "calm weather", "compound": "wind drops, rabbits"}


def section(shown: Shown) -> Section:
    """What is said and when."""
    facts, run = shown.recording.facts, shown.main
    fed, hungry = int(run.fact("days_fed")), int(run.fact("hungry_days"))
    better = _value(shown, "compound", "stock") - _value(shown, "compound", "no_granary")
    seeds, fewer = int(facts["compared.seeds"]), int(facts["compared.llm_seeds"])
    return Section(
        name="results",
        step=None,
        title="The ledger",
        seconds=SECONDS,
        paint=partial(paint, shown),
        backdrop=lambda pen: None,
        captions=(
            Cue(0.0, 3.68, f"Forty days: {fed} fed in full, {hungry} hungry."),
            Cue(3.7, 7.4, "The line is the granary, filled and eaten."),
            Cue(7.6, 11.5, f"Return, mean of {seeds} runs; language model {fewer}."),
            Cue(11.6, SECONDS, f"Stored bread is worth {better:.2f} under shocks."),
        ),
        marks=(Cue(0.0, PLAYED, "gauge"), Cue(0.0, PLAYED, "posture")),
        still=13.6,
        alt=f"A ribbon of forty days, {fed} of them fed and {hungry} hungry, with the granary above it; and the "
        "returns of villages in calm weather and under shocks: "
        + "; ".join(
            f"{name} {_value(shown, 'calm', who):.2f} and {_value(shown, 'compound', who):.2f}"
            for who, name in OTHERS
        )
        .replace("-", "\N{MINUS SIGN}")
        + ".",
    )  # fmt: skip


def _value(shown: Shown, weather: str, who: str) -> float:
    return shown.recording.fact(f"score.{weather}.{who}.return")


def clock(t: float) -> float:
    """Ticks: the whole run."""
    return float(np.interp(t, (0.5, PLAYED), (0.0, 40 * DAY - 0.01)))


def paint(shown: Shown, pen: Pen, t: float) -> None:
    """The run again above its ribbon; then the scores in its place."""
    if t < SCORES:
        _run(shown, pen, t)
        return
    pen.context.rectangle(0, 0, theme.WIDTH, theme.HEIGHT)
    pen.fill(theme.NIGHT_DEEP)
    if t > SCORES:
        _scores(shown, pen, t)


def _run(shown: Shown, pen: Pen, t: float) -> None:
    """The village over its ribbon; both give way to the dark before the scores come."""
    run, now = shown.main, clock(t)
    town.land(pen, 0.45 * DAY, paths=False)
    gone = ease(t, SCORES - 0.6, 0.6)
    with pen.moved(px(20), py(5), 0.6):
        town.buildings(pen, shown, run, now, t, 0.2 * shown.turned(now), priced=False)
        town.mouths(pen, run, now, t, run.ticks)
    pen.context.rectangle(0, py(55.5), theme.WIDTH, py(31))
    pen.fill(theme.NIGHT_DEEP, 0.6)
    pen.context.rectangle(0, 0, theme.WIDTH, theme.HEIGHT)
    pen.fill(theme.NIGHT_DEEP, gone)
    with pen.faded(1 - gone):
        _ribbon(shown, pen, now)
    shown.counter(pen, now)


def _ribbon(shown: Shown, pen: Pen, now: float) -> None:
    """Fed, short and hungry days; the granary above them; the still days behind."""
    run = shown.main
    kinds = np.repeat(np.where(run.fed >= WELL, 0, np.where(run.fed < HUNGRY, 2, 1)), DAY)
    still = shown.wind.reshape(-1, DAY).max(1) == 0
    wide = BAND.width / len(run.fed)
    for day in np.flatnonzero(still):
        pen.context.rectangle(BAND.x + wide * day, CURVE.y, wide, BAND.y + BAND.height - CURVE.y)
        pen.fill(theme.HAIRLINE, 0.55)
    if still.any():
        first = int(np.flatnonzero(still)[0])
        pen.text("no wind", BAND.x + wide * first + 8, CURVE.y + 36, theme.FLOOR, theme.TEXT)
    ribbon.ribbon(pen, BAND, kinds, KINDS, now)
    most, last = max(float(run.stored.max()), 1e-6), int(now)
    points = [(CURVE.x + CURVE.width * at / run.ticks, CURVE.y + CURVE.height * (1 - float(run.stored[at]) / most))
              for at in range(0, last + 1, 3)]  # fmt: skip
    if len(points) > 1:
        pen.polyline(points, theme.STRAW, 5)
    pen.text("granary", px(4), CURVE.y + 30, theme.FLOOR, theme.STRAW, alpha=between(now, 12.0, 1e9, 20.0))
    ribbon.playhead(pen, BAND, run.ticks, now)
    ribbon.key(pen, KINDS, px(4), py(83.2))


def _scores(shown: Shown, pen: Pen, t: float) -> None:
    """Return of each kind of village: bars from nought, right when positive."""
    found = {weather: [_value(shown, weather, who) for who, _ in OTHERS] for weather in WEATHER}
    values = [value for column in found.values() for value in column]
    low, high = min(0.0, *values), max(1.0, *values)
    pitch = 54.0 / len(OTHERS)
    for column, weather in enumerate(WEATHER):
        left, right = px(32 + 33 * column), px(57 + 33 * column)
        zero = mix(left, right, -low / (high - low))
        pen.text(NAMES[weather], zero, py(21), theme.FLOOR, theme.TEXT, font=theme.SANS_STRONG, alpha=ease(t, SCORES))
        foot, one = py(24.0 + pitch * len(OTHERS)), mix(left, right, (1 - low) / (high - low))
        pen.line((zero, py(24)), (zero, foot), theme.HAIRLINE, 3)
        pen.line((one, py(24)), (one, foot), theme.HAIRLINE, 3, dash=(3, 9))
        for place, words in ((zero, "0"), (one, "1")):
            pen.text(words, place, foot + 40, theme.FLOOR, theme.TEXT, anchor="middle", font=theme.MONO_BOLD)
        best = max(value for (who, _), value in zip(OTHERS, found[weather], strict=True) if who != PLAN)
        for row, ((_, name), value) in enumerate(zip(OTHERS, found[weather], strict=True)):
            y, shown_now = py(28.5 + pitch * row), ease(t, SCORES + 0.3 + 0.15 * row, 0.8)
            end = mix(zero, mix(left, right, (value - low) / (high - low)), shown_now)
            if not column:
                pen.text(name, px(4), y, theme.FLOOR, theme.TEXT, alpha=shown_now)
            colour = theme.LOST if value < 0 else theme.KEPT if value == best else theme.QUIET
            pen.box(min(zero, end), y - 29, abs(end - zero), 32, 5)
            pen.fill(colour, 0.9)
            words = f"{value:.2f}".replace("-", "\N{MINUS SIGN}")
            pen.text(words, max(end, zero) + 12, y, theme.FLOOR, colour, font=theme.MONO_BOLD, alpha=shown_now)
