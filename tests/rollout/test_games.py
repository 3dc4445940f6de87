"""Whole games that end in mate: kept, split and made; and the compiled chess beside python-chess."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
chess = pytest.importorskip("chess")

from chess import engine as chess_engine  # noqa: E402

from stagelight.engines.experiment.progress import silent  # noqa: E402
from stagelight.engines.rollout import build_games, games, speed, stockfish  # noqa: E402
from stagelight.engines.rollout.chess.fen import decode  # noqa: E402
from stagelight.engines.rollout.mates import held_out  # noqa: E402

pytestmark = pytest.mark.engine


def debian_stockfish() -> str | None:
    """Debian 12's Stockfish, which the committed games were made with."""
    path = shutil.which("stockfish") or shutil.which("stockfish", path="/usr/games")
    if path is None:
        return None
    found = subprocess.run([path], input="quit\n", capture_output=True, text=True, check=True).stdout
    return path if found.startswith("Stockfish 15.1 ") else None


needs_stockfish = pytest.mark.skipif(debian_stockfish() is None, reason="needs Stockfish 15.1")


def test_the_committed_games_are_legal_end_in_mate_and_are_split_by_game() -> None:
    corpus = games.load()
    assert len(corpus.train) >= 11_000
    assert len(corpus.held_out) >= 500
    held = {corpus.held_out[game].tobytes() for game in range(len(corpus.held_out))}
    assert not any(corpus.train[game].tobytes() in held for game in range(len(corpus.train)))
    rng = random.Random(1)
    for side in (corpus.train, corpus.held_out):
        assert side.plies.sum() == len(side.moves)
        for game in rng.sample(range(len(side)), 25):
            board = chess.Board()
            for number in side[game]:
                move = decode(int(number))
                assert move in board.legal_moves
                board.push(move)
            assert board.is_checkmate()
            assert len(board.move_stack) == side.plies[game]


def test_a_game_on_both_sides_of_the_split_trains() -> None:
    numbered = [(game, np.array([game % 3], np.uint16)) for game in range(300)]
    made = games.split(numbered, seed=1)
    assert len(made.held_out) == 0
    assert len(made.train) == sum(not held_out(game, 1) for game in range(300))


def test_games_survive_their_file_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "games.npz"
    made = games.split([(game, np.arange(game + 1, dtype=np.uint16)) for game in range(60)], seed=1)
    games.save(made, path)
    again = games.load(path)
    assert again.sha256 == made.sha256
    assert len(again.train) + len(again.held_out) == 60
    assert len(again.held_out) > 0
    with pytest.raises(ValueError, match="not a corpus of games"):
        games.load(tmp_path / "missing.npz")
    np.savez(path, train=np.zeros(3, np.uint16), train_plies=[4], held_out=np.zeros(0, np.uint16), held_out_plies=[0])
    with pytest.raises(ValueError, match=r"uint16\(3,\) moves for games of 4 plies"):
        games.load(path)


def test_no_stockfish_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    for ask in (stockfish.path, lambda: build_games.build(tmp_path, silent, build_games.Making(games=1), 1)):
        with pytest.raises(ValueError, match="apt-get install stockfish"):
            ask()


class FirstMove:
    """In Stockfish's place: plays the first legal move in alphabetical order."""

    def play(self, board: Any, limit: object, game: object) -> chess_engine.PlayResult:
        return chess_engine.PlayResult(min(board.legal_moves, key=chess.Move.uci), None)


def test_a_game_depends_on_its_number_alone_and_is_kept_if_it_ends_in_mate() -> None:
    making = build_games.Making(strong=(0.5,), weak=(1.0,), max_plies=200)
    found = {game: build_games.play_game(game, making, FirstMove()) for game in range(60)}  # type: ignore[arg-type]
    kept = {game: moves for game, moves in found.items() if moves is not None}
    assert 0 < len(kept) < 60
    for game, moves in list(kept.items())[:3]:
        assert np.array_equal(build_games.play_game(game, making, FirstMove()), moves)  # type: ignore[arg-type]
        board = chess.Board()
        for number in moves:
            board.push(decode(int(number)))
        assert board.is_checkmate()
        assert len(moves) < making.max_plies


@needs_stockfish
def test_the_committed_games_are_those_that_are_made() -> None:
    path, train = debian_stockfish(), games.load().train
    assert path is not None
    played = build_games.play_games(range(3), build_games.Making(), path)
    first = [moves for game, moves in played if not held_out(game, 2026)]
    assert first
    for moves, kept in zip(first, map(train.__getitem__, range(len(first))), strict=True):
        assert np.array_equal(moves, kept)


@needs_stockfish
def test_stockfish_can_be_the_opponent() -> None:
    ended = stockfish.games(lambda board: min(board.legal_moves, key=chess.Move.uci), 2)
    assert [end is None or end.winner is not chess.WHITE for end in ended] == [True, True]


def test_compiled_chess_outruns_python_chess() -> None:
    found = speed.throughput(games.load().held_out, most=100, compare=3)
    assert found["replay"] > 5 * found["replay_python_chess"] > 0
    assert found["env"] > found["replay_python_chess"]
