"""The game as a lookup: what White may play, and what Black's best reply leads to.

An action is plane * 64 + target square, plane 0 the king's. Equal pieces share a plane: they are bishops of
opposite colours, so the square tells which one goes. States are codes, that is canonical positions: each
successor is turned back into the orientation that stands for its class, so a policy of codes is exactly
invariant under the eight symmetries.

A draw is called as soon as the position is one under perfect defence (a piece hangs, Black is stalemated, or
no mate can be forced any more), for the defender here does not err.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.rollout.endgame.geometry import BETWEEN, BIT, KING, REACHED, RELATION, TRIANGLE, compiled
from stagelight.engines.rollout.endgame.tables import Ending, attacked, decode, encode, occupied, reply

FLAGS = 8  # gives check + 2 * next to the black king + 4 * defended


@compiled
def _after(wk: int, p: int, q: int, action: int, kp: int, kq: int) -> tuple[int, int, int]:
    """White's squares after an action."""
    plane, square = action // 64, action % 64
    if plane == 0:
        return square, p, q
    if plane == 2 or (kp == kq and not RELATION[p, square] & kp):
        return wk, p, square
    return wk, square, q


@compiled
def _legal(states: NDArray[np.int64], kp: int, kq: int, allowed: NDArray[np.bool_]) -> None:
    for row, code in enumerate(states):
        bk, wk, p, q = decode(code, kq > 0)
        bits = occupied(wk, p, q) | BIT[bk]
        for piece in range(3 if kq else 2):
            origin, kind = (wk, KING) if piece == 0 else (p, kp) if piece == 1 else (q, kq)
            plane = 1 if piece == 2 and kp == kq else piece
            for square in REACHED[kind, origin]:
                if square < 0:
                    break
                blocked = BIT[square] & bits or BETWEEN[origin, square] & bits
                if not blocked and not (piece == 0 and RELATION[bk, square] & KING):
                    allowed[row, plane * 64 + square] = True


@compiled
def _flags(states: NDArray[np.int64], kp: int, kq: int, allowed: NDArray[np.bool_], out: NDArray[np.int8]) -> None:
    for row, code in enumerate(states):
        bk, wk, p, q = decode(code, kq > 0)
        for action in range(allowed.shape[1]):
            if not allowed[row, action]:
                continue
            a, b, c = _after(wk, p, q, action, kp, kq)
            bits, square = occupied(a, b, c), action % 64
            flag = 1 if attacked(bk, bits, a, b, c, kp, kq) else 0
            flag += 2 if RELATION[bk, square] & KING else 0
            out[row, action] = flag + (4 if attacked(square, bits, a, b, c, kp, kq) else 0)


@compiled
def _play(
    states: NDArray[np.int64], actions: NDArray[np.int64], white: NDArray[np.int8], kp: int, kq: int,
    after: NDArray[np.int64],
) -> None:  # fmt: skip
    for row in range(len(states)):
        bk, wk, p, q = decode(states[row], kq > 0)
        wk, p, q = _after(wk, p, q, actions[row], kp, kq)
        after[row] = reply(bk, wk, p, q, kp, kq, white)


@compiled
def _answer(
    states: NDArray[np.int64], actions: NDArray[np.int64], kp: int, kq: int, between: NDArray[np.int64]
) -> None:
    for row in range(len(states)):
        bk, wk, p, q = decode(states[row], kq > 0)
        wk, p, q = _after(wk, p, q, actions[row], kp, kq)
        between[row] = encode(bk, wk, p, q, kp == kq)


def legal(ending: Ending, states: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(S, planes * 64) which actions are legal moves."""
    allowed = np.zeros((len(states), ending.planes * 64), np.bool_)
    _legal(states, *ending.pieces, allowed)
    return allowed


def flags(ending: Ending, states: NDArray[np.int64], allowed: NDArray[np.bool_]) -> NDArray[np.int8]:
    """(S, A) of each legal move: check + 2 * lands next to the black king + 4 * lands defended; 0 elsewhere."""
    found = np.zeros(allowed.shape, np.int8)
    _flags(states, *ending.pieces, allowed, found)
    return found


def play(ending: Ending, states: NDArray[np.int64], actions: NDArray[np.int64]) -> NDArray[np.int64]:
    """(S,) the state after each action and Black's best reply; `tables.MATED` or `tables.DRAWN` at the end."""
    after = np.empty(len(states), np.int64)
    _play(states, actions, ending.white, *ending.pieces, after)
    return after


def before_reply(ending: Ending, states: NDArray[np.int64], actions: NDArray[np.int64]) -> NDArray[np.int64]:
    """(S,) the code, Black to move, that each action leads to."""
    between = np.empty(len(states), np.int64)
    _answer(states, actions, *ending.pieces, between)
    return between


def squares(ending: Ending, states: NDArray[np.int64]) -> NDArray[np.int64]:
    """(S, 3 or 4) the squares of the black king, the white king and White's pieces."""
    digits = states[:, None] // 64 ** np.arange(2 + (ending.pieces[1] > 0), -1, -1) % 64
    digits[:, 0] = TRIANGLE[digits[:, 0]]
    return np.asarray(digits, np.int64)
