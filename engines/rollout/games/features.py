"""What the policy is told of many boards at once: the indices of `encoding`, compiled.

Always from the side to move: where Black moves the board is turned upside down and the colours are swapped; a
row marked in `mirror` is also seen left-right reversed. Beside what `encoding` tells of a move, whether it leads to
a position seen before in the game. The policy is never told that a move mates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.rollout import encoding
from stagelight.engines.rollout.games.attacks import (
    BISHOP,
    CASTLING,
    CLOCK,
    JUMPS,
    KING,
    KNIGHT,
    PASSANT,
    PAWN,
    RAYS,
    REACH,
    ROOK,
    STEPS,
    TURN,
    WHITE_KING,
    checked,
)  # fmt: skip
from stagelight.engines.rollout.games.compiling import compiled
from stagelight.engines.rollout.games.rules import MOVES, legal, make, position_hash

MOST = 320  # no position has more features
FEATURES = encoding.MOVE_FEATURES + 1
REPEATS = encoding.MOVE_SIZE  # one more feature of a move: 0 leads to a new position, 1 to one seen before
SIZE = encoding.MOVE_SIZE + 2
_PIECE, _THREATENED, _NEAR = (encoding.AT[name] for name in ("piece", "threatened", "near_king"))
_OURS, _TWICE, _THEIRS = (encoding.AT[name] for name in ("ours", "ours_twice", "theirs"))
_ZONE, _RIGHTS, _RELATIVE = encoding.AT["king_zone"], encoding.AT["castling"], encoding.RELATIVE
_TO, _FROM, _CAPTURED, _PROMOTION, _SAFETY, _ORIGIN, _MOVE_NEAR = (encoding.MOVE_AT[name] for name in encoding.MOVE)


@dataclass(frozen=True)
class Seen:
    """What R positions look like, with K legal moves in all."""

    state: NDArray[np.int32]  # feature indices of all positions, one after the other
    state_at: NDArray[np.int64]  # (R + 1,) where each position's features start
    move: NDArray[np.int32]  # (K, FEATURES)
    code: NDArray[np.uint16]  # (K,) the moves
    move_at: NDArray[np.int64]  # (R + 1,) where each position's moves start

    def __len__(self) -> int:
        """The number of positions."""
        return len(self.state_at) - 1


def observe(
    boards: NDArray[np.int8], history: NDArray[np.int64], rows: NDArray[np.int64], mirror: NDArray[np.bool_]
) -> Seen:
    """Look at some rows of many boards, in which the game goes on. history, mirror: of all boards, (B, 128), (B,)."""
    return Seen(*_observe(boards, history, rows, mirror))


@compiled
def count_attacks(board, turn, counts):  # type: ignore[no-untyped-def]
    """Add to counts, (64,), how many pieces of a side attack each square."""
    for origin in range(64):
        piece = board[origin] * turn
        if piece <= 0:
            continue
        if piece == PAWN:
            ahead, file = origin + 8 * turn, origin & 7
            if file > 0:
                counts[ahead - 1] += 1
            if file < 7:
                counts[ahead + 1] += 1
        elif piece in {KNIGHT, KING}:
            for index in range(8):
                target = JUMPS[origin, index] if piece == KNIGHT else STEPS[origin, index]
                if target >= 0:
                    counts[target] += 1
        else:
            for direction in range(4 if piece == BISHOP else 0, 4 if piece == ROOK else 8):
                for distance in range(REACH[origin, direction]):
                    target = RAYS[origin, direction, distance]
                    counts[target] += 1
                    if board[target] != 0:
                        break


@compiled
def _near(square, king):  # type: ignore[no-untyped-def]
    return ((square & 7) - (king & 7) + 7) * 15 + (square >> 3) - (king >> 3) + 7


@compiled
def _state(board, turn, flip, king, ours, theirs, out, n):  # type: ignore[no-untyped-def]
    """Write a position's features from `n` on; returns the new count. king: the enemy's, as seen."""
    for square in range(64):
        seen = square ^ flip
        piece = board[square] * turn
        if piece != 0:
            kind = piece - 1 if piece > 0 else 5 - piece
            out[n], out[n + 1] = _PIECE + kind * 64 + seen, _NEAR + kind * _RELATIVE + _near(seen, king)
            n += 2
            if (theirs[square] if piece > 0 else ours[square]) > 0:
                out[n] = _THREATENED + kind * 64 + seen
                n += 1
        if ours[square]:
            out[n] = _OURS + seen
            n += 1
        if ours[square] > 1:
            out[n] = _TWICE + seen
            n += 1
        if theirs[square]:
            out[n] = _THEIRS + seen
            n += 1
    for index in range(9):
        file, rank = (king & 7) + index % 3 - 1, (king >> 3) + index // 3 - 1
        status = 0
        if 0 <= file < 8 and 0 <= rank < 8:
            seen = file + 8 * rank
            square = seen ^ flip
            blocked = board[square] * turn < 0 and seen != king
            status = 1 if blocked else 2 if ours[square] else 3
        out[n] = _ZONE + index * 4 + status
        n += 1
    rights = board[CASTLING] if turn > 0 else board[CASTLING] >> 2
    for bit in range(2):
        if (rights >> bit) & 1:
            out[n] = _RIGHTS + bit
            n += 1
    return n


@compiled
def _seen_before(board, history):  # type: ignore[no-untyped-def]
    """Whether a position that is not yet in its history was there before."""
    if board[CLOCK] < 4:
        return False
    name = position_hash(board)
    seen = False
    for earlier in range(board[CLOCK] - 4, -1, -2):
        seen |= history[earlier] == name
    return seen


@compiled
def _move(board, history, scratch, move, flip, king, ours, theirs, out):  # type: ignore[no-untyped-def]
    """Write the features of one legal move. king: the enemy's, as seen."""
    turn, promotion = board[TURN], np.int64(move >> 12)
    origin, target = np.int64(move & 63), np.int64((move >> 6) & 63)
    piece, taken = board[origin] * turn, -board[target] * turn
    sideways = (origin & 7) != (target & 7)
    if piece == PAWN and target == board[PASSANT]:
        taken = PAWN
    guards = sideways if piece == PAWN else not (piece == KING and abs(target - origin) == 2)
    scratch[:] = board
    make(scratch, move)
    out[0] = _TO + (piece - 1) * 64 + (target ^ flip)
    out[1] = _FROM + (origin ^ flip)
    out[2] = _CAPTURED + taken
    out[3] = _PROMOTION + (promotion - 1 if promotion else 0)
    out[4] = _SAFETY + 4 * checked(scratch) + 2 * (theirs[target] > 0) + (ours[target] - guards > 0)
    out[5] = _ORIGIN + (theirs[origin] > 0)
    out[6] = _MOVE_NEAR + (piece - 1) * _RELATIVE + _near(target ^ flip, king)
    out[7] = REPEATS + _seen_before(scratch, history)


