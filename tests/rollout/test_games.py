"""Whole games: the compiled rules against python-chess, features against `encoding`, opponents, corpus, training."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import chess
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stagelight.engines.experiment import checkpoint
from stagelight.engines.rollout import encoding
from stagelight.engines.rollout.games import (
    adapters,
    arena,
    attacks,
    corpus,
    curriculum,
    features,
    making,
    opponents,
    rollouts,
    rules,
    score,
    speed,
)  # fmt: skip
from stagelight.engines.rollout.games import fen as positions
from stagelight.engines.rollout.games.policy import Policy, join, take
from stagelight.engines.rollout.games.rollouts import distinct_rows, play
from stagelight.engines.rollout.games.train import Config, Trainer
from stagelight.engines.rollout.positions import held_out

pytestmark = pytest.mark.engine

PERFT = {  # chessprogramming.org/Perft_Results
    chess.STARTING_FEN: [20, 400, 8_902, 197_281],
    "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1": [48, 2_039, 97_862],
    "8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1": [14, 191, 2_812, 43_238, 674_624],
    "r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1": [6, 264, 9_467, 422_333],
    "rnbq1k1r/pp1Pbppp/2p5/8/2B5/8/PPP1NnPP/RNBQK2R w KQ - 1 8": [44, 1_486, 62_379],
    "r4rk1/1pp1qppp/p1np1n2/2b1p1B1/2B1P1b1/P1NP1N2/1PP1QPPP/R4RK1 w - - 0 10": [46, 2_079, 89_890],
}
DEEP = {
    chess.STARTING_FEN: (5, 4_865_609),
    "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1": (4, 4_085_603),
    "8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1": (6, 11_030_083),
    "r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1": (5, 15_833_292),
    "rnbq1k1r/pp1Pbppp/2p5/8/2B5/8/PPP1NnPP/RNBQK2R w KQ - 1 8": (4, 2_103_487),
    "r4rk1/1pp1qppp/p1np1n2/2b1p1B1/2B1P1b1/P1NP1N2/1PP1QPPP/R4RK1 w - - 0 10": (4, 3_894_594),
}


@pytest.mark.parametrize("fen", PERFT)
def test_perft(fen: str) -> None:
    row = positions.from_fen(fen)
    assert [rules.perft(row, depth + 1) for depth in range(len(PERFT[fen]))] == PERFT[fen]


@pytest.mark.slow
@pytest.mark.parametrize("fen", DEEP)
def test_deep_perft(fen: str) -> None:
    depth, lines = DEEP[fen]
    assert rules.perft(positions.from_fen(fen), depth) == lines


def status(board: chess.Board) -> int:
    """The status that `rules.settle` should give, by python-chess."""
    if not any(board.legal_moves):
        return rules.MATE if board.is_check() else rules.STALEMATE
    if board.is_insufficient_material():
        return rules.MATERIAL
    if board.halfmove_clock >= 100:
        return rules.FIFTY
    return rules.REPETITION if board.is_repetition(3) else rules.GOING_ON


FENS = [
    *PERFT,
    "8/8/8/8/8/5k2/4p3/4K2R w K - 0 1",
    "4k3/8/8/8/8/8/8/KBb5 w - - 90 60",
    "7k/P5pp/8/8/8/8/pp5P/K7 w - - 3 40",
    "8/8/8/2k5/2pP4/8/B7/4K3 b - d3 0 3",
    "8/6bb/8/8/R1pP2k1/4P3/P7/K7 b - d3 0 1",
    "rnb1kbnr/pp1ppppp/8/8/8/8/8/RNBQKBNR w KQkq - 97 60",
]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), fen=st.sampled_from(FENS), share=st.sampled_from([0.0, 0.8]))
def test_random_games_agree_with_python_chess(seed: int, fen: str, share: float) -> None:
    rng, board, row = random.Random(seed), chess.Board(fen), positions.from_fen(fen)
    history, out = np.zeros(rules.HISTORY, np.int64), np.empty(rules.MOVES, np.uint16)
    for _ in range(120):
        found, count = rules.settle(row, history, out)
        legal = {encoding.code(move): move for move in board.legal_moves}
        assert sorted(map(int, out[:count])) == sorted(legal)
        assert found == status(board)
        assert positions.to_board(row).epd() == board.epd()
        assert attacks.checked(row) == board.is_check()
        if found != rules.GOING_ON:
            break
        back = chess.Move(board.peek().to_square, board.peek().from_square) if len(board.move_stack) > 1 else None
        shuffle = [number for number, move in legal.items() if not board.is_zeroing(move)]
        pick = rng.choice(shuffle if shuffle and rng.random() < share else sorted(legal))
        if back and rng.random() < share:
            own = board.move_stack[-2]
            pick = encoding.code(chess.Move(own.to_square, own.from_square))
            pick = pick if pick in legal else rng.choice(sorted(legal))
        board.push(legal[pick])
        rules.make(row, np.uint16(pick))


def play_line(fen: str, sans: str) -> list[int]:
    """The status after each move of a line."""
    board, row = chess.Board(fen), positions.from_fen(fen)
    history, out, found = np.zeros(rules.HISTORY, np.int64), np.empty(rules.MOVES, np.uint16), []
    rules.settle(row, history, out)
    for san in sans.split():
        move = board.push_san(san)
        rules.make(row, np.uint16(encoding.code(move)))
        found.append(rules.settle(row, history, out)[0])
    return found


def test_third_occurrence_draws() -> None:
    assert play_line(chess.STARTING_FEN, "Nf3 Nf6 Ng1 Ng8 Nf3 Nf6 Ng1 Ng8")[-2:] == [rules.GOING_ON, rules.REPETITION]


def test_lost_castling_rights_are_another_position() -> None:
    fen = "r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1"
    assert play_line(fen, "Ke2 Ke7 Ke1 Ke8 Ke2 Ke7 Ke1 Ke8")[-1] == rules.GOING_ON
    assert play_line(fen, "Ke2 Ke7 Ke1 Ke8 Ke2 Ke7 Ke1 Ke8 Ke2 Ke7")[-1] == rules.REPETITION


def test_fifty_moves_draw_but_mate_comes_first() -> None:
    assert play_line("7k/8/8/8/8/8/R7/K7 w - - 98 80", "Ra3 Kg7") == [rules.GOING_ON, rules.FIFTY]
    assert play_line("7k/8/6K1/8/8/8/R7/8 w - - 99 80", "Ra8#") == [rules.MATE]
    assert play_line("7k/8/8/8/8/8/R6P/K7 w - - 98 80", "h3 Kg7") == [rules.GOING_ON, rules.GOING_ON]


def test_a_position_no_game_can_reach_is_refused() -> None:
    with pytest.raises(ValueError, match="not a legal position"):
        positions.from_fen("4k3/8/8/8/8/8/8/4KK2 w - - 0 1")


def wandered(seed: int, fen: str, plies: int) -> chess.Board:
    rng, board = random.Random(seed), chess.Board(fen)
    for _ in range(plies):
        if board.is_game_over():
            board.pop()
            break
        board.push(rng.choice(list(board.legal_moves)))
    return board


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), fen=st.sampled_from(FENS), plies=st.integers(0, 60))
def test_features_are_those_of_encoding(seed: int, fen: str, plies: int) -> None:
    board = wandered(seed, fen, plies)
    if board.is_game_over():
        return
    no_past = np.zeros((1, rules.HISTORY), np.int64)
    seen = features.observe(positions.from_board(board)[None], no_past, np.zeros(1, np.int64), np.zeros(1, np.bool_))
    white = board if board.turn else board.mirror()
    assert sorted(seen.state) == sorted(encoding.state_features(white))
    flip = 0 if board.turn else 56
    for number, row in zip(seen.code, seen.move, strict=True):
        move = encoding.decode(int(number))
        turned = chess.Move(move.from_square ^ flip, move.to_square ^ flip, move.promotion)
        assert list(row[:-1]) == encoding.move_features(white, turned)
    if not board.castling_rights:
        mirrored = features.observe(
            positions.from_board(board)[None], no_past, np.zeros(1, np.int64), np.ones(1, np.bool_)
        )
        assert sorted(mirrored.state) == sorted(encoding.STATE_FLIP[seen.state])
        assert np.array_equal(mirrored.move[:, :-1], encoding.MOVE_FLIP[seen.move[:, :-1]])


def test_a_move_that_repeats_is_seen_as_such() -> None:
    many = arena.from_rows(arena.OPENING[None], np.zeros(1, np.int8), seed=1)
    board = chess.Board()
    for san in ("Nf3", "Nf6", "Ng1", "Ng8", "Nf3", "Nf6"):
        seen = features.observe(many.boards, many.history, np.zeros(1, np.int64), np.zeros(1, np.bool_))
        for number, row in zip(seen.code, seen.move, strict=True):
            after = board.copy()
            after.push(encoding.decode(int(number)))
            assert row[-1] - features.REPEATS == after.is_repetition(2)
        move = board.push_san(san)
        many.push(np.zeros(1, np.int64), np.array([encoding.code(move)], np.uint16))
    assert after.ply() == 6


def answers(fen: str, name: str, games: int = 60) -> set[str]:
    """The moves an opponent chooses in a position, over many games."""
    kinds = np.full(games, opponents.NAMES[name], np.int8)
    many = arena.from_rows(positions.from_fen(fen)[None].repeat(games, axis=0), kinds, seed=3)
    many.reply(np.arange(games))
    after = {positions.to_board(row).epd() for row in many.boards}
    board, found = chess.Board(fen), set()
    for move in board.legal_moves:
        san = board.san(move)
        board.push(move)
        if board.epd() in after:
            found.add(san)
        board.pop()
    return found


def test_opponents_do_as_they_are_named() -> None:
    back_rank = "6k1/5ppp/8/8/8/8/p7/R5K1 w - - 0 1"
    assert len(answers("6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1", "random", 400)) == 17
    assert answers("6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1", "greedy") == {"Ra8#"}
    assert answers(back_rank, "greedy") == {"Rxa2"}
    assert answers("q5k1/8/8/8/8/8/1p3PPP/RN4K1 w - - 0 1", "greedy") == {"Rxa8+"}
    trap = "r5k1/8/8/8/8/8/n4PPP/3R2K1 w - - 0 1"  # nothing to take; a rook that leaves allows mate
    careful = answers(trap, "careful", 200)
    board = chess.Board(trap)
    for san in careful:
        board.push_san(san)
        for reply in list(board.legal_moves):
            board.push(reply)
            assert not board.is_checkmate()
            board.pop()
        board.pop()
    assert answers("6k1/P7/8/8/8/8/r7/1K6 w - - 0 1", "material_1") == {"a8=Q+"}
    poisoned = "6k1/8/2p5/3p4/8/8/8/3QK3 w - - 0 1"
    assert answers(poisoned, "material_1") == {"Qxd5+"}
    assert "Qxd5+" not in answers(poisoned, "material_2")


def test_boards_do_not_depend_on_their_neighbours() -> None:
    kinds = np.zeros(8, np.int8)
    whole, part = (arena.from_rows(arena.OPENING[None].repeat(8, axis=0), kinds, 5) for _ in range(2))
    for _ in range(20):
        whole.reply(np.arange(8))
        part.reply(np.array([6, 2]))
    assert np.array_equal(whole.boards[[2, 6]], part.boards[[2, 6]])
    assert not np.array_equal(whole.boards[2], whole.boards[6])


def test_corpus_is_legal_mates_split_by_game() -> None:
    games = corpus.load()
    assert len(games.train) >= 12_000
    assert len(games.held_out) >= 500
    held = {moves.tobytes() for moves in map(games.held_out.__getitem__, range(len(games.held_out)))}
    assert not any(games.train[game].tobytes() in held for game in range(len(games.train)))
    rng = random.Random(1)
    for side in (games.train, games.held_out):
        for game in rng.sample(range(len(side)), 25):
            board = chess.Board()
            for number in side[game]:
                move = encoding.decode(int(number))
                assert move in board.legal_moves
                board.push(move)
            assert board.is_checkmate()


def test_tails_are_where_python_chess_says() -> None:
    games = corpus.load().held_out
    which, depth = np.arange(20), np.where(np.arange(20) % 2, 1, 3)
    many = arena.tails(games, which, depth, np.zeros(20, np.int8), 1)
    for game in map(int, which):
        board = chess.Board()
        for number in games[game][: -depth[game]]:
            board.push(encoding.decode(int(number)))
        assert positions.to_board(many.boards[game]).epd() == board.epd()
    with pytest.raises(ValueError, match="ask for less"):
        arena.tails(games, which, np.full(20, 999), np.zeros(20, np.int8), 1)


def test_corpus_survives_its_file_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    games = [(game, np.arange(game + 1, dtype=np.uint16)) for game in range(60)]
    made = corpus.split(games, seed=1)
    corpus.save(made, tmp_path / "games.npz")
    assert corpus.load(tmp_path / "games.npz").sha256 == made.sha256
    assert len(made.train) + len(made.held_out) == 60
    with pytest.raises(ValueError, match="not a corpus of games"):
        corpus.load(tmp_path / "missing.npz")


TINY = Config(budget=4000, groups=4, group_size=4, width=16, rank=8, learning_rate=1e-2)


def stockfish() -> str | None:
    """Debian 12's Stockfish, which the committed corpus was made with."""
    path = shutil.which("stockfish") or shutil.which("stockfish", path="/usr/games")
    if path is None:
        return None
    found = subprocess.run([path], input="quit\n", capture_output=True, text=True, check=True).stdout
    return path if found.startswith("Stockfish 15.1 ") else None


