"""One whole game from the opening, played out by the trained policy of the first seed.

By a fixed rule: against the hardest opponent of the ladder that it mates in more than half of its games, of the first
games it is the shortest that it mates in and that is at least `LEAST` of its moves long.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import chess
import numpy as np
import torch

from stagelight.engines.rollout.encoding import decode
from stagelight.engines.rollout.games.arena import Arena
from stagelight.engines.rollout.games.features import observe
from stagelight.engines.rollout.games.fen import to_board
from stagelight.engines.rollout.games.opponents import NAMES
from stagelight.engines.rollout.games.policy import Policy
from stagelight.engines.rollout.games.rules import GOING_ON, MATE
from stagelight.engines.rollout.games.score import MOST_MOVES, from_opening

GAMES = 64
LEAST = 8


def opponent(rates: Mapping[str, float]) -> str:
    """The hardest opponent of the ladder that is mated in more than half of the games; the random mover otherwise."""
    found = "random"
    for name in ("greedy", "material_1", "careful", "material_2"):
        if rates.get(f"opening.{name}.mate_rate", 0.0) > 0.5:
            found = name
    return found


def play(policy: Policy, name: str, seed: int) -> dict[str, Any] | None:
    """The game as an event, or None if none of the first games fits."""
    best: dict[str, Any] | None = None
    for game in range(GAMES):
        found = _game(policy, name, seed * GAMES + game)
        long_enough = found is not None and len(found["probability"]) >= LEAST
        if found is not None and long_enough and (best is None or len(found["uci"]) < len(best["uci"])):
            best = found
    return best


def _game(policy: Policy, name: str, seed: int) -> dict[str, Any] | None:
    """One game; None unless the policy mates."""
    arena: Arena = from_opening(NAMES[name], 1, seed)
    row, flip = np.zeros(1, np.int64), np.zeros(1, np.bool_)
    board = chess.Board()
    san: list[str] = []
    uci: list[str] = []
    boards = [board.board_fen()]
    chances: list[float] = []

    def push(move: chess.Move) -> None:
        san.append(board.san(move))
        uci.append(move.uci())
        board.push(move)
        boards.append(board.board_fen())

    for _ in range(MOST_MOVES):
        seen = observe(arena.boards, arena.history, row, flip)
        with torch.no_grad():
            share = policy(seen).exp().numpy()
        at = int(share.argmax())
        chances.append(round(float(share[at]), 4))
        push(decode(int(seen.code[at])))
        status = int(arena.push(row, seen.code[[at]])[0])
        if status == MATE:
            return {
                "step": 0, "kind": "showcase", "opponent": name, "seed": seed, "uci": uci, "san": san,
                "boards": boards, "probability": chances,
                "rule": f"of {GAMES} games from the opening, the shortest won one of at least {LEAST} moves",
            }  # fmt: skip
        if status != GOING_ON:
            return None
        status = int(arena.reply(row)[0])
        after = to_board(arena.boards[0]).board_fen()
        push(next(move for move in board.legal_moves if _after(board, move) == after))
        if status != GOING_ON:
            return None
    return None


def _after(board: chess.Board, move: chess.Move) -> str:
    end = board.copy(stack=False)
    end.push(move)
    return end.board_fen()
