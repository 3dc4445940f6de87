"""Scripted workers, compiled: an (s, S) inventory policy with a reserve, and everything it is compared with.

Every worker keeps to a list of jobs, first that applies, from what they know alone. The same lists with other
numbers are the hoarder, the seller, the village without a granary; `PARAMETERS` names the numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from engines.village import rules as r
from engines.village.compiling import compiled

PARAMETERS = (
    "reserve",  # R: days of food kept in the granary; flour beyond is sold
    "winter_reserve",  # days added before and in winter
    "omen_reserve",  # days added while the mill is known to stand still today or tomorrow
    "sell_least",  # cartloads over the reserve before a journey to market
    "wheat_least",  # cartloads of wheat before it is hauled while there is other work in the field
    "flour_least",  # cartloads of flour before it is hauled to the bakery
    "bank_least",  # cartloads of flour before it is banked
    "grind_least",  # of what one can grind at once, before one does
    "bakery_days",  # days of food wanted in the bakery, as flour
    "bread_days",  # days of food wanted as bread, baked or served
    "square_days",  # days of food wanted in the square
    "draw_days",  # flour is drawn from the granary when food outside it is for fewer days
    "rescue_days",  # others than the baker fetch and serve when food outside the granary is for fewer days
    "buy_days",  # bread is bought when all food that is known is for fewer days
    "last_day",  # of selling and investing; the reserve is eaten after it
    "stale",  # ticks after which what is known of a store is not trusted
    "invests",  # 0 or 1
    "draws",  # 0 or 1: may take from the granary
    "help_wheat",  # cartloads of cut wheat before others than the farmer haul it
    "starved",  # share of the mill's room for wheat below which they do so before anything else
    "helps",  # 0 or 1: those with nothing to do in their craft do what anybody can
)
(
    RESERVE, WINTER, OMEN, SELL_LEAST, WHEAT_LEAST, FLOUR_LEAST, BANK_LEAST, GRIND_LEAST, BAKERY_DAYS, BREAD_DAYS,
    SQUARE_DAYS, DRAW_DAYS, RESCUE_DAYS, BUY_DAYS, LAST_DAY, STALE, INVESTS, DRAWS, HELP_WHEAT, STARVED, HELPS,
) = range(len(PARAMETERS))  # fmt: skip
K = r.KNOWS


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
    day = o[r.TODAY]
    if day > p[LAST_DAY]:
        return 0.0
    days = p[RESERVE]
    if r.WINTER_DAYS[0] - 4 <= day <= r.WINTER_DAYS[1]:
        days += p[WINTER]
    if o[K + r.OMEN] > 0:
        days += p[OMEN]
    return days * o[K + r.N_MOUTHS]


@compiled
def market(o, p, cart):  # type: ignore[no-untyped-def]
    """Whether to sell: more than the reserve is there, and nobody is at it."""
    over = o[K + r.IN_GRANARY] - wanted(o, p)
    return over >= p[SELL_LEAST] * cart and over > 1 and o[r.TODAY] <= p[LAST_DAY] and not busy_with(o, r.SELL)


@compiled
def farmer(o, p, cart, tool):  # type: ignore[no-untyped-def]
    """Guard, haul what is cut, farm."""
    cut, room = o[K + r.CUT_WHEAT], r.WHEAT_ROOM * tool - o[K + r.MILL_WHEAT]
    if o[r.AGE + r.MILL_WHEAT] > p[STALE]:
        room = r.WHEAT_ROOM * tool
    load = min(cart, cut, room)
    if o[K + r.RABBITS] > 0:
        return r.GUARD
    if load >= p[WHEAT_LEAST] * cart:
        return r.HAUL_WHEAT
    if o[K + r.RIPE] > 0 and cut < 0.75 * r.FIELD_ROOM * tool:
        return r.FARM
    if load >= 0.3 * cart and o[r.PLACE] == r.FIELD:
        return r.HAUL_WHEAT
    return help_out(o, p, cart, tool) if p[HELPS] > 0.5 else r.WAIT


@compiled
def clear(o, p, cart, tool):  # type: ignore[no-untyped-def]
    """Where the mill's flour goes: to the bakery if it is wanted there and fits, or else to the granary."""
    load, room = min(cart, o[K + r.MILL_FLOUR]), r.BAKERY_ROOM * tool - o[K + r.BAKERY_FLOUR]
    wanted_there = o[K + r.BAKERY_FLOUR] < p[BAKERY_DAYS] * o[K + r.N_MOUTHS]
    if wanted_there and room >= 0.6 * load and o[r.AGE + r.BAKERY_FLOUR] <= p[STALE]:
        return r.HAUL_FLOUR
    return r.BANK if o[K + r.IN_GRANARY] < r.GRANARY_ROOM - 1 else r.WAIT