@pytest.mark.skipif(stockfish() is None, reason="needs Stockfish 15.1")
def test_the_committed_corpus_is_what_making_makes() -> None:
    path, games = stockfish(), corpus.load().train
    assert path is not None
    with making.opened(path) as engine:
        played = [making.play_game(game, making.Making(), engine) for game in range(3)]
    first = [moves for game, moves in enumerate(played) if moves is not None and not held_out(game, 2026)]
    assert len(first) > 0
    for game, moves in enumerate(first):
        assert np.array_equal(moves, games[game])


@pytest.mark.skipif(stockfish() is None, reason="needs Stockfish 15.1")
def test_stockfish_can_be_the_opponent() -> None:
    many = score.from_opening(opponents.RANDOM, 2, seed=1)
    with adapters.stockfish(stockfish() or "") as opponent:
        score.finish(Policy(16, 8, torch.Generator().manual_seed(1)), many, opponent, most=3)
    assert all(positions.to_board(row).is_valid() for row in many.boards)


def test_policy_is_a_distribution_and_positions_do_not_mix() -> None:
    policy = Policy(16, 8, torch.Generator().manual_seed(1))
    games = score.from_tails(corpus.load().held_out, 9, opponents.RANDOM, 12, seed=1)
    seen = features.observe(games.boards, games.history, np.arange(12), np.zeros(12, np.bool_))
    logp = policy(seen).detach().numpy()
    assert np.allclose(np.add.reduceat(np.exp(logp), seen.move_at[:-1]), 1, atol=1e-5)
    part = take(seen, np.array([7, 2]))
    both = join([take(seen, np.array([7])), take(seen, np.array([2]))])
    assert all(
        np.array_equal(getattr(part, name), getattr(both, name)) for name in ("state", "move", "code", "move_at")
    )
    assert np.allclose(
        policy(part).detach().numpy()[: part.move_at[1]], logp[seen.move_at[7] : seen.move_at[8]], atol=1e-5
    )


