"""Opponents with names and without a network, compiled. Equal choices are drawn from the board's own stream.

One more is a frozen copy of the policy, whose moves `rollouts` makes.
"""

from __future__ import annotations

import numpy as np

from stagelight.engines.rollout.games.attacks import BLACK_KING, KING, PASSANT, PAWN, SEES, TURN, WHITE_KING, checked
from stagelight.engines.rollout.games.compiling import compiled
from stagelight.engines.rollout.games.rules import MOVES, legal, make, shields

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
def _may_check(board, move, king, uncovering):  # type: ignore[no-untyped-def]
    """False only where a move surely leaves the enemy king on `king` unattacked.

    uncovering: the pieces that shield that king from a slider of their own side, as bits.
    """
    turn, origin, target = np.int64(board[TURN]), np.int64(move & 63), np.int64((move >> 6) & 63)
    piece = np.int64(board[origin]) * turn
    if (uncovering >> origin) & 1 or (piece == PAWN and target == board[PASSANT]):
        return True
    if piece == KING:
        return abs(target - origin) == 2
    promotion = np.int64(move >> 12)
    return SEES[turn * (promotion if promotion else piece), target, king]


@compiled
def _mating(board, moves, count, out, scratch):  # type: ignore[no-untyped-def]
    """The index of a move that mates, or -1."""
    turn = board[TURN]
    king = np.int64(board[BLACK_KING if turn > 0 else WHITE_KING])
    uncovering = shields(board, king, turn, turn)
    for index in range(count):
        if _may_check(board, moves[index], king, uncovering):
            scratch[:] = board
            make(scratch, moves[index])
            if checked(scratch) and legal(scratch, out) == 0:
                return index
    return -1


@compiled
def mate_in_one(board, out, inner):  # type: ignore[no-untyped-def]
    """The index in `out`, where the legal moves are written, of one that mates, or -1."""
    return _mating(board, out, legal(board, out), inner, board.copy())


@compiled
def _best_reply(board, out, inner, scratch, enough):  # type: ignore[no-untyped-def]
    """The most material, or mate, that the side to move can win at once; 0 where it has no move.

    Where it can win `enough` without mate, mates are not looked for.
    """
    best = 0
    count = legal(board, out)
    for index in range(count):
        capture, promotion = _gain(board, out[index])
        best = max(best, capture + promotion)
    if best < enough and _mating(board, out, count, inner, scratch) >= 0:
        return _MATE
    return best


@compiled
def _look_ahead(board, moves, score, outer, inner, scratch):  # type: ignore[no-untyped-def]
    """Take from each move's score what the best reply wins. Moves that cannot be best may keep more than that."""
    top, after = -2 * _MATE, board.copy()
    for index in np.argsort(-score):
        if score[index] < top:  # a reply never adds to it
            break
        after[:] = board
        make(after, moves[index])
        score[index] -= _best_reply(after, outer, inner, scratch, score[index] - top + 1)
        top = max(top, score[index])


@compiled
def reply(kind, board, moves, count, streams, row):  # type: ignore[no-untyped-def]
    """The index of the move an opponent chooses among its legal ones."""
    if kind == RANDOM:
        return draw(streams, row) % count
    outer, inner = np.empty(MOVES, np.uint16), np.empty(MOVES, np.uint16)
    score, allowed, scratch = np.empty(count, np.int64), np.zeros(count, np.bool_), board.copy()
    mate = _mating(board, moves, count, outer, scratch)
    if mate >= 0:
        return mate
    for index in range(count):
        capture, promotion = _gain(board, moves[index])
        score[index] = capture if kind in {GREEDY, CAREFUL} else capture + promotion
    if kind == MATERIAL_2:
        _look_ahead(board, moves, score, outer, inner, scratch)
    order = np.empty(count, np.int64)
    for index in range(count):  # the draw is the lower part, so that equal scores are equally likely
        order[index] = score[index] * 1_048_576 + draw(streams, row) % 1_048_576
    while True:
        best = np.argmax(order)
        if kind != CAREFUL or allowed[best]:
            return best
        allowed[best] = True
        scratch[:] = board
        make(scratch, moves[best])
        if mate_in_one(scratch, outer, inner) >= 0:
            order[best] -= _REFUSED * 1_048_576
