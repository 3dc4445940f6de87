"""Whole games that end in checkmate: how they are kept, split and loaded.

A game is its moves, one number each (`chess.fen.code`: from + 64 to + 4096 promotion). A start d plies before
mate is the position d moves before a game's end; for odd d the side that mates is to move. The split is by game.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.experiment import cache
from stagelight.engines.recording import atomic
from stagelight.engines.rollout.mates import held_out

CORPUS = Path(__file__).resolve().parent / "data" / "games.npz"


@dataclass(frozen=True)
class Games:
    """N games one after the other."""

    moves: NDArray[np.uint16]  # (sum of lengths,)
    at: NDArray[np.int64]  # (N + 1,) where each game's moves start

    def __len__(self) -> int:
        """The number of games."""
        return len(self.at) - 1

    @property
    def plies(self) -> NDArray[np.int64]:
        """(N,) the length of each game."""
        return np.diff(self.at)

    def __getitem__(self, game: int) -> NDArray[np.uint16]:
        """The moves of one game."""
        return self.moves[self.at[game] : self.at[game + 1]]


@dataclass(frozen=True)
class Corpus:
    """Training and held-out games, disjoint by game."""

    train: Games
    held_out: Games

    @property
    def sha256(self) -> str:
        """Names the content, whatever the compression of the file that carries it."""
        parts = (self.train.moves, self.train.at, self.held_out.moves, self.held_out.at)
        return hashlib.sha256(b"|".join(part.tobytes() for part in parts)).hexdigest()


def stack(games: list[NDArray[np.uint16]]) -> Games:
    """Games from a list of move arrays."""
    at = np.cumsum([0, *map(len, games)], dtype=np.int64)
    return Games(np.concatenate([np.empty(0, np.uint16), *games]), at)


def split(games: list[tuple[int, NDArray[np.uint16]]], seed: int) -> Corpus:
    """Split numbered games; a held-out game whose moves are also a training game's stays out."""
    train = [moves for game, moves in games if not held_out(game, seed)]
    seen = {moves.tobytes() for moves in train}
    return Corpus(stack(train), stack([m for game, m in games if held_out(game, seed) and m.tobytes() not in seen]))


def save(corpus: Corpus, path: Path = CORPUS) -> None:
    """Write a corpus where `load` finds it, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as file:
        np.savez_compressed(
            file, train=corpus.train.moves, train_plies=corpus.train.plies.astype(np.uint16),
            held_out=corpus.held_out.moves, held_out_plies=corpus.held_out.plies.astype(np.uint16),
        )  # fmt: skip


def load(path: Path = CORPUS) -> Corpus:
    """The committed corpus.

    Raises:
        ValueError: the file is missing or not a corpus of games; the message says what to do.
    """
    names = ("train", "held_out")
    try:
        found = cache.load(path, *names, *(f"{name}_plies" for name in names))
    except ValueError as error:
        raise ValueError(f"{error}: not a corpus of games; make it with `build_games.build`") from error
    sides = [(found[name], found[f"{name}_plies"]) for name in names]
    for moves, plies in sides:
        if moves.dtype != np.uint16 or moves.ndim != 1 or int(plies.sum()) != len(moves):
            raise ValueError(
                f"{path}: {moves.dtype}{moves.shape} moves for games of {int(plies.sum())} plies in all, wanted "
                "one uint16 a ply; make it with `build_games.build`"
            )
    train, test = (Games(moves, np.cumsum([0, *map(int, plies)], dtype=np.int64)) for moves, plies in sides)
    return Corpus(train, test)
