"""Names and constants of the village: its places, actions, numbers, and the layout of what a worker knows.

Goods are in meals-of-one-mouth-a-day units: one of wheat gives one of flour gives one of bread, and a mouth eats one
of bread a day. Time is in ticks, twelve a day.
"""

from __future__ import annotations

import numpy as np

DAYS, DAY = 40, 12  # days in an episode, ticks in a day
TICKS = DAYS * DAY
AGENTS = ("farmer", "miller", "baker")
PLACES = ("field", "mill", "bakery", "granary", "market", "square")
FIELD, MILL, BAKERY, GRANARY, MARKET, SQUARE = range(6)
ROAD = -1
XY = np.array([(0, 0), (6, 2), (8, -1), (6, -1), (11, -4), (9, 3)])
POST = np.array([FIELD, MILL, BAKERY])  # where each agent belongs

ACTIONS = (
    "wait", "farm", "guard", "haul_wheat", "mill", "haul_flour", "bake", "serve", "bank", "draw", "sell", "buy",
    "invest",
)  # fmt: skip
WAIT, FARM, GUARD, HAUL_WHEAT, GRIND, HAUL_FLOUR, BAKE, SERVE, BANK, DRAW, SELL, BUY, INVEST = range(13)
FREE = -1  # the action of a worker who has none
# Where an action starts and ends, and the ticks of work between. `wait` starts where one is and ends at one's post.
SOURCE = np.array([-1, FIELD, FIELD, FIELD, MILL, MILL, BAKERY, BAKERY, MILL, GRANARY, GRANARY, MARKET, MILL])
TARGET = np.array([-1, FIELD, FIELD, MILL, MILL, BAKERY, BAKERY, SQUARE, GRANARY, BAKERY, MARKET, SQUARE, MILL])
WORK = np.array([1, 2, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2])
CRAFT = np.array([-1, 0, 0, -1, 1, -1, 2, -1, -1, -1, -1, -1, -1])  # whose craft an action is, -1 nobody's


_FAR = np.abs(XY[:, None] - XY[None]).sum(-1)
# (6, 6) ticks from place to place: a quarter of the Manhattan distance, at least one.
TRAVEL = np.where(_FAR == 0, 0, np.maximum(1, np.round(_FAR / 4))).astype(np.int64)
# AWAY[from, action]: ticks before the work begins. DURATION[agent, from, action]: all ticks.
AWAY = np.array([[0 if a == WAIT else TRAVEL[p, SOURCE[a]] for a in range(13)] for p in range(6)])
DURATION = AWAY + np.array(
    [[[WORK[a] + (TRAVEL[p, POST[i]] if a == WAIT else TRAVEL[SOURCE[a], TARGET[a]]) for a in range(13)]
      for p in range(6)] for i in range(3)]
)  # fmt: skip
END = np.array([[POST[i] if a == WAIT else TARGET[a] for a in range(13)] for i in range(3)])  # END[agent, action]

PLOTS = 6
RIPEN = 1 / 30  # growth of a plot a tick
WINTER_DAYS, WINTER_GROWTH, FROST = (17, 22), 0.25, 0.5  # days count from 1; frost is on the first of them
PATIENCE = 6  # guards that rabbits stand before they leave
NIBBLE_CROP, NIBBLE_WHEAT = 0.94, 0.97  # what is left after a tick with rabbits
BREAD_SPOILS, GRAIN_SPOILS, WHEAT_SPOILS = 0.25 / DAY, 0.02 / DAY, 0.08 / DAY  # share a tick
HARVEST, MILLED, BAKED, CART = 18.0, 14.0, 12.0, 16.0  # of one action, at tool 1
FIELD_ROOM, WHEAT_ROOM, FLOUR_ROOM, BAKERY_ROOM, GRANARY_ROOM = (
    30.0,
    20.0,
    16.0,
    16.0,
    200.0,
)  # all but the last at tool 1
TOOL, SKILL = 0.25, 0.5  # what a level adds; what work outside one's craft is worth
LEVELS, PRICE_OF_LEVEL, PRICE_OF_BREAD = 8, 24.0, 2.5
MOUTHS, LEAST_MOUTHS, HOUSING = 12, 6, 3
MEALS = (5, 11)  # ticks of the day after which everyone eats
KEEP_HUNGER, NEW_HUNGER, LEAVING, COMING = 0.6, 0.4, 0.5, 0.15
MISSED = 2.0  # what bread that was needed and not there costs, where bread eaten pays 1
NORM = float(MOUTHS * DAYS)  # the return is J / NORM: twelve mouths always fed, no growth = 1

# What there is to know, and where it is seen. The last three: what each worker is doing, an action's number.
KNOWN = (
    "ripe", "cut_wheat", "rabbits", "mill_wheat", "mill_flour", "wind", "omen", "bakery_flour", "bakery_bread",
    "square_bread", "mouths", "hunger", "granary", "coins", "price", "farmer_does", "miller_does", "baker_does",
)  # fmt: skip
(
    RIPE, CUT_WHEAT, RABBITS, MILL_WHEAT, MILL_FLOUR, WIND, OMEN, BAKERY_FLOUR, BAKERY_BREAD, SQUARE_BREAD, N_MOUTHS,
    HUNGER, IN_GRANARY, COINS, PRICE, FARMER_DOES, MILLER_DOES, BAKER_DOES,
) = range(18)  # fmt: skip
SEEN = np.zeros((6, len(KNOWN)), np.bool_)  # SEEN[place, item]; the purse is counted where it is filled and spent
for _place, _items in enumerate((
    (RIPE, CUT_WHEAT, RABBITS), (MILL_WHEAT, MILL_FLOUR, WIND, OMEN, COINS), (BAKERY_FLOUR, BAKERY_BREAD),
    (IN_GRANARY,), (COINS, PRICE), (SQUARE_BREAD, N_MOUTHS, HUNGER),
)):  # fmt: skip
    SEEN[_place, list(_items)] = True
# An observation: these eight, then the 18 known values, then how many ticks old each of them is.
SELF = ("role", "place", "action", "ticks_left", "ill", "day", "tick", "level")
ROLE, PLACE, ACTION, LEFT, ILL, TODAY, TICK, LEVEL = range(8)
KNOWS, AGE = len(SELF), len(SELF) + len(KNOWN)
OBSERVED = AGE + len(KNOWN)
MESSAGE = 200  # characters at most


def winter(day: int) -> bool:
    """Whether it is winter on a day, counted from 1."""
    return WINTER_DAYS[0] <= day <= WINTER_DAYS[1]
