"""Puzzles from outside: files that anyone may have written, and what counts as solved."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from support.commands import Call

pytest.importorskip("torch")
chess = pytest.importorskip("chess")

from stagelight.engines.experiment.progress import silent  # noqa: E402
from stagelight.engines.rollout import puzzle_files, puzzles  # noqa: E402
from stagelight.engines.rollout.chess.fen import mating_moves  # noqa: E402
from stagelight.engines.rollout.puzzle_files import Puzzle, read  # noqa: E402

pytestmark = pytest.mark.engine

BACK_RANK = "6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1"  # Ra8 mates
TWO_ROOKS = "7k/8/8/8/8/8/R7/1R4K1 w - - 0 1"  # mate in two: a rook to the seventh rank, the other to the eighth
QUEEN = "k7/8/8/8/8/8/8/KQ6 w - - 0 1"  # a won ending without a mate in one or two

PGN = f"""[Event "one"]
[FEN "{BACK_RANK}"]
[SetUp "1"]

1. Ra8# {{ a comment
[%csl Ga8] in two lines }} *

[Event "two"]
[FEN "{TWO_ROOKS}"]

1. Ra7 (1. Rzz9) 1... Kg8 2. Rb8# 1-0

[Event "three"]
[FEN "{TWO_ROOKS}"]
[Termination "mate in 2"]

*

[Event "no position"]

1. e4 *

[Event "illegal"]
[FEN "{BACK_RANK}"]

1. Qh5 *

[Event "null"]
[FEN "{BACK_RANK}"]

1. -- Kf8 2. Ra8# *

[Event "atomic"]
[Variant "Atomic"]
[FEN "{BACK_RANK}"]

*
"""
EPD = f"""# a comment
{BACK_RANK.rsplit(" ", 2)[0]} bm Ra8#; id "one";

