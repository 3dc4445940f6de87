"""What a policy is worth: greedy play from positions it never learnt from, against the perfect defender."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from stagelight.engines.rollout.endgame import environment
from stagelight.engines.rollout.endgame.curriculum import held_out
from stagelight.engines.rollout.endgame.policy import Policy, batch
from stagelight.engines.rollout.endgame.tables import DRAWN, MATED, Ending

MOVE_LIMIT = 50  # the fifty-move rule, its clock at 0 at the start


@dataclass(frozen=True)
class Score:
    """Greedy play from N positions."""

    win_rate: float  # mates within `MOVE_LIMIT` moves
    length_ratio: float  # over the wins: all moves played / all distances to mate; nan without a win
    positions: int
    win_rate_at: NDArray[np.float64]  # (longest,) by distance to mate 1, 2, ...; nan where none was asked


def positions(ending: Ending, seed: int, limit: int) -> NDArray[np.int64]:
    """Held-out positions that White wins, all or `limit` drawn evenly over positions."""
    states = np.flatnonzero((ending.white > 0) & held_out(ending))
    if len(states) > limit:
        states = np.sort(np.random.default_rng(seed).choice(states, limit, replace=False))
    return states


def greedy(policy: Policy, ending: Ending, states: NDArray[np.int64]) -> NDArray[np.int64]:
    """(S,) the most probable move of each state, in float32."""
    found = np.empty(len(states), np.int64)
    for begin in range(0, len(states), 4096):
        with torch.no_grad():
            logp = policy(batch(ending, states[begin : begin + 4096]))
        found[begin : begin + 4096] = logp.argmax(1).numpy()
    return found


def lengths(policy: Policy, ending: Ending, start: NDArray[np.int64]) -> NDArray[np.int64]:
    """(S,) moves to mate by greedy play, 0 where there is none. Repetition needs no rule: it never ends in mate."""
    state, length, alive = start.copy(), np.zeros(len(start), np.int64), np.arange(len(start))
    for move in range(1, MOVE_LIMIT + 1):
        distinct, inverse = np.unique(state[alive], return_inverse=True)
        after = environment.play(ending, distinct, greedy(policy, ending, distinct))[inverse]
        length[alive[after == MATED]] = move
        state[alive] = after
        alive = alive[after > DRAWN]
        if not len(alive):
            break
    return length


def score(policy: Policy, ending: Ending, start: NDArray[np.int64]) -> Score:
    """Play out each start and count."""
    length = lengths(policy, ending, start)
    distance, won = ending.white[start].astype(np.int64), length > 0
    asked = np.bincount(distance, minlength=ending.longest + 1)[1:]
    wins = np.bincount(distance, won, ending.longest + 1)[1:]
    return Score(
        float(won.mean()),
        float(length[won].sum() / distance[won].sum()) if won.any() else float("nan"),
        len(start),
        np.where(asked > 0, wins / np.maximum(asked, 1), np.nan),
    )
