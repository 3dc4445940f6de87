"""A tick of one village, compiled: `world.World` line by line, on rows of numbers.

A row of numbers is float64 (25,), as `World.numbers`: plots, STOCKS, LEDGER. A row of workers is int64 (16,), as
`World.workers`. The order of every sum and product is that of the reference, so the results are the same to the bit.
"""

from __future__ import annotations

import numpy as np

from stagelight.engines.village import constants as r
from stagelight.engines.village.compiling import compiled

(
    CUT, MILL_WHEAT, MILL_FLOUR, BAKERY_FLOUR, BAKERY_BREAD, SQUARE, STORE, COIN, HUNGER, RABBITS, N, LEVEL, J,
    REAPED, BOUGHT, EATEN, SOLD, SPOILED, RUINED,
) = range(r.PLOTS, 25)  # fmt: skip
AT, DOES, LEFT, INVALID, EMPTY, NOW = 0, 3, 6, 9, 12, 15
NUMBERS, WORKERS = 25, 16
LAST, CHOICES = r.TICKS - 1, len(r.WORK)
KNOWN, PLAIN = r.AGE - r.KNOWS, r.FARMER_DOES
# What moves goods from stock to stock, by action: whence, whither, and the room there at tool 1.
FROM, TO, ROOM = np.full(13, -1), np.full(13, -1), np.full(13, np.inf)
_carried = [
    (r.HAUL_WHEAT, CUT, MILL_WHEAT, r.WHEAT_ROOM),
    (r.GRIND, MILL_WHEAT, MILL_FLOUR, r.FLOUR_ROOM),
    (r.HAUL_FLOUR, MILL_FLOUR, BAKERY_FLOUR, r.BAKERY_ROOM),
    (r.BAKE, BAKERY_FLOUR, BAKERY_BREAD, np.inf),
    (r.SERVE, BAKERY_BREAD, SQUARE, np.inf),
    (r.BANK, MILL_FLOUR, STORE, np.inf),
    (r.DRAW, STORE, BAKERY_FLOUR, r.BAKERY_ROOM),
]
for _action, _from, _to, _room in _carried:
    FROM[_action], TO[_action], ROOM[_action] = _from, _to, _room


@compiled
def move(s, cart, at, to, room):  # type: ignore[no-untyped-def]
    """Carry from one stock to another, as much as the cart, the stock and the room allow; returns how much."""
    q = max(0.0, min(cart, s[at], room - s[to]))
    s[at] -= q
    s[to] += q
    return q


@compiled
def effect(s, agent, action, wind, price):  # type: ignore[no-untyped-def]
    """What an action does in its last tick; returns how much was moved, made or paid."""
    tool = 1 + r.TOOL * s[LEVEL]
    cart = r.CART * tool
    skill = 1.0 if r.CRAFT[action] == agent else r.SKILL
    if FROM[action] >= 0:
        if action == r.GRIND:
            cart = r.MILLED * skill * tool * wind
        elif action == r.BAKE:
            cart = r.BAKED * skill * tool
        return move(s, cart, FROM[action], TO[action], r.GRANARY_ROOM if action == r.BANK else ROOM[action] * tool)
    if action == r.FARM:
        return farm(s, skill, tool)
    if action == r.GUARD and s[RABBITS] > 0:
        s[RABBITS] -= 1
        return 1.0
    return trade(s, action, tool, cart, price)


@compiled
def farm(s, skill, tool):  # type: ignore[no-untyped-def]
    """Harvest the ripest plot, if one is ripe."""
    best = 0
    for plot in range(1, r.PLOTS):
        if s[plot] > s[best]:
            best = plot
    if s[best] < 1:
        return 0.0
    q = max(0.0, min(r.HARVEST * skill * tool, r.FIELD_ROOM * tool - s[CUT]))
    s[CUT] += q
    s[REAPED] += q
    s[best] = 0
    return q


