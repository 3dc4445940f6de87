"""The game in public: a game by the rules, a true group of each step, and what changed in the network."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
chess = pytest.importorskip("chess")

from stagelight.engines.rollout.chess.fen import code, decode, to_board  # noqa: E402
from stagelight.engines.rollout.chess.rules import GOING_ON, MATE  # noqa: E402
from stagelight.engines.rollout.curriculum import Rule  # noqa: E402
from stagelight.engines.rollout.environment import LOST  # noqa: E402
from stagelight.engines.rollout.grpo import Config, Step, Trainer  # noqa: E402
from stagelight.engines.rollout.starts import CELLS  # noqa: E402
from stagelight.engines.rollout.training_game import LINE, MOST_MEN, SHOWN, UNITS, TrainingGame  # noqa: E402

pytestmark = pytest.mark.engine
CONFIG = Config(boards=10**9, width=32, rank=8, draws=4, group_size=6, positions_of_draw=24, rule=Rule(passed=0.03),
                learning_rate=3e-3)  # fmt: skip


@pytest.fixture(scope="module")
def steps(starts: Any) -> list[Step]:
    trainer = Trainer(CONFIG, 0, starts, TrainingGame())
    return [trainer.step() for _ in range(40)]


def test_it_is_a_game_by_the_rules(steps: list[Step]) -> None:
    """From one step to the next: the move that became likeliest, the reply, the position reached."""
    for step, after in pairwise(steps):
        shown, board = step.game, to_board(step.game["board"])
        assert board.is_valid()
        assert shown["legal"] == board.legal_moves.count()
        assert shown["played"] == shown["move"][0]
        board.push(decode(int(shown["played"])))
        if shown["reply"]:
            assert decode(int(shown["reply"])) in board.legal_moves
            board.push(decode(int(shown["reply"])))
        if shown["outcome"] in {MATE, LOST}:
            assert board.is_checkmate()
            assert bool(shown["reply"]) == (shown["outcome"] == LOST)
        if shown["over"]:
            assert after.game["moves"] == 0
        else:
            assert shown["outcome"] == GOING_ON
            assert to_board(after.game["board"]).epd() == board.epd()
            assert after.game["moves"] == shown["moves"] + 1
            assert after.game["cell"] == shown["cell"]
            assert after.game["needed"] == max(1, shown["needed"] - 1)
    assert 3 < sum(bool(step.game["over"]) for step in steps) < 40
    assert any(step.game["over"] and step.game["outcome"] == GOING_ON for step in steps)  # its moves are used up


def test_its_group_is_the_first_of_the_step(steps: list[Step]) -> None:
    for step in steps:
        shown, board = step.game, to_board(step.game["board"])
        assert step.cell[0] == shown["cell"]
        assert np.array_equal(shown["reward"], step.rewards[0])
        assert np.array_equal(shown["advantage"], step.advantages[0])
        assert abs(shown["advantage"].sum()) < 1e-4
        assert shown["ending"].tolist() == step.visits.outcome[: CONFIG.group_size].tolist()
        for rollout, (line, drawn) in enumerate(zip(shown["line"], shown["drawn"], strict=True)):
            played = step.visits.line(rollout)
            assert line[: len(played)].tolist() == played[:LINE]
            assert not line[len(played) :].any()
            assert drawn == played[0]
            assert decode(int(drawn)) in board.legal_moves
        assert ((shown["reward"] > 0) == (shown["ending"] == MATE)).all()


def test_a_game_starts_at_the_frontier(starts: Any) -> None:
    trainer, begun = Trainer(CONFIG, 1, starts, TrainingGame()), 0
    for _ in range(25):
        fresh, frontier = trainer.game is not None and not trainer.game.going, trainer.curriculum.frontier
        step = trainer.step()
        if fresh:
            begun += 1
            assert CELLS[int(step.game["cell"])] == frontier
            assert step.game["moves"] == 0
            assert frontier.nearest <= step.game["needed"] <= frontier.farthest or frontier.kind == "opening"
    assert begun > 2


def test_it_takes_no_part_in_what_the_curriculum_sees(starts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its starts were not drawn, so they say nothing fair of their cell."""
    trainer, noted = Trainer(CONFIG, 1, starts, TrainingGame()), list[Any]()
    monkeypatch.setattr(trainer.curriculum, "observe", lambda cell, success: noted.append(cell))
    step = trainer.step()
    assert np.array_equal(noted[0], step.cell[1:])


def test_probabilities_are_those_before_and_after_the_update(starts: Any) -> None:
    trainer = Trainer(CONFIG, 2, starts, TrainingGame())
    for _ in range(6):
        step = trainer.step()
        shown, legal = step.game, int(step.game["legal"])
        everything = {name: shown[name][:legal] for name in ("legal_moves", "all_before", "all_after")}
        assert everything["all_before"].sum() == pytest.approx(1, abs=1e-4)
        assert everything["all_after"].sum() == pytest.approx(1, abs=1e-4)
        assert not any(shown[name][legal:].any() for name in everything)
        board = to_board(shown["board"])
        assert sorted(everything["legal_moves"].tolist()) == sorted(code(move) for move in board.legal_moves)
        order = np.argsort(-everything["all_after"], kind="stable")[:SHOWN]
        for name, full in (("move", "legal_moves"), ("before", "all_before"), ("after", "all_after")):
            assert np.array_equal(shown[name][: len(order)], everything[full][order])
            assert len(shown[name]) == SHOWN
    trainer = Trainer(replace(CONFIG, learning_rate=0.0), 2, starts, TrainingGame())
    shown = trainer.step().game
    assert np.array_equal(shown["all_before"], shown["all_after"])
    assert not shown["layer_change"].any()


def test_changes_are_those_of_the_weights(starts: Any) -> None:
    trainer = Trainer(CONFIG, 3, starts, TrainingGame())
    trainer.step()
    names = ("state.weight", "block1.weight", "block2.weight")
    before = {name: value.detach().clone() for name, value in trainer.policy.named_parameters()}
    shown = trainer.step().game
    after = dict(trainer.policy.named_parameters())
    layers = [(before[name], after[name].detach()) for name in names]
    layers[0] = layers[0][0].T, layers[0][1].T  # an embedding's rows are inputs
    for at, (old, new) in enumerate(layers):
        assert shown["layer_change"][at] == pytest.approx(float((new - old).norm() / old.norm()), rel=1e-4)
        units = ((new - old).norm(dim=1) / old.norm(dim=1))[:UNITS].numpy()
        np.testing.assert_allclose(shown["change"][at], units, rtol=5e-3)
    for at, (old, new) in enumerate(layers[1:]):
        np.testing.assert_allclose(shown["edge"][at], old[:UNITS, :UNITS], rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(shown["edge_change"][at], (new - old)[:UNITS, :UNITS], rtol=1e-2, atol=1e-5)


def test_recorded_arrays_have_one_shape_in_every_step(steps: list[Step]) -> None:
    shapes = {name: value.shape for name, value in steps[0].game.items()}
    for step in steps:
        assert {name: value.shape for name, value in step.game.items()} == shapes
        assert (step.game["activation"] >= 0).all()
    assert shapes["activation"] == shapes["change"] == (3, UNITS)
    assert shapes["from_piece"] == (UNITS, MOST_MEN)
    assert shapes["to_move"] == shapes["to_move_change"] == (UNITS, SHOWN)
    men = [len(to_board(step.game["board"]).piece_map()) for step in steps]
    for step, count in zip(steps, men, strict=True):
        assert not step.game["from_piece"][:, count:].any()
        assert step.game["from_piece"][:, :count].any(axis=0).all()
