"""The board as a row of 72 bytes, and which squares are attacked, compiled.

A board is int8 (72,): squares a1 to h8 as 0 to 63, white pieces 1 to 6 (pawn, knight, bishop, rook, queen, king),
black ones negative; then the side to move (1 or -1), castling rights (1 K, 2 Q, 4 k, 8 q), the en passant square
(-1 unless a capture there is legal), the halfmove clock, and the squares of the two kings.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.rollout.compiling import compiled

Bytes = NDArray[np.int8]
TURN, CASTLING, PASSANT, CLOCK, WHITE_KING, BLACK_KING, BOARD = 64, 65, 66, 67, 68, 69, 72
PAWN, KNIGHT, BISHOP, ROOK, QUEEN, KING = range(1, 7)


def _targets(steps: list[tuple[int, int]], reach: int) -> tuple[Bytes, Bytes]:
    """Squares reached from each square along each step, (64, steps, reach), and how many, (64, steps)."""
    found, counts = np.full((64, len(steps), reach), -1, np.int8), np.zeros((64, len(steps)), np.int8)
    for square in range(64):
        for index, (file, rank) in enumerate(steps):
            for distance in range(1, reach + 1):
                f, r = square % 8 + file * distance, square // 8 + rank * distance
                if 0 <= f < 8 and 0 <= r < 8:
                    found[square, index, distance - 1] = f + 8 * r
                    counts[square, index] += 1
    return found, counts


_ROOK, _BISHOP = [(0, 1), (0, -1), (1, 0), (-1, 0)], [(1, 1), (-1, 1), (1, -1), (-1, -1)]
RAYS, REACH = _targets(_ROOK + _BISHOP, 7)  # directions 0 to 3 are a rook's
_jumps = [(f, r) for f in (-2, -1, 1, 2) for r in (-2, -1, 1, 2) if abs(f) != abs(r)]
JUMPS = _targets(_jumps, 1)[0][:, :, 0].copy()  # (64, 8), -1 off the board
STEPS = _targets(_ROOK + _BISHOP, 1)[0][:, :, 0].copy()


def _sees() -> NDArray[np.bool_]:
    """True where a piece, white 1 to 6 and black -1 to -6, attacks from one square another on an empty board."""
    found = np.zeros((13, 64, 64), np.bool_)
    for square in range(64):
        for directions, pieces in ((range(4), (ROOK, QUEEN)), (range(4, 8), (BISHOP, QUEEN))):
            for direction in directions:
                for piece in pieces:
                    found[[piece, -piece], square, RAYS[square, direction, : REACH[square, direction], None]] = True
        found[[KNIGHT, -KNIGHT], square, JUMPS[square][JUMPS[square] >= 0][:, None]] = True
        found[[KING, -KING], square, STEPS[square][STEPS[square] >= 0][:, None]] = True
        for turn in (1, -1):
            for file in (square % 8 - 1, square % 8 + 1):
                if 0 <= file < 8 and 0 <= square // 8 + turn < 8:
                    found[turn * PAWN, square, file + 8 * (square // 8 + turn)] = True
    return found


SEES = _sees()


@compiled
def attacked(board, square, by):  # type: ignore[no-untyped-def]
    """True if the side `by`, 1 or -1, attacks a square."""
    for index in range(8):
        target = JUMPS[square, index]
        if target >= 0 and board[target] == by * KNIGHT:
            return True
        target = STEPS[square, index]
        if target >= 0 and board[target] == by * KING:
            return True
    file, behind = square & 7, square - 8 * by
    if 0 <= behind < 64 and (
        (file > 0 and board[behind - 1] == by * PAWN) or (file < 7 and board[behind + 1] == by * PAWN)
    ):
        return True
    for direction in range(8):
        for distance in range(REACH[square, direction]):
            piece = board[RAYS[square, direction, distance]] * by
            if piece != 0:
                if piece in {QUEEN, ROOK if direction < 4 else BISHOP}:
                    return True
                break
    return False


@compiled
def checked(board):  # type: ignore[no-untyped-def]
    """True if the side to move is in check."""
    turn = board[TURN]
    return attacked(board, board[WHITE_KING if turn > 0 else BLACK_KING], -turn)
