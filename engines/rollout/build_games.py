"""Makes the games that end in mate: Stockfish against itself, weakened by random moves.

One side plays few random moves and the other more, so that most games end in mate and the losing king is
caught in many ways. Chunks are kept as they are finished, so that a killed run resumes. The result depends on
`Making` and on Stockfish's version (15.1 for the committed corpus), not on the number of jobs.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import chess
import chess.engine
import numpy as np
from numpy.typing import NDArray

from stagelight.engines.experiment import pool
from stagelight.engines.experiment.cache import Arrays
from stagelight.engines.experiment.progress import Progress
from stagelight.engines.rollout import stockfish
from stagelight.engines.rollout.chess.fen import code
from stagelight.engines.rollout.games import Corpus, split, stack

Numbered = list[tuple[int, NDArray[np.uint16]]]


@dataclass(frozen=True)
class Making:
    """The recipe of the corpus. The defaults are the committed corpus."""

    games: int = 14_000  # played; those without a mate are dropped
    seed: int = 2026
    nodes: int = 100  # Stockfish's search budget a move
    strong: tuple[float, ...] = (0.1, 0.3)  # share of random moves, drawn once a game
    weak: tuple[float, ...] = (0.3, 0.6, 1.0)
    max_plies: int = 160


def play_game(game: int, making: Making, engine: chess.engine.SimpleEngine) -> NDArray[np.uint16] | None:
    """The moves of one game, or None if it ended without mate. Depends on (seed, game) only."""
    rng = random.Random(f"games/{making.seed}/{game}")
    shares = [rng.choice(making.strong), rng.choice(making.weak)]
    rng.shuffle(shares)
    board, limit, token = chess.Board(), chess.engine.Limit(nodes=making.nodes), object()
    while board.ply() < making.max_plies:
        legal = sorted(board.legal_moves, key=chess.Move.uci)
        if not legal:
            return np.array([code(move) for move in board.move_stack], np.uint16) if board.is_check() else None
        if board.is_repetition(3) or board.halfmove_clock >= 100 or board.is_insufficient_material():
            return None
        chance = rng.random() < shares[board.turn]
        move = rng.choice(legal) if chance else engine.play(board, limit, game=token).move
        assert move is not None
        board.push(move)
    return None


def play_games(games: range, making: Making, path: str) -> Numbered:
    """The games of a range that end in mate, numbered, in order: one unit of resumable work."""
    with stockfish.opened(path) as engine:
        played = [(game, play_game(game, making, engine)) for game in games]
    return [(game, moves) for game, moves in played if moves is not None]


def build(folder: Path, progress: Progress, making: Making, jobs: int) -> Corpus:
    """Play the games that `folder` lacks and return the split corpus.

    Raises:
        ValueError: there is no Stockfish.
    """
    work = [range(start, min(start + 100, making.games)) for start in range(0, making.games, 100)]
    found = pool.compute_all(
        work, partial(_play, making, stockfish.path()), partial(_path, folder / "games", making),
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
