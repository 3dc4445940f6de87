"""The board as lookup tables: who reaches whom, what lies between, and the eight symmetries of a pawnless board.

Squares are numbered as python-chess does, a1 = 0, h1 = 7, h8 = 63.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ORTHOGONAL, DIAGONAL, KNIGHT, KING = 1, 2, 4, 8
REACH = {"K": KING, "Q": ORTHOGONAL | DIAGONAL, "R": ORTHOGONAL, "B": DIAGONAL, "N": KNIGHT}


def _relations() -> tuple[NDArray[np.uint8], NDArray[np.uint64]]:
    """(64, 64) how a piece on one square could reach another; (64, 64) the squares strictly between, as bits."""
    relation, between = np.zeros((64, 64), np.uint8), np.zeros((64, 64), np.uint64)
    for a in range(64):
        for b in range(64):
            file, rank = b % 8 - a % 8, b // 8 - a // 8
            far = max(abs(file), abs(rank))
            if far == 0:
                continue
            if abs(file) * abs(rank) == 2:
                relation[a, b] |= KNIGHT
            if far == 1:
                relation[a, b] |= KING
            if file * rank == 0 or abs(file) == abs(rank):
                relation[a, b] |= ORTHOGONAL if file * rank == 0 else DIAGONAL
                step = np.sign(rank) * 8 + np.sign(file)
                for k in range(1, far):
                    between[a, b] |= np.uint64(1 << int(a + k * step))
    return relation, between


def _symmetries() -> NDArray[np.int64]:
    """(8, 64) where each square goes: every other one mirrors left and right, then up and down, then the diagonal."""
    square = np.arange(64)
    turns = []
    for turn in range(8):
        file, rank = square % 8, square // 8
        file = 7 - file if turn & 1 else file
        rank = 7 - rank if turn & 2 else rank
        file, rank = (rank, file) if turn & 4 else (file, rank)
        turns.append(rank * 8 + file)
    return np.array(turns)


def _reached(reach: int) -> NDArray[np.int64]:
    """(64, 28) the squares a piece reaches on an empty board, -1 after the last."""
    rows = np.full((64, 28), -1)
    for square in range(64):
        found = np.flatnonzero(RELATION[square] & reach)
        rows[square, : len(found)] = found
    return rows


RELATION, BETWEEN = _relations()
SYMMETRY = _symmetries()
INVERSE = np.argsort(SYMMETRY, axis=1)  # (8, 64) whence each square came
BIT = np.array([1 << square for square in range(64)], np.uint64)
TRIANGLE = np.array([0, 1, 2, 3, 9, 10, 11, 18, 19, 27])  # a1 b1 c1 d1 b2 c2 d2 c3 d3 d4
PLACE = np.full(64, -1)  # a square's place in the triangle
PLACE[TRIANGLE] = np.arange(10)
# (64, 2) the symmetries that bring a square into the triangle: two for a diagonal square, else the same twice.
TURNS = np.array([[t for t in range(8) if PLACE[SYMMETRY[t, square]] >= 0] * 2 for square in range(64)], dtype=object)
TURNS = np.array([row[:2] for row in TURNS.tolist()])
REACHED = np.stack([_reached(reach if reach in REACH.values() else 0) for reach in range(9)])  # (9, 64, 28) by reach
STEPS = REACHED[KING][:, :8].copy()  # (64, 8) a king's
