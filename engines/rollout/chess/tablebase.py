"""Endings solved backwards: White has a king and one or two pieces, Black a bare king. All distances in moves.

A position is a code: the black king's place in the triangle a1-d1-d4, the white king, the pieces, in base 64.
Of a position's eight symmetric images (and of the two orders of equal pieces) the one with the smallest code
stands for all; every other code is marked illegal. Castling is not part of it.

White's distance: 1 + the least of Black's after a move. Black's: the greatest of White's after a move, 0 if mated.
Solved from the mates outwards, a layer a move: White's unmoves of the newly lost, then Black's unmoves of the
newly won, each checked against every reply. Taking a piece or being stalemated draws: what is left cannot mate.
No mate here needs 50 moves (the longest is 33), so the fifty-move rule binds only play that wanders.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.rollout.chess.board import BLACK_KING, TURN, WHITE_KING
from stagelight.engines.rollout.chess.geometry import (
    BETWEEN,
    BIT,
    KING,
    PLACE,
    REACH,
    REACHED,
    RELATION,
    STEPS,
    SYMMETRY,
    TRIANGLE,
    TURNS,
)
from stagelight.engines.rollout.compiling import compiled

DRAWN, ILLEGAL = -1, -2
MATED = -3  # a result of `reply`
# The white pieces beside the king. KBBK's starts are those with bishops of opposite colours; two of one colour draw.
ENDINGS = {"kqk": "Q", "krk": "R", "kbbk": "BB", "kbnk": "BN"}
_REACHES = np.array([0, 0, REACH["N"], REACH["B"], REACH["R"], REACH["Q"], 0])  # by kind of piece, pawn 1 to king 6
_PIECES = np.array([[REACH[letters[0]], REACH[letters[1]] if letters[1:] else 0] for letters in ENDINGS.values()])
_STARTS = np.cumsum([0] + [10 * 64 ** (1 + len(letters)) for letters in ENDINGS.values()])


@dataclass(frozen=True)
class Ending:
    """One solved ending."""

    name: str
    pieces: tuple[int, int]  # what each piece reaches; 0 for no second piece
    white: NDArray[np.int8]  # (N,) White to move: moves to mate, DRAWN or ILLEGAL, by code
    black: NDArray[np.int8]  # (N,) Black to move: moves to mate, 0 if mated, DRAWN or ILLEGAL

    @property
    def longest(self) -> int:
        """The longest mate with White to move."""
        return int(self.white.max())


@compiled
def encode(bk: int, wk: int, p: int, q: int, twins: bool) -> int:
    """The code of a position; q < 0 for none."""
    best = -1
    for k in range(2):
        turn = SYMMETRY[TURNS[bk, k]]
        first = turn[p]
        code = (PLACE[turn[bk]] * 64 + turn[wk]) * 64
        if q >= 0:
            second = turn[q]
            if twins and second < first:
                first, second = second, first
            code = (code + first) * 64 + second
        else:
            code += first
        if best < 0 or code < best:
            best = code
    return best


@compiled
def decode(code: int, four: bool) -> tuple[int, int, int, int]:
    """(black king, white king, piece, second piece or -1)."""
    q = -1
    if four:
        q = code % 64
        code //= 64
    return TRIANGLE[code // 4096], code // 64 % 64, code % 64, q


@compiled
def occupied(wk: int, p: int, q: int) -> np.uint64:
    """White's squares as bits."""
    bits: np.uint64 = BIT[wk] | BIT[p]
    if q >= 0:
        bits |= BIT[q]
    return bits


@compiled
def attacked(square: int, bits: np.uint64, wk: int, p: int, q: int, kp: int, kq: int) -> bool:
    """True if White attacks a square; the black king blocks nothing, a piece on the square does not defend itself."""
    if RELATION[wk, square] & KING:
        return True
    if RELATION[p, square] & kp and not BETWEEN[p, square] & bits:
        return True
    return q >= 0 and bool(RELATION[q, square] & kq) and not BETWEEN[q, square] & bits


