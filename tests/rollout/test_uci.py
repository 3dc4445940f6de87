"""The policy as a UCI engine: driven by python-chess as a chess program would, by raw bytes, and by nonsense."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")
chess = pytest.importorskip("chess")
from chess import engine as chess_engine  # noqa: E402

from stagelight.engines.rollout import uci, uci_input  # noqa: E402

pytestmark = pytest.mark.engine

MATE_IN_ONE = "6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1"
CASTLING = "r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1"


@pytest.fixture(scope="module")
def command(published: Path) -> list[str]:
    return [sys.executable, "-m", "stagelight", "uci", "--policy", str(published)]


def even(board: Any) -> list[tuple[Any, float]]:
    """A policy that likes later moves a little better, without a network."""
    legal = sorted(board.legal_moves, key=chess.Move.uci, reverse=True)
    weights = [len(legal) + 1 - index for index in range(len(legal))]
    return [(move, weight / sum(weights)) for move, weight in zip(legal, weights, strict=True)]


def talk(*lines: str) -> list[str]:
    return list(uci.answers(even, lines))


def moves(lines: list[str]) -> list[str]:
    return [line.split()[1] for line in lines if line.startswith("bestmove ")]


# --- as a chess program uses it -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def engine(command: list[str]) -> Iterator[Any]:
    with chess_engine.SimpleEngine.popen_uci(command, timeout=60) as opened:
        yield opened


def test_a_program_sets_options_and_plays_a_game(engine: Any) -> None:
    engine.configure({"Threads": 2, "Hash": 64, "Temperature": 1.5, "Seed": 3})
    board = chess.Board()
    for limit in (chess_engine.Limit(time=0.1), chess_engine.Limit(depth=3), chess_engine.Limit(nodes=1)) * 2:
        played = engine.play(board, limit, info=chess_engine.INFO_ALL)
        assert played.move in board.legal_moves
        assert played.info["pv"][0] == played.move
        board.push(played.move)
    assert len(board.move_stack) == 6
    engine.configure({"Temperature": 0})


def test_an_analysis_has_lines_in_order_each_with_a_score(engine: Any) -> None:
    board = chess.Board(MATE_IN_ONE)
    lines = engine.analyse(board, chess_engine.Limit(depth=1), multipv=30)
    assert [line["multipv"] for line in lines] == [*range(1, board.legal_moves.count() + 1)]
    assert {line["pv"][0] for line in lines} == set(board.legal_moves)
    for line in lines:
        mates = line["pv"][0] == chess.Move.from_uci("a1a8")
        assert line["score"].white() == (chess_engine.Mate(1) if mates else chess_engine.Cp(0))
        assert len(line["pv"]) == (1 if mates else 2)
        assert line["string"].startswith(f"{board.san(line['pv'][0])} ")
    top = engine.analyse(board, chess_engine.Limit(time=0.1), multipv=3)
    assert [line["pv"] for line in top] == [line["pv"] for line in lines[:3]]


def test_an_endless_analysis_ends_when_it_is_told_to(engine: Any) -> None:
    with engine.analysis(chess.Board(), multipv=2) as analysis:
        assert analysis.get()["score"] is not None
        analysis.stop()
        assert analysis.wait().move in chess.Board().legal_moves


def test_it_thinks_in_the_opponents_time_and_is_hit_or_stopped(engine: Any) -> None:
    board = chess.Board()
    played = engine.play(board, chess_engine.Limit(time=1), ponder=True)
    board.push(played.move)
    assert played.ponder in board.legal_moves
    board.push(played.ponder)  # the move it thought about
    played = engine.play(board, chess_engine.Limit(time=1), ponder=True)
    board.push(played.move)
    other = next(move for move in board.legal_moves if move != played.ponder)
    board.push(other)
    assert engine.play(board, chess_engine.Limit(time=1)).move in board.legal_moves


def test_only_the_moves_that_are_asked_for_are_searched(engine: Any) -> None:
    named = [chess.Move.from_uci(move) for move in ("a2a3", "h2h3")]
    assert engine.play(chess.Board(), chess_engine.Limit(depth=1), root_moves=named).move in named


def test_chess960_is_castled_as_king_takes_rook(engine: Any) -> None:
    board = chess.Board(CASTLING, chess960=True)
    castle = board.parse_uci("e1h1")
    assert engine.play(board, chess_engine.Limit(depth=1), root_moves=[castle]).move == castle
    board.push(castle)
    assert engine.play(board, chess_engine.Limit(depth=1)).move in board.legal_moves
    unlike = chess.Board("bnrkqnrb/pppppppp/8/8/8/8/PPPPPPPP/BNRKQNRB w KQkq - 0 1", chess960=True)
    assert not engine.play(unlike, chess_engine.Limit(depth=1)).move
    bare = chess.Board("bnrkqnrb/pppppppp/8/8/8/8/PPPPPPPP/BNRKQNRB w - - 0 1", chess960=True)
    assert engine.play(bare, chess_engine.Limit(depth=1)).move in bare.legal_moves
    standard = chess.Board(CASTLING)
    castle = standard.parse_uci("e1g1")
    assert engine.play(standard, chess_engine.Limit(depth=1), root_moves=[castle]).move == castle


# --- as bytes -----------------------------------------------------------------------------------------


def test_bytes_that_no_program_should_send_are_survived(command: list[str]) -> None:
    sent = b"\n".join([
        b"uci\r", b"isready\r", b"\xe9t\xe9 \xff", b"x" * 1_000_000, b"\0\0", b"setoption name \xe9 value \xe9",
        b"position startpos moves e2e4\r", b"go depth 1\r",
        b"position startpos moves " + b"g1f3 g8f6 f3g1 f6g8 " * 50_000, b"go",  # refused, not cut
        b"position startpos moves e2\xe9", b"go",
        b"position startpos", b"go\0infinite", b"stop", b"go movetime 5",  # the last line without an end
    ])  # fmt: skip
    ended = subprocess.run(command, input=sent, capture_output=True, timeout=300, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
    lines = ended.stdout.decode("ascii").splitlines()
    answers = moves(lines)
    assert len(answers) == 5
    assert answers[1:3] == ["0000", "0000"]
    after = chess.Board()
    after.push_uci("e2e4")
    assert chess.Move.from_uci(answers[0]) in after.legal_moves
    assert all(chess.Move.from_uci(answer) in chess.Board().legal_moves for answer in answers[3:])
    assert lines.index("readyok") > lines.index("uciok")
    assert all(len(line) < 400 for line in lines)


def test_a_program_that_is_gone_leaves_no_traceback(command: list[str]) -> None:
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.close()
        _, said = process.communicate(b"uci\ngo\n" * 100, timeout=300)
    assert (process.returncode, said) == (0, b"")


@given(st.binary(max_size=300), st.integers(1, 50))
@example(b"a" * 200 + b"\n\nb", 7)
def test_lines_are_those_of_the_bytes_however_they_arrive(data: bytes, size: int) -> None:
    parts = iter([data[at : at + size] for at in range(0, len(data), size)])
    found = list(uci_input.split_lines(lambda: next(parts, b"")))
    wanted = data.decode("latin-1").split("\n")
    assert found == (wanted if wanted[-1] else wanted[:-1])
    assert list(uci_input.read_ahead(found)) == found


def test_an_endless_line_is_not_kept() -> None:
    chunks = iter([b"z" * 50_000] * 100 + [b"\ngo"])
    first, last = uci_input.split_lines(lambda: next(chunks, b""))
    assert len(first) == uci_input.LONGEST + 1
    assert last == "go"


# --- what is said -------------------------------------------------------------------------------------


@pytest.mark.parametrize("waits", ["infinite", "ponder", "ponder wtime 1000 btime 1000"])
@pytest.mark.parametrize("release", ["stop", "ponderhit", "quit", "go", None])
def test_a_move_is_held_back_until_it_is_asked_for(waits: str, release: str | None) -> None:
    session = uci.answers(even, iter([f"go {waits}", "isready", *([release] if release else [])]))
    said = list(session)
    assert said.index("readyok") < next(at for at, line in enumerate(said) if line.startswith("bestmove"))
    assert len(moves(said)) == (2 if release == "go" else 1)


@pytest.mark.parametrize("limit", ["", "depth 5", "nodes 9", "movetime 10", "mate 3", "wtime 1 btime 1", "depth x"])
def test_limits_are_answered_at_once(limit: str) -> None:
    session = uci.answers(even, iter([f"go {limit}", "isready"]))
    assert any(line.startswith("bestmove") for line in iter(session.__next__, "readyok"))


@pytest.mark.parametrize("refused", [
    "position startpos e2e4", "position", "position startpos moves e2e5", "position startpos moves 0000",
    "position fen", "position fen x", "position fen 8/8/8/8/8/8/8/8 w - - 0 1", "position e2e4",
    "position fen rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1 e2e4",
    "position fen R5k1/5ppp/8/8/8/8/8/6K1 b - - 0 1", "position startpos moves " + "e2e4 " * 20_000,
])  # fmt: skip
def test_after_a_refused_position_no_move_of_another_game_is_played(refused: str) -> None:
    said = talk("position startpos moves d2d4", refused, "go", "go searchmoves e2e4", "ucinewgame", "go")
    assert any(line.startswith("info string refused: ") for line in said)
    assert moves(said)[:2] == ["0000", "0000"]
    assert chess.Move.from_uci(moves(said)[2]) in chess.Board().legal_moves


def test_the_game_that_moves_make_is_the_one_that_is_played() -> None:
    mate = talk("position startpos moves f2f3 e7e5 g2g4", "go searchmoves d8h4", "go searchmoves e2e9")
    assert moves(mate) == ["d8h4", "0000"]
    assert any("score mate 1 nodes 1 pv d8h4 string Qh4# " in line for line in mate)
    assert moves(talk("position startpos moves f2f3 e7e5 g2g4 d8h4", "go")) == ["0000"]
    assert moves(talk(f"position fen {CASTLING}", "go searchmoves e1h1")) == ["e1g1"]
    chess960 = "setoption name uci_chess960 value true"
    assert moves(talk(chess960, f"position fen {CASTLING}", "go searchmoves e1g1")) == ["e1h1"]
    line = talk(chess960, f"position fen {CASTLING} moves e1h1", "go searchmoves e8a8")
    assert moves(line) == ["e8a8"]


def test_a_temperature_draws_and_a_seed_repeats_it() -> None:
    def game(*options: str) -> list[str]:
        return moves(talk(*options, "ucinewgame", *["go"] * 30))

    warm, hot = "setoption name Temperature value 1", "setoption name Temperature value 100"
    assert len(set(game())) == 1
    assert len(set(game(warm))) > 5
    assert game(warm) == game(warm)
    assert game(warm) != game(warm, "setoption name Seed value 1")
    assert set(game(warm, "setoption name Temperature value 0.01")) == set(game())
    likely = even(chess.Board())[0][0].uci()
    counts = {name: moves(talk(name, *["go"] * 2000)).count(likely) for name in (warm, hot)}
    assert abs(counts[warm] - 2000 * even(chess.Board())[0][1]) < 50  # 3.8 standard deviations
    assert abs(counts[hot] - 2000 / 20) < 40


@pytest.mark.parametrize(("option", "values"), [
    ("MultiPV", ["0", "257", "x", "-1", "1.5", "²", "9" * 400]), ("Temperature", ["-1", "nan", "inf", "", "1e-9", "x"]),
    ("UCI_Chess960", ["1", "", "yes"]), ("Seed", ["-1", "9" * 30]), ("No such", ["1"]),
])  # fmt: skip
def test_an_option_that_cannot_be_set_stays_what_it_is(option: str, values: list[str]) -> None:
    for value in values:
        said = talk(f"setoption name {option} value {value}", "go")
        assert said[0].startswith("info string ")
        assert "wanted" in said[0] or "no option" in said[0]
        assert said[1:] == talk("go")


def test_what_changes_nothing_says_so() -> None:
    notes = " ".join(line for line in talk("uci") if line.startswith("info string "))
    assert "Threads and Hash change nothing" in notes
    assert "cp 0 means unknown" in notes
    assert talk("setoption name Threads value 2", "setoption name HASH value 1") == []


# --- nonsense -----------------------------------------------------------------------------------------

COMMANDS = ("uci", "isready", "ucinewgame", "setoption", "position", "go", "stop", "ponderhit", "quit")
TOKENS = (
    *COMMANDS, *uci_input.LIMITS, "name", "value", "MultiPV", "Temperature", "UCI_Chess960", "Seed", "true", "false",
    "startpos", "fen", "moves", "e2e4", "e7e5", "e1h1", "0000", "a7a8q", "3", "0.5", "-1", "debug", "on", "info",
    *CASTLING.split(), *MATE_IN_ONE.split(), CASTLING, MATE_IN_ONE, "\0", "\x1b[31m", "é", "\u202e",
)  # fmt: skip
LINES = st.lists(
    st.one_of(
        st.lists(st.sampled_from(TOKENS), max_size=9).map(" ".join),
        st.sampled_from(["go", "go infinite", "position startpos moves e2e4", f"position fen {MATE_IN_ONE}"]),
        st.text(max_size=60),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=300)
@given(LINES)
def test_whatever_is_said_each_go_has_one_answer(lines: list[str]) -> None:
    said = list(uci.answers(even, lines))
    asked = 0
    for line in lines:
        command = next((word for word in line.replace("\0", " ").split() if word in COMMANDS), "")
        if command == "quit":
            break
        asked += command == "go"
    assert len(moves(said)) == asked
    for line in said:
        assert line.isascii()
        assert line.isprintable()
        assert len(line) < 400


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10_000), st.integers(0, 60), st.booleans())
def test_the_answer_is_a_move_of_the_position_it_was_asked_in(seed: int, plies: int, waits: bool) -> None:
    rng, board = random.Random(seed), chess.Board()
    for _ in range(plies):
        if board.is_game_over():
            break
        board.push(rng.choice(list(board.legal_moves)))
    line = f"position startpos moves {' '.join(move.uci() for move in board.move_stack)}"
    answer = moves(talk(line, "go infinite" if waits else "go", "stop"))
    assert answer == ([even(board)[0][0].uci()] if any(board.legal_moves) else ["0000"])


def test_the_first_move_does_not_wait_for_a_compiler() -> None:
    asked: list[str] = []

    def candidates(board: Any) -> list[tuple[Any, float]]:
        asked.append(board.fen())
        return even(board)

    session = uci.answers(candidates, iter(["uci", "isready"]))
    assert list(iter(session.__next__, "uciok"))
    assert asked == []
    assert next(session) == "readyok"
    assert asked