def test_policy_gradient_is_that_of_finite_differences() -> None:
    policy = Policy(8, 4, torch.Generator().manual_seed(1))
    games = score.from_tails(corpus.load().held_out, 3, opponents.RANDOM, 3, seed=1)
    seen = features.observe(games.boards, games.history, np.arange(3), np.zeros(3, np.bool_))
    weight = torch.randn(len(seen.code), generator=torch.Generator().manual_seed(2))
    (policy(seen) * weight).sum().backward()
    parameter = policy.query.weight
    slope = parameter.grad
    assert slope is not None
    with torch.no_grad():
        parameter += 1e-2 * slope / slope.norm()
        up = float((policy(seen) * weight).sum())
        parameter -= 2e-2 * slope / slope.norm()
        down = float((policy(seen) * weight).sum())
    assert (up - down) / 2e-2 == pytest.approx(float(slope.norm()), rel=0.02)


def test_rollouts_replay_under_python_chess() -> None:
    games = corpus.load().held_out
    start = score.from_tails(games, 5, opponents.GREEDY, 24, seed=1)
    begun = start.boards.copy()
    played = play(Policy(16, 8, torch.Generator().manual_seed(1)), start, np.zeros(24, np.bool_), np.full(24, 14))
    for row in range(24):
        board, mine = positions.to_board(begun[row]), played.rollout == row
        assert mine.sum() == played.moves[row] <= 14
        end = positions.to_board(start.boards[row])
        first = encoding.decode(int(played.seen.code[played.move[mine][0]]))
        assert first in board.legal_moves
        mated = end.is_checkmate()
        assert mated == (played.outcome[row] in {rules.MATE, arena.LOST})
        if mated:
            assert (end.turn != board.turn) == (played.outcome[row] == rules.MATE)


