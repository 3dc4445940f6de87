"""Making the corpus of games: Stockfish, weakened by random moves, against itself; the games that end in mate.

One side plays few random moves and the other more, so that most games end in mate and the losing king is
caught in many ways. Chunks are kept as they are finished, so that a killed run goes on. The result depends on
`Making` and on Stockfish's version (15.1 for the committed corpus), not on the number of jobs.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import chess
import numpy as np
from numpy.typing import NDArray

from stagelight.engines.experiment import pool
from stagelight.engines.experiment.cache import Arrays
from stagelight.engines.experiment.progress import Progress
from stagelight.engines.rollout.corpus import stockfish
from stagelight.engines.rollout.encoding import code
from stagelight.engines.rollout.games.corpus import Corpus, split, stack

Numbered = list[tuple[int, NDArray[np.uint16]]]


@dataclass(frozen=True)
class Making:
    """How the corpus is made. The defaults are the committed corpus."""

    games: int = 14_000  # played; those without a mate are dropped
    seed: int = 2026
    nodes: int = 100  # Stockfish's search budget a move
    strong: tuple[float, ...] = (0.1, 0.3)  # share of random moves, drawn once a game
    weak: tuple[float, ...] = (0.3, 0.6, 1.0)
    max_plies: int = 160


class Engine:
    """A Stockfish process and the four words it is spoken to in."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._to, self._from = process.stdin, process.stdout
        self.say("setoption name Threads value 1", "setoption name Hash value 1")

    def say(self, *lines: str) -> None:
        """Send commands that are not answered."""
        self._to.write("".join(f"{line}\n" for line in lines))
        self._to.flush()

    def best(self, moves: list[str], nodes: int) -> chess.Move:
        """The move it chooses after `moves` from the opening."""
        self.say(f"position startpos moves {' '.join(moves)}", f"go nodes {nodes}")
        for line in self._from:
            if line.startswith("bestmove"):
                return chess.Move.from_uci(line.split()[1])
        raise ValueError("stockfish stopped in the middle of a game; run the same command again to go on")


@contextmanager
def opened(path: str) -> Iterator[Engine]:
    """A running Stockfish, ended at the end."""
    with subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Engine(process)
        finally:
            process.kill()


def play_game(game: int, making: Making, engine: Engine) -> NDArray[np.uint16] | None:
    """The moves of one game, or None if it ended without mate. Depends on (seed, game) only."""
    rng = random.Random(f"games/{making.seed}/{game}")
    shares = [rng.choice(making.strong), rng.choice(making.weak)]
    rng.shuffle(shares)
    board, line = chess.Board(), list[str]()
    engine.say("ucinewgame")
    while board.ply() < making.max_plies:
        legal = sorted(board.legal_moves, key=chess.Move.uci)
        if not legal:
            return np.array([code(move) for move in board.move_stack], np.uint16) if board.is_check() else None
        if board.is_repetition(3) or board.halfmove_clock >= 100 or board.is_insufficient_material():
            return None
        chance = rng.random() < shares[board.turn]
        move = rng.choice(legal) if chance else engine.best(line, making.nodes)
        line.append(move.uci())
        board.push(move)
    return None


def play_games(games: range, making: Making, stockfish: str) -> Numbered:
    """The games of a range that end in mate, numbered, in order: one unit of resumable work."""
    with opened(stockfish) as engine:
        played = [(game, play_game(game, making, engine)) for game in games]
    return [(game, moves) for game, moves in played if moves is not None]


def build(folder: Path, progress: Progress, making: Making, jobs: int) -> Corpus:
    """Play the games that `folder` lacks and return the split corpus.

    Raises:
        ValueError: there is no Stockfish.
    """
    work = [range(start, min(start + 100, making.games)) for start in range(0, making.games, 100)]
    found = pool.compute_all(
        work, partial(_play, making, stockfish()), partial(_path, folder / "games", making),
        jobs=jobs, progress=progress, what="playing games",
    )  # fmt: skip
    pairs = [
        (int(game), moves)
        for chunk in found.values()
        for game, moves in zip(chunk["game"], np.split(chunk["moves"], np.cumsum(chunk["plies"])[:-1]), strict=True)
    ]
    return split(pairs, making.seed)


def _path(folder: Path, making: Making, games: range) -> Path:
    recipe = f"{making.seed}-{making.nodes}-{making.strong}-{making.weak}-{making.max_plies}"
    return folder / f"{recipe.replace(' ', '')}-{games.start:06d}-{games.stop:06d}.npz"


def _play(making: Making, engine: str, games: range, progress: Progress) -> Arrays:
    found = play_games(games, making, engine)
    lines = stack([moves for _, moves in found])
    return {"game": np.array([game for game, _ in found], np.int32), "moves": lines.moves, "plies": lines.plies}