{TWO_ROOKS.rsplit(" ", 2)[0]} dm 2; bm Ra7 Rb7
{TWO_ROOKS}
{QUEEN} dm 1;
{QUEEN} dm 0;
{QUEEN} dm x;
{QUEEN} dm "two";
{BACK_RANK.rsplit(" ", 2)[0]} bm Qh8;
nonsense
8/8/8/8/8/8/8/8 w - - dm 2;
"""


def written(tmp_path: Path, text: str | bytes, name: str = "puzzles") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def mating(boards: Sequence[Any]) -> list[Any]:
    """A policy that mates when it can and else plays its first move in alphabetical order."""
    return [next(iter(mating_moves(board)), min(board.legal_moves, key=chess.Move.uci)) for board in boards]


def first(board: Any) -> Any:
    return min(board.legal_moves, key=chess.Move.uci)


# --- files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_puzzles_of_pgn_are_read_and_the_rest_is_named_by_line(tmp_path: Path, ends: str) -> None:
    found, faults = read(written(tmp_path, "\ufeff" + PGN.replace("\n", ends)))
    assert [(puzzle.line, puzzle.moves, puzzle.solution) for puzzle in found] == [
        (1, 1, "a1a8"), (8, 2, "a2a7"), (13, 2, None),
    ]  # fmt: skip
    assert [puzzle.fen for puzzle in found] == [BACK_RANK, TWO_ROOKS, TWO_ROOKS]
    assert [fault.partition(":")[0] for fault in faults] == ["line 19", "line 23", "line 28", "line 33"]
    for fault, said in zip(
        faults, ("without a FEN header", "cannot be read", "a null move", "variant 'Atomic'"), strict=True
    ):
        assert said in fault


def test_puzzles_of_epd_are_read_and_the_rest_is_named_by_line(tmp_path: Path) -> None:
    found, faults = read(written(tmp_path, EPD))
    assert [(puzzle.line, puzzle.moves, puzzle.solution) for puzzle in found] == [
        (2, None, "a1a8"), (4, 2, "a2a7"), (5, None, None),
    ]  # fmt: skip
    wanted = {6: "no move mates", 7: "wanted 1 to 100", 8: "not operations", 9: "a number of moves",
              10: "not operations", 11: "not EPD", 12: "not a legal position"}  # fmt: skip
    assert len(faults) == len(wanted)
    for fault, (line, said) in zip(faults, wanted.items(), strict=True):
        assert fault.startswith(f"line {line}: ")
        assert said in fault


def test_what_is_no_file_of_puzzles_is_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(puzzle_files, "MOST_BYTES", 5000)
    monkeypatch.setattr(puzzle_files, "MOST_PUZZLES", 20)
    cases: tuple[tuple[Path, str], ...] = (
        (tmp_path / "none", "cannot be read"), (tmp_path, "cannot be read"),
        (written(tmp_path, b"", "empty"), "no puzzle in it"),
        (written(tmp_path, b"\xff\0" * 99, "bytes"), "no puzzle in it"),
        (written(tmp_path, b"x" * 5001, "large"), "more than 5000; split it"),
        (written(tmp_path, b"x\n" * 21, "many"), "more than 20 puzzles"),
    )  # fmt: skip
    for path, said in cases:
        with pytest.raises(ValueError, match=said) as caught:
            read(path)
        assert str(caught.value).isprintable()


PIECES = st.sampled_from([
    *PGN.splitlines(keepends=True), *EPD.splitlines(keepends=True), BACK_RANK, "[", "]", "{", "}", "(", ")", ";", "\n",
    '[FEN "', '"]', "1.", "Ra8#", "bm", "dm", "pv", "am", '"', "\0", "\u202e", "é", "0-0", "--", "$1", "%",
])  # fmt: skip


@settings(max_examples=200)
@given(st.one_of(st.lists(PIECES, max_size=12).map(" ".join).map(str.encode), st.binary(max_size=200)))
@example(b'[Event "one"]\n 1. Qh5 *\n ) 1. e4 *\n')
@example(f"{BACK_RANK.rsplit(' ', 2)[0]} bm ;".encode())
@example(f"{BACK_RANK.rsplit(' ', 2)[0]} bm".encode())
@example(f"{BACK_RANK.rsplit(' ', 2)[0]} hmvc x; fmvn y;".encode())
def test_any_file_gives_puzzles_or_one_line(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(data)
    try:
        found, faults = read(path)
    except ValueError as error:
        assert str(error).isprintable()
    else:
        assert found
        assert all(fault.isprintable() and len(fault) < 500 for fault in faults)
        assert all(chess.Board(puzzle.fen).is_valid() for puzzle in found)


# --- playing ------------------------------------------------------------------------------------------


def test_only_the_rules_say_what_is_solved() -> None:
    both = "4k3/R7/4K3/8/8/8/8/7R w - - 0 1"  # either rook mates
    some = [Puzzle(1, both, 1, "a7a8"), Puzzle(2, TWO_ROOKS, 2, None), Puzzle(3, QUEEN, 1, None)]
    assert len(mating_moves(chess.Board(both))) == 2

    def choose(boards: Sequence[Any]) -> list[Any]:
        return [
            max(mating_moves(board), key=chess.Move.uci) if mating_moves(board) else first(board) for board in boards
        ]

    one, two, three = puzzles.play(some, choose, first, silent)
    assert (one.first, one.mated_in, one.solved_first) == ("h1h8", 1, True)
    assert (two.solved_first, three.solved_first, three.mated_in) == (None, False, None)


def test_a_mate_counts_within_the_moves_needed_and_within_one_more() -> None:
    def attempt(moves: int, mated_in: int | None, solution: str | None = "e2e4") -> puzzles.Attempt:
        return puzzles.Attempt(Puzzle(1, BACK_RANK, moves, solution), "e2e4", mated_in)

    tried = [attempt(1, 1), attempt(1, 2), attempt(2, 2), attempt(2, 3), attempt(2, None, "a2a3"), attempt(2, 1, None)]
    one, two = puzzles.rows(tried)
    assert (one.moves, one.first_move, one.within_n, one.within_n_plus_1) == (
        1, puzzles.Rate(1, 2), puzzles.Rate(1, 2), puzzles.Rate(2, 2),
    )  # fmt: skip
    assert (two.moves, two.first_move, two.within_n, two.within_n_plus_1) == (
        2, puzzles.Rate(3, 4), puzzles.Rate(2, 4), puzzles.Rate(3, 4),
    )  # fmt: skip


@pytest.mark.parametrize("moves", [1, 2, 3, 5])
def test_a_policy_has_as_many_moves_as_it_needs_and_one_more(moves: int) -> None:
    asked: list[str] = []

    def reply(board: Any) -> Any:
        asked.append(board.fen())
        return first(board)

    def shuffle(boards: Sequence[Any]) -> list[Any]:
        return [next(move for move in board.legal_moves if move.from_square == chess.B1) if board.fullmove_number == 1
                else first(board) for board in boards]  # fmt: skip

    (attempt,) = puzzles.play([Puzzle(1, "8/8/8/8/8/7k/8/KR6 w - - 0 1", moves, None)], shuffle, reply, silent)
    assert attempt.mated_in is None
    assert len(asked) == moves


def test_the_order_of_puzzles_and_how_many_are_asked_at_once_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    some = [Puzzle(n, fen, 2, None) for n, fen in enumerate((TWO_ROOKS, BACK_RANK, QUEEN) * 3)]
    whole = puzzles.play(some, mating, first, silent)
    monkeypatch.setattr(puzzles, "TOGETHER", 2)
    assert puzzles.play(some, mating, first, silent) == whole
    assert puzzles.play(some[::-1], mating, first, silent) == whole[::-1]


def test_an_interval_holds_its_share() -> None:
    assert puzzles.Rate(0, 0).described() == {"count": 0, "of": 0}
    for of in (1, 7, 100):
        for count in range(of + 1):
            found = puzzles.Rate(count, of).described()
            assert 0 <= found["low"] <= found["rate"] == count / of <= found["high"] <= 1
    found = puzzles.Rate(8, 10).described()
    assert (found["low"], found["high"]) == pytest.approx((0.4902, 0.9433), abs=1e-4)  # by the formula, by hand


# --- against Stockfish --------------------------------------------------------------------------------

STOCKFISH = shutil.which("stockfish") or shutil.which("stockfish", path="/usr/games")


@pytest.mark.skipif(STOCKFISH is None, reason="no Stockfish")
def test_the_command_plays_a_file_of_puzzles(tmp_path: Path, published: Path, score: Call) -> None:
    path = written(tmp_path, f"{BACK_RANK}\n{TWO_ROOKS}\nx\n8/8/8/8/8/8/8/KR5k b - - 0 1\n")
    code, out, _ = score("--puzzles", path, "--policy", published, "--json")
    assert code == 0
    found = json.loads(out)
    assert [(row["moves"], row["within_n"]["of"], row["first_move"]["of"]) for row in found["puzzles"]] == [
        (1, 1, 1), (2, 1, 0),
    ]  # fmt: skip
    assert found["unknown"] == [4]
    assert [fault.partition(":")[0] for fault in found["left_out"]] == ["line 3"]
    code, out, said = score("--puzzles", path, "--policy", published)
    assert code == 0
    assert [line.split()[:2] for line in out.splitlines()[1:3]] == [["1", "1"], ["2", "1"]]
    assert "1 not played" in out
    assert "left out, line 3" in said


@pytest.mark.skipif(STOCKFISH is None, reason="no Stockfish")
def test_stockfish_counts_the_moves_and_answers_alike_whatever_came_before() -> None:
    assert STOCKFISH
    with puzzles.stockfish(STOCKFISH) as engine:
        assert engine.moves_to_mate(chess.Board(TWO_ROOKS)) == 2
        board = chess.Board()
        before = engine.reply(board)
        engine.reply(chess.Board(QUEEN))
        assert engine.reply(board) == before


def test_without_stockfish_or_with_what_is_not_one_there_is_one_line(
    tmp_path: Path, published: Path, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, BACK_RANK)
    for found, said in ((None, "no stockfish on the PATH"), ("/bin/true", "Stockfish does not answer")):
        monkeypatch.setattr(shutil, "which", lambda *_, found=found, **__: found)
        assert said in refused("--puzzles", path, "--policy", published)