@compiled
def _observe(boards, history, rows, mirror):  # type: ignore[no-untyped-def]
    count = len(rows)
    codes, state = np.empty(count * MOVES, np.uint16), np.empty(count * MOST, np.int32)
    state_at, move_at = np.zeros(count + 1, np.int64), np.zeros(count + 1, np.int64)
    ours, theirs = np.empty((count, 64), np.int8), np.empty((count, 64), np.int8)
    ours[:], theirs[:] = 0, 0
    flips, kings = np.empty(count, np.int64), np.empty(count, np.int64)
    for index in range(count):
        board = boards[rows[index]]
        turn = board[TURN]
        flips[index] = (0 if turn > 0 else 56) ^ (7 if mirror[rows[index]] else 0)
        kings[index] = np.int64(board[WHITE_KING + (turn > 0)]) ^ flips[index]
        move_at[index + 1] = move_at[index] + legal(board, codes[move_at[index] :])
        count_attacks(board, turn, ours[index])
        count_attacks(board, -turn, theirs[index])
        state_at[index + 1] = _state(
            board, turn, flips[index], kings[index], ours[index], theirs[index], state, state_at[index]
        )
    moves, scratch = np.empty((move_at[count], FEATURES), np.int32), boards[0].copy()
    for index in range(count):
        for at in range(move_at[index], move_at[index + 1]):
            _move(
                boards[rows[index]], history[rows[index]], scratch, codes[at], flips[index], kings[index], ours[index],
                theirs[index], moves[at],
            )  # fmt: skip
    return state[: state_at[count]].copy(), state_at, moves, codes[: move_at[count]].copy(), move_at