def test_the_frontier_moves_back_forward_and_up_the_ladder() -> None:
    top = len(curriculum.LEVELS) - 1

    def moved(rung: int, level: int, success: float, steps: int, rate: float) -> tuple[int, int]:
        found = curriculum.moved(curriculum.Frontier(rung, level, success, steps), rate, 2, 0.7, 10)
        return found.rung, found.level

    assert moved(0, 0, 0.69, 0, 1.0) == (0, 1)
    assert moved(0, 3, 0.5, 3, 0.5) == (0, 3)
    assert moved(0, 3, 0.5, 9, 0.5) == (0, 4)
    assert moved(0, 3, 0.3, 9, 0.3) == (0, 2)
    assert moved(0, 0, 0.0, 9, 0.0) == (0, 0)
    assert moved(0, top, 0.9, 0, 1.0) == (1, top)
    assert moved(1, top, 0.9, 0, 1.0) == (1, top)
    assert moved(1, top, 0.2, 9, 0.2) == (1, top - 1)
    rng = np.random.default_rng(1)
    depth, rung, at = curriculum.choose(curriculum.Frontier(1, 2), "curriculum", 3, 32, rng)
    assert at.sum() == 16
    assert set(depth[at]) == {5}
    assert rung.max() == 1
    assert depth[~at & (rung == 1)].max() <= 5
    with pytest.raises(ValueError, match="opening_only"):
        curriculum.choose(curriculum.Frontier(), "far", 1, 4, rng)


