"""The compiled rules of chess against python-chess and the published counts of moves."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")
chess = pytest.importorskip("chess")

from stagelight.engines.rollout.chess import board as boards  # noqa: E402
from stagelight.engines.rollout.chess import fen, geometry, rules  # noqa: E402
from support.chess_positions import FENS, KIWIPETE, wandered  # noqa: E402

pytestmark = pytest.mark.engine

PERFT = {  # chessprogramming.org/Perft_Results
    chess.STARTING_FEN: [20, 400, 8_902, 197_281],
    KIWIPETE: [48, 2_039, 97_862],
    "8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1": [14, 191, 2_812, 43_238, 674_624],
    "r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1": [6, 264, 9_467, 422_333],
    "rnbq1k1r/pp1Pbppp/2p5/8/2B5/8/PPP1NnPP/RNBQK2R w KQ - 1 8": [44, 1_486, 62_379],
    "r4rk1/1pp1qppp/p1np1n2/2b1p1B1/2B1P1b1/P1NP1N2/1PP1QPPP/R4RK1 w - - 0 10": [46, 2_079, 89_890],
}
DEEP = {
    chess.STARTING_FEN: (5, 4_865_609),
    KIWIPETE: (4, 4_085_603),
    "8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1": (6, 11_030_083),
    "r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1": (5, 15_833_292),
    "rnbq1k1r/pp1Pbppp/2p5/8/2B5/8/PPP1NnPP/RNBQK2R w KQ - 1 8": (4, 2_103_487),
    "r4rk1/1pp1qppp/p1np1n2/2b1p1B1/2B1P1b1/P1NP1N2/1PP1QPPP/R4RK1 w - - 0 10": (4, 3_894_594),
}


@pytest.mark.parametrize("position", PERFT)
def test_perft(position: str) -> None:
    row = fen.from_fen(position)
    assert [rules.perft(row, depth + 1) for depth in range(len(PERFT[position]))] == PERFT[position]
    assert rules.perft(row, 0) == 1


@pytest.mark.slow
@pytest.mark.parametrize("position", DEEP)
def test_deep_perft(position: str) -> None:
    depth, lines = DEEP[position]
    assert rules.perft(fen.from_fen(position), depth) == lines


def status(board: Any) -> int:
    """The status that `rules.settle` should give, by python-chess."""
    if not any(board.legal_moves):
        return rules.MATE if board.is_check() else rules.STALEMATE
    if board.is_insufficient_material():
        return rules.MATERIAL
    if board.halfmove_clock >= 100:
        return rules.FIFTY
    return rules.REPETITION if board.is_repetition(3) else rules.GOING_ON


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), position=st.sampled_from(FENS), share=st.sampled_from([0.0, 0.8]))
def test_random_games_agree_with_python_chess(seed: int, position: str, share: float) -> None:
    """Legal moves, what a move does, check, the game's end and when two positions are the same one."""
    rng, board, row = random.Random(seed), chess.Board(position), fen.from_fen(position)
    history, out, names = np.zeros(rules.HISTORY, np.int64), np.empty(rules.MOVES, np.uint16), {}
    for _ in range(120):
        found, count = rules.settle(row, history, out)
        legal = {fen.code(move): move for move in board.legal_moves}
        assert sorted(map(int, out[:count])) == sorted(legal)
        assert found == status(board)
        assert fen.to_board(row).epd() == board.epd()
        assert np.array_equal(fen.from_board(board), row)
        assert boards.checked(row) == board.is_check()
        names[board._transposition_key()] = rules.position_hash(row)
        if found != rules.GOING_ON:
            break
        shuffle = [number for number, move in legal.items() if not board.is_zeroing(move)]
        pick = rng.choice(shuffle if shuffle and rng.random() < share else sorted(legal))
        if len(board.move_stack) > 1 and rng.random() < share:  # undo one's last move, so that positions come again
            own = board.move_stack[-2]
            back = fen.code(chess.Move(own.to_square, own.from_square))
            pick = back if back in legal else pick
        board.push(legal[pick])
        rules.make(row, np.uint16(pick))
    assert len(set(names.values())) == len(names)


def play_line(position: str, sans: str) -> list[int]:
    """The status after each move of a line."""
    board, row = chess.Board(position), fen.from_fen(position)
    history, out, found = np.zeros(rules.HISTORY, np.int64), np.empty(rules.MOVES, np.uint16), []
    rules.settle(row, history, out)
    for san in sans.split():
        rules.make(row, np.uint16(fen.code(board.push_san(san))))
        found.append(rules.settle(row, history, out)[0])
    return found


