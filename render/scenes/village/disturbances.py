"""04: the wind drops, the blades stand, the granary feeds the village and empties; then one blade moves."""

from __future__ import annotations

from functools import partial

import numpy as np

from stagelight.render import theme
from stagelight.render.components.village.field import field
from stagelight.render.components.village.granary import granary, reading
from stagelight.render.components.village.house import house
from stagelight.render.components.village.villager import CHILDREN, villager
from stagelight.render.components.village.windmill import windmill
from stagelight.render.motion import px, py
from stagelight.render.pen import Pen
from stagelight.render.scenes.village import town
from stagelight.render.scenes.village.shown import DAY, Shown, count_words
from stagelight.render.stage import Cue, Section

SECONDS = 25.0
# When what is seen: the wind drops, stands, hunger begins, the wind's return, the recovery.
DROPS, STANDS, HUNGER, RETURN, BLOWS, AFTER = 3.8, 6.8, 12.3, 17.0, 20.2, 24.2
PLACES = ((75.5, 77.5), (81.5, 81.5), (87.5, 77.5), (93.0, 81.5))  # of the children
HOUSES = 5


def section(shown: Shown) -> Section:
    """Build the section: its captions, marks, still and description."""
    still, bridged, hungry, back = (
        int(shown.recording.fact(f"story.{name}_days")) for name in ("still", "bridged", "hungry", "recovery")
    )
    rabbits = any(_during(shown, event) for event in shown.events if event["kind"] == "rabbits")
    pests = (Cue(STANDS, RETURN, "rabbit"),) if rabbits else ()
    return Section(
        name="disturbances",
        step="04",
        title="Disturbances",
        seconds=SECONDS,
        paint=partial(paint, shown),
        backdrop=lambda pen: None,
        captions=(
            Cue(0.2, 3.9, "Wind turns the mill; bread is stored."),
            Cue(4.0, 7.2, "The wind drops. Nothing is ground."),
            Cue(7.4, 12.1, f"{count_words(bridged).capitalize()} days are bridged by stores." +
                (" Rabbits eat the crop." if rabbits else "")),
            Cue(12.3, 16.8, f"Then it is empty: {count_words(hungry)} hungry days."),
            Cue(17.0, 21.2, f"After {count_words(still)} days, a blade moves."),
            Cue(21.4, SECONDS, f"Fed again {count_words(back)} day{'s' if back != 1 else ''} later."),
        ),
        marks=(Cue(0.0, SECONDS, "blades"), Cue(0.0, SECONDS, "gauge"), Cue(HUNGER, SECONDS, "posture"), *pests),
        still=15.0,
        alt="A windmill whose blades stand still, a granary whose gauge has sunk to nothing, houses with dark windows "
        f"and children curled up. The wind is away for {still} days; what is stored bridges {bridged} of them, and "
        f"{hungry} are hungry.",
    )  # fmt: skip


def _during(shown: Shown, event: object) -> bool:
    """True if an event fell in the stretch without wind."""
    day = event["day"]  # type: ignore[index]
    return bool(shown.day("wind_drops") - 1 <= day < shown.day("wind_returns"))


def clock(shown: Shown, t: float) -> float:
    """Ticks at a time: slow where the blades stop and where they move again."""
    drops, hungry, back = ((shown.day(kind) - 1) * DAY for kind in ("wind_drops", "hungry", "recovered"))
    blows = shown.first_breeze()
    times = (0.0, DROPS, STANDS, HUNGER, RETURN, BLOWS, AFTER)
    ticks = (drops - 10.0, drops - 1.0, drops + 3.0, hungry + 3.0, blows - 2.0, blows + 3.0, back + DAY + 6.0)
    return float(np.interp(t, times, ticks))


def paint(shown: Shown, pen: Pen, t: float) -> None:
    """Mill and granary large, the houses behind, the field with its rabbits, children in front."""
    run, now = shown.main, clock(shown, t)
    hunger, wind = run.level("hunger", now), shown.breeze(now)
    town.land(pen, now, paths=False)
    for at in range(HOUSES):
        house(pen, px(55.5 + 9.4 * at), py(52), min(max(HOUSES * (1 - hunger) - at, 0.0), 1.0), 1.55)
    windmill(pen, px(17), py(79.5), shown.turned(now), run.grinds(now), 2.9)
    days = run.days_stored(now)
    granary(pen, px(41), py(80.5), days, shown.full, float(run.stored[: int(now) + 1].max()), 3.15)
    reading(pen, px(52.5), py(27), days)
    field(pen, px(60.5), py(79), run.plots(now), wind, t, 0.95)
    town.rabbits(pen, run, now, t, (px(54), py(82)), 1.7)
    for at, (x, y) in enumerate(PLACES):
        villager(pen, px(x), py(y), CHILDREN[at], hunger=hunger, joy=town.hops(t, at), size=4.9, left=at == 3)
    _fed(shown, pen, now)
    shown.counter(pen, now)


def _fed(shown: Shown, pen: Pen, now: float) -> None:
    """Write the share of the bread needed that was there at the last meal."""
    a, past = shown.main.a, shown.main.tick(now)
    meals = np.flatnonzero((a["eaten"] + a["missed"])[:past] > 0)
    last = int(meals[-1])
    share = float(a["eaten"][last] / (a["eaten"][last] + a["missed"][last]))
    colour = theme.KEPT if share >= 0.95 else theme.LOST if share < 0.7 else theme.TEXT
    pen.text(f"{share:.0%}", px(94), py(27), theme.HERO, colour, font=theme.MONO_BOLD, anchor="end")
    pen.text("of the last meal", px(94), py(27) + 62, theme.MUST_READ, theme.TEXT, anchor="end")
