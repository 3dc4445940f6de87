"""A policy's scores, counted by hand where they are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
chess = pytest.importorskip("chess")

from stagelight.engines.rollout import evaluation, inference, mates  # noqa: E402
from stagelight.engines.rollout.chess.features import canonical  # noqa: E402
from stagelight.engines.rollout.chess.fen import from_board, mating_moves, to_board  # noqa: E402
from stagelight.engines.rollout.chess.rules import GOING_ON, MATE  # noqa: E402
from stagelight.engines.rollout.chess.tablebase import ENDINGS, encode, solve  # noqa: E402
from stagelight.engines.rollout.environment import Environment, reset  # noqa: E402
from stagelight.engines.rollout.opponents import NAMES  # noqa: E402
from stagelight.engines.rollout.policy import Policy  # noqa: E402
from stagelight.engines.rollout.starts import CELLS, Starts, ending_boards  # noqa: E402

pytestmark = pytest.mark.engine


def packed(*fens: str) -> Any:
    rows = np.empty((len(fens), 72), np.int8)
    for row, fen in zip(rows, fens, strict=True):
        canonical(from_board(chess.Board(fen)), row)
    return mates.pack(rows)


def side(*ones: str) -> Starts:
    """Starts whose mates in one are these."""
    found = Starts(held_out=True)
    found.__dict__["mates"] = (packed(*ones), packed(), packed())
    return found


@pytest.fixture(scope="module")
def policy() -> Policy:
    return Policy(16, 8, torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def held_out(few_mates: Any) -> Starts:
    found = Starts(held_out=True)
    found.__dict__["mates"] = few_mates.held_out
    return found


# --- flags ------------------------------------------------------------------------------------------------


def shares(fen: str) -> tuple[float, float, float]:
    """The share of mates of a move drawn evenly from all, from checks, and from checks that cannot be taken."""
    board = chess.Board(fen)
    mating, checks = set(mating_moves(board)), [m for m in board.legal_moves if board.gives_check(m)]
    safe = [move for move in checks if not board.is_attacked_by(not board.turn, move.to_square)]
    everything = list(board.legal_moves)
    return tuple(len(mating & set(some)) / len(some) if some else len(mating) / len(everything)
                 for some in (everything, checks, safe))  # type: ignore[return-value]  # fmt: skip


def test_flags_alone_by_hand() -> None:
    """Ra8 is the only check; in the second Qb8 mates as well, on a square that nothing attacks."""
    back_rank, queen = "6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1", "6k1/5ppp/8/8/8/8/1Q6/R5K1 w - - 0 1"
    board = chess.Board(back_rank)
    assert shares(back_rank) == (1 / board.legal_moves.count(), 1.0, 1.0)
    found = evaluation.flags_only(side(back_rank))
    assert found == pytest.approx({"random": 1 / 17, "checks": 1.0, "safe_checks": 1.0})
    smothered = "6rk/6pp/8/6N1/8/8/8/6K1 w - - 0 1"  # Nf7 mates, and the square is attacked by nobody
    both = evaluation.flags_only(side(back_rank, queen, smothered))
    wanted = np.mean([shares(fen) for fen in (back_rank, queen, smothered)], axis=0)
    assert list(both.values()) == pytest.approx(wanted.tolist())


def test_flags_alone_on_positions_from_games(held_out: Starts, starts: Starts) -> None:
    for some in (held_out, starts):
        fens = [to_board(row).fen() for row in mates.unpack(some.mates[0])]
        wanted = np.mean([shares(fen) for fen in fens], axis=0)
        found = evaluation.flags_only(some)
        assert list(found) == ["random", "checks", "safe_checks"]
        assert list(found.values()) == pytest.approx(wanted.tolist())
        assert found["random"] < found["checks"]


# --- greedy play ------------------------------------------------------------------------------------------


def test_greedy_play_counts_moves_and_stops_at_the_budget(policy: Policy, starts: Starts) -> None:
    cell = next(cell for cell in CELLS if cell.name == "opening.random")
    batch = starts.draw(cell, 12, np.random.default_rng(1))
    most = np.array([1, 2, 3, 50] * 3)
    result = evaluation.greedy(policy, batch.environment, most)
    assert (result.moves <= most).all()
    assert (result.moves[result.outcome == GOING_ON] == most[result.outcome == GOING_ON]).all()
    assert (result.moves[:3] == most[:3]).all()
    for row, outcome in zip(batch.environment.boards, result.outcome, strict=True):
        board = to_board(row)
        assert (outcome == MATE) == (board.is_checkmate() and board.turn == chess.BLACK)


def test_greedy_play_does_not_depend_on_the_chunk(policy: Policy, starts: Starts) -> None:
    cell = next(cell for cell in CELLS if cell.name == "tail.5.careful")
    found = [
        evaluation.greedy(policy, starts.draw(cell, 30, np.random.default_rng(1)).environment, np.full(30, 9), chunk)
        for chunk in (4096, 7)
    ]
    assert np.array_equal(found[0].outcome, found[1].outcome)
    assert np.array_equal(found[0].moves, found[1].moves)


def test_success_is_the_share_of_starts_mated_from(starts: Starts) -> None:
    """Of the cells with a mate in one: the share that one greedy move mates; of the others: within the budget."""
    policy = Policy(16, 8, torch.Generator().manual_seed(1))
    cells = [cell for cell in CELLS if cell.name in {"mate.1", "kqk.1", "tail.1.random", "tail.5.random"}]
    found = evaluation.success(policy, starts, 40, 3, cells)
    assert found.shape == (len(cells),)
    assert found.dtype == np.float32
    for index, cell in enumerate(cells):
        batch = starts.draw(cell, 40, np.random.default_rng((3, index)))
        result = evaluation.greedy(policy, batch.environment, batch.budget)
        assert found[index] == pytest.approx(result.mated.mean())
    assert np.array_equal(found, evaluation.success(policy, starts, 40, 3, cells))
    assert found.min() < found.max()


def test_the_needed_moves_are_enough_and_no_fewer_are(held_out: Starts) -> None:
    """White by the solved tables, against the bare king by them: as many moves as are needed."""
    for name in ENDINGS:
        codes = np.random.default_rng(5).permutation(held_out.ending(name))[:40]
        environment = reset(ending_boards(name, codes), np.full(40, NAMES["tablebase"], np.int8), 1)
        needed, moves = solve(name).white[codes].astype(np.int64), np.zeros(40, np.int64)
        alive = np.arange(40)
        while len(alive):
            move = best_moves(name, environment, alive)
            moves[alive] += 1
            outcome, _ = environment.step(alive, move, np.ones(len(alive), np.bool_))
            assert set(outcome.tolist()) <= {GOING_ON, MATE}
            alive = alive[outcome == GOING_ON]
        assert np.array_equal(moves, needed)


def best_moves(name: str, environment: Environment, rows: Any) -> Any:
    """White's quickest move on each row: the one after which the tables' distance, Black to move, is least."""
    observation, which = environment.observe(rows)
    owner = rows[np.repeat(np.arange(len(rows)), np.diff(observation.move_at)[which])]
    codes = np.concatenate([observation.code[observation.move_at[w] : observation.move_at[w + 1]] for w in which])
    names = ("boards", "history", "streams", "opponents")
    tried = Environment(*(getattr(environment, each)[owner] for each in names))
    outcome, _ = tried.step(np.arange(len(owner)), codes, np.ones(len(owner), np.bool_))
    left = np.array([
        0 if done == MATE else 99 if done != GOING_ON else distance(name, row)
        for done, row in zip(outcome, tried.boards, strict=True)
    ])  # fmt: skip
    return np.array([codes[owner == row][left[owner == row].argmin()] for row in rows], np.uint16)


def distance(name: str, row: Any) -> int:
    board, letters = to_board(row), ENDINGS[name]
    kinds = [chess.PIECE_SYMBOLS.index(letter.lower()) for letter in letters]
    squares = [square for kind in dict.fromkeys(kinds) for square in board.pieces(kind, chess.WHITE)]
    found = solve(name).white[encode(board.king(False), board.king(True), *(*squares, -1)[:2], letters == "BB")]
    return int(found) if found > 0 else 99


# --- facts ------------------------------------------------------------------------------------------------


def test_facts_are_shares_under_their_names(policy: Policy, held_out: Starts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "POSITIONS", 20)
    monkeypatch.setattr(evaluation, "GAMES", 16)
    found = evaluation.facts(policy, held_out, 1)
    assert found == evaluation.facts(policy, held_out, 1)
    assert {"mate_in_one.solve_rate", "mate_in_three.exact", "kbnk.win_rate", "tails.first_move.1", "tails.31",
            "opening.material_2.lost"} <= found.keys()  # fmt: skip
    for name, value in found.items():
        assert value >= 1 if name.endswith("length_ratio") else 0 <= value <= 1
    for number in ("two", "three"):
        assert found[f"mate_in_{number}.exact"] <= found[f"mate_in_{number}.rate"]
    assert found["mate_in_one.solve_rate"] == found["mate_in_one.exact"]
    assert found["mate_in_one.solve_rate"] == evaluation.mate_rate(policy, held_out)


def test_a_mate_rate_is_that_of_python_chess(policy: Policy, starts: Starts) -> None:
    boards = [to_board(row) for row in mates.unpack(starts.mates[0])]
    hits = [
        move in mating_moves(board) for move, board in zip(inference.best_moves(policy, boards), boards, strict=True)
    ]
    assert evaluation.mate_rate(policy, starts) == pytest.approx(np.mean(hits))
