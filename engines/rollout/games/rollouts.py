"""Groups of whole rollouts: the policy against an opponent until mate, a draw, or the end of the budget."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from stagelight.engines.rollout.games.arena import LOST, Arena
from stagelight.engines.rollout.games.attacks import CLOCK
from stagelight.engines.rollout.games.compiling import compiled
from stagelight.engines.rollout.games.features import Seen, observe
from stagelight.engines.rollout.games.opponents import FROZEN
from stagelight.engines.rollout.games.policy import Policy, join, sample
from stagelight.engines.rollout.games.rules import GOING_ON, MATE, position_hash


@dataclass(frozen=True)
class Played:
    """R rollouts. Each of the N moves made belongs to one; equal positions of one ply are kept once, S in all."""

    seen: Seen  # S positions
    rollout: NDArray[np.int64]  # (N,) which rollout made the move
    position: NDArray[np.int64]  # (N,) in which of the S positions
    move: NDArray[np.int64]  # (N,) index into seen.code
    old_logp: NDArray[np.float32]  # (N,)
    entropy: NDArray[np.float32]  # (S,) nats
    outcome: NDArray[np.int8]  # (R,) as in `rules`; LOST as in `arena`; GOING_ON if the budget ran out
    moves: NDArray[np.int64]  # (R,) the learner's moves
    positions: int  # boards reached, by the learner and by its opponents


def play(
    policy: Policy, arena: Arena, mirror: NDArray[np.bool_], budget: NDArray[np.int64], rival: Policy | None = None
) -> Played:
    """Play every game out, sampling. mirror, budget: (R,), the learner's moves at most; rival: see `advance`."""
    rows, first_position, first_move = np.arange(len(arena)), 0, 0
    outcome, moves = np.zeros(len(arena), np.int8), np.zeros(len(arena), np.int64)
    parts: list[Seen] = []
    made: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]] = []
    spread: list[NDArray[np.float32]] = []
    while len(rows):
        distinct, which = distinct_rows(arena, rows, mirror)
        seen = observe(arena.boards, arena.history, distinct, mirror)
        with torch.no_grad():
            logp = policy(seen).numpy()
        chosen = sample(logp, seen.move_at, which, arena.streams, rows)
        made.append((rows, which + first_position, chosen + first_move, logp[chosen]))
        spread.append(-np.add.reduceat(np.exp(logp) * logp, seen.move_at[:-1]))
        parts.append(seen)
        first_position, first_move = first_position + len(seen), first_move + len(seen.code)
        moves[rows] += 1
        outcome[rows] = advance(arena, rows, seen.code[chosen], rival)
        rows = rows[(outcome[rows] == GOING_ON) & (moves[rows] < budget[rows])]
    rollout, position, move, old_logp = (np.concatenate(column) for column in zip(*made, strict=True))
    reached = 2 * int(moves.sum()) - int((outcome == 1).sum())
    return Played(join(parts), rollout, position, move, old_logp, np.concatenate(spread), outcome, moves, reached)


def advance(arena: Arena, rows: NDArray[np.int64], moves: NDArray[np.uint16], rival: Policy | None) -> NDArray[np.int8]:
    """Play the learner's move on each row and let the opponent reply, a `FROZEN` one by `rival`; (R,) outcomes."""
    frozen = arena.kinds[rows] == FROZEN
    if rival is None or not frozen.any():
        return arena.advance(rows, moves)
    outcome = np.empty(len(rows), np.int8)
    outcome[~frozen] = arena.advance(rows[~frozen], moves[~frozen])
    outcome[frozen] = status = arena.push(rows[frozen], moves[frozen])
    going = np.flatnonzero(frozen)[status == GOING_ON]
    if len(going):
        reached = reply(rival, arena, rows[going])
        outcome[going] = np.where(reached == MATE, LOST, reached)
    return outcome


def reply(policy: Policy, arena: Arena, rows: NDArray[np.int64]) -> NDArray[np.int8]:
    """A move drawn from a policy on each row; (R,) status of the position reached. An opponent of `score.finish`."""
    mirror = np.zeros(len(arena), np.bool_)
    distinct, which = distinct_rows(arena, rows, mirror)
    seen = observe(arena.boards, arena.history, distinct, mirror)
    with torch.no_grad():
        chosen = sample(policy(seen).numpy(), seen.move_at, which, arena.streams, rows)
    return arena.push(rows, seen.code[chosen])


def distinct_rows(
    arena: Arena, rows: NDArray[np.int64], mirror: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """One row of each distinct position, as the policy sees it, and which of them each row is."""
    names = _names(arena.boards, arena.history, rows, mirror)
    _, first, which = np.unique(names, return_index=True, return_inverse=True)
    return rows[first], which


@compiled
def _names(boards, history, rows, mirror):  # type: ignore[no-untyped-def]
    names = np.empty(len(rows), np.int64)
    for index in range(len(rows)):
        board, past = boards[rows[index]], history[rows[index]]
        here = position_hash(board)  # times an odd number: A after B is not B after A
        names[index] = here * np.int64(-7046029254386353131) ^ (np.int64(1) if mirror[rows[index]] else np.int64(0))
        for earlier in range(board[CLOCK] - 3, -1, -2):  # what a move may repeat
            names[index] ^= past[earlier]
    return names
