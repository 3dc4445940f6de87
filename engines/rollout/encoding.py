"""What the policy is told about a position and about each legal move.

Both are sets of indices into embedding tables, always from the side to move (White, see `positions`).

A position: each piece on its square; each piece that the other side attacks; each piece relative to the
enemy king; the squares attacked once and twice; and for the enemy king's square and its eight neighbours
whether they are off the board, blocked, attacked or free.
A move: the piece and its target square; the origin; what is captured; promotion; whether it gives check,
lands on an attacked square or one defended by another piece, or leaves an attacked one; and the piece with
its target relative to the enemy king. It is never told that a move mates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import chess
import numpy as np
from numpy.typing import NDArray

from stagelight.engines.rollout import verifier
from stagelight.engines.rollout.positions import unpack

RELATIVE = 15 * 15  # file and rank offsets, -7 to 7 each

# A position's features: name -> size. The order is the layout of the table.
STATE = {"piece": 12 * 64, "threatened": 12 * 64, "near_king": 12 * RELATIVE, "ours": 64, "ours_twice": 64,
         "theirs": 64, "king_zone": 9 * 4, "castling": 2}  # fmt: skip
# A move's features, exactly one index of each.
MOVE = {"piece_to": 6 * 64, "from": 64, "captured": 6, "promotion": 5, "safety": 8, "origin_attacked": 2,
        "near_king": 6 * RELATIVE}  # fmt: skip


def _offsets(sizes: dict[str, int]) -> dict[str, int]:
    ends = np.cumsum(list(sizes.values()))
    return dict(zip(sizes, [0, *map(int, ends[:-1])], strict=True))


AT, MOVE_AT = _offsets(STATE), _offsets(MOVE)
STATE_SIZE, MOVE_SIZE, MOVE_FEATURES = sum(STATE.values()), sum(MOVE.values()), len(MOVE)


def relative(square: int, king: int) -> int:
    """Where a square lies as seen from the enemy king, 0 to 224."""
    return (square % 8 - king % 8 + 7) * 15 + square // 8 - king // 8 + 7


def state_features(board: chess.Board) -> list[int]:
    """The indices of a position with White to move, below `STATE_SIZE`."""
    king = board.king(chess.BLACK)
    assert king is not None
    counts = {colour: _attack_counts(board, colour) for colour in chess.COLORS}
    found = []
    for square, piece in board.piece_map().items():
        kind = piece.piece_type - 1 + (0 if piece.color else 6)
        found += [AT["piece"] + kind * 64 + square, AT["near_king"] + kind * RELATIVE + relative(square, king)]
        if counts[not piece.color][square]:
            found.append(AT["threatened"] + kind * 64 + square)
    for square in chess.SQUARES:
        if counts[chess.WHITE][square]:
            found.append(AT["ours"] + square)
        if counts[chess.WHITE][square] > 1:
            found.append(AT["ours_twice"] + square)
        if counts[chess.BLACK][square]:
            found.append(AT["theirs"] + square)
    for index in range(9):
        file, rank = king % 8 + index % 3 - 1, king // 8 + index // 3 - 1
        if not (0 <= file < 8 and 0 <= rank < 8):
            status = 0
        elif board.color_at(square := chess.square(file, rank)) == chess.BLACK and square != king:
            status = 1
        else:
            status = 2 if counts[chess.WHITE][square] else 3
        found.append(AT["king_zone"] + index * 4 + status)
    if board.has_kingside_castling_rights(chess.WHITE):
        found.append(AT["castling"])
    if board.has_queenside_castling_rights(chess.WHITE):
        found.append(AT["castling"] + 1)
    return found


def _attack_counts(board: chess.Board, colour: chess.Color) -> list[int]:
    counts = [0] * 64
    for square in chess.scan_forward(board.occupied_co[colour]):
        for target in chess.scan_forward(board.attacks_mask(square)):
            counts[target] += 1
    return counts


def move_features(board: chess.Board, move: chess.Move) -> list[int]:
    """The `MOVE_FEATURES` indices of a legal move, each below `MOVE_SIZE`."""
    king = board.king(chess.BLACK)
    piece = board.piece_type_at(move.from_square)
    assert king is not None
    assert piece is not None
    captured = chess.PAWN if board.is_en_passant(move) else board.piece_type_at(move.to_square) or 0
    attacked = bool(board.attackers_mask(chess.BLACK, move.to_square))
    defended = bool(board.attackers_mask(chess.WHITE, move.to_square) & ~chess.BB_SQUARES[move.from_square])
    return [
        MOVE_AT["piece_to"] + (piece - 1) * 64 + move.to_square,
        MOVE_AT["from"] + move.from_square,
        MOVE_AT["captured"] + captured,
        MOVE_AT["promotion"] + ((move.promotion or 1) - 1),
        MOVE_AT["safety"] + 4 * board.gives_check(move) + 2 * attacked + defended,
        MOVE_AT["origin_attacked"] + bool(board.attackers_mask(chess.BLACK, move.from_square)),
        MOVE_AT["near_king"] + (piece - 1) * RELATIVE + relative(move.to_square, king),
    ]


def _flip(sizes: dict[str, int], at: dict[str, int]) -> NDArray[np.int32]:
    """Where each index goes when the board is mirrored left and right."""
    index = np.arange(sum(sizes.values()), dtype=np.int32)
    for name, size in sizes.items():
        inner = np.arange(size)
        if name == "near_king":
            kind, offset = np.divmod(inner, RELATIVE)
            inner = kind * RELATIVE + (14 - offset // 15) * 15 + offset % 15
        elif name == "king_zone":
            cell, status = np.divmod(inner, 4)
            inner = (cell // 3 * 3 + 2 - cell % 3) * 4 + status
        elif size % 64 == 0:
            inner = inner // 8 * 8 + 7 - inner % 8
        index[at[name] : at[name] + size] = at[name] + inner
    return index


STATE_FLIP, MOVE_FLIP = _flip(STATE, AT), _flip(MOVE, MOVE_AT)


@dataclass(frozen=True)
class Table:
    """Positions compiled once, so that training is a lookup. N positions, M legal moves in all."""

    state: NDArray[np.int32]  # features of all positions, one after the other
    state_at: NDArray[np.int64]  # (N + 1,) where each position's features start
    move: NDArray[np.int32]  # (M, MOVE_FEATURES)
    move_at: NDArray[np.int64]  # (N + 1,) where each position's moves start
    code: NDArray[np.uint16]  # (M,) from + 64 to + 4096 promotion
    mates: NDArray[np.bool_]  # (M,) the verifier's word on each move
    mirrors: NDArray[np.bool_]  # (N,) may be mirrored: no castling rights

    def __len__(self) -> int:
        """The number of positions."""
        return len(self.mirrors)


def code(move: chess.Move) -> int:
    """A move as one number below 65,536."""
    return move.from_square + 64 * move.to_square + 4096 * (move.promotion or 0)


def decode(number: int) -> chess.Move:
    """The inverse of `code`."""
    return chess.Move(number % 64, number // 64 % 64, (number // 4096) or None)


def legal_moves(board: chess.Board) -> list[chess.Move]:
    """The legal moves in a fixed order."""
    return sorted(board.legal_moves, key=code)


def compile_positions(packed: Sequence[NDArray[np.uint8]]) -> Table:
    """Compile packed positions. Every legal move that gives check goes through the verifier once; no other can mate."""
    state_at, move_at, mirrors = [0], [0], []
    states, moves, codes, paid = [], [], [], []
    for row in packed:
        board = unpack(row)
        features = state_features(board)
        legal = legal_moves(board)
        states += features
        moves += [move_features(board, move) for move in legal]
        codes += [code(move) for move in legal]
        paid += [board.gives_check(move) and verifier.reward(board, move) == 1.0 for move in legal]
        state_at.append(state_at[-1] + len(features))
        move_at.append(move_at[-1] + len(legal))
        mirrors.append(board.castling_rights == 0)
    return Table(
        np.array(states, np.int32), np.array(state_at), np.array(moves, np.int32).reshape(-1, MOVE_FEATURES),
        np.array(move_at), np.array(codes, np.uint16), np.array(paid, np.bool_), np.array(mirrors, np.bool_),
    )  # fmt: skip


def join(tables: Sequence[Table]) -> Table:
    """Tables one after the other."""

    def starts(name: str) -> NDArray[np.int64]:
        parts = [getattr(table, name) for table in tables]
        ends = np.cumsum([0, *(part[-1] for part in parts)])
        return np.concatenate([part[:-1] + end for part, end in zip(parts, ends, strict=False)] + [ends[-1:]])

    columns = {
        name: np.concatenate([getattr(t, name) for t in tables])
        for name in ("state", "move", "code", "mates", "mirrors")
    }
    return Table(state_at=starts("state_at"), move_at=starts("move_at"), **columns)
