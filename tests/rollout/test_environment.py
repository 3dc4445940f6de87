"""Many boards advanced together: each as if it were alone, each by the rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")
chess = pytest.importorskip("chess")

from stagelight.engines.rollout import games  # noqa: E402
from stagelight.engines.rollout.chess.fen import code, decode, from_fen, to_board  # noqa: E402
from stagelight.engines.rollout.chess.rules import GOING_ON, MATE, REPETITION, STALEMATE  # noqa: E402
from stagelight.engines.rollout.environment import LOST, OPENING, Environment, replay, reset  # noqa: E402
from stagelight.engines.rollout.opponents import NAMES  # noqa: E402

pytestmark = pytest.mark.engine
ALL_KINDS = np.array([NAMES[name] for name in NAMES if name not in {"tablebase", "longest"}], np.int8)


def start(fen: str, opponent: str, count: int = 1, seed: int = 1) -> Environment:
    return reset(from_fen(fen)[None].repeat(count, axis=0), np.full(count, NAMES[opponent], np.int8), seed)


def push(game: Environment, *ucis: str) -> list[int]:
    """Play moves of both sides on the first board; the status after each."""
    row = np.zeros(1, np.int64)
    return [int(game.push(row, np.array([code(chess.Move.from_uci(uci))], np.uint16))[0]) for uci in ucis]


def step(game: Environment, uci: str, answered: bool = True) -> tuple[int, int]:
    """The outcome of one move on the first board and the reply to it."""
    move = np.array([code(chess.Move.from_uci(uci))], np.uint16)
    outcome, reply = game.step(np.zeros(1, np.int64), move, np.array([answered]))
    return int(outcome[0]), int(reply[0])


def first_moves(game: Environment, rows: Any) -> Any:
    """The first legal move of each row."""
    observation, which = game.observe(rows)
    return observation.code[observation.move_at[:-1]][which]


# --- one board --------------------------------------------------------------------------------------------


def test_mate_by_the_learner_and_by_the_opponent_are_two_outcomes() -> None:
    assert step(start("6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1", "greedy"), "a1a8") == (MATE, 0)
    game = start("r5k1/8/8/8/8/8/5PPP/3R2K1 w - - 0 1", "greedy")
    outcome, reply = step(game, "d1a1")
    assert (outcome, decode(reply).uci()) == (LOST, "a8a1")
    assert to_board(game.boards[0]).is_checkmate()


def test_an_opponent_that_need_not_reply_does_not() -> None:
    game = start("r5k1/8/8/8/8/8/5PPP/3R2K1 w - - 0 1", "greedy")
    dice = game.streams.copy()
    assert step(game, "d1d2", answered=False) == (GOING_ON, 0)
    assert to_board(game.boards[0]).turn == chess.BLACK
    assert np.array_equal(game.streams, dice)


def test_a_stalemate_and_a_repetition_end_a_game() -> None:
    assert step(start("7k/8/4Q1K1/8/8/8/8/8 w - - 0 1", "random"), "e6f7") == (STALEMATE, 0)
    assert push(start(chess.STARTING_FEN, "random"), *("g1f3 g8f6 f3g1 f6g8 " * 2).split())[-2:] == [
        GOING_ON,
        REPETITION,
    ]


def test_a_start_is_part_of_its_own_past() -> None:
    """Back at the start after four plies, and again after eight: the third occurrence."""
    game = start("4k3/8/8/8/8/8/8/R3K3 w - - 7 9", "random")
    assert push(game, *("a1a2 e8d8 a2a1 d8e8 " * 2).split())[-1] == REPETITION


def test_reset_copies_and_may_be_given_a_past() -> None:
    boards = OPENING[None].copy()
    game = reset(boards, np.zeros(1, np.int8), 1)
    push(game, "g1f3", "g8f6", "f3g1", "f6g8", "g1f3", "g8f6")
    assert np.array_equal(boards[0], OPENING)
    again = reset(game.boards, game.opponents, 2, game.history.copy())
    assert push(again, "f3g1", "f6g8")[-1] == REPETITION
    assert push(reset(game.boards, game.opponents, 2), "f3g1", "f6g8")[-1] == GOING_ON


# --- many boards ------------------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=9, unique=True), st.integers(0, 2**32))
def test_boards_do_not_depend_on_their_neighbours(rows: list[int], seed: int) -> None:
    kinds = np.resize(ALL_KINDS, 10)
    whole, part = (reset(OPENING[None].repeat(10, axis=0), kinds, seed) for _ in range(2))
    everyone, some = np.arange(10), np.array(rows)
    for _ in range(6):
        results = whole.step(everyone, first_moves(whole, everyone), np.ones(10, np.bool_))
        alone = part.step(some, first_moves(part, some), np.ones(len(some), np.bool_))
        assert np.array_equal(results[0][some], alone[0])
        assert np.array_equal(results[1][some], alone[1])
    for name in ("boards", "history", "streams"):
        assert np.array_equal(getattr(whole, name)[some], getattr(part, name)[some])


def test_boards_of_one_position_play_different_games() -> None:
    game = start(chess.STARTING_FEN, "random", 30)
    game.step(np.arange(30), np.full(30, code(chess.Move.from_uci("e2e4")), np.uint16), np.ones(30, np.bool_))
    assert len({row.tobytes() for row in game.boards}) > 10


def test_a_repeated_environment_has_each_board_many_times_with_its_past() -> None:
    game = reset(
        np.stack([from_fen(fen) for fen in (chess.STARTING_FEN, "6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1")]),
        np.array([1, 2], np.int8), 1,
    )  # fmt: skip
    push(game, "g1f3", "g8f6", "f3g1", "f6g8")
    many = game.repeat(3, seed=7)
    assert len(many) == 6
    for name in ("boards", "history", "opponents"):
        assert np.array_equal(getattr(many, name), np.repeat(getattr(game, name), 3, axis=0))
    assert len(set(many.streams.tolist())) == 6
    assert np.array_equal(many.streams, game.repeat(3, seed=7).streams)
    before = game.boards.copy()
    many.step(np.arange(6), first_moves(many, np.arange(6)), np.ones(6, np.bool_))
    assert np.array_equal(game.boards, before)


def test_every_reply_is_legal_and_is_on_the_board() -> None:
    count = 4 * len(ALL_KINDS)
    game = reset(OPENING[None].repeat(count, axis=0), np.resize(ALL_KINDS, count), 5)
    boards, rows, rng = [chess.Board() for _ in range(count)], np.arange(count), np.random.default_rng(1)
    while len(rows):
        moves = np.array([code(rng.choice(list(boards[row].legal_moves))) for row in rows], np.uint16)
        outcome, replies = game.step(rows, moves, np.ones(len(rows), np.bool_))
        for row, move, reply in zip(rows, moves, replies, strict=True):
            boards[row].push(decode(int(move)))
            if reply:
                assert decode(int(reply)) in boards[row].legal_moves
                boards[row].push(decode(int(reply)))
            assert to_board(game.boards[row]).epd() == boards[row].epd()
        for row, ended in zip(rows, outcome, strict=True):
            mated = boards[row].is_checkmate()
            assert mated == (ended in {MATE, LOST})
            assert not mated or (boards[row].turn == chess.BLACK) == (ended == MATE)
            assert (boards[row].outcome(claim_draw=False) is not None) <= (ended != GOING_ON)
        rows = rows[(outcome == GOING_ON) & (np.array([len(boards[row].move_stack) for row in rows]) < 60)]


# --- equal positions are observed once --------------------------------------------------------------------


def test_equal_positions_are_observed_once_and_rows_know_theirs() -> None:
    fens = [chess.STARTING_FEN, "6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1"] * 3
    game = reset(np.stack([from_fen(fen) for fen in fens]), np.zeros(6, np.int8), 1)
    observation, which = game.observe(np.array([5, 0, 2, 1]))
    assert len(observation) == 2
    assert which[1] == which[2] != which[0] == which[3]
    assert np.diff(observation.move_at)[which].tolist() == [17, 20, 20, 17]


def test_a_past_that_a_move_may_repeat_makes_another_position() -> None:
    """The same board, come to with and without a past; and two that stand where the other one came from."""
    fresh, played = start(chess.STARTING_FEN, "random"), start(chess.STARTING_FEN, "random")
    push(played, "g1f3", "g8f6", "f3g1", "f6g8")
    one, two = (start("4k2r/8/8/8/8/8/8/R3K3 w - - 0 1", "random") for _ in range(2))
    push(one, *["a1b1", "h8g8", "b1a1", "g8h8", "a1b1", "h8g8", "b1c1"])
    push(two, *["a1b1", "h8g8", "b1c1", "g8h8", "c1b1", "h8g8", "b1a1"])
    for first, second in ((fresh, played), (one, two)):
        names = ("boards", "history", "streams", "opponents")
        both = Environment(*(np.concatenate([getattr(game, name) for game in (first, second)]) for name in names))
        observation, which = both.observe(np.arange(2))
        assert len(observation) == 2
        assert which[0] != which[1]


# --- replay -----------------------------------------------------------------------------------------------


def test_games_are_replayed_to_where_python_chess_says() -> None:
    corpus = games.load().held_out
    plies = np.minimum(np.arange(20) * 4, corpus.plies[:20])
    boards, history = replay(corpus.moves, corpus.at[:20], plies)
    for game in range(20):
        board = chess.Board()
        for number in corpus[game][: plies[game]]:
            board.push(decode(int(number)))
        assert to_board(boards[game]).epd() == board.epd()
        again = reset(boards[game : game + 1], np.zeros(1, np.int8), 1, history[game : game + 1])
        for move in list(board.legal_moves):
            twin = Environment(*(getattr(again, n).copy() for n in ("boards", "history", "streams", "opponents")))
            status = push(twin, move.uci())[0]
            board.push(move)
            assert (status == REPETITION) == (board.is_repetition(3) and not board.is_game_over())
            board.pop()
