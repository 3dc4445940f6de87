"""Positions of chess that a rule could get wrong, and random games from them."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

KIWIPETE = "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1"
FENS = (
    "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1",
    KIWIPETE,
    "8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1",
    "r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1",
    "rnbq1k1r/pp1Pbppp/2p5/8/2B5/8/PPP1NnPP/RNBQK2R w KQ - 1 8",
    "r4rk1/1pp1qppp/p1np1n2/2b1p1B1/2B1P1b1/P1NP1N2/1PP1QPPP/R4RK1 w - - 0 10",
    "8/8/8/8/8/5k2/4p3/4K2R w K - 0 1",
    "4k3/8/8/8/8/8/8/KBb5 w - - 90 60",
    "7k/P5pp/8/8/8/8/pp5P/K7 w - - 3 40",
    "8/8/8/2k5/2pP4/8/B7/4K3 b - d3 0 3",
    "8/6bb/8/8/R1pP2k1/4P3/P7/K7 b - d3 0 1",
    "rnb1kbnr/pp1ppppp/8/8/8/8/8/RNBQKBNR w KQkq - 97 60",
)
PAWNLESS = (
    "4k3/8/8/8/8/8/8/R3K2R w - - 0 1",
    "8/8/3k4/8/8/2BN4/8/1K6 w - - 0 1",
    "r6q/8/2n5/8/8/5B2/1Q6/K6k b - - 0 1",
    "k7/8/8/3Q4/4q3/8/8/7K w - - 0 1",
    "3r4/2k5/8/8/8/8/1BB5/4K3 b - - 0 1",
)


def wandered(seed: int, fen: str, plies: int) -> Any:
    """A board after so many random moves, or before the move that would end the game."""
    import chess  # of the extra `engines`

    rng, board = random.Random(seed), chess.Board(fen)
    for _ in range(plies):
        board.push(rng.choice(list(board.legal_moves)))
        if board.is_game_over():
            board.pop()
            break
    return board


def observed(*boards: Any) -> Any:
    """The policy's input for positions without a past."""
    from stagelight.engines.rollout.chess.features import observe  # brings in numba
    from stagelight.engines.rollout.chess.fen import from_board
    from stagelight.engines.rollout.chess.rules import HISTORY

    rows = np.stack([from_board(board) for board in boards])
    return observe(rows, np.zeros((len(rows), HISTORY), np.int64), np.arange(len(rows)))
