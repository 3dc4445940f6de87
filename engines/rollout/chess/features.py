"""The policy's input of a position and of each legal move, as indices into embedding tables; compiled.

A position: each piece on its square; each piece that the other side attacks; each piece relative to the
enemy king; the squares attacked once and twice; and for the enemy king's square and its eight neighbours
whether they are off the board, blocked, attacked or free.
A move: the piece and its target square; the origin; what is captured; promotion; whether it gives check,
lands on an attacked square or one defended by another piece, or leaves an attacked one; the piece with
its target relative to the enemy king; and whether it leads to a position seen before in the game.
The policy is never told that a move mates.

Everything is seen from the side to move, in one canonical orientation: where Black moves the board is turned upside
down and the colours are swapped; without castling rights the board is mirrored so that the enemy king stands on the
files a to d; without pawns it is turned so that the king stands in the triangle a1-d1-d4. So the policy is exactly
invariant under the symmetries that the rules have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.rollout.chess.board import (
    BISHOP,
    CASTLING,
    CLOCK,
    JUMPS,
    KING,
    KNIGHT,
    PASSANT,
    PAWN,
    RAYS,
    REACH,
    ROOK,
    STEPS,
    TURN,
    WHITE_KING,
    checked,
)  # fmt: skip
from stagelight.engines.rollout.chess.geometry import INVERSE, PLACE, SYMMETRY
from stagelight.engines.rollout.chess.rules import MOVES, legal, make, position_hash
from stagelight.engines.rollout.compiling import compiled

RELATIVE = 15 * 15  # file and rank offsets, -7 to 7 each

# A position's features: name -> size. The order is the layout of the table.
STATE = {"piece": 12 * 64, "threatened": 12 * 64, "near_king": 12 * RELATIVE, "ours": 64, "ours_twice": 64,
         "theirs": 64, "king_zone": 9 * 4, "castling": 2}  # fmt: skip
# A move's features, exactly one index of each.
MOVE = {"piece_to": 6 * 64, "from": 64, "captured": 6, "promotion": 5, "safety": 8, "origin_attacked": 2,
        "near_king": 6 * RELATIVE, "repeats": 2}  # fmt: skip


def _offsets(sizes: dict[str, int]) -> dict[str, int]:
    ends = np.cumsum(list(sizes.values()))
    return dict(zip(sizes, [0, *map(int, ends[:-1])], strict=True))


AT, MOVE_AT = _offsets(STATE), _offsets(MOVE)
STATE_SIZE, MOVE_SIZE, MOVE_FEATURES = sum(STATE.values()), sum(MOVE.values()), len(MOVE)
MOST = 320  # no position has more features
_PIECE, _THREATENED, _NEAR = (AT[name] for name in ("piece", "threatened", "near_king"))
_OURS, _TWICE, _THEIRS = (AT[name] for name in ("ours", "ours_twice", "theirs"))
_ZONE, _RIGHTS = AT["king_zone"], AT["castling"]
_TO, _FROM, _CAPTURED, _PROMOTION, _SAFETY, _ORIGIN, _MOVE_NEAR, _REPEATS = (MOVE_AT[name] for name in MOVE)


@dataclass(frozen=True)
class Observation:
    """The policy's input of R positions, with K legal moves in all."""

    state: NDArray[np.int32]  # feature indices of all positions, one after the other
    state_at: NDArray[np.int64]  # (R + 1,) where each position's features start
    move: NDArray[np.int32]  # (K, MOVE_FEATURES)
    code: NDArray[np.uint16]  # (K,) the moves
    move_at: NDArray[np.int64]  # (R + 1,) where each position's moves start

    def __len__(self) -> int:
        """The number of positions."""
        return len(self.state_at) - 1


def observe(boards: NDArray[np.int8], history: NDArray[np.int64], rows: NDArray[np.int64]) -> Observation:
    """Observe some rows of many boards, in which the game goes on. boards, history: (B, 72), (B, 128)."""
    return Observation(*_observe(boards, history, rows))


