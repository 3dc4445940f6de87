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
STANDS = 3.4  # the blades stand
STORES = 5.0  # the camera is at the granary
SPEAKS = (6.2, 9.6)
EATEN = 10.4  # at the field
HUNGER = 13.2  # with the children
WORST, STARVED = 14.4, 16.6  # the hungriest moment
BLOWS, BLOWN = 17.8, 19.4  # at the mill again, whose blades move
FED_AGAIN = 21.6  # with the children again
READING, MEAL = (px(5), py(27)), (px(95), py(27))
PANEL, STORED_PANEL, MEAL_PANEL = 0.8, (px(3.4), py(17.5), px(22), py(17.5)), (px(74), py(17.5), px(22.6), py(17.5))
SOME = 1.0  # days of bread
NAME_DROP = 62  # pixels from a number to its name
MILL, GRANARY, FIELD, CHILDREN = View(38, 52, 1.7), View(47, 66, 1.9), View(19, 66, 1.9), View(84, 71, 1.9)


@reads(*camera.READS)
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    shock, still, hungry = data.shock, data.shock.blows - data.shock.drops, len(data.shock.hungry)
    back, rabbits, said = shock.recovered - shock.blows, raided(data), draw(data)
    goes = f"Then it is empty: {in_words(hungry)} hungry day{'s' if hungry != 1 else ''}."
    again = f"Fed again {in_words(back)} day{'s' if back != 1 else ''} later." if back else "Fed again on that day."
    told = f" The {said['agent']} says: {speech.words(said)}." if said and speech.words(said) else ""
    return Section(
        name="disturbances",
        step="04",
        title="Disturbances",
        seconds=SECONDS,
        paint=partial(paint, data),
        backdrop=nothing,
        captions=(
            Cue(0.2, 4.0, "The wind drops. Nothing is ground."),
            Cue(4.2, 9.8, "Flour comes from the granary now, sack by sack."),
            Cue(10.0, 12.8, "Rabbits eat the crop." if rabbits else "In the field, the wheat waits."),
            Cue(13.0, 17.3, goes if hungry else "Nobody goes hungry: the stores last."),
            Cue(17.4, 21.0, f"After {in_words(still)} days, a blade moves."),
            Cue(21.2, SECONDS - 0.1, again),
        ),
        marks=(
            Cue(0.0, SECONDS, "blades"),
            Cue(0.0, SECONDS, "gauge"),
            Cue(HUNGER, SECONDS, "posture"),
            *((Cue(SPEAKS[0], SPEAKS[1], "bubble"),) if said else ()),
            *((Cue(EATEN, HUNGER, "rabbit"),) if rabbits else ()),
        ),
        still=15.2,
        alt=f"The square, near: children sit or lie, and houses behind them are dark. The wind is away for {still} "
        f"days, and {hungry} days are hungry.{told}",
    )


def raided(data: Data) -> bool:
    """True if rabbits are in the field while it is looked at."""
    run, ticks = data.main, [clock(data, t) for t in (EATEN + 0.5, HUNGER - 0.5)]
    return bool(run.column("rabbits")[int(ticks[0]) : int(ticks[1]) + 2].max() > 0)


@lru_cache(KEPT)
def draw(data: Data) -> Mapping[str, Any] | None:
    """The first flour that is taken from the granary after the wind has dropped, while there is some.

    The first with a reason, if there is one.
    """
    shock, stored = data.shock, data.main.stored
    drawn = [e for e in data.said if e["action"] == "draw" and shock.drops * DAY <= e["step"] < shock.blows * DAY]
    some = [event for event in drawn if stored[event["step"]] >= SOME]
    return next((event for event in some if event.get("reason")), next(iter(some or drawn), None))


def clock(data: Data, t: float) -> float:
    """Ticks at a time: slow where the blades stop, where somebody speaks and where the blades move again."""
    shock, said = data.shock, draw(data)
    drops, blows = shock.drops * DAY, data.first_breeze()
    speaks = float(said["step"]) if said else drops + 8.0
    worst = _worst(data)
    eats = max(speaks + 4.0, min(_raid(data), worst - 8.0))
    times = [0.0, STANDS, SPEAKS[0], SPEAKS[1], EATEN, HUNGER - 1.2, WORST, STARVED, BLOWS - 0.4, BLOWN, FED_AGAIN,
             SECONDS]  # fmt: skip
    ticks = [tradeoff.ends(data), drops + 1.0, speaks + 0.1, speaks + 3.0, eats, eats + 3.0, worst - 0.4, worst + 0.8,
             blows - 1.0, blows + 2.5, shock.recovered * DAY + 4.0, (shock.recovered + 1) * DAY - 0.5]  # fmt: skip
    return camera.ticks("disturbances", t, times, ticks)


@lru_cache(KEPT)
def _worst(data: Data) -> float:
    """The tick, between the wind's drop and its return, of the greatest hunger."""
    first, last = data.shock.drops * DAY, data.shock.blows * DAY
    return float(first + np.argmax(data.main.column("hunger")[first : last + 1]))


@lru_cache(KEPT)
def _raid(data: Data) -> float:
    """The first tick without wind in which there are rabbits; one in the middle of that time if there are none."""
    first, last = data.shock.drops * DAY, data.shock.blows * DAY
    there = np.flatnonzero(data.main.column("rabbits")[first:last] > 0)
    return float(first + (there[0] if len(there) else (last - first) // 2))


def view(data: Data, t: float) -> View:
    """From the mill to the granary, the field, the children, and the same way back."""
    hunger = CHILDREN
    keys = [(0.0, camera.WIDE), (2.0, MILL), (STANDS + 0.4, MILL), (STORES, GRANARY), (SPEAKS[1] - 0.2, GRANARY),
            (EATEN, FIELD), (HUNGER - 1.2, FIELD), (HUNGER, hunger), (BLOWS - 1.2, hunger), (BLOWS, MILL),
            (FED_AGAIN - 1.4, MILL), (FED_AGAIN, CHILDREN)]  # fmt: skip
    return camera.looking([*keys, (SECONDS, CHILDREN)], t)


def paint(data: Data, pen: Pen, t: float) -> None:
    """Blades, stores, field and children, one after the other."""
    run, now, seen, said = data.main, clock(data, t), view(data, t), draw(data)
    camera.shot(pen, data, run, now, camera.film("disturbances", t), seen)
    if said:
        speech.says(pen, run, said, now, seen, between(t, *SPEAKS, 0.4))
    _numbers(
        pen, run, now, between(t, STANDS - 0.6, FED_AGAIN + 0.6, 0.5), between(t, HUNGER - 0.4, SECONDS - 0.4, 0.5)
    )
    camera.dial(pen, data, now)


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
