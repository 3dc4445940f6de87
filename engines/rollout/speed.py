"""The speed of the compiled chess beside python-chess stepping the same games, in CPU time of one core."""

from __future__ import annotations

import time

import chess
import numpy as np

from stagelight.engines.rollout import environment
from stagelight.engines.rollout.chess.fen import decode
from stagelight.engines.rollout.chess.rules import GOING_ON
from stagelight.engines.rollout.games import Games


def throughput(games: Games, most: int = 400, compare: int = 20, seed: int = 1) -> dict[str, float]:
    """Positions a second, each with its legal moves and whether the game is over.

    `replay`: the first `most` games stepped; `replay_python_chess`: the first `compare` of them stepped by
    python-chess; `env`: as many random games, every position with the learner to move observed as the policy sees it.
    """
    _random(1, seed)  # compile
    which = np.arange(min(most, len(games)))
    start = time.process_time()
    environment.replay(games.moves, games.at[which], games.plies[which])
    stepped = int(games.plies[which].sum()) / (time.process_time() - start)
    start = time.process_time()
    for game in range(compare):
        _step_python_chess(games, game)
    beside = int(games.plies[:compare].sum()) / (time.process_time() - start)
    return {"replay": stepped, "replay_python_chess": beside, "env": _random(most, seed)}


def _step_python_chess(games: Games, game: int) -> None:
    board = chess.Board()
    for number in games[game]:
        board.push(decode(int(number)))
        list(board.legal_moves)
        board.is_insufficient_material()
        board.is_repetition(3)


def _random(count: int, seed: int, moves: int = 50) -> float:
    """Positions a second in random games."""
    opening = environment.OPENING[None].repeat(count, axis=0)
    boards, rows, made = environment.reset(opening, np.zeros(count, np.int8), seed), np.arange(count), 0
    rng, start = np.random.default_rng(seed), time.process_time()
    for _ in range(moves):
        observation, which = boards.observe(rows)
        first, legal = observation.move_at[which], np.diff(observation.move_at)[which]
        status, _ = boards.step(rows, observation.code[first + rng.integers(legal)], np.ones(len(rows), np.bool_))
        made += 2 * len(rows)
        rows = rows[status == GOING_ON]
        if len(rows) == 0:
            break
    return made / (time.process_time() - start)
