"""Forced mates in one, two and three moves, and the defence that puts them off the longest, compiled.

Written out depth by depth: a compiled function that calls itself cannot be loaded from numba's cache by another.
`replies` and the like are scratch arrays, uint16 (218,).
"""

from __future__ import annotations

import numpy as np

from stagelight.engines.rollout.chess.board import (
    BLACK_KING,
    KING,
    PASSANT,
    PAWN,
    SEES,
    TURN,
    WHITE_KING,
    checked,
)
from stagelight.engines.rollout.chess.rules import MOVES, legal, make, shields
from stagelight.engines.rollout.compiling import compiled

BEYOND = 3  # what `distance_after` says of a mate further than two moves away, or none


@compiled
def may_check(board, move, king, uncovering):  # type: ignore[no-untyped-def]
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
def mating(board, moves, count, out, scratch):  # type: ignore[no-untyped-def]
    """The index of a move that mates, or -1."""
    turn = board[TURN]
    king = np.int64(board[BLACK_KING if turn > 0 else WHITE_KING])
    uncovering = shields(board, king, turn, turn)
    for index in range(count):
        if may_check(board, moves[index], king, uncovering):
            scratch[:] = board
            make(scratch, moves[index])
            if checked(scratch) and legal(scratch, out) == 0:
                return index
    return -1


@compiled
def mate_in_one(board, out, inner):  # type: ignore[no-untyped-def]
    """The index in `out`, where the legal moves are written, of one that mates, or -1."""
    return mating(board, out, legal(board, out), inner, board.copy())


@compiled
def _killer_first(moves, count, killer):  # type: ignore[no-untyped-def]
    """Swap the move `killer`, which refuted the move before, to the front."""
    for index in range(1, count):
        if moves[index] == killer:
            moves[0], moves[index] = killer, moves[0]
            break


@compiled
def _all_allow_one(board, killer):  # type: ignore[no-untyped-def]
    """Test if each reply of the side to move allows mate in one: (that, the reply that does not).

    False as well where there is no reply.
    """
    replies, out, inner = np.empty(MOVES, np.uint16), np.empty(MOVES, np.uint16), np.empty(MOVES, np.uint16)
    count, after = legal(board, replies), board.copy()
    if count == 0:
        return False, killer
    _killer_first(replies, count, killer)
    for index in range(count):
        after[:] = board
        make(after, replies[index])
        if mate_in_one(after, out, inner) < 0:
            return False, replies[index]
    return True, killer


@compiled
def mate_in_two(board):  # type: ignore[no-untyped-def]
    """A move after which every reply allows mate in one, or -1. A mate in one is not looked for."""
    moves, after, killer = np.empty(MOVES, np.uint16), board.copy(), np.uint16(0)
    for index in range(legal(board, moves)):
        after[:] = board
        make(after, moves[index])
        forced, killer = _all_allow_one(after, killer)
        if forced:
            return np.int64(moves[index])
    return np.int64(-1)


@compiled
def distance_after(board, out, inner):  # type: ignore[no-untyped-def]
    """In how many moves the side to move mates: 1, 2 or `BEYOND`."""
    if mate_in_one(board, out, inner) >= 0:
        return 1
    return 2 if mate_in_two(board) >= 0 else BEYOND


@compiled
def mate_in_three(board):  # type: ignore[no-untyped-def]
    """A check after which every reply allows mate in at most two, or -1. Quiet first moves are not tried."""
    moves, replies = np.empty(MOVES, np.uint16), np.empty(MOVES, np.uint16)
    out, inner, after, later = np.empty(MOVES, np.uint16), np.empty(MOVES, np.uint16), board.copy(), board.copy()
    killer = np.uint16(0)
    for index in range(legal(board, moves)):
        after[:] = board
        make(after, moves[index])
        if not checked(after):
            continue
        count = legal(after, replies)
        _killer_first(replies, count, killer)
        forced = count > 0
        for reply in range(count):
            later[:] = after
            make(later, replies[reply])
            if distance_after(later, out, inner) == BEYOND:
                forced, killer = False, replies[reply]
                break
        if forced:
            return np.int64(moves[index])
    return np.int64(-1)


@compiled
def longest_defence(board, moves, count, start):  # type: ignore[no-untyped-def]
    """The index of the reply that puts mate off the longest, up to `BEYOND` moves.

    start: the first to be tried, so that equals are chosen by the caller's chance.
    """
    out, inner, after = np.empty(MOVES, np.uint16), np.empty(MOVES, np.uint16), board.copy()
    best, longest = start, 0
    for offset in range(count):
        index = (start + offset) % count
        after[:] = board
        make(after, moves[index])
        distance = distance_after(after, out, inner)
        if distance > longest:
            best, longest = index, distance
            if longest == BEYOND:
                break
    return best