def test_starts_are_odd_and_the_opening_is_the_opening() -> None:
    depth = np.array([1, 3, 99, 1001])
    many, true = curriculum.arena_of(corpus.load().train, depth, np.zeros(4, np.int8), np.random.default_rng(1))
    assert (true % 2 == 1).all()
    assert true[3] == 1001
    assert np.array_equal(many.boards[3], arena.OPENING)


def test_one_position_after_another_is_not_the_other_after_the_one() -> None:
    """Rooks that went there and back: two games that stand where the other one came from."""

    def after(line: str) -> arena.Arena:
        board, game = chess.Board("4k2r/8/8/8/8/8/8/R3K3 w - - 0 1"), None
        game = arena.from_rows(positions.from_fen(board.fen())[None], np.zeros(1, np.int8), 0)
        for move in line.split():
            game.push(np.zeros(1, np.int64), np.array([encoding.code(chess.Move.from_uci(move))], np.uint16))
        return game

    one, two = after("a1b1 h8g8 b1a1 g8h8 a1b1 h8g8 b1c1"), after("a1b1 h8g8 b1c1 g8h8 c1b1 h8g8 b1a1")
    both = arena.Arena(*(np.concatenate([getattr(g, n) for g in (one, two)]) for n in ("boards", "history", "streams",
                                                                                         "kinds")))  # fmt: skip
    assert one.boards[0].tobytes() != two.boards[0].tobytes()
    rows, which = distinct_rows(both, np.arange(2), np.zeros(2, np.bool_))
    assert len(rows) == 2
    assert which[0] != which[1]


