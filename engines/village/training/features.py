"""What the policy computes with: a worker's own observation and a little memory, as numbers near one.

Partial sight makes memory worth something: what one did last (a cart that was filled is gone from where it stood), and
for how long each of the others has been at what they do. Both follow from observations alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village.compiling import compiled

DOINGS = len(r.ACTIONS) + 1  # an action, or none
PLACES = len(r.PLACES) + 1  # a place, or the road
# last action of one's own, what each of the others did last, ticks since that changed
MEMORY = 5
# What is seen at one place only, by place.
SIGHT = np.array([r.RIPE, r.MILL_WHEAT, r.BAKERY_FLOUR, r.IN_GRANARY, r.PRICE, r.SQUARE_BREAD])
STOCKS = 7  # counted in days of food too
ONE_HOT = len(r.AGENTS) + r.DAY + PLACES + 3 * DOINGS
FEATURES = 34 + STOCKS + ONE_HOT


def blank(count: int) -> NDArray[np.int64]:
    """(count, 3, 5) memories of workers who have done nothing yet."""
    memory = np.zeros((count, 3, MEMORY), np.int64)
    memory[:, :, :3] = r.FREE
    return memory


@compiled
def remember(observations, memory):  # type: ignore[no-untyped-def]
    """Take in a tick: observations (B, 3, 44), memory (B, 3, 5) changed in place."""
    for b in range(memory.shape[0]):
        for agent in range(3):
            own = np.int64(observations[b, agent, r.ACTION])
            if own >= 0:
                memory[b, agent, 0] = own
            for place in range(2):
                other = (agent + 1 + place) % 3
                does = np.int64(observations[b, agent, r.KNOWS + r.FARMER_DOES + other])
                if does == memory[b, agent, 1 + place]:
                    memory[b, agent, 3 + place] += 1
                else:
                    memory[b, agent, 1 + place], memory[b, agent, 3 + place] = does, 0


@compiled
def encode(observations, memory, rows, workers, into):  # type: ignore[no-untyped-def]
    """Write the features of some workers: village `rows[i]`, worker `workers[i]`, into (N, FEATURES) float32."""
    into[:] = 0
    for i in range(len(rows)):
        _encode(observations[rows[i], workers[i]], memory[rows[i], workers[i]], into[i])


@compiled
def _encode(o, m, x):  # type: ignore[no-untyped-def]
    tool = 1 + r.TOOL * o[r.LEVEL]
    k = o[r.KNOWS : r.AGE]
    mouths = max(np.float32(1), k[r.N_MOUTHS])
    day = o[r.TODAY]
    x[0], x[1], x[2] = k[r.RIPE] / 6, k[r.CUT_WHEAT] / (r.FIELD_ROOM * tool), k[r.RABBITS] / r.PATIENCE
    x[3], x[4] = k[r.MILL_WHEAT] / (r.WHEAT_ROOM * tool), k[r.MILL_FLOUR] / (r.FLOUR_ROOM * tool)
    x[5], x[6] = k[r.WIND], k[r.OMEN]
    x[7], x[8] = k[r.BAKERY_FLOUR] / (r.BAKERY_ROOM * tool), k[r.BAKERY_BREAD] / (r.CART * tool)
    x[9], x[10], x[11] = k[r.SQUARE_BREAD] / (r.CART * tool), mouths / 24, k[r.HUNGER]
    x[12], x[13] = min(k[r.IN_GRANARY] / (2 * r.CART * tool), np.float32(3)), k[r.IN_GRANARY] / r.GRANARY_ROOM
    cost = r.PRICE_OF_LEVEL * tool
    x[14], x[15] = min(k[r.COINS] / cost, np.float32(3)), 3 * (k[r.PRICE] - 1)
    x[16], x[17] = o[r.LEVEL] / r.LEVELS, np.float32(k[r.COINS] >= cost)
    x[18] = np.float32(k[r.RABBITS] > 0)
    x[19] = min(np.float32(2), (r.MOUTHS + r.HOUSING * o[r.LEVEL] - mouths) / 5)
    x[20], x[21] = day / r.DAYS, max(0, 5 - (r.DAYS - day)) / 5
    x[22] = np.float32(r.WINTER_DAYS[0] <= day <= r.WINTER_DAYS[1])
    x[23] = np.float32(r.WINTER_DAYS[0] - 4 <= day < r.WINTER_DAYS[0])
    for place in range(6):
        x[24 + place] = min(o[r.AGE + SIGHT[place]], np.float32(36)) / 12
    x[30], x[31] = min(m[3], 8) / 4, min(m[4], 8) / 4
    x[32], x[33] = min(mouths, k[r.SQUARE_BREAD]) / mouths, o[r.LEVEL] == r.LEVELS
    at = 34
    for item in (r.CUT_WHEAT, r.MILL_WHEAT, r.MILL_FLOUR, r.BAKERY_FLOUR, r.BAKERY_BREAD, r.SQUARE_BREAD, r.IN_GRANARY):
        x[at] = min(k[item] / mouths, np.float32(4)) / 2
        at += 1
    x[at + np.int64(o[r.ROLE])] = 1
    at += 3
    x[at + np.int64(o[r.TICK])] = 1
    at += r.DAY
    x[at + np.int64(o[r.PLACE]) + 1] = 1
    at += PLACES
    for doing in range(3):
        x[at + m[doing] + 1] = 1
        at += DOINGS