@compiled
def orientation(board):  # type: ignore[no-untyped-def]
    """Which of the symmetries of `geometry.SYMMETRY` a position is seen under; see the module's docstring."""
    turn = board[TURN]
    upright = 0 if turn > 0 else 2
    if board[CASTLING]:
        return upright
    king, pawns = board[WHITE_KING + (turn > 0)], False
    for square in range(64):
        pawns |= abs(board[square]) == PAWN
    if pawns:
        return upright + (1 if king & 7 > 3 else 0)
    best = -1
    for turned in range(8):
        if PLACE[SYMMETRY[turned, king]] < 0:
            continue
        if best < 0:
            best = turned
            continue
        for seen in range(64):  # a king on the diagonal: the one of two images whose pieces come first
            a, b = board[INVERSE[best, seen]] * turn, board[INVERSE[turned, seen]] * turn
            if a != b:
                best = turned if b > a else best
                break
    return best


@compiled
def canonical(board, out):  # type: ignore[no-untyped-def]
    """Write a position as its side to move sees it, as White, in canonical orientation; its clock is 0."""
    turn, turned = board[TURN], orientation(board)
    for square in range(64):
        out[SYMMETRY[turned, square]] = board[square] * turn
    out[TURN], out[CLOCK] = 1, 0
    out[CASTLING] = board[CASTLING] if turn > 0 else (board[CASTLING] >> 2) | (board[CASTLING] & 3) << 2
    out[PASSANT] = SYMMETRY[turned, board[PASSANT]] if board[PASSANT] >= 0 else -1
    out[WHITE_KING] = SYMMETRY[turned, board[WHITE_KING + (turn < 0)]]
    out[WHITE_KING + 1] = SYMMETRY[turned, board[WHITE_KING + (turn > 0)]]
    out[WHITE_KING + 2 :] = 0


@compiled
def count_attacks(board, turn, counts):  # type: ignore[no-untyped-def]
    """Add to counts, (64,), how many pieces of a side attack each square."""
    for origin in range(64):
        piece = board[origin] * turn
        if piece <= 0:
            continue
        if piece == PAWN:
            ahead, file = origin + 8 * turn, origin & 7
            if file > 0:
                counts[ahead - 1] += 1
            if file < 7:
                counts[ahead + 1] += 1
        elif piece in {KNIGHT, KING}:
            for index in range(8):
                target = JUMPS[origin, index] if piece == KNIGHT else STEPS[origin, index]
                if target >= 0:
                    counts[target] += 1
        else:
            for direction in range(4 if piece == BISHOP else 0, 4 if piece == ROOK else 8):
                for distance in range(REACH[origin, direction]):
                    target = RAYS[origin, direction, distance]
                    counts[target] += 1
                    if board[target] != 0:
                        break


@compiled
def _near(square, king):  # type: ignore[no-untyped-def]
    return ((square & 7) - (king & 7) + 7) * 15 + (square >> 3) - (king >> 3) + 7


@compiled
def _state(board, turn, turned, king, ours, theirs, out, n):  # type: ignore[no-untyped-def]
    """Write a position's features from `n` on; returns the new count. king: the enemy's, as seen."""
    for square in range(64):
        seen = SYMMETRY[turned, square]
        piece = board[square] * turn
        if piece != 0:
            kind = piece - 1 if piece > 0 else 5 - piece
            out[n], out[n + 1] = _PIECE + kind * 64 + seen, _NEAR + kind * RELATIVE + _near(seen, king)
            n += 2
            if (theirs[square] if piece > 0 else ours[square]) > 0:
                out[n] = _THREATENED + kind * 64 + seen
                n += 1
        if ours[square]:
            out[n] = _OURS + seen
            n += 1
        if ours[square] > 1:
            out[n] = _TWICE + seen
            n += 1
        if theirs[square]:
            out[n] = _THEIRS + seen
            n += 1
    for index in range(9):
        file, rank = (king & 7) + index % 3 - 1, (king >> 3) + index // 3 - 1
        status = 0
        if 0 <= file < 8 and 0 <= rank < 8:
            seen = file + 8 * rank
            square = INVERSE[turned, seen]
            blocked = board[square] * turn < 0 and seen != king
            status = 1 if blocked else 2 if ours[square] else 3
        out[n] = _ZONE + index * 4 + status
        n += 1
    rights = board[CASTLING] if turn > 0 else board[CASTLING] >> 2
    for bit in range(2):
        if (rights >> bit) & 1:
            out[n] = _RIGHTS + bit
            n += 1
    return n


