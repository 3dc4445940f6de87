"""Endings against the defence of Syzygy's tables: the positions, the defender and what is counted."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
chess = pytest.importorskip("chess")

from stagelight.engines.experiment.progress import silent  # noqa: E402
from stagelight.engines.rollout import puzzles, syzygy_endings  # noqa: E402
from stagelight.engines.rollout.chess.fen import mating_moves  # noqa: E402

pytestmark = pytest.mark.engine


def mating(boards: Sequence[Any]) -> list[Any]:
    """A policy that mates when it can and else plays its first move in alphabetical order."""
    return [next(iter(mating_moves(board)), min(board.legal_moves, key=chess.Move.uci)) for board in boards]


class Distances:
    """Tables made up for a test: mate at once where there is one, or else as far as a rule says."""

    def __init__(self, otherwise: int = 0) -> None:
        self.otherwise = otherwise

    def probe_dtz(self, board: Any, /) -> int:
        return (
            1
            if mating_moves(board)
            else self.otherwise and self.otherwise + chess.square_distance(board.king(False), 0)
        )


def test_a_defender_draws_where_it_can_and_else_puts_mate_off() -> None:
    capture = chess.Board("8/8/8/8/8/2k5/1R6/7K b - - 0 1")
    assert syzygy_endings.reply(capture, Distances(5)).uci() == "c3b2"
    corner = chess.Board("8/8/8/3k4/8/8/8/K6R b - - 0 1")
    assert syzygy_endings.reply(corner, Distances(5)) in {chess.Move.from_uci(f"d5{to}") for to in ("c6", "d6", "e6")}


def test_positions_are_won_distinct_and_repeated_by_their_seed() -> None:
    for ending, pieces in syzygy_endings.ENDINGS.items():
        boards = syzygy_endings.draw(ending, 20, 3, Distances(5))
        assert len({board.fen() for board in boards}) == 20
        for board in boards:
            assert board.is_valid()
            assert board.turn == chess.WHITE
            assert sorted(piece.symbol() for piece in board.piece_map().values()) == sorted(f"Kk{pieces}")
        assert boards == syzygy_endings.draw(ending, 20, 3, Distances(5))
        assert boards != syzygy_endings.draw(ending, 20, 4, Distances(5))
    with pytest.raises(ValueError, match="kqk: 0 won positions found"):
        syzygy_endings.draw("kqk", 1, 0, type("Drawn", (), {"probe_dtz": lambda *_: 0})())


def test_mates_are_counted_with_the_moves_they_took(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syzygy_endings, "ENDINGS", {"kqk": "Q", "krk": "R"})
    for result in syzygy_endings.play(10, 0, mating, Distances(), silent):
        assert (result.mated, result.length_ratio) == (puzzles.Rate(10, 10), 1)

    def wandering(boards: Sequence[Any]) -> list[Any]:
        return [random.Random(board.fen()).choice(sorted(board.legal_moves, key=chess.Move.uci)) for board in boards]

    for result in syzygy_endings.play(10, 0, wandering, Distances(5), silent):
        assert result.mated.count < 10


@pytest.mark.skipif("STAGELIGHT_SYZYGY" not in os.environ, reason="STAGELIGHT_SYZYGY names no folder of tables")
def test_by_the_tables_perfect_play_takes_the_moves_needed() -> None:
    with syzygy_endings.tables(Path(os.environ["STAGELIGHT_SYZYGY"])) as probe:

        def perfect(boards: Sequence[Any]) -> list[Any]:
            return [min(board.legal_moves, key=partial(after, board)) for board in boards]

        def after(board: Any, move: Any) -> float:
            board.push(move)
            mate, plies = board.is_checkmate(), -probe.probe_dtz(board)
            board.pop()
            return 0 if mate else plies if plies > 0 else float("inf")

        for result in syzygy_endings.play(4, 0, perfect, probe, silent):
            assert (result.mated, result.length_ratio) == (puzzles.Rate(4, 4), 1)


def test_damaged_tables_are_named(tmp_path: Path, published: Path, refused: Callable[..., str]) -> None:
    for pieces in syzygy_endings.ENDINGS.values():
        for kind in ("rtbw", "rtbz"):
            (tmp_path / f"K{pieces}vK.{kind}").write_bytes(b"not a table" * 16)
    assert "missing or damaged" in refused("--endings", 1, "--syzygy", tmp_path, "--policy", published)
