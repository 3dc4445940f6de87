"""Stockfish at its weakest as an opponent that fits `score.finish`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import chess.engine
import numpy as np
from numpy.typing import NDArray

from stagelight.engines.rollout.encoding import code
from stagelight.engines.rollout.games.arena import Arena
from stagelight.engines.rollout.games.fen import to_board
from stagelight.engines.rollout.games.score import Opponent


@contextmanager
def stockfish(path: str, skill: int = 0, nodes: int = 1) -> Iterator[Opponent]:
    """Stockfish at a skill level, 0 to 20, with a budget of nodes a move. Its choice at low skill is not seeded."""
    with chess.engine.SimpleEngine.popen_uci(path) as engine:
        engine.configure({"Threads": 1, "Hash": 1, "Skill Level": skill})

        def move(arena: Arena, rows: NDArray[np.int64]) -> NDArray[np.int8]:
            limit = chess.engine.Limit(nodes=nodes)
            played = [engine.play(to_board(arena.boards[row]), limit, game=int(row)).move for row in rows]
            return arena.push(rows, np.array([code(found) for found in played if found is not None], np.uint16))

        yield move