@compiled
def reply(bk: int, wk: int, p: int, q: int, kp: int, kq: int, white: NDArray[np.int8]) -> tuple[int, int]:
    """Black's best move: the code it leads to, or DRAWN, or MATED; and the king's square. Draws if it can, else lasts.

    Of equals, the lowest square. Called while solving, a position not yet won counts as drawn.
    """
    bits = occupied(wk, p, q)
    best, distance, where = MATED, np.int8(-1), -1
    for square in STEPS[bk]:
        if square < 0:
            break
        if attacked(square, bits, wk, p, q, kp, kq):
            continue
        if square in (p, q):
            return DRAWN, square
        code = encode(square, wk, p, q, kp == kq)
        if white[code] < 0:
            return DRAWN, square
        if white[code] > distance:
            best, distance, where = code, white[code], square
    if best == MATED and not attacked(bk, bits, wk, p, q, kp, kq):
        return DRAWN, -1
    return best, where


@compiled
def _legal(white: NDArray[np.int8], black: NDArray[np.int8], kp: int, kq: int) -> int:
    """Mark what is legal as drawn so far and the mates as 0; returns how many mates."""
    mates = 0
    for code in range(len(white)):
        bk, wk, p, q = decode(code, kq > 0)
        apart = bk not in (wk, p, q) and wk not in (p, q) and p != q and not RELATION[bk, wk] & KING
        if not apart or encode(bk, wk, p, q, kp == kq) != code:
            continue
        black[code] = DRAWN
        if not attacked(bk, occupied(wk, p, q), wk, p, q, kp, kq):
            white[code] = DRAWN
        elif reply(bk, wk, p, q, kp, kq, white)[0] == MATED:
            black[code] = 0
            mates += 1
    return mates


@compiled
def _win(code: int, white: NDArray[np.int8], depth: int, won: NDArray[np.int32], count: int) -> int:
    """Note a position as won in `depth` if it was not; returns the new count."""
    if white[code] != DRAWN:
        return count
    white[code] = depth
    won[count] = code
    return count + 1


@compiled
def _white_unmoves(
    lost: NDArray[np.int32], white: NDArray[np.int8], kp: int, kq: int, depth: int, won: NDArray[np.int32]
) -> int:
    """Positions from which White moves into a lost one; returns how many are new."""
    count = 0
    for code in lost:
        bk, wk, p, q = decode(code, kq > 0)
        bits = occupied(wk, p, q) | BIT[bk]
        for piece in range(3 if kq else 2):
            origin, kind = (wk, KING) if piece == 0 else (p, kp) if piece == 1 else (q, kq)
            for square in REACHED[kind, origin]:
                if square < 0:
                    break
                if BIT[square] & bits or BETWEEN[origin, square] & bits:
                    continue
                if piece == 0:
                    before = encode(bk, square, p, q, kp == kq)
                elif piece == 1:
                    before = encode(bk, wk, square, q, kp == kq)
                else:
                    before = encode(bk, wk, p, square, kp == kq)
                count = _win(before, white, depth, won, count)
    return count


@compiled
def _black_unmoves(
    won: NDArray[np.int32], white: NDArray[np.int8], black: NDArray[np.int8], kp: int, kq: int, depth: int,
    lost: NDArray[np.int32],
) -> int:  # fmt: skip
    """Positions in which every move of Black's leads to a won one; returns how many are new."""
    count = 0
    for code in won:
        bk, wk, p, q = decode(code, kq > 0)
        for square in STEPS[bk]:
            if square < 0:
                break
            if square in (wk, p, q):
                continue
            before = encode(square, wk, p, q, kp == kq)
            if black[before] != DRAWN:
                continue
            a, b, c, d = decode(before, kq > 0)
            if reply(a, b, c, d, kp, kq, white)[0] >= 0:
                black[before] = depth
                lost[count] = before
                count += 1
    return count


