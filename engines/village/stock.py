"""Scripted workers, compiled: an (s, S) inventory policy with a reserve, and everything it is compared with.

Every worker keeps to a list of jobs, first that applies, from what they know alone. The same lists with other
numbers are the hoarder, the seller, the village without a granary; `PARAMETERS` names the numbers.
"""

from __future__ import annotations

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
    "buy_days",  # bread is bought when all food that is known is for fewer days
    "last_day",  # of selling and investing; the reserve is eaten after it
    "stale",  # ticks after which what is known of a store is not trusted
    "invests",  # 0 or 1
    "draws",  # 0 or 1: may take from the granary
    "helps",  # 0 or 1: those with nothing to do in their craft do what anybody can
)
(
    RESERVE, WINTER, OMEN, SELL_LEAST, WHEAT_LEAST, FLOUR_LEAST, BANK_LEAST, GRIND_LEAST, BAKERY_DAYS, BREAD_DAYS,
    SQUARE_DAYS, DRAW_DAYS, BUY_DAYS, LAST_DAY, STALE, INVESTS, DRAWS, HELPS,
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
def miller(o, p, cart, tool):  # type: ignore[no-untyped-def]
    """Invest, sell when at the granary, grind, and clear the mill of flour."""
    flour = o[K + r.MILL_FLOUR]
    rich = o[K + r.COINS] >= r.PRICE_OF_LEVEL * tool and o[r.LEVEL] < r.LEVELS
    if rich and p[INVESTS] > 0.5 and o[r.TODAY] <= p[LAST_DAY] and not busy_with(o, r.INVEST):
        return r.INVEST
    if o[r.PLACE] == r.GRANARY and market(o, p, cart):
        return r.SELL
    space = r.FLOUR_ROOM * tool - flour
    able = r.MILLED * tool * o[K + r.WIND]
    if min(o[K + r.MILL_WHEAT], space) >= p[GRIND_LEAST] * able and able > 0 and o[K + r.MILL_WHEAT] >= 2:
        return r.GRIND
    return help_out(o, p, cart, tool)


@compiled
def help_out(o, p, cart, tool):  # type: ignore[no-untyped-def]
    """What anybody can do: flour to a baker in want, to the granary, to market; wheat to the mill, and grind it."""
    flour, mouths, wheat = o[K + r.MILL_FLOUR], o[K + r.N_MOUTHS], o[K + r.MILL_WHEAT]
    if o[r.AGE + r.MILL_FLOUR] <= p[STALE] and not busy_with(o, r.BANK) and not busy_with(o, r.HAUL_FLOUR):
        short = o[K + r.BAKERY_FLOUR] < p[BAKERY_DAYS] * mouths
        if short and flour >= p[FLOUR_LEAST] * cart and o[r.ROLE] == 1:
            return r.HAUL_FLOUR
        if flour >= p[BANK_LEAST] * cart and o[K + r.IN_GRANARY] < r.GRANARY_ROOM - 1:
            return r.BANK
    if market(o, p, cart):
        return r.SELL
    if o[K + r.CUT_WHEAT] >= 0.8 * cart and wheat < 0.3 * r.WHEAT_ROOM * tool and not busy_with(o, r.HAUL_WHEAT):
        return r.HAUL_WHEAT
    able = r.SKILL * r.MILLED * tool * o[K + r.WIND]
    if o[r.PLACE] == r.MILL and able > 0 and min(wheat, r.FLOUR_ROOM * tool - flour) >= able + cart * 0.3:
        return r.GRIND
    return r.WAIT


@compiled
def baker(o, p, cart, tool):  # type: ignore[no-untyped-def]
    """Serve, bake, fetch flour from the mill or else the granary; buy bread in need."""
    mouths, square, bread, flour = (
        o[K + r.N_MOUTHS],
        o[K + r.SQUARE_BREAD],
        o[K + r.BAKERY_BREAD],
        o[K + r.BAKERY_FLOUR],
    )
    if o[r.AGE + r.SQUARE_BREAD] > 0:  # what was eaten since
        square -= 0.5 * mouths * np.ceil((o[r.AGE + r.SQUARE_BREAD] - o[r.TICK] % 6) / 6)
    square = max(0.0, square)
    food = square + bread + flour
    need = food + o[K + r.IN_GRANARY] * p[DRAWS] < p[BUY_DAYS] * mouths
    if need and o[K + r.COINS] >= 8 * r.PRICE_OF_BREAD and not busy_with(o, r.BUY):
        return r.BUY
    hungry = square < p[SQUARE_DAYS] * mouths
    if hungry and bread >= min(cart, 0.5 * mouths):
        return r.SERVE
    if square + bread < p[BREAD_DAYS] * mouths and flour >= min(r.BAKED * tool, 0.5 * mouths):
        return r.BAKE
    if hungry and bread >= 1:
        return r.SERVE
    if flour < p[BAKERY_DAYS] * mouths:
        able = o[K + r.MILL_FLOUR] >= p[FLOUR_LEAST] * cart and not busy_with(o, r.HAUL_FLOUR)
        if able and not busy_with(o, r.BANK):
            return r.HAUL_FLOUR
        if food < p[DRAW_DAYS] * mouths:
            if p[DRAWS] > 0.5 and o[K + r.IN_GRANARY] >= 2 and not busy_with(o, r.DRAW):
                return r.DRAW
            if o[K + r.MILL_FLOUR] >= 2 and not busy_with(o, r.HAUL_FLOUR):
                return r.HAUL_FLOUR
            if flour >= 1:
                return r.BAKE
    return help_out(o, p, cart, tool) if p[HELPS] > 0.5 else r.WAIT


@compiled
def act(o, p):  # type: ignore[no-untyped-def]
    """The action of a worker.

    Args:
        o: (44,) an observation.
        p: (18,) PARAMETERS.
    """
    tool = 1 + r.TOOL * o[r.LEVEL]
    cart = r.CART * tool
    if o[r.ROLE] == 0:
        return farmer(o, p, cart, tool)
    if o[r.ROLE] == 1:
        return miller(o, p, cart, tool)
    return baker(o, p, cart, tool)


def parameters(**changed: float) -> NDArray[np.float64]:
    """(18,) the published (s, S) policy's numbers, some of them changed."""
    numbers = dict(
        zip(PARAMETERS, (3, 1.6, 1.2, 0.9, 0.6, 0.25, 0.93, 0.4, 0.9, 1.15, 1, 1.4, 0.8, 36, 18, 1, 1, 1), strict=True)
    )
    return np.array([(numbers | changed)[name] for name in PARAMETERS], np.float64)


# The range in which each of PARAMETERS is searched.
LOW = np.array([0, 0, 0, 0.1, 0.2, 0.1, 0.2, 0.2, 0.1, 0.3, 0.3, 0.1, 0, 30, 6, 1, 1, 0], np.float64)
HIGH = np.array([10, 4, 6, 1.5, 1, 1, 1, 1, 2, 2, 2, 1.5, 1, 40, 60, 1, 1, 1], np.float64)
