"""How fast the compiled chess is, beside python-chess stepping the same games, in CPU time of one core."""

from __future__ import annotations

import time

import chess
import numpy as np

from stagelight.engines.rollout import encoding
from stagelight.engines.rollout.games.arena import tails
from stagelight.engines.rollout.games.corpus import Games
from stagelight.engines.rollout.games.features import observe
from stagelight.engines.rollout.games.opponents import RANDOM
from stagelight.engines.rollout.games.rules import GOING_ON
from stagelight.engines.rollout.games.score import from_opening


def throughput(games: Games, most: int = 400, compare: int = 20, seed: int = 1) -> dict[str, float]:
    """Positions a second, each with its legal moves and whether the game is over.

    `replay`: the first `most` games replayed; `replay_python_chess`: the first `compare` of them under
    python-chess; `env`: as many random games, moves chosen inside; `env_featured`: the same, and every second position
    seen as the policy sees it.
    """
    _random(1, seed, 2)  # compile
    which = np.arange(min(most, len(games)))
    start = time.process_time()
    tails(games, which, np.zeros(len(which), np.int64), np.zeros(len(which), np.int8), seed)
    replay = int(games.plies[which].sum()) / (time.process_time() - start)
    start = time.process_time()
    for game in range(compare):
        _replay(games, game)
    beside = int(games.plies[:compare].sum()) / (time.process_time() - start)
    return {
        "replay": replay,
        "replay_python_chess": beside,
        "env": _random(most, seed, 0),
        "env_featured": _random(most, seed, 2),
    }


def _replay(games: Games, game: int) -> None:
    board = chess.Board()
    for number in games[game]:
        board.push(encoding.decode(int(number)))
        list(board.legal_moves)
        board.is_insufficient_material()
        board.is_repetition(3)


def _random(count: int, seed: int, look: int, plies: int = 100) -> float:
    """Positions a second in random games; every `look`-th is seen as the policy sees it, 0 for none."""
    arena, rows, made = from_opening(RANDOM, count, seed), np.arange(count), 0
    mirror = np.zeros(count, np.bool_)
    start = time.process_time()
    for ply in range(plies):
        if look and ply % look == 0:
            observe(arena.boards, arena.history, rows, mirror)
        status = arena.reply(rows)
        made += len(rows)
        rows = rows[status == GOING_ON]
        if len(rows) == 0:
            break
    return made / (time.process_time() - start)
