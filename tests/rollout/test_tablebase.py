"""The solved endings: known facts, one ply of python-chess, others' tables, and the bare king's replies."""

from __future__ import annotations

import os
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")
chess = pytest.importorskip("chess")
from chess import gaviota, syzygy  # noqa: E402

from stagelight.engines.rollout.chess import tablebase  # noqa: E402
from stagelight.engines.rollout.chess.fen import from_board, to_board  # noqa: E402
from stagelight.engines.rollout.chess.geometry import SYMMETRY  # noqa: E402
from stagelight.engines.rollout.chess.tablebase import (  # noqa: E402
    DRAWN,
    ENDINGS,
    ILLEGAL,
    Ending,
    decode,
    encode,
    solve,
    white_tables,
)
from stagelight.engines.rollout.starts import ending_boards  # noqa: E402

pytestmark = pytest.mark.engine
KINDS = {letter: kind for kind, letter in enumerate(".PNBRQK")}
endings, numbers = st.sampled_from(sorted(ENDINGS)), st.integers(0, 10**9)


def board_of(ending: Ending, code: int, turn: bool) -> Any:
    """A code as python-chess sees it."""
    found = to_board(ending_boards(ending.name, np.array([code]))[0])
    found.turn = turn
    return found


def code_of(ending: Ending, board: Any) -> int:
    """The inverse of `board_of`, up to symmetry; -1 if a piece is gone."""
    letters = dict.fromkeys("K" + ENDINGS[ending.name])
    squares = [square for letter in letters for square in sorted(board.pieces(KINDS[letter], chess.WHITE))]
    if len(squares) != 1 + len(ENDINGS[ending.name]):
        return -1
    p, q = (*squares[1:], -1)[:2]
    return int(encode(board.king(chess.BLACK), squares[0], p, q, ending.pieces[0] == ending.pieces[1]))


def a_legal(ending: Ending, pick: int, turn: bool, at_least: int = DRAWN) -> int:
    """One of the codes with some side to move."""
    legal = np.flatnonzero((ending.white if turn else ending.black) >= at_least)
    return int(legal[pick % len(legal)])


@pytest.mark.parametrize(("name", "longest"), [("kqk", 10), ("krk", 16), ("kbbk", 19), ("kbnk", 33)])
def test_the_longest_mates_are_the_known_ones(name: str, longest: int) -> None:
    assert solve(name).longest == longest
    assert solve(name).black.max() == longest


def test_three_men_always_win_on_move() -> None:
    for name, count in {"kqk": 18_081, "krk": 21_959}.items():  # each checked against Gaviota's table
        legal = solve(name).white[solve(name).white > ILLEGAL]
        assert len(legal) == count
        assert (legal > 0).all()


