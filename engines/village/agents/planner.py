"""A planner with a forecast: every free worker tries each action in thought and takes what promises most.

This is the rollout algorithm (Bertsekas, Tsitsiklis and Wu, 1997) in the manner of model-predictive control: the action
is followed by the scripted lists to the end of the last day, in a village as the worker believes it to be, under the
weather they expect. It plans on what it can observe, never on the tape: stocks as last seen or heard, plots that are
not ripe evenly grown, the others half done with what they do, mean wind, no rabbits but those that are known, today's
price, and no wind until tomorrow night where the omen is known. As it stands it does worse than the lists it follows;
the log in docs/how-it-is-made.md says by how much.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village import kernels
from stagelight.engines.village.agents import base_stock_policy, oracle
from stagelight.engines.village.agents.protocol import Agent, Choice, Observation

MEAN_WIND = 0.8  # of the wind's chain, measured on 50 tapes
MARGIN = 15.0  # how much more J another action than the lists' own must promise
K = r.KNOWS
_CARRIED = {
    r.CUT_WHEAT: kernels.CUT, r.MILL_WHEAT: kernels.MILL_WHEAT, r.MILL_FLOUR: kernels.MILL_FLOUR,
    r.BAKERY_FLOUR: kernels.BAKERY_FLOUR, r.BAKERY_BREAD: kernels.BAKERY_BREAD, r.SQUARE_BREAD: kernels.SQUARE,
    r.IN_GRANARY: kernels.STORE, r.COINS: kernels.COIN, r.HUNGER: kernels.HUNGER, r.RABBITS: kernels.RABBITS,
    r.N_MOUTHS: kernels.N,
}  # fmt: skip


def believed(o: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The rows of a village, (25,) and (16,), as the worker of an observation (44,) believes it to be."""
    s, w = np.zeros(kernels.NUMBERS), np.zeros(kernels.WORKERS, np.int64)
    ripe = int(np.clip(o[K + r.RIPE], 0, r.PLOTS))
    s[: r.PLOTS] = 1.0
    s[ripe : r.PLOTS] = np.linspace(0.1, 0.9, r.PLOTS - ripe)
    for known, number in _CARRIED.items():
        s[number] = o[K + known]
    s[kernels.N] = max(float(r.LEAST_MOUTHS), s[kernels.N])
    s[kernels.LEVEL] = o[r.LEVEL]
    w[kernels.AT : kernels.AT + 3], w[kernels.DOES : kernels.DOES + 3] = r.POST, r.FREE
    for agent in range(3):
        does = int(o[K + r.FARMER_DOES + agent])
        if agent == int(o[r.ROLE]):
            w[kernels.AT + agent] = int(o[r.PLACE])
        elif does > r.WAIT:  # half done, from where its work is
            at = int(r.SOURCE[does])
            w[kernels.AT + agent], w[kernels.DOES + agent] = at, does
            w[kernels.LEFT + agent] = (r.DURATION[agent, at, does] + 1) // 2
    w[kernels.NOW] = (int(o[r.TODAY]) - 1) * r.DAY + int(o[r.TICK])
    return s, w


def expected(o: NDArray[np.float32]) -> tuple[NDArray[np.float64] | NDArray[np.bool_], ...]:
    """The weather to come as the worker expects it: wind, omen, price, rabbits, rain, illness, as in a tape."""
    wind = np.full(r.TICKS, MEAN_WIND)
    day = int(o[r.TODAY]) - 1
    if o[K + r.OMEN] > 0 and o[r.AGE + r.OMEN] <= r.DAY:
        wind[: (day + 2) * r.DAY] = 0.0
    nothing = np.zeros(r.TICKS, np.bool_)
    price = np.full(r.TICKS, float(o[K + r.PRICE]))
    return wind, nothing, price, nothing, np.ones(r.TICKS), np.zeros((r.TICKS, 3), np.bool_)


def choose(seen: NDArray[np.float32], last: int, mask: NDArray[np.int8], p: NDArray[np.float64]) -> int:
    """The action of a free worker.

    Args:
        seen: (44,) an observation.
        last: the action that they did before, `constants.FREE` if none.
        mask: (13,) what is allowed.
        p: (30,) `base_stock_policy.PARAMETERS` of the lists that are followed in thought; their own choice is
            taken unless another promises more by MARGIN.
    """
    o = seen.copy()
    base_stock_policy.recall(o, last, p)
    s, w = believed(o)
    weather, every_day, room = expected(o), np.tile(p, (r.DAYS, 1)), oracle.memory()
    plan = np.full((r.TICKS, 3), oracle.NOT_OVERRULED, np.int8)
    usual = int(base_stock_policy.act(o, p))
    best, most = usual, -np.inf
    for action in sorted(np.flatnonzero(mask).tolist(), key=lambda action: action != usual):
        plan[w[kernels.NOW], int(o[r.ROLE])] = action
        found = oracle.follow(s.copy(), w.copy(), *weather, every_day, plan, *room)
        if found > most + (0.0 if action == usual else MARGIN):
            best, most = action, found
    return best


class Planner(Agent):
    """A worker who plans, over one episode."""

    reports = True

    def __init__(self, numbers: NDArray[np.float64], reports: bool = True) -> None:
        """A worker who has done nothing yet; `numbers`: (30,) of the lists that are followed in thought."""
        self.numbers, self.reports, self.last = numbers, reports, r.FREE

    def act(self, observation: Observation) -> Choice:
        """The action that promises most."""
        self.last = choose(observation.values, self.last, observation.mask, self.numbers)
        return Choice(self.last)
