"""Scripted workers, compiled: an (s, S) inventory policy with a reserve, and everything it is compared with.

Every worker keeps to a list of jobs, first that applies, from what they know alone and from what they did last: a cart
that was filled is gone from where it stood, though nobody may have looked since. The same lists with other numbers are
the hoarder, the seller, the village without a granary; `PARAMETERS` names the numbers.
"""

from __future__ import annotations

import numpy as np

from stagelight.engines.village import constants as r
from stagelight.engines.village.compiling import compiled

PARAMETERS = (
    "reserve",  # R: days of food kept in the granary; flour beyond is sold
    "winter_reserve",  # days added before and in winter
    "omen_reserve",  # days added while the mill stands still or is known to stand still tomorrow
    "sell_least",  # cartloads over the reserve before a journey to market
    "last_day",  # of selling and investing; the reserve is eaten after it
    "cut_least",  # cartloads of cut wheat up to which a ripe plot is always cut
    "haul_least",  # cartloads of wheat that the farmer hauls while plots are ripe
    "cut_most",  # of the field's room, above which nothing more is cut
    "grind_least",  # of a full grind, below which the mill's flour is cleared first
    "flour_least",  # cartloads of flour that the miller carries before grinding more
    "flour_urgent",  # cartloads of flour that are carried when food is short
    "short_days",  # food is short when it lasts from the bakery on for fewer days
    "bakery_days",  # below this the miller's flour goes to the bakery and not to the granary
    "fetch_days",  # below this the baker fetches flour at leisure
    "fetch_least",  # cartloads for which the baker does
    "bread_days",  # of bread, above which none is baked
    "ahead",  # ticks before the first meal without bread from which on bread is served
    "serve_least",  # days of bread for which the way to the square is made, if more can be had
    "draw_days",  # flour is drawn from the granary when food outside it lasts for fewer days
    "bank_least",  # cartloads of flour that the baker takes to the granary
    "buy_days",  # bread is bought when all food that is known lasts for fewer days
    "margin",  # ticks in hand that the baker leaves when going on a journey
    "help_wheat",  # cartloads of cut wheat for which others than the farmer haul it
    "still_wheat",  # the same for the miller while there is no wind
    "help_guard",  # days of food from which on others than the farmer scare rabbits
    "stale",  # ticks after which what is known of a store is not trusted
    "hope",  # cartloads that are then hoped to be there, or to find room
    "invests",  # 0 or 1
    "draws",  # 0 or 1: may take from the granary
    "helps",  # 0 or 1: others than the farmer haul wheat and scare rabbits
)
(
    RESERVE, WINTER, OMEN, SELL_LEAST, LAST_DAY, CUT_LEAST, HAUL_LEAST, CUT_MOST, GRIND_LEAST, FLOUR_LEAST,
    FLOUR_URGENT, SHORT_DAYS, BAKERY_DAYS, FETCH_DAYS, FETCH_LEAST, BREAD_DAYS, AHEAD, SERVE_LEAST, DRAW_DAYS,
    BANK_LEAST, BUY_DAYS, MARGIN, HELP_WHEAT, STILL_WHEAT, HELP_GUARD, STALE, HOPE, INVESTS, DRAWS, HELPS,
) = range(len(PARAMETERS))  # fmt: skip
K = r.KNOWS


@compiled
def recall(o, last, p):  # type: ignore[no-untyped-def]
    """Correct what a worker knows, in place, by what they did last and by how old it is.

    Goods leave a place when the journey ends, and whoever carried them is no longer there to see it. What has not been
    heard of for long has changed: goods have come where they come from, and are gone where they go.

    Args:
        o: (44,) an observation of a worker who is free.
        last: the action that they did before, `constants.FREE` if none.
        p: (30,) PARAMETERS.
    """
    cart = r.CART * (1 + r.TOOL * o[r.LEVEL])
    item, gone = -1, cart
    if last == r.HAUL_WHEAT:
        item = r.CUT_WHEAT
    elif last in (r.HAUL_FLOUR, r.BANK):
        item = r.MILL_FLOUR
    elif last in (r.DRAW, r.SELL):
        item = r.IN_GRANARY
    elif last == r.SERVE:
        item = r.BAKERY_BREAD
    elif last == r.BUY:
        item, gone = r.COINS, cart * r.PRICE_OF_BREAD
    if item >= 0 and o[r.AGE + item] > 0:
        o[K + item] = max(0.0, o[K + item] - gone)
    for item in (r.CUT_WHEAT, r.MILL_FLOUR, r.IN_GRANARY):
        if o[r.AGE + item] > p[STALE]:
            o[K + item] = max(o[K + item], p[HOPE] * cart)
    for item in (r.MILL_WHEAT, r.BAKERY_FLOUR):
        if o[r.AGE + item] > p[STALE]:
            o[K + item] = min(o[K + item], (1 - p[HOPE]) * cart)


@compiled
def busy_with(o, action):  # type: ignore[no-untyped-def]
    """Whether one of the others is known to be doing something already."""
    role = int(o[r.ROLE])
    for other in range(3):
        if other != role and o[K + r.FARMER_DOES + other] == action and o[r.AGE + r.FARMER_DOES + other] <= 6:
            return True
    return False


