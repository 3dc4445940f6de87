"""Opponents without a network, compiled. Equal choices are drawn from the board's own stream."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.rollout.chess.board import PASSANT, PAWN
from stagelight.engines.rollout.chess.mate_search import longest_defence, mate_in_one, mating
from stagelight.engines.rollout.chess.rules import MOVES, legal, make, position_hash
from stagelight.engines.rollout.chess.tablebase import bare_king_reply
from stagelight.engines.rollout.compiling import compiled

RANDOM, GREEDY, CAREFUL, MATERIAL_1, MATERIAL_2, LONGEST, TABLEBASE = range(7)
NAMES = {
    "random": RANDOM,  # any legal move
    "greedy": GREEDY,  # mates when it can, else takes the dearest piece it can, else any move
    "careful": CAREFUL,  # the same, but of its moves only those that do not allow mate in one, while there are any
    "material_1": MATERIAL_1,  # mates when it can, else the most material after its move
    "material_2": MATERIAL_2,  # the same after the best reply
    "longest": LONGEST,  # puts off the learner's mate the longest, as far as three moves are looked ahead
    "tablebase": TABLEBASE,  # a bare king's best move by the solved endings: a draw if it can, else the longest defence
}
_WORTH = np.array([0, 1, 3, 3, 5, 9, 0], np.int64)
_MATE, _REFUSED = 1000, 100_000


def new_memory(slots: int = 1 << 20) -> NDArray[np.int64]:
    """Room for the longest defences found so far, (slots, 2): a position's hash and its reply. slots: a power of 2."""
    return np.zeros((slots, 2), np.int64)


@compiled
def draw(streams, row):  # type: ignore[no-untyped-def]
    """The next number, 0 to 2**53 - 1, of a board's stream (splitmix64). streams: uint64 (B,)."""
    streams[row] += np.uint64(0x9E3779B97F4A7C15)
    z = streams[row]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.int64((z ^ (z >> np.uint64(31))) >> np.uint64(11))


@compiled
def _gain(board, move):  # type: ignore[no-untyped-def]
    """Pawns' worth of material that a move wins by capture and by promotion: (capture, promotion)."""
    origin, target, promotion = np.int64(move & 63), np.int64((move >> 6) & 63), np.int64(move >> 12)
    taken = abs(board[target])
    if target == board[PASSANT] and abs(board[origin]) == PAWN:
        taken = PAWN
    return _WORTH[taken], (_WORTH[promotion] - 1 if promotion else 0)


@compiled
def _best_reply(board, out, inner, scratch, enough):  # type: ignore[no-untyped-def]
    """The most material, or mate, that the side to move can win at once; 0 where it has no move.

    Where it can win `enough` without mate, mates are not looked for.
    """
    best = 0
    count = legal(board, out)
    for index in range(count):
        capture, promotion = _gain(board, out[index])
        best = max(best, capture + promotion)
    if best < enough and mating(board, out, count, inner, scratch) >= 0:
        return _MATE
    return best


@compiled
def _look_ahead(board, moves, score, outer, inner, scratch):  # type: ignore[no-untyped-def]
    """Take from each move's score what the best reply wins. Moves that cannot be best may keep more than that."""
    top, after = -2 * _MATE, board.copy()
    for index in np.argsort(-score):
        if score[index] < top:  # a reply never adds to it
            break
        after[:] = board
        make(after, moves[index])
        score[index] -= _best_reply(after, outer, inner, scratch, score[index] - top + 1)
        top = max(top, score[index])


@compiled
def _capture(kind, board, moves, count, streams, row):  # type: ignore[no-untyped-def]
    """The index of the move of an opponent that mates when it can and otherwise counts material."""
    outer, inner = np.empty(MOVES, np.uint16), np.empty(MOVES, np.uint16)
    score, allowed, scratch = np.empty(count, np.int64), np.zeros(count, np.bool_), board.copy()
    mate = mating(board, moves, count, outer, scratch)
    if mate >= 0:
        return mate
    for index in range(count):
        capture, promotion = _gain(board, moves[index])
        score[index] = capture if kind in {GREEDY, CAREFUL} else capture + promotion
    if kind == MATERIAL_2:
        _look_ahead(board, moves, score, outer, inner, scratch)
    order = np.empty(count, np.int64)
    for index in range(count):  # the draw is the lower part, so that equal scores are equally likely
        order[index] = score[index] * 1_048_576 + draw(streams, row) % 1_048_576
    while True:
        best = np.argmax(order)
        if kind != CAREFUL or allowed[best]:
            return best
        allowed[best] = True
        scratch[:] = board
        make(scratch, moves[best])
        if mate_in_one(scratch, outer, inner) >= 0:
            order[best] -= _REFUSED * 1_048_576


@compiled
def reply(kind, board, moves, count, streams, row, tables, memory):  # type: ignore[no-untyped-def]
    """The index of the move an opponent chooses among its legal ones.

    tables: of `chess.tablebase.white_tables`. memory: of `new_memory`, where searches are remembered.
    """
    if kind == RANDOM:
        return draw(streams, row) % count
    if kind == LONGEST:
        name = position_hash(board)
        slot = name & np.int64(len(memory) - 1)
        if memory[slot, 0] != name:
            start = np.int64((np.uint64(name) >> np.uint64(40)) % np.uint64(count))
            memory[slot, 1] = longest_defence(board, moves, count, start)
            memory[slot, 0] = name
        return memory[slot, 1]
    if kind == TABLEBASE:
        square = bare_king_reply(board, tables)
        for index in range(count):
            if (moves[index] >> 6) & 63 == square:
                return index
        return draw(streams, row) % count
    return _capture(kind, board, moves, count, streams, row)
