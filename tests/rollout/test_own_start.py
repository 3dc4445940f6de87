"""A reader's position in the training of a policy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
chess = pytest.importorskip("chess")

from stagelight.engines import recording  # noqa: E402
from stagelight.engines.experiment.progress import Interrupted, silent  # noqa: E402
from stagelight.engines.rollout import inference, own_start, record  # noqa: E402
from stagelight.engines.rollout.chess.fen import from_board, to_board  # noqa: E402
from stagelight.engines.rollout.chess.tablebase import ENDINGS, distance, solve  # noqa: E402
from stagelight.engines.rollout.starts import CELLS, ending_boards  # noqa: E402

pytestmark = pytest.mark.engine
BLACK_MATES = "r5k1/8/8/8/8/8/5PPP/6K1 b - - 0 1"
KNOWN = {
    "6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1": "mate.1",
    BLACK_MATES: "mate.1",
    "7k/8/8/8/8/8/R7/1R4K1 w - - 0 1": "mate.2",
    "8/8/8/3k4/8/8/8/K6R w - - 0 1": "krk.14-16",
    "7k/8/5K2/8/8/8/8/6Q1 w - - 0 1": "kqk.1",
}


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(ENDINGS)), st.integers(0, 10**9), st.booleans())
def test_an_ending_is_known_in_either_colour(name: str, pick: int, swap: bool) -> None:
    white = solve(name).white
    won = np.flatnonzero(white > 0)
    code = won[pick % len(won)]
    board = to_board(ending_boards(name, np.array([code]))[0])
    assert distance(from_board(board.mirror() if swap else board)) == (name, white[code])
    board.turn = chess.BLACK
    assert distance(from_board(board)) is None


@pytest.mark.parametrize("fen", KNOWN)
def test_a_position_belongs_to_the_cell_of_its_mate(fen: str) -> None:
    index, batch = own_start.batch_of(chess.Board(fen))
    cell = CELLS[index]
    assert cell.kind == KNOWN[fen].split(".")[0]
    assert cell.nearest <= batch.needed[0] <= cell.farthest
    if cell.kind == "mate":
        assert cell.name == KNOWN[fen]
    assert to_board(batch.environment.boards[0]).epd() == chess.Board(fen).epd()


@pytest.mark.parametrize(
    "fen", [chess.STARTING_FEN, "8/8/8/3k4/8/8/8/KB5R w - - 0 1", "k7/8/8/8/8/8/8/KN4N1 w - - 0 1"]
)
def test_a_position_without_a_known_mate_is_refused(fen: str) -> None:
    with pytest.raises(ValueError, match="--start: no mate in one, two or three was found there"):
        own_start.batch_of(chess.Board(fen))


def test_its_game_is_played_again_and_again_and_recorded(
    published: Path, few_data: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_start, "STEPS", 5)

    def make() -> recording.Recording:
        return record.make(tmp_path, silent, seeds=(3, 4, 5), start=BLACK_MATES, policy=published)

    made = make()
    assert recording.same(made, make()) == []
    assert made.seed == 3
    assert made.config["start"] == chess.Board(BLACK_MATES).fen()
    assert made.facts["steps"] == 5
    arrays: dict[str, Any] = dict(made.arrays)
    for index in range(5):  # a mate in one has a single move to play
        assert to_board(arrays["game_board"][index]).epd() == chess.Board(BLACK_MATES).epd()
        assert arrays["game_moves"][index] == 0
        assert arrays["game_over"][index]
    shown = inference.candidates(inference.load(published), chess.Board(BLACK_MATES))
    before = dict(zip(arrays["game_move"][0].tolist(), arrays["game_before"][0].tolist(), strict=True))
    chances = {move.from_square + 64 * move.to_square: share for move, share in shown}
    assert before == pytest.approx({code: chances[code] for code in before}, abs=1e-4)
    assert {event["kind"] for event in made.events} == {"training_game"}
    assert record.publish(tmp_path, made, tmp_path) == []


def test_a_policy_is_needed_and_time_may_be_up(published: Path, few_data: None, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no policy given"):
        record.make(tmp_path, silent, start=BLACK_MATES)
    with pytest.raises(Interrupted, match="0 of 60 steps on your position"):
        record.make(tmp_path, silent, start=BLACK_MATES, policy=published, deadline=0.0)
