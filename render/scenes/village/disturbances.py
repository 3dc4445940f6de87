"""04: the wind drops, the blades stand, the granary feeds the village and empties; then one blade moves."""

from __future__ import annotations

from functools import partial

import numpy as np

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.components.village.field import field
from stagelight.render.components.village.granary import reading
from stagelight.render.components.village.house import house
from stagelight.render.components.village.villager import CHILDREN, villager
from stagelight.render.components.village.windmill import windmill
from stagelight.render.motion import px, py
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, nothing, reads
from stagelight.render.scenes.village import town
from stagelight.render.scenes.village.data import DAY, Data, Run, run_reads
from stagelight.render.wording import in_words

# Beats, in seconds: the wind drops, stands, hunger begins, the wind's return, the recovery.
DROPS, STANDS, HUNGER, RETURN, BLOWS, AFTER = 3.8, 6.8, 12.3, 17.0, 20.2, 24.2
SECONDS = 25.0

# Layout: places in percent, and sizes.
HOUSES, HOUSES_X, HOUSES_PITCH, HOUSES_Y, HOUSE_SIZE = 5, 55.5, 9.4, 52, 1.55
MILL, GRANARY, READING, FIELD = (17, 79.5, 2.9), (41, 80.5, 3.15), (52.5, 27), (60.5, 79, 0.95)
RABBITS, RABBIT_SIZE = (54, 82), 1.7
CHILDREN_PLACES, CHILD = ((75.5, 77.5), (81.5, 81.5), (87.5, 77.5), (93.0, 81.5)), 4.9
SHARE_RIGHT, SHARE_Y, SHARE_NAME_DROP = px(94), py(27), 62

FED, HUNGRY = 0.95, 0.7  # share of a meal that is as good as all; that is too little


@reads(
    *town.WEATHER_READS,
    *run_reads("shown", *town.BUILDING_ARRAYS, "eaten", "missed"),
    "events.hungry.0",
    "events.rabbits.*",
    "events.recovered.0",
    "events.wind_drops.0",
    "events.wind_returns.0",
    "facts.story.bridged_days",
    "facts.story.hungry_days",
    "facts.story.recovery_days",
    "facts.story.still_days",
)
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    still, bridged, hungry, back = (
        int(recording.fact(f"story.{name}_days")) for name in ("still", "bridged", "hungry", "recovery")
    )
    rabbits = any(
        data.day("wind_drops") - 1 <= event["day"] < data.day("wind_returns") for event in data.events("rabbits")
    )
    bridge = f"{in_words(bridged).capitalize()} days are bridged by stores."
    return Section(
        name="disturbances",
        step="04",
        title="Disturbances",
        seconds=SECONDS,
        paint=partial(paint, data),
        backdrop=nothing,
        captions=(
            Cue(0.2, 3.9, "Wind turns the mill; flour is stored."),
            Cue(4.0, 7.2, "The wind drops. Nothing is ground."),
            Cue(7.4, 12.1, bridge + (" Rabbits eat the crop." if rabbits else "")),
            Cue(12.3, 16.8, f"Then it is empty: {in_words(hungry)} hungry days."),
            Cue(17.0, 21.2, f"After {in_words(still)} days, a blade moves."),
            Cue(21.4, SECONDS, f"Fed again {in_words(back)} day{'s' if back != 1 else ''} later."),
        ),
        marks=(
            Cue(0.0, SECONDS, "blades"),
            Cue(0.0, SECONDS, "gauge"),
            Cue(HUNGER, SECONDS, "posture"),
            *((Cue(STANDS, RETURN, "rabbit"),) if rabbits else ()),
        ),
        still=15.0,
        alt="A windmill whose blades stand still, a granary whose gauge has sunk to nothing, houses with dark windows "
        f"and children curled up. The wind is away for {still} days; what is stored bridges {bridged} of them, and "
        f"{hungry} are hungry.",
    )


def clock(data: Data, t: float) -> float:
    """Ticks at a time: slow where the blades stop and where they move again."""
    drops, hungry, back = ((data.day(kind) - 1) * DAY for kind in ("wind_drops", "hungry", "recovered"))
    blows = data.first_breeze()
    times = (0.0, DROPS, STANDS, HUNGER, RETURN, BLOWS, AFTER)
    ticks = (drops - 10.0, drops - 1.0, drops + 3.0, hungry + 3.0, blows - 2.0, blows + 3.0, back + DAY + 6.0)
    return float(np.interp(t, times, ticks))


def paint(data: Data, pen: Pen, t: float) -> None:
    """Mill and granary large, the houses behind, the field with its rabbits, children in front."""
    run, now = data.main, clock(data, t)
    hunger = run.level("hunger", now)
    town.land(pen, now)
    for at in range(HOUSES):
        lit = min(max(HOUSES * (1 - hunger) - at, 0.0), 1.0)
        house(pen, px(HOUSES_X + HOUSES_PITCH * at), py(HOUSES_Y), lit, HOUSE_SIZE)
    windmill(pen, px(MILL[0]), py(MILL[1]), data.turned(now), run.grinds(now), MILL[2])
    town.gauge(pen, data, run, now, GRANARY)
    reading(pen, px(READING[0]), py(READING[1]), run.days_stored(now))
    field(pen, px(FIELD[0]), py(FIELD[1]), run.plots(now), data.breeze(now), t, FIELD[2])
    town.rabbits(pen, run, now, t, (px(RABBITS[0]), py(RABBITS[1])), RABBIT_SIZE)
    for at, (x, y) in enumerate(CHILDREN_PLACES):
        villager(pen, px(x), py(y), CHILDREN[at], hunger=hunger, joy=town.hops(t, at), size=CHILD, left=at == 3)
    _last_meal(pen, run, now)
    town.counter(pen, run, now)


def _last_meal(pen: Pen, run: Run, now: float) -> None:
    """The share of the bread needed that was there at the last meal."""
    last = int(np.flatnonzero((run.eaten + run.missed)[: run.tick(now)] > 0)[-1])
    share = float(run.eaten[last] / (run.eaten[last] + run.missed[last]))
    colour = theme.KEPT if share >= FED else theme.LOST if share < HUNGRY else theme.TEXT
    pen.text(f"{share:.0%}", SHARE_RIGHT, SHARE_Y, theme.HERO, colour, font=theme.MONO_BOLD, anchor="end")
    pen.text("of the last meal", SHARE_RIGHT, SHARE_Y + SHARE_NAME_DROP, theme.MUST_READ, theme.TEXT, anchor="end")
