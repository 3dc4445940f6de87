"""Where rollouts start: the reverse curriculum over depth and over opponents.

Depth is plies from mate in the game a start is taken from, odd, so that the side which mated is to move; past
a game's length it is the game's beginning. `OPENING_DEPTH` is the opening position itself. After Florensa et
al. (arXiv:1707.05300) and Salimans & Chen (arXiv:1812.03381): the frontier moves back when it is mastered, part of
each batch is drawn from what lies before it. A frontier that is stuck does not wait for ever: it returns toward
the mate if it mostly fails, and goes on if it mostly succeeds, for near a mate the budget is tight. A new opponent
is met at the opening, whence the last one was beaten.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.rollout.games.arena import OPENING, Arena, from_rows, tails
from stagelight.engines.rollout.games.corpus import Games

OPENING_DEPTH = 1001
LEVELS = (1, 3, 5, 7, 9, 13, 17, 21, 25, 31, 41, 51, 71, 99, OPENING_DEPTH)
STARTS = ("curriculum", "uniform", "opening_only")


@dataclass(frozen=True)
class Frontier:
    """How far the curriculum has come."""

    rung: int = 0  # which opponent of the ladder
    level: int = 0  # index into LEVELS
    success: float = 0.0  # moving average of the share of rollouts from the frontier that mate
    steps: int = 0  # spent here

    @property
    def depth(self) -> int:
        """Plies from mate."""
        return LEVELS[self.level]


def moved(frontier: Frontier, rate: float, rungs: int, threshold: float, patience: int) -> Frontier:
    """The frontier after a step in which `rate` of its rollouts mated."""
    success = 0.8 * frontier.success + 0.2 * rate
    rung, level, steps = frontier.rung, frontier.level, frontier.steps + 1
    last, stuck = level + 1 == len(LEVELS), steps >= patience
    if success > threshold and last and rung + 1 < rungs:
        return Frontier(rung + 1, level)
    if not last and (success > threshold or (stuck and success >= threshold / 2)):
        return Frontier(rung, level + 1)
    if stuck and success < threshold / 2 and level > 0:
        return Frontier(rung, level - 1)
    return Frontier(rung, level, success, steps)


def choose(
    frontier: Frontier, starts: str, rungs: int, groups: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Depth and rung of each start, and whether it is at the frontier; (groups,) each.

    Raises:
        ValueError: `starts` is none of STARTS.
    """
    levels = np.array(LEVELS)
    if starts == "opening_only":
        return np.full(groups, OPENING_DEPTH), rng.integers(rungs, size=groups), np.ones(groups, np.bool_)
    if starts == "uniform":
        return rng.choice(levels, groups), rng.integers(rungs, size=groups), np.ones(groups, np.bool_)
    if starts != "curriculum":
        raise ValueError(f"starts is {starts!r}, wanted one of {', '.join(STARTS)}")
    at = np.arange(groups) < (groups + 1) // 2
    rung = np.where(at, frontier.rung, rng.integers(frontier.rung + 1, size=groups))
    top = np.where(rung < frontier.rung, len(LEVELS), frontier.level + 1)  # earlier opponents at every depth
    level = np.where(at, frontier.level, (rng.random(groups) * top).astype(np.int64))
    return levels[level], rung, at


def arena_of(
    games: Games, depth: NDArray[np.int64], kinds: NDArray[np.int8], rng: np.random.Generator
) -> tuple[Arena, NDArray[np.int64]]:
    """Games at these depths, one each, drawn at random; and their true depths."""
    plies = games.plies
    which = rng.integers(len(games), size=len(depth))
    for _ in range(8):  # a game too short for its depth is drawn again
        short = (plies[which] < depth) & (depth < OPENING_DEPTH)
        which[short] = rng.integers(len(games), size=int(short.sum()))
    true = np.minimum(depth, plies[which] - 1 + plies[which] % 2)
    arena = tails(games, which, true, kinds, int(rng.integers(2**62)))
    opening = np.flatnonzero(depth == OPENING_DEPTH)
    if len(opening):
        fresh = from_rows(OPENING[None].repeat(len(opening), axis=0), kinds[opening], 0)
        arena.boards[opening], arena.history[opening] = fresh.boards, fresh.history
    return arena, np.where(depth == OPENING_DEPTH, depth, true)
