"""Making the corpus: many games in parallel, cached chunk by chunk, so that a killed run resumes."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import numpy as np

from stagelight.engines.experiment import pool
from stagelight.engines.experiment.cache import Arrays
from stagelight.engines.experiment.progress import Progress
from stagelight.engines.recording import atomic
from stagelight.engines.rollout.positions import CORPUS, PACKED, Corpus, Making, chunks, play_games, split


def stockfish() -> str:
    """The path of Stockfish.

    Raises:
        ValueError: it is not installed.
    """
    found = shutil.which("stockfish") or shutil.which("stockfish", path="/usr/games")
    if found is None:
        raise ValueError("no stockfish on the PATH; on Debian: apt-get install stockfish")
    return found


def build(folder: Path, progress: Progress, making: Making, jobs: int) -> Corpus:
    """Play the games that `folder` lacks and return the split corpus.

    The result depends on `making` and on Stockfish's version (15.1 for the committed corpus), not on `jobs`.

    Raises:
        ValueError: there is no Stockfish.
    """
    found = pool.compute_all(
        list(chunks(making)), partial(_play, making, stockfish()), partial(_path, folder / "corpus", making),
        jobs=jobs, progress=progress, what="playing games",
    )  # fmt: skip
    pairs = [
        (int(game), bytes(row))
        for chunk in found.values()
        for game, row in zip(chunk["game"], chunk["packed"], strict=True)
    ]
    return Corpus(*split(pairs, making.seed))


def save(corpus: Corpus, path: Path = CORPUS) -> None:
    """Write a corpus where `positions.load` finds it, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as file:
        np.savez_compressed(file, train=corpus.train, held_out=corpus.held_out)


def _path(folder: Path, making: Making, games: range) -> Path:
    recipe = f"{making.seed}-{making.nodes}-{making.per_game}-{making.max_plies}"
    return folder / f"{recipe}-{games.start:06d}-{games.stop:06d}.npz"


def _play(making: Making, engine: str, games: range, progress: Progress) -> Arrays:
    found = play_games(games, making, engine)
    packed = np.frombuffer(b"".join(row for _, row in found), np.uint8).reshape(-1, PACKED)
    return {"game": np.array([game for game, _ in found], np.int32), "packed": packed}
