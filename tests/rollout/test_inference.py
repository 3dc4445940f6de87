"""The published policy asked for its moves, and the positions that it can be given."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")
chess = pytest.importorskip("chess")

from stagelight.engines.experiment import weights  # noqa: E402
from stagelight.engines.experiment.progress import silent  # noqa: E402
from stagelight.engines.rollout import inference, record  # noqa: E402
from stagelight.engines.rollout.inference import position, quoted  # noqa: E402
from stagelight.render import cli  # noqa: E402
from stagelight.render.pipeline.plan import Places  # noqa: E402

pytestmark = pytest.mark.engine

FENS = (chess.STARTING_FEN, "r3k2r/8/8/8/8/8/8/R3K2R b KQkq - 5 20", "8/P6k/8/8/8/8/8/K7 w - - 0 1")
REFUSED = {
    "x": "not a FEN",
    "": "not a FEN",
    "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - -1 1": "not a FEN",
    "8/8/8/8/8/8/8/8 w - - 0 1": "not a legal position",
    "bnrkqnrb/pppppppp/8/8/8/8/PPPPPPPP/BNRKQNRB w KQkq - 0 1": "bad castling rights",
    "QQQQQQQQ/QQQQQQQ1/8/8/8/2k5/8/7K b - - 0 1": "too many white promoted pieces",
    "4k3/8/8/8/8/8/pppppppp/nnn1K3 w - - 0 1": "too many black promoted pieces",
    "R5k1/5ppp/8/8/8/8/8/6K1 b - - 0 1": "the game is over (checkmate)",
    "7k/5Q2/6K1/8/8/8/8/8 b - - 0 1": "the game is over (stalemate)",
    "k7/8/8/8/8/8/8/K7 w - - 0 1": "the game is over (neither side can mate)",
    "6k1/5ppp/8/8/8/8/8/R5K1 w - - 9999 1": "the game is over (fifty-move rule)",
    "k" * 9999: "9999 characters",
}


# --- its moves ----------------------------------------------------------------------------------------


def test_candidates_are_the_legal_moves_with_probabilities_that_sum_to_one(published: Path) -> None:
    policy = inference.load(published)
    for fen in FENS:
        board = chess.Board(fen)
        found = inference.candidates(policy, board)
        assert {move for move, _ in found} == set(board.legal_moves)
        assert sum(share for _, share in found) == pytest.approx(1, abs=1e-4)
        assert [s for _, s in found] == sorted((s for _, s in found), reverse=True)


def test_many_positions_asked_at_once_are_each_asked_alone(published: Path) -> None:
    policy = inference.load(published)
    played = chess.Board()
    for move in ("g1f3", "g8f6", "f3g1", "f6g8", "g1f3"):
        played.push_uci(move)
    boards = [played, *map(chess.Board, FENS)]
    assert inference.best_moves(policy, boards) == [inference.candidates(policy, each)[0][0] for each in boards]
    assert inference.best_moves(policy, []) == []
    with pytest.raises(ValueError, match="no legal move"):
        inference.best_moves(policy, [*boards, chess.Board("R5k1/5ppp/8/8/8/8/8/6K1 b - - 0 1")])


@pytest.mark.parametrize("content", [None, b"", b"no", b"\x08\0\0\0\0\0\0\0{}      "])
def test_what_is_no_policy_is_refused_in_one_line(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "p"
    if content is not None:
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"no policy to play \(no p.sha256 beside it"):
            inference.load(path)
        weights.seal(path)
    with pytest.raises(ValueError, match="no policy to play") as caught:
        inference.load(path)
    assert "\n" not in str(caught.value)


# --- positions ----------------------------------------------------------------------------------------


def record_from(fen: str) -> object:
    return record.make(Path(), silent, start=fen)


def one_line(error: ValueError) -> str:
    said = str(error)
    assert said.isascii()
    assert said.isprintable()
    assert len(said) < 400
    return said


@pytest.mark.parametrize("fen", REFUSED)
@pytest.mark.parametrize(("ask", "option"), [(position, "FEN"), (record_from, "--start")], ids=["play", "record"])
def test_every_command_refuses_the_same_positions(ask: Callable[[str], object], option: str, fen: str) -> None:
    with pytest.raises(ValueError, match=re.escape(REFUSED[fen])) as caught:
        ask(fen)
    assert one_line(caught.value).startswith(f"{option} '")


def test_a_position_that_a_game_reaches_is_taken() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        board = chess.Board()
        while not board.is_game_over() and board.halfmove_clock < 99:
            assert position(board.fen()).fen() == board.fen()
            board.push(rng.choice(list(board.legal_moves)))


@given(st.one_of(st.text(), st.text("rnbqkpRNBQKP12345678/ wbKQkq-0", max_size=90)))
def test_any_text_is_a_position_or_refused_in_one_line(text: str) -> None:
    try:
        board = position(text)
    except ValueError as error:
        one_line(error)
    else:
        assert board.is_valid()
        assert board.legal_moves.count() in range(1, 219)


@given(st.text())
def test_a_quoted_text_is_short_and_shows_what_would_not_print(text: str) -> None:
    shown = quoted(text)
    assert shown.isascii()
    assert shown.isprintable()
    assert len(shown) <= inference.ECHO + 5
    if len(ascii(text)) <= inference.ECHO:
        assert ast.literal_eval(shown) == text


def test_play_prints_the_candidates(published: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def call(*words: str) -> tuple[int, str, str]:
        code = cli.run(["play", *words, "--policy", str(published)], Places())
        return code, *capfd.readouterr()

    code, out, _ = call("opening", "--json")
    assert code == 0
    assert len(json.loads(out)) == 20
    assert "17 more" in call("opening", "--most", "3")[1]
    for fen in ("x", "k7/8/8/8/8/8/8/K7 w - - 0 1"):
        code, _, wrong = call(fen)
        assert code == 2
        assert REFUSED[fen] in wrong
        assert wrong.count("\n") == 1
