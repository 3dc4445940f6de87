"""Positions with a forced mate in one, two or three moves: how they are kept, split and loaded.

A position is stored in the canonical orientation of `chess.features`, the side to move as White. Two positions that
the rules cannot tell apart are therefore the same bytes. The split is by game, and a position that occurs on both
sides stays in training only.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.experiment import cache
from stagelight.engines.recording import atomic
from stagelight.engines.rollout.chess.board import (
    BLACK_KING,
    BOARD,
    CASTLING,
    KING,
    PASSANT,
    TURN,
    WHITE_KING,
)

FILE = Path(__file__).resolve().parent / "data" / "mates.npz"
PACKED = 34  # bytes: two squares each, castling rights, en passant square + 1
DEEPEST = 3  # moves to mate
HELD_OUT_PERCENT = 5  # of the games


@dataclass(frozen=True)
class Mates:
    """Training and held-out positions, disjoint by game and by symmetry."""

    train: tuple[NDArray[np.uint8], ...]  # (N, 34) packed, for mates in 1, 2, 3
    held_out: tuple[NDArray[np.uint8], ...]

    @property
    def sha256(self) -> str:
        """Names the content, whatever the compression of the file that carries it."""
        return hashlib.sha256(b"|".join(part.tobytes() for part in (*self.train, *self.held_out))).hexdigest()


def pack(boards: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Rows of `chess.board` with White to move, (N, 72), in 34 bytes each."""
    pieces = np.where(boards[:, :64] < 0, 6 - boards[:, :64], boards[:, :64]).astype(np.uint8)
    extra = np.stack([boards[:, CASTLING], boards[:, PASSANT] + 1], axis=1).astype(np.uint8)
    return np.hstack([pieces[:, ::2] | pieces[:, 1::2] << 4, extra])


def unpack(packed: NDArray[np.uint8]) -> NDArray[np.int8]:
    """The inverse of `pack`; the halfmove clock is 0."""
    boards = np.zeros((len(packed), BOARD), np.int8)
    pieces = np.stack([packed[:, :32] & 15, packed[:, :32] >> 4], axis=2).reshape(-1, 64).astype(np.int8)
    boards[:, :64] = np.where(pieces > KING, KING - pieces, pieces)
    boards[:, TURN], boards[:, CASTLING], boards[:, PASSANT] = 1, packed[:, 32], packed[:, 33].astype(np.int8) - 1
    boards[:, WHITE_KING] = (boards[:, :64] == KING).argmax(axis=1)
    boards[:, BLACK_KING] = (boards[:, :64] == -KING).argmax(axis=1)
    return boards


def held_out(game: int, seed: int) -> bool:
    """True if a game belongs to the held-out side of the split."""
    digest = hashlib.sha256(f"split/{seed}/{game}".encode()).digest()
    return digest[0] * 100 < HELD_OUT_PERCENT * 256


def split(
    board: NDArray[np.int8], distance: NDArray[np.int8], game: NDArray[np.int64],
    others: list[tuple[NDArray[np.int8], NDArray[np.int8]]], seed: int,
) -> Mates:  # fmt: skip
    """Distinct positions by distance and side.

    Args:
        board: (N, 72) canonical positions of numbered games, split here.
        distance: (N,) moves to mate.
        game: (N,) its number.
        others: (board, distance) of games split before: training, held out.
        seed: of the split.
    """
    numbers, which = np.unique(game, return_inverse=True)
    out = np.array([held_out(int(number), seed) for number in numbers], np.bool_)[which]
    rows, train, test = pack(board), [], []
    for depth in range(1, DEEPEST + 1):
        sides = []
        for side, (extra, extra_distance) in zip((~out, out), others, strict=True):
            mine = np.concatenate([rows[side & (distance == depth)], pack(extra[extra_distance == depth])])
            sides.append(np.unique(mine, axis=0))
        train.append(sides[0])
        seen = {row.tobytes() for row in sides[0]}
        test.append(sides[1][[row.tobytes() not in seen for row in sides[1]]])
    return Mates(tuple(train), tuple(test))


def save(mates: Mates, path: Path = FILE) -> None:
    """Write the positions where `load` finds them, atomically; column by column, which packs best."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sides = {"train": mates.train, "held_out": mates.held_out}
    arrays: dict[str, Any] = {f"{side}_{n}": rows for side, parts in sides.items() for n, rows in enumerate(parts, 1)}
    with atomic(path) as file:
        np.savez_compressed(file, **arrays)


def load(path: Path = FILE) -> Mates:
    """The committed positions.

    Raises:
        ValueError: the file is missing or damaged; the message says what to do.
    """
    names = [f"{side}_{n}" for side in ("train", "held_out") for n in range(1, DEEPEST + 1)]
    try:
        found = cache.load(path, *names)
    except ValueError as error:
        raise ValueError(f"{error}: not the positions with a mate; make them with `click dataset rollout`") from error
    for name in names:
        if found[name].dtype != np.uint8 or found[name].ndim != 2 or found[name].shape[1] != PACKED:
            raise ValueError(f"{path}: {name} is {found[name].dtype}{found[name].shape}, wanted uint8 (n, {PACKED})")
    parts = [found[name] for name in names]
    return Mates(tuple(parts[:DEEPEST]), tuple(parts[DEEPEST:]))
