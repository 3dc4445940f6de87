"""The rules of chess on boards of `attacks`, compiled: legal moves, what a move does, how a game ends.

A history is int64 (128,): the hash of each position since the last irreversible move, at the index of its halfmove
clock. A move is from + 64 to + 4096 promotion, as in `fen.code`.
"""

from __future__ import annotations

import numpy as np

from stagelight.engines.rollout.chess.board import (
    BISHOP,
    BLACK_KING,
    CASTLING,
    CLOCK,
    JUMPS,
    KING,
    KNIGHT,
    PASSANT,
    PAWN,
    QUEEN,
    RAYS,
    REACH,
    ROOK,
    STEPS,
    TURN,
    WHITE_KING,
    attacked,
    checked,
)  # fmt: skip
from stagelight.engines.rollout.compiling import compiled

HISTORY, MOVES = 128, 218  # no position has more than 218 legal moves
GOING_ON, MATE, STALEMATE, FIFTY, REPETITION, MATERIAL = range(6)
KEPT = np.full(64, 15, np.int8)  # castling rights that survive a move from or to a square
KEPT[[0, 4, 7, 56, 60, 63]] = [13, 12, 14, 7, 3, 11]
_keys = np.random.default_rng(20_26).integers(-(2**63), 2**63 - 1, (13 * 64 + 16 + 8 + 1,), np.int64)
PIECE_KEY, RIGHTS_KEY = _keys[: 13 * 64].reshape(13, 64).copy(), _keys[832:848].copy()
PASSANT_KEY, TURN_KEY = _keys[848:856].copy(), int(_keys[856])


@compiled
def _safe(board, origin, target, king, victim):  # type: ignore[no-untyped-def]
    """True if the own king, which stands on `king` after the move, is then safe. `victim`: the square captured on."""
    turn, piece, taken = board[TURN], board[origin], board[victim]
    board[origin], board[victim] = 0, 0
    kept = board[target]
    board[target] = piece
    found = not attacked(board, king, -turn)
    board[target] = kept
    board[victim], board[origin] = taken, piece
    return found


@compiled
def shields(board, king, turn, by):  # type: ignore[no-untyped-def]
    """The pieces of `turn` that alone stand between a king and a slider of the side `by`, as bits."""
    found = np.int64(0)
    for direction in range(8):
        shield = -1
        for distance in range(REACH[king, direction]):
            square = RAYS[king, direction, distance]
            piece = board[square]
            if piece == 0:
                continue
            if shield < 0:
                if piece * turn < 0:
                    break
                shield = square
            else:
                if piece * by in {QUEEN, ROOK if direction < 4 else BISHOP}:
                    found |= np.int64(1) << np.int64(shield)
                break
    return found


@compiled
def _pawn_moves(board, origin, turn, out, n):  # type: ignore[no-untyped-def]
    """Pseudo-legal pawn moves, promotions once for all four; returns the new count."""
    ahead, file, rank = origin + 8 * turn, origin & 7, origin >> 3
    if board[ahead] == 0:
        out[n] = origin + 64 * ahead
        n += 1
        if rank == (1 if turn > 0 else 6) and board[ahead + 8 * turn] == 0:
            out[n] = origin + 64 * (ahead + 8 * turn)
            n += 1
    for side in (-1, 1):
        if 0 <= file + side < 8:
            target = ahead + side
            if board[target] * turn < 0 or target == board[PASSANT]:
                out[n] = origin + 64 * target
                n += 1
    return n


@compiled
def _piece_moves(board, origin, turn, out, n):  # type: ignore[no-untyped-def]
    """Pseudo-legal moves of a piece, castling left out; returns the new count."""
    piece = board[origin] * turn
    if piece in {KNIGHT, KING}:
        for index in range(8):
            target = JUMPS[origin, index] if piece == KNIGHT else STEPS[origin, index]
            if target >= 0 and board[target] * turn <= 0:
                out[n] = origin + 64 * target
                n += 1
        return n
    for direction in range(4 if piece == BISHOP else 0, 4 if piece == ROOK else 8):
        for distance in range(REACH[origin, direction]):
            target = RAYS[origin, direction, distance]
            there = board[target] * turn
            if there <= 0:
                out[n] = origin + 64 * target
                n += 1
            if there != 0:
                break
    return n


@compiled
def _castling(board, king, turn, out, n):  # type: ignore[no-untyped-def]
    """Legal castling moves of a king not in check; returns the new count."""
    rights = board[CASTLING] if turn > 0 else board[CASTLING] >> 2
    for side in (1, -1):
        if rights & (1 if side > 0 else 2) == 0 or (side < 0 and board[king - 3] != 0):
            continue
        near, far = king + side, king + 2 * side
        free = board[near] == 0 and board[far] == 0
        if free and not attacked(board, near, -turn) and not attacked(board, far, -turn):
            out[n] = king + 64 * far
            n += 1
    return n


