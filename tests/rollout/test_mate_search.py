"""Forced mates and the longest defence, against a search with python-chess that tries everything."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")
chess = pytest.importorskip("chess")

from stagelight.engines.rollout.chess import mate_search, rules  # noqa: E402
from stagelight.engines.rollout.chess.fen import decode, from_board, mating_moves, to_board  # noqa: E402
from support.chess_positions import FENS, wandered  # noqa: E402

pytestmark = pytest.mark.engine
ATTACKERS = ("Q", "R", "BB", "BN", "QR", "RR", "QP", "RP", "NNP", "QN")
DEFENDERS = ("", "", "p", "n", "pp")


def mates_within(board: Any, moves: int) -> bool:
    """True if the side to move can force mate in so many moves."""
    if mating_moves(board):
        return True
    return moves > 1 and any(forces(board, move, moves - 1) for move in list(board.legal_moves))


def forces(board: Any, move: Any, moves: int) -> bool:
    """True if every reply to a move, of which there is one, allows mate in so many."""
    board.push(move)
    replies = list(board.legal_moves)
    found = bool(replies) and all(mates_after(board, reply, moves) for reply in replies)
    board.pop()
    return found


def mates_after(board: Any, reply: Any, moves: int) -> bool:
    board.push(reply)
    found = mates_within(board, moves)
    board.pop()
    return found


def small(seed: int) -> Any:
    """A legal position of few men, the weaker king at an edge, where mates are common; either colour moves."""
    rng = random.Random(seed)
    edge = [square for square in chess.SQUARES if chess.square_file(square) in {0, 7} or square >= 56]
    while True:
        board = chess.Board(None)
        squares = [rng.choice(edge), *rng.sample(range(8, 56), 6)]  # where two are the same the position is not valid
        symbols = ["k", "K", *rng.choice(ATTACKERS), *rng.choice(DEFENDERS)]
        for square, symbol in zip(squares, symbols, strict=False):
            board.set_piece_at(square, chess.Piece.from_symbol(symbol))
        if board.is_valid() and any(board.legal_moves):
            return board if rng.random() < 0.5 else board.mirror()


def scratch() -> Any:
    return np.empty(rules.MOVES, np.uint16)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), fen=st.sampled_from(FENS), plies=st.integers(0, 60), few=st.booleans())
def test_mate_in_one_is_found_where_there_is_one(seed: int, fen: str, plies: int, few: bool) -> None:
    board = small(seed) if few else wandered(seed, fen, plies)
    out = scratch()
    at = mate_search.mate_in_one(from_board(board), out, scratch())
    mating = mating_moves(board)
    assert (at >= 0) == bool(mating)
    if mating:
        assert decode(int(out[at])) in mating


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), fen=st.sampled_from(FENS), plies=st.integers(0, 60))
def test_no_check_is_ruled_out(seed: int, fen: str, plies: int) -> None:
    board = wandered(seed, fen, plies)
    row, out = from_board(board), scratch()
    king = board.king(not board.turn)
    turn = 1 if board.turn else -1
    uncovering = rules.shields(row, king, turn, turn)
    for move in out[: rules.legal(row, out)]:
        if board.gives_check(decode(int(move))):
            assert mate_search.may_check(row, move, king, uncovering)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32))
def test_mate_in_two_is_found_exactly_where_there_is_one(seed: int) -> None:
    board = small(seed)
    found = mate_search.mate_in_two(from_board(board))
    forcing = [move for move in board.legal_moves if forces(board, move, 1)]
    assert (found >= 0) == bool(forcing)
    if forcing:
        assert decode(int(found)) in forcing
    distance = mate_search.distance_after(from_board(board), scratch(), scratch())
    assert distance == (1 if mating_moves(board) else 2 if forcing else mate_search.BEYOND)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32))
def test_mate_in_three_is_found_exactly_where_a_check_forces_it(seed: int) -> None:
    board = small(seed)
    found = mate_search.mate_in_three(from_board(board))
    forcing = {move for move in board.legal_moves if board.gives_check(move) and forces(board, move, 2)}
    assert (found >= 0) == bool(forcing)
    if forcing:
        assert decode(int(found)) in forcing


def test_mates_found_in_games_are_forced_and_no_shorter(found_mates: dict[str, Any]) -> None:
    for depth, most in ((2, 12), (3, 5)):
        rows = found_mates["board"][found_mates["distance"] == depth][:most]
        assert len(rows) == most
        for row in rows:
            board = to_board(row)
            search = mate_search.mate_in_two if depth == 2 else mate_search.mate_in_three
            assert not mating_moves(board)
            assert forces(board, decode(int(search(row))), depth - 1)
            if depth == 3:
                assert mate_search.mate_in_two(row) < 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_the_longest_defence_is_the_longest(seed: int) -> None:
    """Of all replies those after which mate takes longest, and each of them where the search starts there."""
    board = small(seed)
    mating = [move for move in board.legal_moves if forces(board, move, 1)]
    board.push(random.Random(seed).choice(mating or list(board.legal_moves)))
    if not any(board.legal_moves):
        return
    row, out = from_board(board), scratch()
    count = rules.legal(row, out)
    distance = []
    for number in out[:count]:
        board.push(decode(int(number)))
        distance.append(next((n for n in (1, 2) if mates_within(board, n)), mate_search.BEYOND))
        board.pop()
    longest = {at for at in range(count) if distance[at] == max(distance)}
    assert {int(mate_search.longest_defence(row, out, count, start)) for start in range(count)} == longest


@pytest.mark.parametrize(
    ("fen", "best"),
    [
        ("4k3/8/3K2R1/2R5/8/8/8/8 b - - 0 1", {"e8f7"}),  # Kd8 is mated at once, Kf8 in two, Kf7 gets away
        ("6k1/1P2R3/8/8/8/4K3/8/8 b - - 0 1", {"g8f8"}),  # Kh8 is mated at once
        ("8/8/8/8/2pQ4/8/5K1k/8 b - - 0 1", {"h2h3"}),  # the pawn's move, too, is mated at once
    ],
)
def test_the_longest_defence_by_hand(fen: str, best: set[str]) -> None:
    row, out = from_board(chess.Board(fen)), scratch()
    count = rules.legal(row, out)
    chosen = {mate_search.longest_defence(row, out, count, start) for start in range(count)}
    assert {decode(int(out[at])).uci() for at in chosen} == best