@compiled
def wanted(o, p):  # type: ignore[no-untyped-def]
    """Flour to be kept in the granary now."""
    days = p[RESERVE]
    if r.WINTER_DAYS[0] - 4 <= o[r.TODAY] <= r.WINTER_DAYS[1]:
        days += p[WINTER]
    if o[K + r.OMEN] > 0 or o[K + r.WIND] == 0:
        days += p[OMEN]
    return days * o[K + r.N_MOUTHS]


@compiled
def market(o, p, tool):  # type: ignore[no-untyped-def]
    """What is done for coins: buy a level, or sell what is over the reserve; -1 if neither."""
    if o[r.TODAY] > p[LAST_DAY] or o[r.LEVEL] >= r.LEVELS:
        return r.FREE
    if p[INVESTS] > 0.5 and o[K + r.COINS] >= r.PRICE_OF_LEVEL * tool and not busy_with(o, r.INVEST):
        return r.INVEST
    over = o[K + r.IN_GRANARY] - wanted(o, p) - r.CART * tool * busy_with(o, r.SELL)
    return r.SELL if over >= p[SELL_LEAST] * r.CART * tool else r.FREE


@compiled
def in_square(o):  # type: ignore[no-untyped-def]
    """Bread in the square, less the meals that were eaten since it was seen."""
    age, mouths = o[r.AGE + r.SQUARE_BREAD], o[K + r.N_MOUTHS]
    eaten = 0.5 * mouths * np.ceil(max(0.0, age - o[r.TICK] % 6) / 6)
    return max(0.0, o[K + r.SQUARE_BREAD] - eaten)


@compiled
def near(o, cart):  # type: ignore[no-untyped-def]
    """Food from the bakery on, with a load of flour that somebody is bringing."""
    coming = 0.8 * cart * (busy_with(o, r.HAUL_FLOUR) or busy_with(o, r.DRAW))
    return in_square(o) + o[K + r.BAKERY_BREAD] + o[K + r.BAKERY_FLOUR] + coming


@compiled
def flour_left(o, cart):  # type: ignore[no-untyped-def]
    """Flour at the mill that nobody else is carrying off."""
    return o[K + r.MILL_FLOUR] - cart * (busy_with(o, r.HAUL_FLOUR) or busy_with(o, r.BANK))


@compiled
def wheat_load(o, tool):  # type: ignore[no-untyped-def]
    """Cut wheat that could be hauled now: what nobody else hauls, a cart holds and the mill has room for."""
    cut = o[K + r.CUT_WHEAT] - r.CART * tool * busy_with(o, r.HAUL_WHEAT)
    return min(r.CART * tool, cut, r.WHEAT_ROOM * tool - o[K + r.MILL_WHEAT])


@compiled
def could_draw(o, p, tool):  # type: ignore[no-untyped-def]
    """Whether flour should be taken from the granary to the bakery."""
    room, short = (
        r.BAKERY_ROOM * tool - o[K + r.BAKERY_FLOUR],
        near(o, r.CART * tool) < p[DRAW_DAYS] * o[K + r.N_MOUTHS],
    )
    return p[DRAWS] > 0.5 and o[K + r.IN_GRANARY] > 4 and room > 4 and short and not busy_with(o, r.DRAW)


@compiled
def farmer(o, p, tool):  # type: ignore[no-untyped-def]
    """Guard, cut, haul."""
    cart, cut, ripe, load = r.CART * tool, o[K + r.CUT_WHEAT], o[K + r.RIPE] > 0, wheat_load(o, tool)
    if o[K + r.RABBITS] > 0:
        return r.GUARD
    if ripe and cut < p[CUT_LEAST] * cart:
        return r.FARM
    if load >= p[HAUL_LEAST] * cart:
        return r.HAUL_WHEAT
    if ripe and cut < p[CUT_MOST] * r.FIELD_ROOM * tool:
        return r.FARM
    return r.HAUL_WHEAT if load > 3 else r.WAIT


@compiled
def miller(o, p, tool):  # type: ignore[no-untyped-def]  # noqa: PLR0911  # a list of jobs
    """Invest, clear the mill of flour, grind; without wind help the others."""
    cart, mouths, food, flour = r.CART * tool, o[K + r.N_MOUTHS], near(o, r.CART * tool), flour_left(o, r.CART * tool)
    room, still = r.BAKERY_ROOM * tool - o[K + r.BAKERY_FLOUR], o[K + r.WIND] == 0
    full = r.MILLED * tool
    ground = min(o[K + r.MILL_WHEAT], full * o[K + r.WIND], r.FLOUR_ROOM * tool - o[K + r.MILL_FLOUR])
    trade = market(o, p, tool)
    if trade == r.INVEST:
        return trade
    if food < p[SHORT_DAYS] * mouths and min(flour, room) >= p[FLOUR_URGENT] * cart:
        return r.HAUL_FLOUR
    if flour >= p[FLOUR_LEAST] * cart or (flour > 0.25 * cart and ground < p[GRIND_LEAST] * full):
        if food < p[BAKERY_DAYS] * mouths and room > 0.4 * cart:
            return r.HAUL_FLOUR
        if o[K + r.IN_GRANARY] < r.GRANARY_ROOM - 1:
            return r.BANK
    if p[HELPS] > 0.5 and o[K + r.RABBITS] > 0 and (still or food >= p[HELP_GUARD] * mouths):
        return r.GUARD
    if ground >= p[GRIND_LEAST] * full:
        return r.GRIND
    if still and could_draw(o, p, tool):
        return r.DRAW
    if trade >= 0:
        return trade
    if p[HELPS] > 0.5 and wheat_load(o, tool) >= (p[STILL_WHEAT] if still else p[HELP_WHEAT]) * cart:
        return r.HAUL_WHEAT
    return r.GRIND if ground > 1 else r.WAIT


