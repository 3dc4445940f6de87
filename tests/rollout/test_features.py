"""The policy's input, against a reading of the same features with python-chess, and its symmetries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
chess = pytest.importorskip("chess")

from stagelight.engines.rollout.chess import features  # noqa: E402
from stagelight.engines.rollout.chess.features import AT, MOVE_AT, RELATIVE  # noqa: E402
from stagelight.engines.rollout.chess.fen import code, decode, from_board, from_fen, to_board  # noqa: E402
from stagelight.engines.rollout.chess.geometry import SYMMETRY, TRIANGLE  # noqa: E402
from stagelight.engines.rollout.environment import OPENING, reset  # noqa: E402
from stagelight.engines.rollout.policy import Policy  # noqa: E402
from support.chess_positions import FENS, PAWNLESS, observed, wandered  # noqa: E402

pytestmark = pytest.mark.engine
ROW = np.zeros(1, np.int64)
anywhere = given(seed=st.integers(0, 2**32), fen=st.sampled_from(FENS + PAWNLESS), plies=st.integers(0, 40))


# --- an independent reading -------------------------------------------------------------------------------


def moved(board: Any, where: list[int], swap: bool) -> Any:
    """The board with each square's piece elsewhere, the colours and the side to move swapped or not."""
    found = chess.Board(None)
    for square, piece in board.piece_map().items():
        found.set_piece_at(where[square], chess.Piece(piece.piece_type, piece.color != swap))
    found.turn = board.turn != swap
    for square in chess.scan_forward(board.castling_rights):
        found.castling_rights |= chess.BB_SQUARES[where[square]]
    found.ep_square = None if board.ep_square is None else where[board.ep_square]
    return found


def signature(board: Any) -> list[int]:
    """The pieces from a1 to h8, White's above 0."""
    pieces = [board.piece_at(square) for square in chess.SQUARES]
    return [0 if p is None else p.piece_type if p.color else -p.piece_type for p in pieces]


def upright(board: Any) -> tuple[Any, list[int]]:
    """The position in canonical orientation, White to move, and where each square went."""
    if board.turn == chess.BLACK:
        seen, where = moved(board, [square ^ 56 for square in range(64)], True), [square ^ 56 for square in range(64)]
    else:
        seen, where = board, list(range(64))
    if board.castling_rights:
        return seen, where
    if board.pawns:
        if chess.square_file(seen.king(chess.BLACK)) > 3:
            return moved(seen, [square ^ 7 for square in range(64)], False), [square ^ 7 for square in where]
        return seen, where
    images = [
        (moved(seen, turn.tolist(), False), [int(turn[square]) for square in where])
        for turn in SYMMETRY
        if turn[seen.king(chess.BLACK)] in TRIANGLE
    ]
    return max(images, key=lambda image: signature(image[0]))


def attackers(board: Any, colour: bool, square: int) -> int:
    return len(board.attackers(colour, square))


def near(square: int, king: int) -> int:
    return (square % 8 - king % 8 + 7) * 15 + square // 8 - king // 8 + 7


def state_of(board: Any) -> list[int]:
    """The indices of a position with White to move."""
    king, found = board.king(chess.BLACK), list[int]()
    for square, piece in board.piece_map().items():
        kind = piece.piece_type - 1 + (0 if piece.color else 6)
        found += [AT["piece"] + 64 * kind + square, AT["near_king"] + RELATIVE * kind + near(square, king)]
        found += [AT["threatened"] + 64 * kind + square] * board.is_attacked_by(not piece.color, square)
    for square in chess.SQUARES:
        ours = attackers(board, chess.WHITE, square)
        found += [AT["ours"] + square] * (ours > 0) + [AT["ours_twice"] + square] * (ours > 1)
        found += [AT["theirs"] + square] * board.is_attacked_by(chess.BLACK, square)
    for index in range(9):
        file, rank, status = king % 8 + index % 3 - 1, king // 8 + index // 3 - 1, 0
        if file in range(8) and rank in range(8):
            square = chess.square(file, rank)
            blocked = board.color_at(square) == chess.BLACK and square != king
            status = 1 if blocked else 2 if board.is_attacked_by(chess.WHITE, square) else 3
        found.append(AT["king_zone"] + 4 * index + status)
    found += [AT["castling"]] * board.has_kingside_castling_rights(chess.WHITE)
    return found + [AT["castling"] + 1] * board.has_queenside_castling_rights(chess.WHITE)