@compiled
def miller(o, p, cart, tool):  # type: ignore[no-untyped-def]
    """Invest, sell when at the granary, grind, and clear the mill of flour."""
    flour = o[K + r.MILL_FLOUR]
    rich = o[K + r.COINS] >= r.PRICE_OF_LEVEL * tool and o[r.LEVEL] < r.LEVELS
    if rich and p[INVESTS] > 0.5 and o[r.TODAY] <= p[LAST_DAY] and not busy_with(o, r.INVEST):
        return r.INVEST
    if o[r.PLACE] == r.GRANARY and market(o, p, cart):
        return r.SELL
    able = min(o[K + r.MILL_WHEAT], r.MILLED * tool * o[K + r.WIND])
    if able >= p[GRIND_LEAST] * r.MILLED * tool * o[K + r.WIND] and able >= 2:
        if r.FLOUR_ROOM * tool - flour >= 0.8 * able:
            return r.GRIND
        if not busy_with(o, r.BANK) and not busy_with(o, r.HAUL_FLOUR):
            return clear(o, p, cart, tool)  # no room to grind
    if flour >= p[BANK_LEAST] * cart and not busy_with(o, r.BANK) and not busy_with(o, r.HAUL_FLOUR):
        return clear(o, p, cart, tool)
    return help_out(o, p, cart, tool)


@compiled
def in_square(o):  # type: ignore[no-untyped-def]
    """Bread in the square, less the meals that were eaten since it was seen."""
    age, mouths = o[r.AGE + r.SQUARE_BREAD], o[K + r.N_MOUTHS]
    eaten = 0.5 * mouths * np.ceil(max(0.0, age - o[r.TICK] % 6) / 6)
    return max(0.0, o[K + r.SQUARE_BREAD] - eaten)


@compiled
def feed(o, p, cart):  # type: ignore[no-untyped-def]
    """What anybody can do for the baker: serve, or fetch flour from the mill or the granary; -1 if there is no need."""
    mouths, bread, flour = o[K + r.N_MOUTHS], o[K + r.BAKERY_BREAD], o[K + r.MILL_FLOUR]
    square, dough = in_square(o), o[K + r.BAKERY_FLOUR]
    if square < p[SQUARE_DAYS] * mouths and bread >= min(0.7 * cart, 0.5 * mouths) and not busy_with(o, r.SERVE):
        return r.SERVE
    if dough >= p[BAKERY_DAYS] * mouths or busy_with(o, r.HAUL_FLOUR) or busy_with(o, r.DRAW):
        return r.FREE
    if flour >= p[FLOUR_LEAST] * cart and not busy_with(o, r.BANK):
        return r.HAUL_FLOUR
    if p[DRAWS] > 0.5 and o[K + r.IN_GRANARY] >= 2 and square + bread + dough < p[DRAW_DAYS] * mouths:
        return r.DRAW
    return r.FREE


@compiled
def help_out(o, p, cart, tool):  # type: ignore[no-untyped-def]
    """What anybody can do: feed; flour to the granary, to market; wheat to the mill, and grind it."""
    flour, wheat = o[K + r.MILL_FLOUR], o[K + r.MILL_WHEAT]
    able = r.SKILL * r.MILLED * tool * o[K + r.WIND]
    fed = feed(o, p, cart)
    hands = p[HELPS] - 0.5 - busy_with(o, r.HAUL_WHEAT) - (o[r.ROLE] == 0)  # to carry wheat, where nobody does
    choice = r.WAIT
    food = in_square(o) + o[K + r.BAKERY_BREAD] + o[K + r.BAKERY_FLOUR]
    if fed >= 0 and (o[r.ROLE] == 2 or food < p[RESCUE_DAYS] * o[K + r.N_MOUTHS]):
        choice = fed
    elif o[K + r.CUT_WHEAT] >= p[HELP_WHEAT] * cart and wheat < p[STARVED] * r.WHEAT_ROOM * tool and hands > 0:
        choice = r.HAUL_WHEAT
    elif flour >= p[BANK_LEAST] * cart and o[K + r.IN_GRANARY] < r.GRANARY_ROOM - 1 and not busy_with(o, r.BANK):
        choice = r.BANK
    elif market(o, p, cart):
        choice = r.SELL
    elif o[K + r.CUT_WHEAT] >= p[HELP_WHEAT] * cart and wheat < 0.6 * r.WHEAT_ROOM * tool and hands > 0:
        choice = r.HAUL_WHEAT
    elif o[r.PLACE] == r.MILL and able > 0 and min(wheat, r.FLOUR_ROOM * tool - flour) >= able + cart * 0.3:
        choice = r.GRIND
    return choice