@compiled
def baker(o, p, tool):  # type: ignore[no-untyped-def]  # noqa: PLR0911  # a list of jobs
    """Serve in time, bake, fetch; go on longer journeys when bread will be there before it is missed."""
    cart, mouths, food, square = r.CART * tool, o[K + r.N_MOUTHS], near(o, r.CART * tool), in_square(o)
    bread, dough = o[K + r.BAKERY_BREAD], o[K + r.BAKERY_FLOUR]
    room, flour, ready = r.BAKERY_ROOM * tool - dough, flour_left(o, cart), min(bread, cart)
    # Ticks until the first meal for which there is no bread in the square, give or take a tenth of it.
    until = 5 - o[r.TICK] % 6 + 6 * np.floor((square + 0.05 * mouths) / (0.5 * mouths))
    due = until <= p[AHEAD] and not busy_with(o, r.SERVE)
    bakes = bread + square < p[BREAD_DAYS] * mouths
    all_food = food + o[K + r.IN_GRANARY] * p[DRAWS]
    if all_food < p[BUY_DAYS] * mouths and o[K + r.COINS] >= 8 * r.PRICE_OF_BREAD and not busy_with(o, r.BUY):
        return r.BUY
    if due and ready >= min(p[SERVE_LEAST] * mouths, max(2.0, bread + dough - 1)):
        return r.SERVE
    if dough > 3 and bakes:
        return r.BAKE
    if due and ready > 2:
        return r.SERVE
    if food < p[SHORT_DAYS] * mouths and flour > p[FLOUR_URGENT] * cart and room > 4:
        return r.HAUL_FLOUR
    if could_draw(o, p, tool):
        return r.DRAW
    free = np.inf if bread + dough < 1.5 else until - p[MARGIN] - (2 if ready >= 0.5 * mouths else 4)
    trade = market(o, p, tool)
    if trade >= 0 and free >= 6:
        return trade
    if food < p[FETCH_DAYS] * mouths and min(flour, room) > p[FETCH_LEAST] * cart and free >= 3:
        return r.HAUL_FLOUR
    if flour > p[BANK_LEAST] * cart and o[K + r.IN_GRANARY] < r.GRANARY_ROOM - 1 and free >= 4:
        return r.BANK
    if p[HELPS] > 0.5 and o[K + r.RABBITS] > 0 and free >= 7 and food >= p[HELP_GUARD] * mouths:
        return r.GUARD
    if p[HELPS] > 0.5 and wheat_load(o, tool) >= p[HELP_WHEAT] * cart and free >= 6:
        return r.HAUL_WHEAT
    return r.BAKE if dough > 1 and bakes else r.WAIT


@compiled
def act(o, p):  # type: ignore[no-untyped-def]
    """The action of a worker.

    Args:
        o: (44,) an observation, as `recall` leaves it.
        p: (30,) PARAMETERS.
    """
    tool = 1 + r.TOOL * o[r.LEVEL]
    if o[r.ROLE] == 0:
        return farmer(o, p, tool)
    if o[r.ROLE] == 1:
        return miller(o, p, tool)
    return baker(o, p, tool)


@compiled
def choose(seen, last, p):  # type: ignore[no-untyped-def]
    """The action of a worker who remembers what they did last.

    Args:
        seen: (44,) an observation.
        last: the action that they did before, `constants.FREE` if none.
        p: (30,) PARAMETERS.
    """
    o = seen.copy()
    recall(o, last, p)
    return act(o, p)


@compiled
def choose_all(values, masks, villages, workers, last, p, works, into):  # type: ignore[no-untyped-def]
    """Write the actions of workers of many villages, (N,); what may not be chosen becomes waiting.

    Args:
        values, masks: (B, 3, 44), (B, 3, 13) what all know and may do.
        villages, workers: (N,) who chooses.
        last: (B, 3) what each did before, kept up to date.
        p: (30,) PARAMETERS.
        works: (3,) who does anything but wait.
        into: (N,) int64.
    """
    for i in range(len(villages)):
        b, agent = villages[i], workers[i]
        into[i] = r.WAIT
        if works[agent]:
            action = choose(values[b, agent], last[b, agent], p)
            into[i] = action if masks[b, agent, action] else r.WAIT
            last[b, agent] = into[i]