@compiled
def trade(s, action, tool, cart, price):  # type: ignore[no-untyped-def]
    """What is done for coins."""
    q = 0.0
    if action == r.SELL:
        q = min(cart, s[STORE])
        s[STORE] -= q
        s[SOLD] += q
        s[COIN] += q * price
    elif action == r.BUY:
        q = min(cart, s[COIN] / r.PRICE_OF_BREAD)
        s[COIN] = max(0.0, s[COIN] - q * r.PRICE_OF_BREAD)
        s[SQUARE] += q
        s[BOUGHT] += q
    elif action == r.INVEST and s[COIN] >= r.PRICE_OF_LEVEL * tool and s[LEVEL] < r.LEVELS:
        q = r.PRICE_OF_LEVEL * tool
        s[COIN] -= q
        s[LEVEL] += 1
    return q


@compiled
def allowed(s, w, agent, ill, action):  # type: ignore[no-untyped-def]
    """Whether a worker may choose an action now."""
    if w[LEFT + agent] > 0:
        return action == w[DOES + agent]
    if ill:
        return action == r.WAIT
    return action != r.INVEST or s[LEVEL] < r.LEVELS


@compiled
def begin(s, w, agent, ill, action):  # type: ignore[no-untyped-def]
    """A worker who is free and well begins what they chose; what is forbidden becomes waiting."""
    if w[LEFT + agent] > 0:
        return
    if not allowed(s, w, agent, ill, action):
        w[INVALID + agent] += 1
        action = r.WAIT
    w[DOES + agent] = action
    w[LEFT + agent] = r.DURATION[agent, w[AT + agent], action]


@compiled
def work(s, w, agent, wind, price):  # type: ignore[no-untyped-def]
    """A tick of work; in its last tick an action has its effect and the worker stands where it ends."""
    w[LEFT + agent] -= 1
    if w[LEFT + agent] == 0:
        action = w[DOES + agent]
        if action != r.WAIT and effect(s, agent, action, wind, price) == 0:
            w[EMPTY + agent] += 1
        w[AT + agent] = r.END[agent, action]
        w[DOES + agent] = r.FREE


@compiled
def nature(s, tick, rain):  # type: ignore[no-untyped-def]
    """Frost, growth, rabbits, and what spoils."""
    day = tick // r.DAY + 1
    if tick == (r.WINTER_DAYS[0] - 1) * r.DAY:
        for plot in range(r.PLOTS):
            s[plot] *= r.FROST
    growth = (r.WINTER_GROWTH if r.WINTER_DAYS[0] <= day <= r.WINTER_DAYS[1] else 1.0) * r.RIPEN * rain
    for plot in range(r.PLOTS):
        s[plot] = min(1.0, s[plot] + growth)
    if s[RABBITS] > 0:
        for plot in range(r.PLOTS):
            s[plot] *= r.NIBBLE_CROP
        s[RUINED] += s[CUT] * (1 - r.NIBBLE_WHEAT)
        s[CUT] *= r.NIBBLE_WHEAT
    bread = s[BAKERY_BREAD] + s[SQUARE]
    s[SPOILED] += s[CUT] * r.WHEAT_SPOILS + bread * r.BREAD_SPOILS + s[STORE] * r.GRAIN_SPOILS
    s[CUT] *= 1 - r.WHEAT_SPOILS
    s[BAKERY_BREAD] *= 1 - r.BREAD_SPOILS
    s[SQUARE] *= 1 - r.BREAD_SPOILS
    s[STORE] *= 1 - r.GRAIN_SPOILS


@compiled
def meal(s):  # type: ignore[no-untyped-def]
    """Everyone eats a half, if it is there."""
    need = s[N] / 2
    eaten = min(s[SQUARE], need)
    s[SQUARE] -= eaten
    s[EATEN] += eaten
    s[HUNGER] = r.KEEP_HUNGER * s[HUNGER] + r.NEW_HUNGER * (1 - eaten / need)
    s[J] += eaten - r.MISSED * (need - eaten)


@compiled
def nightfall(s):  # type: ignore[no-untyped-def]
    """The hungry leave, the well-fed are joined."""
    if s[HUNGER] > r.LEAVING:
        s[N] = max(float(r.LEAST_MOUTHS), s[N] - 1)
    elif s[HUNGER] < r.COMING and s[N] < r.MOUTHS + r.HOUSING * s[LEVEL]:
        s[N] += 1