@lru_cache(maxsize=4)
def solve(name: str) -> Ending:
    """Solve an ending of `ENDINGS`. Three men: 41 thousand codes; four: 2.6 million, 26 MB while solving."""
    if name not in ENDINGS:
        raise ValueError(f"no ending {name!r}: choose one of {', '.join(ENDINGS)}")
    kinds = [REACH[letter] for letter in ENDINGS[name]]
    kp, kq = kinds[0], kinds[1] if len(kinds) > 1 else 0
    size = 10 * 64 ** (2 + (kq > 0))
    white, black = np.full(size, ILLEGAL, np.int8), np.full(size, ILLEGAL, np.int8)
    won, lost = np.empty(size, np.int32), np.empty(size, np.int32)
    count = _legal(white, black, kp, kq)
    lost[:count], depth = np.flatnonzero(black == 0), 0
    while count:
        depth += 1
        count = _white_unmoves(lost[:count], white, kp, kq, depth, won)
        count = _black_unmoves(won[:count], white, black, kp, kq, depth, lost)
    white.flags.writeable = black.flags.writeable = False
    return Ending(name, (kp, kq), white, black)


@lru_cache(maxsize=1)
def white_tables() -> NDArray[np.int8]:
    """The distances with White to move of every ending, one after the other, as `bare_king_reply` reads them."""
    found = np.concatenate([solve(name).white for name in ENDINGS])
    found.flags.writeable = False
    return found


def distance(board: NDArray[np.int8]) -> tuple[str, int] | None:
    """The ending that a position of the side to move against a bare king is, and its moves to mate; None if none is.

    board: (72,), see `chess.board`.
    """
    turn = int(board[TURN])
    mine = {int(kind): list(np.flatnonzero(board[:64] * turn == kind)) for kind in range(1, 6)}
    letters = "".join("PNBRQ"[kind - 1] * len(squares) for kind, squares in sorted(mine.items(), reverse=True))
    name = next((name for name, each in ENDINGS.items() if each in {letters, letters[::-1]}), None)
    if name is None or np.count_nonzero(board[:64] * turn < 0) != 1:
        return None
    pieces = [int(mine["PNBRQ".index(letter) + 1].pop(0)) for letter in ENDINGS[name]]
    kings = int(board[BLACK_KING if turn > 0 else WHITE_KING]), int(board[WHITE_KING if turn > 0 else BLACK_KING])
    code = encode(*kings, pieces[0], pieces[1] if pieces[1:] else -1, len(set(ENDINGS[name])) < len(pieces))
    moves = int(solve(name).white[code])
    return (name, moves) if moves > 0 else None


@compiled
def bare_king_reply(board: NDArray[np.int8], tables: NDArray[np.int8]) -> int:
    """The square to which the bare king of the side to move goes by the tables; -1 if no table is of this ending."""
    turn = board[TURN]
    bk, wk = (board[BLACK_KING], board[WHITE_KING]) if turn < 0 else (board[WHITE_KING], board[BLACK_KING])
    p, q, men = -1, -1, 0
    kp, kq = 0, 0
    for square in range(64):
        kind = -board[square] * turn
        if kind in (0, -6, 6):
            continue
        if kind < 0 or kind == 1 or men == 2:
            return -1
        reach = _REACHES[kind]
        if men == 0:
            p, kp = square, reach
        else:
            q, kq = square, reach
        men += 1
    if kp == _REACHES[2]:  # the bishop comes first
        p, q, kp, kq = q, p, kq, kp
    for ending in range(4):
        if _PIECES[ending, 0] == kp and _PIECES[ending, 1] == kq:
            return int(reply(bk, wk, p, q, kp, kq, tables[_STARTS[ending] : _STARTS[ending + 1]])[1])
    return -1
