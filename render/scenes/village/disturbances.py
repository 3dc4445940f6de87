"""04: the wind drops, what is stored drains sack by sack, rabbits eat, children sit down; then a blade moves."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

import numpy as np

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.components.village.granary import reading
from stagelight.render.motion import between, px, py
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, nothing, reads
from stagelight.render.scenes.village import camera, speech, tradeoff
from stagelight.render.scenes.village.camera import View
from stagelight.render.scenes.village.data import DAY, FED, HUNGRY, KEPT, Data, Run
from stagelight.render.wording import in_words

# Beats, in seconds.
SECONDS = camera.SECONDS["disturbances"]
STANDS = 3.2  # the blades stand, and the first speaks
SECOND = 7.2  # the second
SPEAKS = 3.2  # for so long
SLOW = 1.5  # ticks that pass meanwhile
STORES, DRAINED = 11.4, 13.2  # at the granary
HUNGER, STARVED = 14.4, 16.6  # with the children, in the hungriest moment
BLOWS, BLOWN = 17.8, 19.4  # at the mill again, whose blades move
FED_AGAIN = 21.6  # with the children again
READING, MEAL = (px(5), py(27)), (px(95), py(27))
PANEL, STORED_PANEL, MEAL_PANEL = 0.8, (px(3.4), py(17.5), px(22), py(17.5)), (px(74), py(17.5), px(22.6), py(17.5))
NAME_DROP = 62  # pixels from a number to its name
SOME = 0.5  # days of bread
MILL, GRANARY, CHILDREN = View(38, 52, 1.7), View(47, 66, 1.9), View(84, 71, 1.9)
FIELD = View(22, 66, 1.9)
TOLD = {"rabbits": "Rabbits eat the crop.", "wind": "Without wind the mill waits."}


@reads(*camera.READS, *camera.MEALS, *camera.WORDS)
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    shock, still, hungry = data.shock, data.shock.blows - data.shock.drops, len(data.shock.hungry)
    back, said = shock.recovered - shock.blows, voices(data)
    goes = f"Then it is empty: {in_words(hungry)} hungry day{'s' if hungry != 1 else ''}."
    again = f"Fed again {in_words(back)} day{'s' if back != 1 else ''} later." if back else "Fed again on that day."
    told = "".join(f" The {event['agent']} says: {speech.words(event)}." for event in said)
    return Section(
        name="disturbances",
        step="04",
        title="Disturbances",
        seconds=SECONDS,
        paint=partial(paint, data),
        backdrop=nothing,
        badge=partial(camera.dial, data, partial(clock, data)),
        captions=(
            Cue(0.2, 3.6, "The wind drops. Nothing is ground."),
            *(
                Cue(start + 0.6, start + 3.6, TOLD[str(event["fact"])])
                for start, event in zip((STANDS, SECOND), said, strict=False)
            ),
            Cue(10.9, 13.9, "Flour comes from the granary now."),
            Cue(13.95, 17.3, goes if hungry else "Nobody goes hungry: the stores last."),
            Cue(17.4, 21.0, f"After {in_words(still)} days, a blade moves."),
            Cue(21.2, SECONDS - 0.1, again),
        ),
        marks=(
            Cue(0.0, SECONDS, "blades"),
            Cue(0.0, SECONDS, "gauge"),
            Cue(HUNGER, SECONDS, "posture"),
            *((Cue(STANDS, SECOND + SPEAKS, "bubble"),) if said else ()),
            *((Cue(STANDS, SECOND + SPEAKS, "rabbit"),) if any(e["fact"] == "rabbits" for e in said) else ()),
        ),
        still=16.0,
        alt=f"The square, near: children sit or lie, and houses behind them are dark. The wind is away for {still} "
        f"days, and {hungry} days are hungry.{told}",
    )


@lru_cache(KEPT)
def voices(data: Data) -> list[Mapping[str, Any]]:
    """The first word of rabbits and the first of the wind while it is away, in order; the second not at once."""
    shock = data.shock
    span = range(shock.drops * DAY + 1, shock.blows * DAY - DAY)
    firsts = (next((e for e in data.said if e.get("fact") == each and e["step"] in span), None) for each in TOLD)
    found = sorted((event for event in firsts if event is not None), key=lambda event: event["step"])
    return found[:1] + [event for event in found[1:] if event["step"] > found[0]["step"] + SLOW + 1]


@lru_cache(KEPT)
def times(data: Data) -> tuple[list[float], list[float]]:
    """Seconds, and the clock at each: slow where somebody speaks, in the hungriest moment, and where blades move."""
    shock, said = data.shock, voices(data)
    drops, blows = shock.drops * DAY, data.first_breeze()
    first, last = drops, shock.blows * DAY
    worst = float(first + np.argmax(data.main.column("hunger")[first : last + 1]))
    empty = np.flatnonzero(data.main.stored[first:last] < SOME)
    dry = float(first + (empty[0] if len(empty) else (last - first) // 2))
    seconds, ticks = [0.0, STANDS], [tradeoff.ends(data), drops + 1.0]
    for start, event in zip((STANDS, SECOND), said, strict=False):
        seconds += [start, start + SPEAKS]
        ticks += [event["step"] + 0.1, event["step"] + 0.1 + SLOW]
    seconds += [STORES, DRAINED, HUNGER, STARVED, BLOWS - 0.4, BLOWN, FED_AGAIN, SECONDS]
    ticks += [max(ticks[-1], dry - 1.5 * DAY), dry, worst - 0.4, worst + 0.8, blows - 1.0, blows + 2.5,
              shock.recovered * DAY + 4.0, (shock.recovered + 1) * DAY - 0.5]  # fmt: skip
    return seconds, ticks


def clock(data: Data, t: float) -> float:
    """Ticks at a time."""
    return camera.ticks("disturbances", t, *times(data))


@lru_cache(KEPT)
def views(data: Data) -> list[tuple[float, View]]:
    """Seconds, and the view at each: the mill, whoever speaks, the granary, the children, and back."""
    keys = [(0.0, camera.WIDE), (2.0, MILL)]
    for start, event in zip((STANDS, SECOND), voices(data), strict=False):
        near = FIELD if event["fact"] == "rabbits" else MILL
        keys += [(start - 0.6, keys[-1][1]), (start + 0.4, near), (start + SPEAKS, near)]
    keys += [(STORES - 0.6, GRANARY), (DRAINED, GRANARY), (HUNGER, CHILDREN), (BLOWS - 1.2, CHILDREN), (BLOWS, MILL),
             (FED_AGAIN - 1.4, MILL), (FED_AGAIN, CHILDREN), (SECONDS, CHILDREN)]  # fmt: skip
    return keys


def paint(data: Data, pen: Pen, t: float) -> None:
    """Blades, stores, field and children, one after the other."""
    run, now, seen = data.main, clock(data, t), camera.looking(views(data), t)
    camera.shot(pen, data, run, now, camera.film("disturbances", t), seen)
    for start, event in zip((STANDS, SECOND), voices(data), strict=False):
        speech.says(pen, run, event, now, seen, between(t, start + 0.3, start + SPEAKS + 0.2, 0.3))
    _numbers(
        pen, run, now, between(t, STORES - 0.9, FED_AGAIN + 0.6, 0.5), between(t, HUNGER - 0.4, SECONDS - 0.4, 0.5)
    )


def _numbers(pen: Pen, run: Run, now: float, stored: float, met: float) -> None:
    """Days of bread in store, and the share of the bread needed that was there at the last meal; each so clearly."""
    last = int(np.flatnonzero((run.eaten + run.missed)[: run.tick(now)] > 0)[-1])
    share = float(run.eaten[last] / (run.eaten[last] + run.missed[last]))
    colour = theme.KEPT if share >= FED else theme.LOST if share < HUNGRY else theme.TEXT
    x, y = MEAL
    pen.panel(*STORED_PANEL, PANEL * stored)
    reading(pen, *READING, run.days_stored(now), stored)
    pen.panel(*MEAL_PANEL, PANEL * met)
    pen.text(f"{share:.0%}", x, y, theme.HERO, colour, font=theme.MONO_BOLD, anchor="end", alpha=met)
    pen.text("of the last meal", x, y + NAME_DROP, theme.MUST_READ, theme.TEXT, anchor="end", alpha=met)
