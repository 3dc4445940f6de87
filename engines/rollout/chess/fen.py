"""Boards from and to python-chess and FEN."""

from __future__ import annotations

import chess
import numpy as np

from stagelight.engines.rollout.chess.board import (
    BLACK_KING,
    BOARD,
    CASTLING,
    CLOCK,
    PASSANT,
    TURN,
    WHITE_KING,
    Bytes,
)


def from_board(board: chess.Board) -> Bytes:
    """A position of python-chess as a row."""
    row = np.zeros(BOARD, np.int8)
    for square, piece in board.piece_map().items():
        row[square] = piece.piece_type if piece.color else -piece.piece_type
    white, black = board.king(chess.WHITE), board.king(chess.BLACK)
    if white is None or black is None:
        raise ValueError(f"{board.fen()}: a side has no king; give a legal position")
    rights = (
        board.has_kingside_castling_rights(chess.WHITE)
        + 2 * board.has_queenside_castling_rights(chess.WHITE)
        + 4 * board.has_kingside_castling_rights(chess.BLACK)
        + 8 * board.has_queenside_castling_rights(chess.BLACK)
    )
    passant = board.ep_square if board.ep_square is not None and board.has_legal_en_passant() else -1
    row[TURN:WHITE_KING] = 1 if board.turn else -1, rights, passant, min(board.halfmove_clock, 100)
    row[WHITE_KING : BLACK_KING + 1] = white, black
    return row


def to_board(row: Bytes) -> chess.Board:
    """The inverse of `from_board`; the move number, which a row does not hold, is 1."""
    board = chess.Board(None)
    for square in map(int, np.flatnonzero(row[:64])):
        board.set_piece_at(square, chess.Piece(abs(int(row[square])), bool(row[square] > 0)))
    board.turn, board.halfmove_clock = bool(row[TURN] > 0), int(row[CLOCK])
    for bit, square in ((1, chess.H1), (2, chess.A1), (4, chess.H8), (8, chess.A8)):
        board.castling_rights |= chess.BB_SQUARES[square] if row[CASTLING] & bit else 0
    board.ep_square = int(row[PASSANT]) if row[PASSANT] >= 0 else None
    return board


def from_fen(fen: str) -> Bytes:
    """A FEN as a row.

    Raises:
        ValueError: not a legal position.
    """
    board = chess.Board(fen)
    if not board.is_valid():
        raise ValueError(f"{fen}: not a legal position ({board.status()!r}); give one that a game can reach")
    return from_board(board)


def to_fen(row: Bytes) -> str:
    """A row as FEN."""
    return to_board(row).fen()


def code(move: chess.Move) -> int:
    """A move as one number below 65,536: from + 64 to + 4096 promotion."""
    return move.from_square + 64 * move.to_square + 4096 * (move.promotion or 0)


def decode(number: int) -> chess.Move:
    """The inverse of `code`."""
    return chess.Move(number % 64, number // 64 % 64, (number // 4096) or None)


def mating_moves(board: chess.Board) -> list[chess.Move]:
    """The legal moves that checkmate at once."""
    found = []
    for move in board.legal_moves:
        if board.gives_check(move):
            board.push(move)
            if board.is_checkmate():
                found.append(move)
            board.pop()
    return found
