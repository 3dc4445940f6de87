"""A coarse forecast of the rest of an episode by one who knows the tape: what a state is worth to a search for a plan.

From one meal to the next, goods, mouths and levels flow as quantities, as fast as a share of the workers' ticks allows;
each plot ripens for itself, the mill turns as the tape says, and flour beyond a reserve is sold for levels. A reserve
covers the days without wind and the winter that are still to come; several multiples are tried, and the best counts.
"""

from __future__ import annotations

import numpy as np

from stagelight.engines.village import constants as r
from stagelight.engines.village import kernels
from stagelight.engines.village.compiling import compiled

NUMBERS = (
    "labour",  # share of the workers' ticks that are work
    "serve",  # ticks to bake and serve one of bread, at tool 1
    "fetch",  # to bring one of flour to the bakery
    "grind",  # to haul and grind one of wheat
    "cut",  # to cut one of wheat
    "room",  # share of a harvest for which there must be room
    "sell",  # ticks to sell one of flour
    "windy",  # days of food that a day of full wind adds to the store
    "winter",  # days of food that a winter day takes from it
    "margin",  # days of food that are never sold
    "last_day",  # of selling
    "chase",  # ticks to chase rabbits
    "eaten",  # share of what grows that they eat
    "reserve",  # of what the days to come take from the store, the multiple of it that is kept
)
(
    LABOUR, SERVE, FETCH, GRIND, CUT, ROOM, SELL, WINDY, WINTER, MARGIN, LAST_DAY, CHASE, EATEN, RESERVE,
) = range(len(NUMBERS))  # fmt: skip
MEAL = r.DAY // len(r.MEALS)  # ticks of a step
STEPS = r.TICKS // MEAL
RESERVES = (0.0, 0.5, 1.0, 1.6)  # multiples that are tried
WIND_SUM, GROWTH, PRICE, VISITS, NEED = range(5)


@compiled
def steps(wind, price, rabbits, rain, numbers):  # type: ignore[no-untyped-def]
    """(81, 5) of each step: wind, growth of a plot, mean price, visits of rabbits, days of food to have in store."""
    found = np.zeros((STEPS + 1, 5))
    for step in range(STEPS):
        day = step * MEAL // r.DAY + 1
        for tick in range(step * MEAL, (step + 1) * MEAL):
            found[step, WIND_SUM] += wind[tick]
            found[step, GROWTH] += rain[tick] * r.RIPEN
            found[step, PRICE] += price[tick] / MEAL
            found[step, VISITS] += rabbits[tick]
        if r.WINTER_DAYS[0] <= day <= r.WINTER_DAYS[1]:
            found[step, GROWTH] *= r.WINTER_GROWTH
    for step in range(STEPS - 2, -1, -1):
        day = (step + 1) * MEAL // r.DAY + 1
        taken = -numbers[WINDY] * found[step + 1, WIND_SUM] / MEAL
        if r.WINTER_DAYS[0] < day <= r.WINTER_DAYS[1] + 1:
            taken = max(taken, numbers[WINTER])
        if found[step + 1, WIND_SUM] < 0.1 * MEAL:
            taken = 1.0
        found[step, NEED] = max(0.0, found[step + 1, NEED] + taken * MEAL / r.DAY)
    return found


@compiled
def forecast(s, step, weather, numbers, plots):  # type: ignore[no-untyped-def]
    """J at the end of an episode that goes on from a state, with the best of the reserves.

    Args:
        s: (25,) a row of numbers.
        step: the first step that is still to come.
        weather: as `steps` gives it.
        numbers: (14,) NUMBERS.
        plots: (6,) room to work in.
    """
    best = -np.inf
    for multiple in RESERVES:
        best = max(best, _with_reserve(s, step, weather, numbers, multiple * numbers[RESERVE], plots))
    return best


