"""The verifier: the rules of chess, and nothing else, decide what a rollout is worth."""

from __future__ import annotations

import chess


def reward(start: chess.Board, move: chess.Move) -> float:
    """1.0 if the move checkmates, otherwise 0.0.

    No evaluation, no hint and no human label enters here. `start` is left as it was.

    Raises:
        ValueError: the move is not legal in `start`.
    """
    if move not in start.legal_moves:
        raise ValueError(f"{move.uci()} is not legal in {start.fen()}")
    end = start.copy(stack=False)
    end.push(move)
    return float(end.is_checkmate())