def test_bishops_of_one_colour_draw() -> None:
    ending = solve("kbbk")
    won = np.flatnonzero(ending.white > 0)
    _, p, q = won // 4096, won // 64 % 64, won % 64
    assert (((p // 8 + p) % 2) != ((q // 8 + q) % 2)).all()


def test_an_unknown_ending_is_named() -> None:
    with pytest.raises(ValueError, match=r"'kpk': choose one of kqk, krk, kbbk, kbnk"):
        solve("kpk")


@settings(max_examples=80, deadline=None)
@given(endings, numbers, st.booleans())
def test_distances_agree_with_one_ply_of_python_chess(name: str, pick: int, turn: bool) -> None:
    ending = solve(name)
    here, there = (ending.white, ending.black) if turn else (ending.black, ending.white)
    code = a_legal(ending, pick, turn)
    position, after = board_of(ending, code, turn), []
    assert position.is_valid() or ending.name == "kbbk"
    for move in position.legal_moves:
        position.push(move)
        reached = code_of(ending, position)
        after.append(int(there[reached]) if reached >= 0 else DRAWN)
        position.pop()
    assert ILLEGAL not in after
    if turn:
        won = [distance for distance in after if distance >= 0]
        assert here[code] == (1 + min(won) if won else DRAWN)
    elif not after:
        assert here[code] == (0 if position.is_checkmate() else DRAWN)
    else:
        assert here[code] == (DRAWN if DRAWN in after else max(after))


@settings(max_examples=100, deadline=None)
@given(endings, numbers, st.integers(0, 7), st.booleans())
def test_a_code_forgets_orientation_and_the_order_of_equal_pieces(name: str, pick: int, turn: int, swap: bool) -> None:
    ending = solve(name)
    code, twins = a_legal(ending, pick, True), ending.pieces[0] == ending.pieces[1]
    bk, wk, p, q = decode(code, ending.pieces[1] > 0)
    if twins and swap:
        p, q = q, p
    bk, wk, p, q = (int(SYMMETRY[turn, square]) if square >= 0 else -1 for square in (bk, wk, p, q))
    assert encode(bk, wk, p, q, twins) == code


@settings(max_examples=150, deadline=None)
@given(endings, numbers, st.integers(0, 7), st.booleans())
def test_a_bare_king_draws_if_it_can_and_else_never_shortens(name: str, pick: int, turn: int, swap: bool) -> None:
    """In every orientation, with either colour bare."""
    ending = solve(name)
    position = board_of(ending, a_legal(ending, pick, False), chess.BLACK)
    distance = int(ending.black[code_of(ending, position)])
    seen = chess.Board(None)
    for square, piece in position.piece_map().items():
        seen.set_piece_at(int(SYMMETRY[turn, square]), chess.Piece(piece.piece_type, piece.color != swap))
    seen.turn = swap
    square = int(tablebase.bare_king_reply(from_board(seen), white_tables()))
    if not any(seen.legal_moves):
        assert (distance == 0) == seen.is_checkmate()
        return
    move = chess.Move(seen.king(seen.turn), square)
    assert move in seen.legal_moves
    seen.push(move)
    reached = code_of(ending, seen.mirror() if swap else seen)
    assert (int(ending.white[reached]) if reached >= 0 else DRAWN) == distance


@pytest.mark.parametrize(
    "fen",
    [
        "8/8/3k4/8/8/8/4P3/4K3 b - - 0 1",
        "8/8/3k4/8/8/8/4N3/4K3 b - - 0 1",
        "8/8/3k4/8/8/8/3QR3/4K3 b - - 0 1",
        "8/8/3k4/3p4/8/8/4R3/4K3 b - - 0 1",
        "8/8/3k4/8/8/8/3NN3/4K3 b - - 0 1",
        "8/8/3k4/8/8/3B4/3BN3/4K3 b - - 0 1",
        "8/8/3k4/8/8/8/4R3/4K3 w - - 0 1",
    ],
)
def test_other_endings_have_no_reply(fen: str) -> None:
    assert tablebase.bare_king_reply(from_board(chess.Board(fen)), white_tables()) == -1


def test_the_order_of_two_different_pieces_does_not_matter() -> None:
    for fen in ("8/8/3k4/8/8/8/3BN3/4K3 b - - 0 1", "8/8/3k4/8/8/8/3NB3/4K3 b - - 0 1"):
        board = chess.Board(fen)
        square = int(tablebase.bare_king_reply(from_board(board), white_tables()))
        board.push(chess.Move(chess.D6, square))
        assert solve("kbnk").white[code_of(solve("kbnk"), board)] > 20


@pytest.mark.skipif("STAGELIGHT_GAVIOTA" not in os.environ, reason="STAGELIGHT_GAVIOTA names no folder of tables")
@pytest.mark.parametrize("name", ENDINGS)
def test_distances_are_gaviota_s(name: str) -> None:
    ending, rng = solve(name), random.Random(1)
    with gaviota.open_tablebase(os.environ["STAGELIGHT_GAVIOTA"]) as tables:
        for turn in (True, False):
            table = ending.white if turn else ending.black
            for _ in range(300):
                code = a_legal(ending, rng.randrange(10**9), turn)
                plies = tables.probe_dtm(board_of(ending, code, turn))
                assert table[code] == (abs(plies) + 1) // 2 if plies else table[code] <= 0


@pytest.mark.skipif("STAGELIGHT_SYZYGY" not in os.environ, reason="STAGELIGHT_SYZYGY names no folder of tables")
@pytest.mark.parametrize("name", ENDINGS)
def test_wins_are_syzygy_s(name: str) -> None:
    ending, rng = solve(name), random.Random(2)
    with syzygy.open_tablebase(os.environ["STAGELIGHT_SYZYGY"]) as tables:
        for turn in (True, False):
            table = ending.white if turn else ending.black
            for _ in range(300):
                code = a_legal(ending, rng.randrange(10**9), turn)
                wdl = tables.probe_wdl(board_of(ending, code, turn))
                assert (table[code] >= 0) == (wdl != 0)
