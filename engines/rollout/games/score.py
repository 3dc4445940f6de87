"""What a policy can do: the share of games it mates in, playing its most probable move, within 100 plies."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from stagelight.engines.rollout.games.arena import LOST, OPENING, Arena, from_rows, tails
from stagelight.engines.rollout.games.corpus import Games
from stagelight.engines.rollout.games.features import observe
from stagelight.engines.rollout.games.opponents import NAMES, RANDOM
from stagelight.engines.rollout.games.policy import Policy, best
from stagelight.engines.rollout.games.rollouts import distinct_rows
from stagelight.engines.rollout.games.rules import GOING_ON, MATE

Opponent = Callable[[Arena, NDArray[np.int64]], NDArray[np.int8]]  # moves on rows of an arena; the status reached
MOST_MOVES = 50
DEPTHS = (1, 9, 31)


def finish(policy: Policy, arena: Arena, opponent: Opponent = Arena.reply, most: int = MOST_MOVES) -> NDArray[np.int8]:
    """Play every game out, greedily, for `most` of the policy's moves; (B,) outcomes as in `rollouts.Played`."""
    outcome, mirror = np.zeros(len(arena), np.int8), np.zeros(len(arena), np.bool_)
    rows = np.arange(len(arena))
    for _ in range(most):
        distinct, which = distinct_rows(arena, rows, mirror)
        seen = observe(arena.boards, arena.history, distinct, mirror)
        with torch.no_grad():
            chosen = best(policy(seen).numpy(), seen.move_at)[which]
        outcome[rows] = arena.push(rows, seen.code[chosen])
        rows = rows[outcome[rows] == GOING_ON]
        if len(rows) == 0:
            break
        reached = opponent(arena, rows)
        outcome[rows] = np.where(reached == MATE, LOST, reached)
        rows = rows[reached == GOING_ON]
        if len(rows) == 0:
            break
    return outcome


def from_tails(games: Games, depth: int, kind: int, most: int, seed: int) -> Arena:
    """One start `depth` plies before mate from each of the first `most` games that are long enough."""
    which = np.flatnonzero(games.plies >= depth)[:most]
    return tails(games, which, np.full(len(which), depth), np.full(len(which), kind, np.int8), seed)


def from_opening(kind: int, count: int, seed: int) -> Arena:
    """Games from the opening position, the policy White."""
    return from_rows(OPENING[None].repeat(count, axis=0), np.full(count, kind, np.int8), seed)


def facts(policy: Policy, held_out: Games, seed: int, games: int = 512) -> dict[str, float]:
    """Mate rates under the names of the recording's facts; tails and plain `opening` are against the random mover."""

    def rate(arena: Arena) -> float:
        return float((finish(policy, arena) == MATE).mean())

    found = {f"tails.mate_rate.{d}": rate(from_tails(held_out, d, RANDOM, games, seed)) for d in DEPTHS}
    for name, kind in NAMES.items():
        key = "opening.mate_rate" if kind == RANDOM else f"opening.{name}.mate_rate"
        found[key] = rate(from_opening(kind, games, seed))
    return found
