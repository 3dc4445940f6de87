"""Opponents with names and without a network, compiled. Equal choices are drawn from the board's own stream.

One more stands last on the ladder: a frozen copy of the policy, whose moves `rollouts` makes.
"""

from __future__ import annotations

import numpy as np

from engines.rollout.games.attacks import PASSANT, PAWN, checked
from engines.rollout.games.compiling import compiled
from engines.rollout.games.rules import MOVES, legal, make

RANDOM, GREEDY, CAREFUL, MATERIAL_1, MATERIAL_2, FROZEN = range(6)
NAMES = {
    "random": RANDOM,  # any legal move
    "greedy": GREEDY,  # mates when it can, else takes the dearest piece it can, else any move
    "careful": CAREFUL,  # the same, but of its moves only those that do not allow mate in one, while there are any
    "material_1": MATERIAL_1,  # mates when it can, else the most material after its move
    "material_2": MATERIAL_2,  # the same after the best reply
}
RUNGS = {**NAMES, "frozen": FROZEN}
_WORTH = np.array([0, 1, 3, 3, 5, 9, 0], np.int64)
_MATE, _REFUSED = 1000, 100_000


@compiled
def draw(streams, row):  # type: ignore[no-untyped-def]
    """The next number, 0 to 2**53 - 1, of a board's stream (splitmix64). streams: uint64 (B,)."""
    streams[row] += np.uint64(0x9E3779B97F4A7C15)
    z = streams[row]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.int64((z ^ (z >> np.uint64(31))) >> np.uint64(11))


@compiled
def _gain(board, move):  # type: ignore[no-untyped-def]
    """Pawns' worth of material that a move wins by capture and by promotion: (capture, promotion)."""
    origin, target, promotion = np.int64(move & 63), np.int64((move >> 6) & 63), np.int64(move >> 12)
    taken = abs(board[target])
    if target == board[PASSANT] and abs(board[origin]) == PAWN:
        taken = PAWN
    return _WORTH[taken], (_WORTH[promotion] - 1 if promotion else 0)


@compiled
def _mated(board, out):  # type: ignore[no-untyped-def]
    return checked(board) and legal(board, out) == 0


@compiled
def mate_in_one(board, out, inner):  # type: ignore[no-untyped-def]
    """The index in `out`, where the legal moves are written, of one that mates, or -1."""
    for index in range(legal(board, out)):
        after = board.copy()
        make(after, out[index])
        if _mated(after, inner):
            return index
    return -1


@compiled
def _best_reply(board, out, inner, scratch, enough):  # type: ignore[no-untyped-def]
    """The most material, or mate, that the side to move can win at once; 0 where it has no move.

    Where it can win `enough` without mate, mates are not looked for.
    """
    best = -_MATE
    count = legal(board, out)
    for index in range(count):
        capture, promotion = _gain(board, out[index])
        best = max(best, capture + promotion)
    if best >= enough:
        return best
    for index in range(count):
        scratch[:] = board
        make(scratch, out[index])
        if _mated(scratch, inner):
            return _MATE
    return best if count else 0


@compiled
def reply(kind, board, moves, count, streams, row):  # type: ignore[no-untyped-def]
    """The index of the move an opponent chooses among its legal ones."""
    if kind == RANDOM:
        return draw(streams, row) % count
    outer, inner = np.empty(MOVES, np.uint16), np.empty(MOVES, np.uint16)
    score, allowed = np.empty(count, np.int64), np.zeros(count, np.bool_)
    top, scratch = -2 * _MATE, board.copy()
    for index in range(count):
        after = board.copy()
        make(after, moves[index])
        capture, promotion = _gain(board, moves[index])
        if _mated(after, outer):
            return index
        score[index] = capture if kind in {GREEDY, CAREFUL} else capture + promotion
        if kind == MATERIAL_2:
            score[index] -= _best_reply(after, outer, inner, scratch, score[index] - top + 1)
        top = max(top, score[index])
    order = np.empty(count, np.int64)
    for index in range(count):  # the draw is the lower part, so that equal scores are equally likely
        order[index] = score[index] * 1_048_576 + draw(streams, row) % 1_048_576
    while True:
        best = np.argmax(order)
        if kind != CAREFUL or allowed[best]:
            return best
        allowed[best] = True
        after = board.copy()
        make(after, moves[best])
        if mate_in_one(after, outer, inner) >= 0:
            order[best] -= _REFUSED * 1_048_576