@compiled
def baker(o, p, cart, tool):  # type: ignore[no-untyped-def]
    """Buy bread in need, serve, bake, fetch flour from the mill or else the granary."""
    mouths, bread, flour, square = o[K + r.N_MOUTHS], o[K + r.BAKERY_BREAD], o[K + r.BAKERY_FLOUR], in_square(o)
    food, batch = square + bread + flour, r.BAKED * tool
    need = food + o[K + r.IN_GRANARY] * p[DRAWS] < p[BUY_DAYS] * mouths
    hungry = square < p[SQUARE_DAYS] * mouths
    choice = r.WAIT
    if need and o[K + r.COINS] >= 8 * r.PRICE_OF_BREAD and not busy_with(o, r.BUY):
        choice = r.BUY
    elif hungry and bread >= min(cart, 0.5 * mouths) and not busy_with(o, r.SERVE):
        choice = r.SERVE
    elif square + bread < p[BREAD_DAYS] * mouths and flour >= min(batch, 0.5 * mouths):
        choice = r.BAKE
    elif hungry and bread >= 1 and not busy_with(o, r.SERVE):
        choice = r.SERVE
    else:
        fed = feed(o, p, cart)
        if fed >= 0:
            choice = fed
        elif food < p[DRAW_DAYS] * mouths and flour >= 1:
            choice = r.BAKE
        elif p[HELPS] > 0.5 and square + bread >= 0.8 * mouths and market(o, p, cart):
            choice = r.SELL
    return choice


@compiled
def act(o, p):  # type: ignore[no-untyped-def]
    """The action of a worker.

    Args:
        o: (44,) an observation.
        p: (21,) PARAMETERS.
    """
    tool = 1 + r.TOOL * o[r.LEVEL]
    cart = r.CART * tool
    if o[r.ROLE] == 0:
        return farmer(o, p, cart, tool)
    if o[r.ROLE] == 1:
        return miller(o, p, cart, tool)
    return baker(o, p, cart, tool)


# Fitted by the cross-entropy method on train seeds 1000 to 1007 of the five calibrated scenarios, mean return greatest.
PUBLISHED = (
    0.59, 3.46, 2.23, 1.23, 0.63, 0.12, 0.96, 0.25, 1.3, 0.78, 0.77, 1.31, 0.45, 0.69, 38, 21, 1, 1, 0.44, 0.22, 0,
)  # fmt: skip


def parameters(changed: Mapping[str, float] | None = None, base: tuple[float, ...] = PUBLISHED) -> NDArray[np.float64]:
    """(21,) the published (s, S) policy's numbers, some of them changed.

    Raises:
        ValueError: there is no number of that name.
    """
    numbers = dict(zip(PARAMETERS, base, strict=True))
    for name in changed or {}:
        if name not in numbers:
            raise ValueError(f"parameter {name!r}: no such parameter; choose one of {', '.join(PARAMETERS)}")
    return np.array([*(numbers | dict(changed or {})).values()], np.float64)


# The range in which each of PARAMETERS is searched.
LOW = np.array([0, 0, 0, 0.1, 0.2, 0.1, 0.2, 0.2, 0.1, 0.3, 0.3, 0.1, 0, 0, 30, 6, 1, 1, 0.2, 0, 0], np.float64)
HIGH = np.array([10, 4, 6, 1.5, 1, 1, 1, 1, 2, 2, 2, 4, 1.5, 1, 40, 60, 1, 1, 1, 0.8, 1], np.float64)