def test_learns_mate_in_one_on_a_handful() -> None:
    few = corpus.load().train
    few = corpus.stack([few[game] for game in range(6)])
    trainer = Trainer(
        Config(budget=10**9, groups=6, group_size=16, width=32, rank=16, learning_rate=1e-2, threshold=2), 2, few
    )

    def rate() -> float:
        return float((score.finish(trainer.policy, score.from_tails(few, 1, 0, 6, 1), most=1) == rules.MATE).mean())

    before = rate()
    while rate() < 1 and trainer.done < 160:  # the sampled policy keeps exploring: it may solve six, lose one, solve it
        for _ in range(10):
            step = trainer.step()
    assert np.allclose(step.advantages.sum(axis=1), 0, atol=1e-3)
    assert before < 0.5
    assert rate() == 1


def test_resumes_to_the_bit(tmp_path: Path) -> None:
    games = corpus.load().train
    straight, first, second = (Trainer(TINY, 7, games) for _ in range(3))
    for _ in range(4):
        straight.step()
    for _ in range(2):
        first.step()
    checkpoint.write(tmp_path / "run", first, {})
    checkpoint.read(tmp_path / "run", second)
    for _ in range(2):
        step = second.step()
    assert step.step == 4
    assert second.frontier == straight.frontier
    assert second.smooth_entropy == straight.smooth_entropy
    for a, b in zip(straight.policy.parameters(), second.policy.parameters(), strict=True):
        assert torch.equal(a, b)
    with pytest.raises(ValueError, match="another run"):
        checkpoint.read(tmp_path / "run", Trainer(TINY, 8, games))
    (tmp_path / "run").write_bytes(b"no")
    with pytest.raises(ValueError, match="train again"):
        checkpoint.weights(tmp_path / "run", "policy")


def test_a_frozen_policy_can_be_the_opponent() -> None:
    policy = Policy(16, 8, torch.Generator().manual_seed(1))
    many = score.from_opening(opponents.RANDOM, 8, seed=1)
    outcome = score.finish(policy, many, partial(rollouts.reply, policy), most=5)
    assert (outcome == rules.GOING_ON).all()
    assert all(positions.to_board(row).is_valid() for row in many.boards)
    assert len({row.tobytes() for row in many.boards}) > 1