def move_of(board: Any, move: Any) -> list[int]:
    """The indices of a move of White's, without the last, which is of the past."""
    king, piece, origin, target = board.king(chess.BLACK), board.piece_type_at(move.from_square), *_squares(move)
    taken = chess.PAWN if board.is_en_passant(move) else board.piece_type_at(target) or 0
    defended = bool(board.attackers(chess.WHITE, target) - {origin})
    attacked = board.is_attacked_by(chess.BLACK, target)
    return [
        MOVE_AT["piece_to"] + 64 * (piece - 1) + target,
        MOVE_AT["from"] + origin,
        MOVE_AT["captured"] + taken,
        MOVE_AT["promotion"] + (move.promotion - 1 if move.promotion else 0),
        MOVE_AT["safety"] + 4 * board.gives_check(move) + 2 * attacked + defended,
        MOVE_AT["origin_attacked"] + board.is_attacked_by(chess.BLACK, origin),
        MOVE_AT["near_king"] + RELATIVE * (piece - 1) + near(target, king),
    ]


def _squares(move: Any) -> tuple[int, int]:
    return move.from_square, move.to_square


def through(move: Any, where: list[int]) -> Any:
    return chess.Move(where[move.from_square], where[move.to_square], move.promotion)


@settings(max_examples=60, deadline=None)
@anywhere
def test_observations_are_those_of_an_independent_reading(seed: int, fen: str, plies: int) -> None:
    board = wandered(seed, fen, plies)
    seen, where = upright(board)
    found = observed(board)
    assert sorted(found.state) == sorted(state_of(seen))
    assert {decode(int(number)) for number in found.code} == set(board.legal_moves)
    for number, row in zip(found.code, found.move, strict=True):
        assert list(row[:-1]) == move_of(seen, through(decode(int(number)), where))
        assert row[-1] == MOVE_AT["repeats"]


def test_indices_stay_in_their_tables() -> None:
    found = observed(*(wandered(seed, fen, 30) for seed in range(8) for fen in FENS + PAWNLESS))
    assert 0 <= found.state.min() <= found.state.max() < features.STATE_SIZE
    assert np.diff(found.state_at).max() <= features.MOST
    ends = [*list(MOVE_AT.values())[1:], features.MOVE_SIZE]
    for column, start, end in zip(found.move.T, MOVE_AT.values(), ends, strict=True):
        assert start <= column.min() <= column.max() < end


def test_no_feature_tells_that_a_move_mates() -> None:
    """Two boards, one flight square apart: the move's own features are the same, its reward is not."""
    mate = observed(chess.Board("6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1"))
    flight = observed(chess.Board("6k1/5pp1/8/8/8/8/8/R5K1 w - - 0 1"))
    move = code(chess.Move.from_uci("a1a8"))
    rows = [found.move[found.code == move] for found in (mate, flight)]
    assert len(rows[0]) == 1
    assert np.array_equal(*rows)


def test_a_move_that_repeats_is_seen_as_such() -> None:
    game, board, said = reset(OPENING[None], np.zeros(1, np.int8), seed=1), chess.Board(), 0
    for san in ("Nf3", "Nf6", "Ng1", "Ng8", "Nf3", "Nf6"):
        found = features.observe(game.boards, game.history, ROW)
        for number, row in zip(found.code, found.move, strict=True):
            after = board.copy()
            after.push(decode(int(number)))
            assert row[-1] - MOVE_AT["repeats"] == after.is_repetition(2)
            said += after.is_repetition(2)
        game.push(ROW, np.array([code(board.push_san(san))], np.uint16))
    assert said == 3


def test_positions_are_observed_one_by_one() -> None:
    boards = [wandered(seed, fen, 20) for seed, fen in enumerate(FENS)]
    many = observed(*boards)
    for index, board in enumerate(boards):
        alone = observed(board)
        state, moves = (slice(*at[index : index + 2]) for at in (many.state_at, many.move_at))
        assert np.array_equal(many.state[state], alone.state)
        assert np.array_equal(many.move[moves], alone.move)
        assert np.array_equal(many.code[moves], alone.code)