def test_third_occurrence_draws() -> None:
    assert play_line(chess.STARTING_FEN, "Nf3 Nf6 Ng1 Ng8 Nf3 Nf6 Ng1 Ng8")[-2:] == [rules.GOING_ON, rules.REPETITION]


def test_lost_castling_rights_are_another_position() -> None:
    position = "r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1"
    assert play_line(position, "Ke2 Ke7 Ke1 Ke8 Ke2 Ke7 Ke1 Ke8")[-1] == rules.GOING_ON
    assert play_line(position, "Ke2 Ke7 Ke1 Ke8 Ke2 Ke7 Ke1 Ke8 Ke2 Ke7")[-1] == rules.REPETITION


def test_fifty_moves_draw_but_mate_comes_first() -> None:
    assert play_line("7k/8/8/8/8/8/R7/K7 w - - 98 80", "Ra3 Kg7") == [rules.GOING_ON, rules.FIFTY]
    assert play_line("7k/8/6K1/8/8/8/R7/8 w - - 99 80", "Ra8#") == [rules.MATE]
    assert play_line("7k/8/8/8/8/8/R6P/K7 w - - 98 80", "h3 Kg7") == [rules.GOING_ON, rules.GOING_ON]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from("NBRQPnbrqp"), max_size=3), st.integers(0, 2**32))
def test_insufficient_material_is_python_chess_s(pieces: list[str], seed: int) -> None:
    board = chess.Board(None)
    squares = random.Random(seed).sample(range(8, 56), len(pieces) + 2)
    for square, symbol in zip(squares, ["K", "k", *pieces], strict=True):
        board.set_piece_at(square, chess.Piece.from_symbol(symbol))
    assert rules.insufficient(fen.from_board(board)) == board.is_insufficient_material()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), plies=st.integers(0, 80))
def test_attacks_are_python_chess_s(seed: int, plies: int) -> None:
    board = wandered(seed, KIWIPETE, plies)
    row = fen.from_board(board)
    for square in chess.SQUARES:
        for colour, by in ((chess.WHITE, 1), (chess.BLACK, -1)):
            assert boards.attacked(row, square, by) == board.is_attacked_by(colour, square)


def test_what_a_piece_sees_on_an_empty_board() -> None:
    for kind in chess.PIECE_TYPES:
        for colour, sign in ((chess.WHITE, 1), (chess.BLACK, -1)):
            for square in chess.SQUARES:
                board = chess.Board(None)
                board.set_piece_at(square, chess.Piece(kind, colour))
                assert set(np.flatnonzero(boards.SEES[sign * kind, square])) == set(board.attacks(square))


def test_lines_between_squares_and_the_eight_symmetries() -> None:
    for a in chess.SQUARES:
        for b in chess.SQUARES:
            assert int(geometry.BETWEEN[a, b]) == chess.between(a, b)
    square = np.arange(64)
    for transform, turn in ((chess.flip_horizontal, 1), (chess.flip_vertical, 2), (chess.flip_diagonal, 4)):
        images = [transform(chess.BB_SQUARES[each]) for each in square]
        assert [chess.BB_SQUARES[each] for each in geometry.SYMMETRY[turn]] == images
    assert len({tuple(row) for row in geometry.SYMMETRY}) == 8
    for row, inverse in zip(geometry.SYMMETRY, geometry.INVERSE, strict=True):
        assert np.array_equal(row[inverse], square)


@given(st.sampled_from(FENS), st.integers(0, 100))
def test_a_row_survives_fen(position: str, clock: int) -> None:
    board = chess.Board(position)
    board.halfmove_clock = clock
    again = fen.to_board(fen.from_board(board))
    assert again.fen(en_passant="legal").split()[:5] == board.fen(en_passant="legal").split()[:5]
    assert np.array_equal(fen.from_fen(fen.to_fen(fen.from_fen(position))), fen.from_fen(position))


def test_a_position_no_game_can_reach_is_refused() -> None:
    with pytest.raises(ValueError, match="not a legal position"):
        fen.from_fen("4k3/8/8/8/8/8/8/4KK2 w - - 0 1")
    with pytest.raises(ValueError, match="a side has no king"):
        fen.from_board(chess.Board("8/8/8/8/8/8/8/4K3 w - - 0 1"))


def test_mating_moves_are_those_that_end_the_game() -> None:
    assert fen.mating_moves(chess.Board("6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1")) == [chess.Move.from_uci("a1a8")]
    assert fen.mating_moves(chess.Board("6k1/5pp1/8/8/8/8/8/R5K1 w - - 0 1")) == []
