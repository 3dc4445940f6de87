"""Mate-in-one positions of our own making: how they are found, packed, split and loaded.

Games are played between two weakened Stockfish players, each of which replaces part of its moves by
uniformly random ones, so that kings are caught in many ways and many mates are missed. Every position in
which the side to move can mate at once is a candidate; at most `per_game` of each game are kept. A position
is stored as seen by the side to move (colours swapped when Black moves), so White always mates.

Two positions are the same when they are equal after swapping colours or, without castling rights, mirroring
left and right. The split is by game, and a position that occurs on both sides stays in training only.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import chess
import chess.engine
import numpy as np
from numpy.typing import NDArray

from stagelight.engines.experiment import cache

PACKED = 34  # 32 bytes of squares (two a byte), castling rights, en passant file + 1
CORPUS = Path(__file__).resolve().parent / "data" / "mate_in_one.npz"
HELD_OUT_PERCENT = 5  # of the games


@dataclass(frozen=True)
class Making:
    """How a corpus is made. The defaults are the committed corpus."""

    games: int = 18_000
    seed: int = 2026
    nodes: int = 120  # Stockfish's search budget a move
    random_share: tuple[float, ...] = (0.15, 0.35, 0.6, 1.0)  # drawn once a player and game
    per_game: int = 3
    max_plies: int = 240


def mates(board: chess.Board) -> list[chess.Move]:
    """The legal moves that checkmate at once."""
    found = []
    for move in board.legal_moves:
        if board.gives_check(move):
            board.push(move)
            if board.is_checkmate():
                found.append(move)
            board.pop()
    return found


def canonical(board: chess.Board) -> chess.Board:
    """The position as its side to move sees it, of the two mirror images the one that packs lower."""
    seen = board.copy(stack=False) if board.turn == chess.WHITE else board.mirror()
    if seen.castling_rights == 0:
        mirrored = seen.transform(chess.flip_horizontal)
        if pack(mirrored) < pack(seen):
            seen = mirrored
    seen.halfmove_clock, seen.fullmove_number = 0, 1
    return seen


def pack(board: chess.Board) -> bytes:
    """A position with White to move in 34 bytes: two squares a byte, castling rights, en passant file."""
    squares = [0] * 64
    for square, piece in board.piece_map().items():
        squares[square] = piece.piece_type + (0 if piece.color else 6)
    rights = (
        board.has_kingside_castling_rights(chess.WHITE)
        + 2 * board.has_queenside_castling_rights(chess.WHITE)
        + 4 * board.has_kingside_castling_rights(chess.BLACK)
        + 8 * board.has_queenside_castling_rights(chess.BLACK)
    )
    passant = (
        chess.square_file(board.ep_square) + 1 if board.has_legal_en_passant() and board.ep_square is not None else 0
    )
    return bytes(a | b << 4 for a, b in zip(squares[::2], squares[1::2], strict=True)) + bytes((rights, passant))


def unpack(packed: NDArray[np.uint8] | bytes) -> chess.Board:
    """The inverse of `pack`.

    Raises:
        ValueError: the bytes are not a legal position.
    """
    data = bytes(packed)
    if len(data) != PACKED:
        raise ValueError(f"a packed position has {PACKED} bytes, found {len(data)}")
    board = chess.Board.empty()
    for index, byte in enumerate(data[:32]):
        for square, code in ((2 * index, byte & 15), (2 * index + 1, byte >> 4)):
            if code > 12:
                raise ValueError(f"square {square} holds piece code {code}, wanted 0 to 12")
            if code:
                board.set_piece_at(square, chess.Piece((code - 1) % 6 + 1, code <= 6))
    rights = data[32]
    for bit, square in ((1, chess.H1), (2, chess.A1), (4, chess.H8), (8, chess.A8)):
        if rights & bit:
            board.castling_rights |= chess.BB_SQUARES[square]
    if data[33]:
        board.ep_square = chess.square(data[33] - 1, 5)
    if not board.is_valid():
        raise ValueError(f"not a legal position: {board.fen()}")
    return board


def play_game(game: int, making: Making, engine: chess.engine.SimpleEngine) -> list[bytes]:
    """Play one game and return the packed positions kept from it. Depends on (seed, game) only."""
    rng = random.Random(f"{making.seed}/{game}")
    shares = {colour: rng.choice(making.random_share) for colour in chess.COLORS}
    board, token, found = chess.Board(), object(), []
    while not (
        board.is_game_over() or board.is_repetition(3) or board.halfmove_clock >= 100 or board.ply() >= making.max_plies
    ):
        if mates(board):
            found.append(pack(canonical(board)))
        if rng.random() < shares[board.turn]:
            board.push(rng.choice(sorted(board.legal_moves, key=chess.Move.uci)))
        else:
            move = engine.play(board, chess.engine.Limit(nodes=making.nodes), game=token).move
            assert move is not None
            board.push(move)
    return rng.sample(found, min(making.per_game, len(found)))


def play_games(games: range, making: Making, stockfish: str) -> list[tuple[int, bytes]]:
    """(game, packed position) for each game of a range, in order: one unit of resumable work."""
    with chess.engine.SimpleEngine.popen_uci(stockfish) as engine:
        engine.configure({"Threads": 1, "Hash": 1})
        return [(game, packed) for game in games for packed in play_game(game, making, engine)]


def held_out(game: int, seed: int) -> bool:
    """Whether a game belongs to the held-out side of the split."""
    digest = hashlib.sha256(f"split/{seed}/{game}".encode()).digest()
    return digest[0] * 100 < HELD_OUT_PERCENT * 256


def split(found: list[tuple[int, bytes]], seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """(training, held-out) packed positions, distinct, and disjoint both by game and by symmetry class."""
    train = dict.fromkeys(packed for game, packed in found if not held_out(game, seed))
    test = dict.fromkeys(packed for game, packed in found if held_out(game, seed) and packed not in train)
    return _stack(list(train)), _stack(list(test))


def _stack(rows: list[bytes]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(rows), np.uint8).reshape(-1, PACKED).copy()


@dataclass(frozen=True)
class Corpus:
    """Packed positions and the hash that names them."""

    train: NDArray[np.uint8]  # (N, 34)
    held_out: NDArray[np.uint8]  # (M, 34)

    @property
    def sha256(self) -> str:
        """Names the content, whatever the compression of the file that carries it."""
        return hashlib.sha256(self.train.tobytes() + b"|" + self.held_out.tobytes()).hexdigest()


def load(path: Path = CORPUS) -> Corpus:
    """The committed corpus.

    Raises:
        ValueError: the file is missing or not a corpus; the message says what to do.
    """
    try:
        found = cache.load(path, "train", "held_out")
    except ValueError as error:
        raise ValueError(f"{error}: not a corpus; make it with `stagelight corpus rollout`") from error
    corpus = Corpus(found["train"], found["held_out"])
    for rows in (corpus.train, corpus.held_out):
        if rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != PACKED:
            raise ValueError(f"{path}: rows are {rows.dtype}{rows.shape}, wanted uint8 (n, {PACKED})")
    return corpus


def chunks(making: Making, size: int = 100) -> Iterator[range]:
    """The work of a corpus in resumable pieces."""
    for start in range(0, making.games, size):
        yield range(start, min(start + size, making.games))