@compiled
def _seen_before(board, history):  # type: ignore[no-untyped-def]
    """True if a position that is not yet in its history was there before."""
    if board[CLOCK] < 4:
        return False
    name = position_hash(board)
    seen = False
    for earlier in range(board[CLOCK] - 4, -1, -2):
        seen |= history[earlier] == name
    return seen


@compiled
def _move(board, history, scratch, move, turned, king, ours, theirs, out):  # type: ignore[no-untyped-def]
    """Write the features of one legal move. king: the enemy's, as seen."""
    turn, promotion = board[TURN], np.int64(move >> 12)
    origin, target = np.int64(move & 63), np.int64((move >> 6) & 63)
    piece, taken = board[origin] * turn, -board[target] * turn
    sideways = (origin & 7) != (target & 7)
    if piece == PAWN and target == board[PASSANT]:
        taken = PAWN
    guards = sideways if piece == PAWN else not (piece == KING and abs(target - origin) == 2)
    scratch[:] = board
    make(scratch, move)
    out[0] = _TO + (piece - 1) * 64 + SYMMETRY[turned, target]
    out[1] = _FROM + SYMMETRY[turned, origin]
    out[2] = _CAPTURED + taken
    out[3] = _PROMOTION + (promotion - 1 if promotion else 0)
    out[4] = _SAFETY + 4 * checked(scratch) + 2 * (theirs[target] > 0) + (ours[target] - guards > 0)
    out[5] = _ORIGIN + (theirs[origin] > 0)
    out[6] = _MOVE_NEAR + (piece - 1) * RELATIVE + _near(SYMMETRY[turned, target], king)
    out[7] = _REPEATS + _seen_before(scratch, history)


@compiled
def _observe(boards, history, rows):  # type: ignore[no-untyped-def]
    count = len(rows)
    codes, state = np.empty(count * MOVES, np.uint16), np.empty(count * MOST, np.int32)
    state_at, move_at = np.zeros(count + 1, np.int64), np.zeros(count + 1, np.int64)
    ours, theirs = np.empty((count, 64), np.int8), np.empty((count, 64), np.int8)
    ours[:], theirs[:] = 0, 0
    turned, kings = np.empty(count, np.int64), np.empty(count, np.int64)
    for index in range(count):
        board = boards[rows[index]]
        turn = board[TURN]
        turned[index] = orientation(board)
        kings[index] = SYMMETRY[turned[index], board[WHITE_KING + (turn > 0)]]
        move_at[index + 1] = move_at[index] + legal(board, codes[move_at[index] :])
        count_attacks(board, turn, ours[index])
        count_attacks(board, -turn, theirs[index])
        state_at[index + 1] = _state(
            board, turn, turned[index], kings[index], ours[index], theirs[index], state, state_at[index]
        )
    moves, scratch = np.empty((move_at[count], MOVE_FEATURES), np.int32), boards[0].copy()
    for index in range(count):
        for at in range(move_at[index], move_at[index + 1]):
            _move(
                boards[rows[index]], history[rows[index]], scratch, codes[at], turned[index], kings[index], ours[index],
                theirs[index], moves[at],
            )  # fmt: skip
    return state[: state_at[count]].copy(), state_at, moves, codes[: move_at[count]].copy(), move_at