# --- symmetry ---------------------------------------------------------------------------------------------


def images(board: Any) -> list[tuple[Any, list[int]]]:
    """All positions that the rules cannot tell from this one, and where each square goes."""
    turns = range(8) if not board.castling_rights and not board.pawns else range(1 if board.castling_rights else 2)
    found = [(moved(board, SYMMETRY[turn].tolist(), False), SYMMETRY[turn].tolist()) for turn in turns]
    flip = [square ^ 56 for square in range(64)]
    return found + [(moved(image, flip, True), [flip[square] for square in where]) for image, where in found]


@settings(max_examples=40, deadline=None)
@anywhere
def test_symmetric_positions_look_the_same(seed: int, fen: str, plies: int) -> None:
    board = wandered(seed, fen, plies)
    first = observed(board)
    rows = {number: tuple(row) for number, row in zip(first.code.tolist(), first.move, strict=True)}
    for image, where in images(board):
        found = observed(image)
        assert sorted(found.state) == sorted(first.state)
        there = {number: tuple(row) for number, row in zip(found.code.tolist(), found.move, strict=True)}
        turned = {code(through(decode(number), where)): row for number, row in rows.items()}
        assert sorted(there.values()) == sorted(turned.values())
        if _unmoved(board):
            assert there == turned


def _unmoved(board: Any) -> bool:
    """True if no symmetry but the identity leaves the position what it is."""
    others = [image for image, _ in images(board)[1:]]
    return all(image.epd() != board.epd() for image in others)


@settings(max_examples=20, deadline=None)
@anywhere
def test_symmetric_positions_have_the_same_probabilities(seed: int, fen: str, plies: int) -> None:
    board, policy = wandered(seed, fen, plies), Policy(16, 8, torch.Generator().manual_seed(seed % 7))

    def chances(position: Any, where: list[int]) -> dict[int, float]:
        found = observed(position)
        probability = policy(found).exp().tolist()
        back = [where.index(square) for square in range(64)]
        return {code(through(decode(int(n)), back)): p for n, p in zip(found.code, probability, strict=True)}

    if not _unmoved(board):
        return
    first = chances(board, list(range(64)))
    for image, where in images(board):
        assert chances(image, where) == pytest.approx(first, rel=1e-3, abs=1e-6)


@settings(max_examples=40, deadline=None)
@anywhere
def test_symmetric_positions_are_one_canonical_position(seed: int, fen: str, plies: int) -> None:
    def canonical(position: Any) -> np.ndarray:
        out = np.full(72, 99, np.int8)
        features.canonical(from_board(position), out)
        return out

    board = wandered(seed, fen, plies)
    first = canonical(board)
    assert signature(to_board(first)) == signature(upright(board)[0])
    assert to_board(first).turn == chess.WHITE
    for image, _ in images(board):
        assert np.array_equal(canonical(image), first)
    assert np.array_equal(canonical(to_board(first)), first)
    again = observed(to_board(first))
    assert sorted(again.state) == sorted(observed(board).state)


def test_the_orientation_is_as_documented() -> None:
    """Castling keeps a board as it is; pawns let it be mirrored; without either the king is in the triangle."""
    cases: dict[str, Callable[[int | None], bool]] = {
        "4k2r/8/8/8/8/8/8/4K3 w k - 0 1": lambda king: king == chess.E8,
        "6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1": lambda king: king == chess.B8,
        "R5k1/8/8/8/8/8/5PPP/6K1 b - - 0 1": lambda king: king == chess.B8,
        "6k1/8/8/8/8/8/8/R5K1 w - - 0 1": lambda king: king == chess.B1,
        "7k/8/8/8/8/8/8/R5K1 b - - 0 1": lambda king: king == chess.B1,
    }
    for fen, expected in cases.items():
        out = np.empty(72, np.int8)
        features.canonical(from_fen(fen), out)
        assert expected(to_board(out).king(chess.BLACK)), fen
