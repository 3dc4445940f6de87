"""Chess on the compiled rules: random games from odd positions, observed, replied to and searched for mates."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import chess
import numpy as np

from stagelight.engines.rollout import environment, mates
from stagelight.engines.rollout.chess import fen, mate_search
from stagelight.engines.rollout.chess.rules import GOING_ON, MOVES
from stagelight.engines.rollout.chess.tablebase import bare_king_reply, distance, white_tables
from stagelight.render.trials.answers import Bench, Case, Wrong
from stagelight.render.trials.readers.chess_text import FENS
from stagelight.render.trials.readers.common import generator

ENDINGS = (
    "8/8/8/4k3/8/8/8/KQ6 w - - 0 1",
    "k7/8/8/8/8/8/8/6KR w - - 90 1",
    "8/8/3k4/8/8/8/8/BBK5 w - - 0 1",
    "7k/8/8/8/8/8/8/NBK5 w - - 0 1",
)
PLIES = 40


def games(_: Path) -> Bench:
    """A game a case: its moves have to be python-chess's at every ply."""
    _play(FENS[0], np.random.default_rng(0))
    white_tables()

    def mutated(seed: int, number: int) -> Case:
        start = (*FENS, *ENDINGS)[number % (len(FENS) + len(ENDINGS))]
        return Case(start, partial(_play, start, generator("games", seed, number)))

    return Bench(
        mutated, tuple(Case(start, partial(_play, start, np.random.default_rng(1))) for start in (*FENS, *ENDINGS))
    )


def _play(start: str, rng: np.random.Generator) -> str:
    board = chess.Board(start)
    one = environment.reset(fen.from_fen(start)[None], np.zeros(1, np.int8), int(rng.integers(2**32)))
    row = np.zeros(1, np.int64)
    for _ in range(PLIES):
        observed, _which = one.observe(row)
        if sorted(map(int, observed.code)) != sorted(fen.code(move) for move in board.legal_moves):
            raise Wrong("other moves than python-chess's", board.fen())
        if not len(observed.code):
            break
        _searched(one.boards[0].copy())
        move = observed.code[int(rng.integers(len(observed.code)))]
        status = one.push(row, np.array([move], np.uint16))
        board.push(fen.decode(int(move)))
        if status[0] != GOING_ON or board.halfmove_clock >= 100:
            break
    if not (mates.unpack(mates.pack(one.boards))[:, :64] == one.boards[:, :64]).all():
        raise Wrong("another board after packing", board.fen())
    return "read"


def _searched(board: np.ndarray[tuple[int, ...], np.dtype[np.int8]]) -> None:
    """Search for mates and, in an ending that has tables, look up the reply."""
    moves = np.zeros(MOVES, np.uint16)
    mate_search.mate_in_one(board, moves, np.zeros(MOVES, np.uint16))
    mate_search.mate_in_two(board.copy())
    if np.count_nonzero(board[:64]) <= 4:
        distance(board)
        if board[:64][board[:64] * board[64] > 0].sum() == 6 * board[64]:  # a bare king to move
            bare_king_reply(board, white_tables())
