"""Stockfish: where it is, and games against it at its weakest."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import chess
import chess.engine

from stagelight.engines.rollout.starts import MOST_MOVES

SKILL, NODES = 0, 1  # its lowest level, and one node a move


def path() -> str:
    """The path of Stockfish.

    Raises:
        ValueError: it is not installed.
    """
    found = shutil.which("stockfish") or shutil.which("stockfish", path="/usr/games")
    if found is None:
        raise ValueError("no stockfish on the PATH; on Debian: apt-get install stockfish")
    return found


@contextmanager
def opened(where: str) -> Iterator[chess.engine.SimpleEngine]:
    """A running Stockfish with one thread, ended at the end."""
    with chess.engine.SimpleEngine.popen_uci(where) as engine:
        engine.configure({"Threads": 1, "Hash": 1})
        yield engine


def games(choose: Callable[[chess.Board], chess.Move], count: int) -> list[chess.Outcome | None]:
    """Games from the opening, White's moves chosen by `choose`, against Stockfish at its weakest.

    Its choice at this level is not seeded, so results vary.

    Returns:
        The outcome of each game; None where `MOST_MOVES` of White's moves did not end it.
    """
    found = []
    with opened(path()) as engine:
        engine.configure({"Skill Level": SKILL})
        for number in range(count):
            board = chess.Board()
            while board.outcome(claim_draw=True) is None and board.fullmove_number <= MOST_MOVES:
                reply = None if board.turn else engine.play(board, chess.engine.Limit(nodes=NODES), game=number).move
                board.push(reply or choose(board))
            found.append(board.outcome(claim_draw=True))
    return found