@compiled
def legal(board, out):  # type: ignore[no-untyped-def]
    """Write the legal moves into `out`, uint16 (218,), in a fixed order; returns how many."""
    turn = board[TURN]
    king = board[WHITE_KING if turn > 0 else BLACK_KING]
    check, pins, total = attacked(board, king, -turn), shields(board, king, turn, -turn), 0
    for origin in range(64):
        piece = board[origin] * turn
        if piece <= 0:
            continue
        start = total
        if piece == PAWN:
            total = _pawn_moves(board, origin, turn, out, total)
        else:
            total = _piece_moves(board, origin, turn, out, total)
        if check or piece in {KING, PAWN} or (pins >> np.int64(origin)) & 1:
            kept = start
            for index in range(start, total):
                move = out[index]
                target = np.int64(move >> 6)
                passant = piece == PAWN and target == board[PASSANT]
                exposed = check or piece == KING or passant or (pins >> np.int64(origin)) & 1
                victim = target - 8 * turn if passant else target
                if not exposed or _safe(board, origin, target, target if piece == KING else king, victim):
                    out[kept] = move
                    kept += 1
            total = kept
        if piece == PAWN and (origin >> 3) == (6 if turn > 0 else 1):
            total = _promotions(out, start, total)
        if piece == KING and not check:
            total = _castling(board, origin, turn, out, total)
    return total


@compiled
def _promotions(out, start, total):  # type: ignore[no-untyped-def]
    """Each of the moves from `start` on becomes four; returns the new count."""
    count = total - start
    for index in range(count - 1, -1, -1):
        move = out[start + index]
        for kind in range(4):
            out[start + 4 * index + kind] = move + 4096 * (KNIGHT + kind)
    return start + 4 * count


@compiled
def make(board, move):  # type: ignore[no-untyped-def]
    """Play a legal move, in place."""
    turn = board[TURN]
    origin, target, promotion = np.int64(move & 63), np.int64((move >> 6) & 63), np.int64(move >> 12)
    piece, taken = board[origin] * turn, board[target]
    board[origin], board[target] = 0, turn * (promotion if promotion else piece)
    if piece == PAWN and target == board[PASSANT]:
        board[target - 8 * turn] = 0
    elif piece == KING:
        board[WHITE_KING if turn > 0 else BLACK_KING] = target
        if abs(target - origin) == 2:
            rook = origin + 3 if target > origin else origin - 4
            board[(origin + target) >> 1], board[rook] = turn * ROOK, 0
    board[CASTLING] &= KEPT[origin] & KEPT[target]
    board[CLOCK] = 0 if piece == PAWN or taken != 0 else min(board[CLOCK] + 1, 127)
    board[TURN], board[PASSANT] = -turn, -1
    if piece == PAWN and abs(target - origin) == 16:
        square, king = (origin + target) >> 1, board[BLACK_KING if turn > 0 else WHITE_KING]
        for side in (-1, 1):
            beside = 0 <= (target & 7) + side < 8 and board[target + side] == -turn * PAWN
            if beside and _safe(board, target + side, square, king, target):
                board[PASSANT] = square


@compiled
def position_hash(board):  # type: ignore[no-untyped-def]
    """The hash of a position for repetition: pieces, side to move, castling rights, legal en passant."""
    found = RIGHTS_KEY[board[CASTLING]]
    for square in range(64):
        if board[square]:
            found ^= PIECE_KEY[board[square] + 6, square]
    if board[TURN] < 0:
        found ^= TURN_KEY
    if board[PASSANT] >= 0:
        found ^= PASSANT_KEY[board[PASSANT] & 7]
    return found


@compiled
def insufficient(board):  # type: ignore[no-untyped-def]
    """True if neither side can mate by any play: bare kings, one knight, or bishops of one colour."""
    knights, shades = 0, 0
    for square in range(64):
        kind = abs(board[square])
        if kind in {PAWN, ROOK, QUEEN}:
            return False
        if kind == KNIGHT:
            knights += 1
        elif kind == BISHOP:
            shades |= 1 << (((square >> 3) + square) & 1)
    return (knights == 0 and shades != 3) or (knights == 1 and shades == 0)


@compiled
def enter(board, history):  # type: ignore[no-untyped-def]
    """Enter a position into its history; its name there."""
    name = position_hash(board)
    history[board[CLOCK]] = name
    return name


@compiled
def settle(board, history, out):  # type: ignore[no-untyped-def]
    """Enter a position into its history and list its legal moves: (status, how many)."""
    clock, name = board[CLOCK], enter(board, history)
    count = legal(board, out)
    if count == 0:
        return (MATE if checked(board) else STALEMATE), 0
    if insufficient(board):
        return MATERIAL, count
    if clock >= 100:
        return FIFTY, count
    seen = 1
    for earlier in range(clock - 2, -1, -2):
        seen += history[earlier] == name
    return (REPETITION if seen >= 3 else GOING_ON), count


@compiled
def perft(board, depth):  # type: ignore[no-untyped-def]
    """Count the lines of `depth` plies."""
    out = np.empty(MOVES, np.uint16)
    count = legal(board, out)
    if depth <= 1:
        return count if depth == 1 else 1
    total = 0
    for index in range(count):
        after = board.copy()
        make(after, out[index])
        total += perft(after, depth - 1)
    return total