@compiled
def _with_reserve(s, step, weather, numbers, multiple, plots):  # type: ignore[no-untyped-def]
    plots[:] = s[: r.PLOTS]
    cut, wheat, flour = s[kernels.CUT], s[kernels.MILL_WHEAT], s[kernels.STORE] + s[kernels.MILL_FLOUR]
    dough, bread = s[kernels.BAKERY_FLOUR], 0.95 * s[kernels.BAKERY_BREAD] + s[kernels.SQUARE]
    mouths, hunger, level, coins = s[kernels.N], s[kernels.HUNGER], s[kernels.LEVEL], s[kernels.COIN]
    gained, visits = s[kernels.J], s[kernels.RABBITS] / r.PATIENCE
    for now in range(step, STEPS):
        tool, ticks, need = 1 + r.TOOL * level, 3 * MEAL * numbers[LABOUR], mouths / 2
        visits += weather[now, VISITS]
        if visits > 0:
            chased = min(visits, ticks / numbers[CHASE])
            ticks -= chased * numbers[CHASE]
            plots *= 1 - numbers[EATEN] * min(1.0, visits)
            visits -= chased
        if now * MEAL == (r.WINTER_DAYS[0] - 1) * r.DAY:
            plots *= r.FROST
        # The meal comes first, then flour for the next, then more flour, then wheat.
        moved = min(dough, max(0.0, 1.3 * need - bread), ticks * tool / numbers[SERVE])
        dough, bread, ticks = dough - moved, bread + moved, ticks - moved * numbers[SERVE] / tool
        eaten = min(bread, need)
        bread, gained = bread - eaten, gained + eaten - r.MISSED * (need - eaten)
        hunger = r.KEEP_HUNGER * hunger + r.NEW_HUNGER * (1 - eaten / need)
        room = max(0.0, min(r.BAKERY_ROOM * tool, 3 * need) - dough)
        moved = min(flour, room, ticks * tool / numbers[FETCH])
        flour, dough, ticks = flour - moved, dough + moved, ticks - moved * numbers[FETCH] / tool
        turned = 0.43 * r.MILLED * weather[now, WIND_SUM] * tool  # the miller grinds every other tick, not quite
        moved = min(wheat + cut, turned, ticks * tool / numbers[GRIND])
        flour, ticks = flour + moved, ticks - moved * numbers[GRIND] / tool
        cut, wheat = cut - max(0.0, moved - wheat), max(0.0, wheat - moved)
        moved = max(0.0, min(cut, r.WHEAT_ROOM * tool - wheat))
        cut, wheat = cut - moved, wheat + moved
        for plot in range(r.PLOTS):
            plots[plot] = min(1.0, plots[plot] + weather[now, GROWTH])
            full = r.HARVEST * tool
            moved = min(full, r.FIELD_ROOM * tool - cut)
            if plots[plot] > 1 - 1e-3 and moved > numbers[ROOM] * full and ticks > r.HARVEST * numbers[CUT]:
                plots[plot], cut, ticks = 0.0, cut + moved, ticks - r.HARVEST * numbers[CUT]
        cut, flour, bread = 0.96 * cut, min(0.99 * flour, r.GRANARY_ROOM + r.FLOUR_ROOM * tool), 0.88 * bread
        if level < r.LEVELS and now < numbers[LAST_DAY] * len(r.MEALS):
            over = flour - (multiple * weather[now, NEED] + numbers[MARGIN]) * mouths
            moved = max(0.0, min(over, ticks * tool / numbers[SELL]))
            flour, coins = flour - moved, coins + moved * weather[now, PRICE]
            if coins >= r.PRICE_OF_LEVEL * tool:
                coins, level = coins - r.PRICE_OF_LEVEL * tool, level + 1
        if (now + 1) * MEAL % r.DAY == 0:
            if hunger > r.LEAVING:
                mouths = max(float(r.LEAST_MOUTHS), mouths - 1)
            elif hunger < r.COMING and mouths < r.MOUTHS + r.HOUSING * level:
                mouths += 1
    return gained
