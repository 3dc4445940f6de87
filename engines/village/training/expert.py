"""A teacher who sees everything: rules of thumb on the whole village, for the policy to imitate before it is rewarded.

Learning by cheating (Chen et al. 2019): what is hard under partial sight is knowing, and what is hard to discover by
reward is the long way from flour to coins to a level. The teacher has neither difficulty, and is not needed later. Its
numbers were searched for on training tapes, by the cross-entropy method.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village import kernels
from stagelight.engines.village.agents.protocol import Observations
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.batch_episode import play
from stagelight.engines.village.compiling import compiled
from stagelight.engines.village.exogenous import Tape
from stagelight.engines.village.training import cem

NUMBERS = (
    "cut_full",  # of the field's room, above which the farmer does not cut more
    "cut_load",  # carts of wheat before it is hauled while plots are ripe
    "flour_load",  # carts of flour before it is moved
    "flour_urgent",  # carts of flour before it is moved when bread is short
    "short",  # days of food from the bakery on, below which bread is short
    "bakery_days",  # below which flour goes to the bakery and not to the granary
    "reserve",  # days of food kept in the granary
    "reserve_omen",  # days more when there is an omen or no wind
    "sell_load",  # carts over the reserve before they are sold
    "bread_days",  # of bread, above which none is baked
    "square_days",  # of bread in the square, above which none is served
    "serve_load",  # days of bread before it is served while the square is not empty
    "grind_least",  # of what can be ground at once, before it is
    "last_day",  # of selling and investing
)
(
    CUT_FULL, CUT_LOAD, FLOUR_LOAD, FLOUR_URGENT, SHORT, BAKERY_DAYS, RESERVE, RESERVE_OMEN, SELL_LOAD, BREAD_DAYS,
    SQUARE_DAYS, SERVE_LOAD, GRIND_LEAST, LAST_DAY,
) = range(len(NUMBERS))  # fmt: skip
FOUND = (0.651, 0.671, 0.702, 0.614, 0.968, 1.63, 3.56, 0.061, 0.644, 2.143, 1.741, 0.499, 0.039, 36.726)


@compiled
def others_at(w, agent, action):  # type: ignore[no-untyped-def]
    """How many of the others do something."""
    count = 0
    for other in range(3):
        if other != agent and w[kernels.LEFT + other] > 0 and w[kernels.DOES + other] == action:
            count += 1
    return count


@compiled
def trade(s, w, agent, wind, omen, p):  # type: ignore[no-untyped-def]
    """Invest if there are coins for it, sell what is over the reserve; -1 if neither."""
    tool = 1 + r.TOOL * s[kernels.LEVEL]
    if w[kernels.NOW] // r.DAY + 1 > p[LAST_DAY]:
        return -1
    rich = s[kernels.COIN] >= r.PRICE_OF_LEVEL * tool and s[kernels.LEVEL] < r.LEVELS
    if rich and others_at(w, agent, r.INVEST) == 0:
        return r.INVEST
    days = p[RESERVE] + (p[RESERVE_OMEN] if omen or wind == 0 else 0.0)
    over = s[kernels.STORE] - days * s[kernels.N] - r.CART * tool * others_at(w, agent, r.SELL)
    if over >= p[SELL_LOAD] * r.CART * tool and s[kernels.LEVEL] < r.LEVELS:
        return r.SELL
    return -1


@compiled
def farmer(s, w, agent, wind, omen, p):  # type: ignore[no-untyped-def]
    """Guard, cut, haul; trade when there is nothing to do."""
    tool = 1 + r.TOOL * s[kernels.LEVEL]
    cart, cut, room = r.CART * tool, s[kernels.CUT], r.WHEAT_ROOM * tool - s[kernels.MILL_WHEAT]
    ripe = False
    for plot in range(r.PLOTS):
        ripe = ripe or s[plot] >= 1
    if s[kernels.RABBITS] > 0:
        return r.GUARD
    if ripe and cut < p[CUT_LOAD] * cart:
        return r.FARM
    if min(cut, room) >= p[CUT_LOAD] * cart * 0.6:
        return r.HAUL_WHEAT
    if ripe and cut < p[CUT_FULL] * r.FIELD_ROOM * tool:
        return r.FARM
    if min(cut, room) > 3:
        return r.HAUL_WHEAT
    found = trade(s, w, agent, wind, omen, p)
    return found if found >= 0 else r.WAIT


@compiled
def miller(s, w, agent, wind, omen, p):  # type: ignore[no-untyped-def]  # noqa: PLR0911  # a list of jobs
    """Flour where it is short, grind, trade, bank."""
    tool = 1 + r.TOOL * s[kernels.LEVEL]
    cart, flour = r.CART * tool, s[kernels.MILL_FLOUR] - r.CART * tool * others_at(w, agent, r.HAUL_FLOUR)
    near = s[kernels.BAKERY_FLOUR] + s[kernels.BAKERY_BREAD] + s[kernels.SQUARE]
    if others_at(w, agent, r.HAUL_FLOUR) > 0 or others_at(w, agent, r.DRAW) > 0:
        near += cart
    room = r.BAKERY_ROOM * tool - s[kernels.BAKERY_FLOUR]
    short = near < p[SHORT] * s[kernels.N]
    ground = min(s[kernels.MILL_WHEAT], r.MILLED * tool * wind, r.FLOUR_ROOM * tool - s[kernels.MILL_FLOUR])
    if short and min(flour, room) >= p[FLOUR_URGENT] * cart:
        return r.HAUL_FLOUR
    if flour >= p[FLOUR_LOAD] * cart or (flour > 4 and ground < 2):
        return r.HAUL_FLOUR if near < p[BAKERY_DAYS] * s[kernels.N] and room > 0.4 * cart else r.BANK
    found = trade(s, w, agent, wind, omen, p)
    if found == r.INVEST:
        return found
    if ground >= p[GRIND_LEAST] * r.MILLED * tool:
        return r.GRIND
    if short and s[kernels.STORE] > 4 and room > 4:
        return r.DRAW
    if found >= 0:
        return found
    if min(s[kernels.CUT], r.WHEAT_ROOM * tool - s[kernels.MILL_WHEAT]) > 0.5 * cart:
        return r.HAUL_WHEAT
    return r.GRIND if ground > 1 else r.WAIT


@compiled
def baker(s, w, agent, wind, omen, p):  # type: ignore[no-untyped-def]  # noqa: PLR0911  # a list of jobs
    """Serve, bake, fetch flour, trade."""
    tool = 1 + r.TOOL * s[kernels.LEVEL]
    cart, mouths = r.CART * tool, s[kernels.N]
    bread, square, flour = s[kernels.BAKERY_BREAD], s[kernels.SQUARE], s[kernels.BAKERY_FLOUR]
    ready = min(bread, cart)
    if square < p[SQUARE_DAYS] * mouths and (ready >= p[SERVE_LOAD] * mouths or (square < 0.5 * mouths and ready > 2)):
        return r.SERVE
    if flour > 3 and bread + square < p[BREAD_DAYS] * mouths:
        return r.BAKE
    if flour + bread + square < p[SHORT] * mouths:
        if s[kernels.MILL_FLOUR] - cart * (others_at(w, agent, r.HAUL_FLOUR) + others_at(w, agent, r.BANK)) > 5:
            return r.HAUL_FLOUR
        if s[kernels.STORE] > 4:
            return r.DRAW
        if s[kernels.COIN] > 20 and s[kernels.STORE] < 2:
            return r.BUY
    found = trade(s, w, agent, wind, omen, p)
    if found >= 0:
        return found
    if (
        s[kernels.MILL_FLOUR] - cart * others_at(w, agent, r.HAUL_FLOUR) - cart * others_at(w, agent, r.BANK)
        > 0.8 * cart
    ):
        return r.BANK
    if flour > 1 and bread + square < p[BREAD_DAYS] * mouths:
        return r.BAKE
    return r.SERVE if bread > 2 and square < p[SQUARE_DAYS] * mouths else r.WAIT


@compiled
def act(s, w, agent, wind, omen, p):  # type: ignore[no-untyped-def]
    """The action of a worker.

    Args:
        s, w: rows of numbers and workers, as `kernels`.
        agent: 0, 1 or 2.
        wind: now.
        omen: whether the mill stands still today or tomorrow.
        p: (14,) NUMBERS.
    """
    if agent == 0:
        return farmer(s, w, agent, wind, omen, p)
    return miller(s, w, agent, wind, omen, p) if agent == 1 else baker(s, w, agent, wind, omen, p)


@compiled
def advise(s, w, wind, omen, p, rows, workers, into):  # type: ignore[no-untyped-def]
    """What some workers of some villages should do, into (N,)."""
    for i in range(len(rows)):
        b = rows[i]
        now = min(w[b, kernels.NOW], kernels.LAST)
        into[i] = act(s[b], w[b], workers[i], wind[b, now], omen[b, now], p)


class Expert:
    """All workers of some villages, who see everything."""

    reports = False

    def __init__(self, villages: Villages, numbers: NDArray[np.float64]) -> None:
        """The workers of villages; `numbers`: (14,) NUMBERS."""
        self.villages, self.numbers = villages, numbers

    def act(self, observations: Observations) -> NDArray[np.int64]:
        """What each should do; what may not be chosen becomes waiting."""
        found, v = np.empty(len(observations.villages), np.int64), self.villages
        rows, workers = observations.villages, observations.workers
        advise(v.numbers, v.workers, v.tapes.wind, v.tapes.omen, self.numbers, rows, workers, found)
        return np.where(observations.masks[rows, workers, found], found, r.WAIT)


def returns(tapes: Tape, p: NDArray[np.float64]) -> NDArray[np.float64]:
    """(B,) of villages in which the teacher is all three workers."""
    villages = Villages(tapes)
    return play(villages, Expert(villages, p)).returns


def search(tapes: Tape, rounds: int, seed: int, population: int = 40, kept: int = 8) -> NDArray[np.float64]:
    """(14,) NUMBERS of the greatest mean return on some tapes, searched for from FOUND on."""
    start = np.array(FOUND)
    return cem.maximise(
        lambda p: float(returns(tapes, p).mean()), start, 0.3 * np.abs(start) + 0.1, 0.02 * np.abs(start),
        np.random.default_rng(seed), np.abs, rounds, population, kept,
    )  # fmt: skip