@compiled
def advance(s, w, wind, price, rabbits, rain, ill, actions):  # type: ignore[no-untyped-def]
    """One tick of the world, in place; returns the reward. Tape values are those of this tick, `ill` (3,)."""
    before, tick = s[J], w[NOW]
    for agent in range(3):
        begin(s, w, agent, ill[agent], actions[agent])
    if rabbits and s[RABBITS] == 0:
        s[RABBITS] = r.PATIENCE
    for agent in range(3):
        if not ill[agent]:
            work(s, w, agent, wind, price)
    nature(s, tick, rain)
    of_day = tick % r.DAY
    if of_day in r.MEALS:
        meal(s)
    if of_day == r.DAY - 1:
        nightfall(s)
    w[NOW] = tick + 1
    return (s[J] - before) / r.NORM


@compiled
def where(w, agent):  # type: ignore[no-untyped-def]
    """The place a worker is at, -1 on the road."""
    at, action, left = w[AT + agent], w[DOES + agent], w[LEFT + agent]
    if left == 0:
        return at
    begun, away = r.DURATION[agent, at, action] - left, r.AWAY[at, action]
    if away <= begun <= away + r.WORK[action]:
        return at if action == r.WAIT else r.SOURCE[action]
    return r.ROAD


@compiled
def see(s, w, place, wind, omen, price, into):  # type: ignore[no-untyped-def]
    """Write what there is to see at a place into `into`, (18,)."""
    if place == 0:
        ripe = 0.0
        for plot in range(r.PLOTS):
            ripe += s[plot] >= 1
        into[0], into[1], into[2] = ripe, s[CUT], s[RABBITS]
    elif place == 1:
        into[3], into[4], into[5], into[6], into[13] = s[MILL_WHEAT], s[MILL_FLOUR], wind, omen, s[COIN]
    elif place == 2:
        into[7], into[8] = s[BAKERY_FLOUR], s[BAKERY_BREAD]
    elif place == 3:
        into[12] = s[STORE]
    elif place == 4:
        into[13], into[14] = s[COIN], price
    else:
        into[9], into[10], into[11] = s[SQUARE], s[N], s[HUNGER]


@compiled
def look(s, w, known, seen, wind, omen, price):  # type: ignore[no-untyped-def]
    """Each worker sees the place they are at; known and seen are (3, 18)."""
    tick = w[NOW]
    for agent in range(3):
        place = where(w, agent)
        if place != r.ROAD:
            see(s, w, place, wind, omen, price, known[agent])
            for item in range(PLAIN):
                if r.SEEN[place, item]:
                    seen[agent, item] = tick
        known[agent, r.FARMER_DOES + agent] = w[DOES + agent]
        seen[agent, r.FARMER_DOES + agent] = tick


@compiled
def tell(s, w, known, seen, ill, actions, tells):  # type: ignore[no-untyped-def]
    """Each worker who tells says what `World.report` gives; called before `advance`."""
    tick = w[NOW]
    for agent in range(3):
        if not tells[agent]:
            continue
        place = where(w, agent)
        does = w[DOES + agent] if w[LEFT + agent] > 0 else actions[agent]
        for other in range(3):
            if other == agent:
                continue
            if place != r.ROAD:
                for item in range(PLAIN):
                    if r.SEEN[place, item]:
                        known[other, item] = np.floor(known[agent, item] * 100 + 0.5) / 100
                        seen[other, item] = tick
            known[other, r.FARMER_DOES + agent] = does
            seen[other, r.FARMER_DOES + agent] = tick


@compiled
def observe(s, w, known, seen, ill, agent, into):  # type: ignore[no-untyped-def]
    """Write a worker's observation into `into`, float32 (44,)."""
    tick = w[NOW]
    into[0], into[1], into[2], into[3] = agent, where(w, agent), w[DOES + agent], w[LEFT + agent]
    into[4], into[5], into[6], into[7] = ill, tick // r.DAY + 1, tick % r.DAY, s[LEVEL]
    for item in range(KNOWN):
        into[r.KNOWS + item] = known[agent, item]
        into[r.AGE + item] = tick - seen[agent, item]


@compiled
def mask(s, w, agent, ill, into):  # type: ignore[no-untyped-def]
    """Write what a worker may choose into `into`, int8 (13,)."""
    if w[LEFT + agent] > 0 or ill:
        into[:] = 0
        into[w[DOES + agent] if w[LEFT + agent] > 0 else r.WAIT] = 1
    else:
        into[:] = 1
        into[r.INVEST] = s[LEVEL] < r.LEVELS