def test_a_frozen_rival_moves_beside_other_opponents_by_its_own_choice() -> None:
    learner = Policy(16, 8, torch.Generator().manual_seed(1))
    sure = Policy(16, 8, torch.Generator().manual_seed(2))
    with torch.no_grad():
        sure.direct.weight.mul_(1e4)  # it always plays its first choice
    kinds = np.array([opponents.FROZEN, opponents.RANDOM, opponents.FROZEN, opponents.RANDOM], np.int8)
    many = arena.from_rows(arena.OPENING[None].repeat(4, axis=0), kinds, seed=5)
    alone = arena.from_rows(arena.OPENING[None].repeat(4, axis=0), kinds * 0, seed=5)
    rows, moves = np.arange(4), np.full(4, encoding.code(chess.Move.from_uci("e2e4")), np.uint16)
    assert (rollouts.advance(many, rows, moves, sure) == rules.GOING_ON).all()
    alone.advance(rows, moves)
    assert (many.boards[[1, 3]] == alone.boards[[1, 3]]).all()  # the others' games are as without it
    assert (many.boards[0] == many.boards[2]).all()
    board = positions.to_board(many.boards[0])
    assert board.turn == chess.WHITE
    assert board.piece_at(chess.E4)
    budget = np.full(4, 3)
    played = play(learner, arena.from_rows(many.boards, kinds, 1), np.zeros(4, np.bool_), budget, sure)
    assert (played.moves == 3).all()


def test_a_copy_is_frozen_where_it_is_met() -> None:
    config = replace(TINY, ladder=("random", "frozen", "greedy"), threshold=-1.0)  # any success is enough
    trainer = Trainer(config, 1, corpus.load().train)
    copies, weights = [], []
    for _ in range(len(curriculum.LEVELS) + 2):
        trainer.step()
        copies.append(trainer.state()[1]["rival_block1.weight"].copy())
        weights.append(trainer.policy.block1.weight.detach().numpy().copy())
    changed = [not np.array_equal(a, b) for a, b in pairwise(copies)]
    met = len(curriculum.LEVELS) - 1  # the step that beats the random mover at the opening
    assert changed == [step == met - 1 for step in range(len(changed))]
    assert np.array_equal(copies[-1], weights[met])


@given(seed=st.integers(0, 2**32 - 1), plies=st.integers(4, 60))
@settings(max_examples=25, deadline=None)
def test_the_two_ply_search_plays_a_best_move_of_a_full_search(seed: int, plies: int) -> None:
    board, rng = chess.Board(), random.Random(seed)
    for _ in range(plies):
        if board.is_game_over():
            break
        board.push(rng.choice(list(board.legal_moves)))
    if board.is_game_over():
        return

    def gain(move: chess.Move) -> int:
        worth = {chess.PAWN: 1, chess.KNIGHT: 3, chess.BISHOP: 3, chess.ROOK: 5, chess.QUEEN: 9}
        taken = chess.PAWN if board.is_en_passant(move) else board.piece_type_at(move.to_square)
        return worth.get(taken or 0, 0) + (worth[move.promotion] - 1 if move.promotion else 0)

    scores = {}
    for move in board.legal_moves:
        won = gain(move)
        board.push(move)
        best = 1000 - won if board.is_checkmate() else 0
        if board.legal_moves.count():
            best = -max(_after(board, reply, gain) for reply in board.legal_moves)
        board.pop()
        scores[board.san(move)] = won + best
    top = {san for san, score in scores.items() if score == max(scores.values())}
    chosen = answers(board.fen(), "material_2", 40)
    assert chosen <= top or any(scores[san] >= 1000 for san in chosen)


def _after(board: chess.Board, reply: chess.Move, gain: Callable[[chess.Move], int]) -> int:
    won = gain(reply)
    board.push(reply)
    mated = board.is_checkmate()
    board.pop()
    return 1000 if mated else won


def test_compiled_chess_outruns_python_chess() -> None:
    found = speed.throughput(corpus.load().held_out, most=100, compare=3)
    assert found["env"] > found["env_featured"] > found["replay_python_chess"] > 0
    assert found["replay"] > 5 * found["replay_python_chess"]
