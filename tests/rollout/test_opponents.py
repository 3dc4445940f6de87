"""Opponents do as they are named, by chance where moves are equal, and remember without changing their minds."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")
chess = pytest.importorskip("chess")

from stagelight.engines.rollout import opponents  # noqa: E402
from stagelight.engines.rollout.chess import rules  # noqa: E402
from stagelight.engines.rollout.chess.fen import decode, from_board, mating_moves  # noqa: E402
from stagelight.engines.rollout.chess.tablebase import white_tables  # noqa: E402
from stagelight.engines.rollout.environment import streams  # noqa: E402
from support.chess_positions import FENS, wandered  # noqa: E402

pytestmark = pytest.mark.engine
MEMORY = opponents.new_memory(1 << 12)


def chosen(board: Any, name: str, games: int = 60, memory: Any = MEMORY, seed: int = 3) -> list[Any]:
    """The move an opponent chooses in a position, in each of many games."""
    row, out, dice = from_board(board), np.empty(rules.MOVES, np.uint16), streams(games, seed)
    count, kind = rules.legal(row, out), opponents.NAMES[name]
    kept = row.copy()
    found = [opponents.reply(kind, row, out, count, dice, game, white_tables(), memory) for game in range(games)]
    assert np.array_equal(row, kept)
    return [decode(int(out[at])) for at in found]


def answers(fen: str, name: str, games: int = 60) -> set[str]:
    board = chess.Board(fen)
    return {board.san(move) for move in chosen(board, name, games)}


def test_draws_are_those_of_splitmix64() -> None:
    """The first numbers that its authors' program gives for the seed 1234567."""
    known = (6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821)
    dice = np.array([7, 1234567], np.uint64)
    assert [opponents.draw(dice, 1) for _ in known] == [number >> 11 for number in known]
    assert dice[0] == 7


def test_opponents_do_as_they_are_named() -> None:
    assert len(answers("6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1", "random", 400)) == 17
    assert answers("6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1", "greedy") == {"Ra8#"}
    assert answers("6k1/5ppp/8/8/8/8/p7/R5K1 w - - 0 1", "greedy") == {"Rxa2"}
    assert answers("q5k1/8/8/8/8/8/1p3PPP/RN4K1 w - - 0 1", "greedy") == {"Rxa8+"}
    assert answers("6k1/P7/8/8/8/8/r7/1K6 w - - 0 1", "material_1") == {"a8=Q+"}
    poisoned = "6k1/8/2p5/3p4/8/8/8/3QK3 w - - 0 1"
    assert answers(poisoned, "material_1") == {"Qxd5+"}
    assert "Qxd5+" not in answers(poisoned, "material_2")
    assert answers("4k3/8/3K2R1/2R5/8/8/8/8 b - - 0 1", "longest") == {"Kf7"}
    assert answers("7k/8/5K2/8/8/8/8/6Q1 b - - 0 1", "tablebase") == {"Kh7"}


def test_the_careful_one_allows_no_mate_in_one_while_it_can() -> None:
    board = chess.Board("r5k1/8/8/8/8/8/5PPP/3R2K1 w - - 0 1")  # nothing to take; on a1 the rook is taken with mate
    careful, greedy = (set(chosen(board, name, 300)) for name in ("careful", "greedy"))
    allowing = set()
    for move in board.legal_moves:
        board.push(move)
        if mating_moves(board):
            allowing.add(move)
        board.pop()
    assert greedy == set(board.legal_moves)
    assert allowing
    assert careful == greedy - allowing
    lost = chess.Board("kr6/8/8/4P3/8/8/r7/7K w - - 0 1")  # every move allows Rb1
    assert set(chosen(lost, "careful")) == set(lost.legal_moves)


def test_equal_moves_are_equally_likely() -> None:
    moves = chosen(chess.Board(), "material_1", 4000)
    share = np.unique([move.uci() for move in moves], return_counts=True)[1] / 4000
    assert len(share) == 20
    assert abs(share - 0.05).max() < 0.02


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), fen=st.sampled_from(FENS), plies=st.integers(0, 40))
def test_every_opponent_plays_legal_moves_and_mates_if_it_looks_for_mates(seed: int, fen: str, plies: int) -> None:
    board = wandered(seed, fen, plies)
    mating = mating_moves(board)
    for name in opponents.NAMES:
        moves = set(chosen(board, name, 3))
        assert moves <= set(board.legal_moves)
        if mating and name in {"greedy", "careful", "material_1", "material_2"}:
            assert moves <= set(mating)


WORTH = {chess.PAWN: 1, chess.KNIGHT: 3, chess.BISHOP: 3, chess.ROOK: 5, chess.QUEEN: 9}


def gain(board: Any, move: Any) -> int:
    taken = chess.PAWN if board.is_en_passant(move) else board.piece_type_at(move.to_square)
    return WORTH.get(taken or 0, 0) + (WORTH[move.promotion] - 1 if move.promotion else 0)


def best_reply(board: Any) -> int:
    return max((1000 if move in mating_moves(board) else gain(board, move) for move in board.legal_moves), default=0)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), plies=st.integers(4, 60))
def test_material_searches_play_a_best_move_of_a_full_search(seed: int, plies: int) -> None:
    board = wandered(seed, chess.STARTING_FEN, plies)
    if mating_moves(board):
        return
    one = {move: gain(board, move) for move in board.legal_moves}
    two = {}
    for move, won in one.items():
        board.push(move)
        two[move] = won - best_reply(board)
        board.pop()
    for name, score in (("material_1", one), ("material_2", two)):
        assert set(chosen(board, name, 40)) <= {move for move in score if score[move] == max(score.values())}


def test_what_is_remembered_changes_no_reply() -> None:
    """A memory of one slot, a large one, one that is full, and none of this position: the same replies."""
    rng, used = random.Random(1), opponents.new_memory(1 << 6)
    for seed in range(40):
        board = wandered(seed, rng.choice(FENS), 12)
        fresh = chosen(board, "longest", 3, opponents.new_memory(2))
        assert chosen(board, "longest", 3, used) == fresh
        assert chosen(board, "longest", 3, used) == fresh
        assert len(set(fresh)) == 1
    assert np.count_nonzero(used[:, 0]) > 10


def test_the_tables_defend_only_their_endings() -> None:
    """Elsewhere, and with the stronger side, their opponent moves at random."""
    assert len(answers(chess.STARTING_FEN, "tablebase", 400)) == 20
    assert len(answers("8/8/3k4/8/8/8/4R3/4K3 w - - 0 1", "tablebase", 400)) > 10
