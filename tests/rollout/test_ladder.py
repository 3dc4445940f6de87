"""The ladder: runs kept and taken up, and what is told of them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
chess = pytest.importorskip("chess")
import torch  # noqa: E402

from stagelight.engines import recording  # noqa: E402
from stagelight.engines.experiment.progress import Interrupted  # noqa: E402
from stagelight.engines.recording import Recording  # noqa: E402
from stagelight.engines.rollout.encoding import code, decode  # noqa: E402
from stagelight.engines.rollout.endgame import tables  # noqa: E402
from stagelight.engines.rollout.endgame.curriculum import Starts  # noqa: E402
from stagelight.engines.rollout.endgame.grpo import Config as EndgameConfig  # noqa: E402
from stagelight.engines.rollout.games import corpus, public, rules  # noqa: E402
from stagelight.engines.rollout.games.fen import to_board  # noqa: E402
from stagelight.engines.rollout.games.policy import Policy  # noqa: E402
from stagelight.engines.rollout.games.train import Config as GamesConfig  # noqa: E402
from stagelight.engines.rollout.games.train import Trainer  # noqa: E402
from stagelight.engines.rollout.ladder import climb, pool, runs, showcase, supervised, told, work  # noqa: E402
from stagelight.engines.rollout.ladder.runs import Run  # noqa: E402

pytestmark = pytest.mark.engine

TINY_KRK = EndgameConfig("krk", budget=3000, starts="uniform", groups=4, group_size=4, width=16)
TINY_GAMES = GamesConfig(budget=3000, groups=4, group_size=4, width=16, rank=8)


def quiet(*_: Any) -> None:
    """Say nothing."""


# --- runs ---------------------------------------------------------------------------------------------


def test_compared_runs_spend_the_compute_of_what_they_are_compared_with() -> None:
    def budget(config: Any) -> int:
        return int(config.budget)

    for name, config in runs.COMPARED.items():
        if name.startswith("krk."):
            assert budget(config) == budget(runs.PUBLISHED["krk"])
        elif name.startswith("curriculum."):
            assert budget(config) == budget(runs.COMPARED["curriculum.slide"])
    wide: Any = runs.COMPARED["krk.group_8"]
    assert wide.groups * wide.group_size == 32 * 32  # as many games a step


def test_a_run_is_named_by_what_its_outcome_depends_on() -> None:
    one = Run("krk", TINY_KRK, 0)
    assert one.key == Run("krk", TINY_KRK, 0).key
    others = [Run("krk", TINY_KRK, 1), Run("krk", replace(TINY_KRK, discount=0.9), 0), Run("krk.far", TINY_KRK, 0)]
    assert len({one.key, *(other.key for other in others)}) == 4
    assert all(recording.NAME.fullmatch(run.key) for run in runs.chosen(runs.PUBLISHED | runs.COMPARED))


def test_a_run_put_down_goes_on_and_ends_as_one_that_was_not(tmp_path: Path) -> None:
    run = Run("krk", TINY_KRK, 3)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    whole = work.make(run, tmp_path / "a", quiet)
    paused = 0
    while True:
        try:
            cut = work.make(run, tmp_path / "b", quiet, deadline=0.0 if paused < 2 else float("inf"))
            break
        except Interrupted:
            paused += 1
    assert paused == 2
    varied = Recording("x", 0, {"varies": list(told.VARIES)}, "", {}, (), {})
    for left in (whole, cut):
        assert left.facts["compute"] >= TINY_KRK.budget
    assert [k for k in whole.arrays if not recording.varies(varied, k)
            and not np.array_equal(whole.arrays[k], cut.arrays[k])] == []  # fmt: skip
    assert len(whole.arrays["curve_win_rate"]) == len(whole.arrays["curve_compute"]) > 2
    assert work.kept(run, tmp_path / "a") is not None


@pytest.mark.slow
def test_runs_side_by_side_are_the_runs_alone(tmp_path: Path) -> None:
    chosen = [Run("krk", TINY_KRK, seed) for seed in (0, 1)]
    said: list[tuple[Any, ...]] = []
    side = pool.make(chosen, tmp_path, lambda *words: said.append(words), jobs=2)
    (tmp_path / "alone").mkdir()
    for run in chosen:
        alone = work.make(run, tmp_path / "alone", quiet)
        assert side[run].facts["win_rate"] == alone.facts["win_rate"]
        assert np.array_equal(side[run].arrays["log_reward"], alone.arrays["log_reward"])
    assert said
    assert pool.make(chosen, tmp_path, lambda *_: pytest.fail("trained again"), jobs=2).keys() == side.keys()


# --- the ceiling --------------------------------------------------------------------------------------


def test_good_moves_are_those_that_mate_soonest() -> None:
    ending = tables.solve("krk")
    rng = np.random.default_rng(0)
    states = np.array([rng.choice(Starts(ending).by_depth[depth - 1]) for depth in (1, 2, 7, 16)])
    good = supervised.good_moves(ending, states)
    assert good.any(axis=1).all()
    from stagelight.engines.rollout.endgame import environment

    for state, row in zip(states, good, strict=True):
        for action in np.flatnonzero(row):
            after = environment.play(ending, np.array([state]), np.array([action]))[0]
            assert (after == tables.MATED) == (ending.white[state] == 1)
            if after != tables.MATED:
                assert ending.white[after] == ending.white[state] - 1


# --- what is told -------------------------------------------------------------------------------------


def finished(name: str, seed: int, **facts: float) -> tuple[Run, Recording]:
    curve = {"curve_compute": np.array([0, 5, 10 + seed]), "curve_win_rate": np.array([0, 0.5, 0.9], np.float32)}
    given = {"cpu_seconds": 10.0, "compute": 100.0, "steps": 3, **facts}
    logs = {"log_visited": np.array([50, 50]), "win_rate_at": np.array([1.0, 0.5])}
    return Run(name, TINY_KRK, seed), Recording("x", seed, {}, "", given, (), curve | logs)


def test_facts_are_means_with_their_spread_and_every_seed() -> None:
    results = dict([finished("krk", 0, win_rate=0.9), finished("krk", 1, win_rate=1.0)])
    found = told.facts(results)
    assert found["krk.win_rate"] == pytest.approx(0.95)
    assert found["krk.win_rate.sd"] == pytest.approx(np.std([0.9, 1.0], ddof=1))
    assert (found["krk.win_rate.seed_0"], found["krk.win_rate.seed_1"]) == (0.9, 1.0)
    assert told.throughput(results)["throughput.endgame_states_per_second"] == pytest.approx(200 / 20)
    arrays = told.arrays(results)
    assert arrays["krk_win_rate"].shape == (2, 3)
    assert arrays["krk_compute"][:, -1].tolist() == [10, 11]
    assert [(name, seeds) for name, _, _, seeds in told.lines(found)] == [("krk.win_rate", 2)]


def test_games_tell_whom_they_faced_and_how_far_a_step_moves_each_layer() -> None:
    run, made = finished("games", 0)
    change = np.concatenate([np.full((20, 3), 0.5), np.full((5, 3), 0.4), np.full((20, 3), [0.1, 0.2, 0.3])])
    rungs = {"log_rung": np.array([0, 0, 3, 2]), "log_positions": np.array([300, 800, 900, 1000])}
    log = {**made.arrays, **rungs, "log_cpu_seconds": np.array([1, 3, 5, 5]), "public_layer_change": change}
    assert told.throughput({run: replace(made, arrays=log)})["throughput.game_positions_per_second.random"] == 200
    found = told.facts({run: replace(made, arrays=log)})
    assert found["games.rungs"] == 4
    assert found["games.weight_change.block_1.first"] == pytest.approx(0.5)
    assert found["games.weight_change.block_2.last"] == pytest.approx(0.3)


def test_at_equal_steps_each_curve_is_read_where_the_shortest_run_ends() -> None:
    long, short = np.array([[0, 10, 100], [0, 20, 90]]), np.array([[0, 5, 40], [0, 5, 50]])
    arrays = {
        "krk_step": long, "krk_win_rate": np.array([[0.0, 0.5, 0.8], [0.0, 0.2, 0.9]]),
        "krk_far_step": short, "krk_far_win_rate": np.array([[0.0, 0.1, 0.3], [0.0, 0.1, 0.3]]),
    }  # fmt: skip
    found = told.equal_steps(arrays, ("krk", "krk.far"), [0, 1])
    assert found["krk.equal_steps"] == 40
    assert found["krk.equal_steps.win_rate.seed_0"] == pytest.approx(0.5 + 0.3 * 30 / 90)
    assert found["krk.equal_steps.win_rate.seed_1"] == pytest.approx(0.2 + 0.7 * 20 / 70)
    assert found["krk.far.equal_steps.win_rate.seed_0"] == pytest.approx(0.3)
    assert found["krk.far.equal_steps.win_rate.seed_1"] == pytest.approx(0.1 + 0.2 * 35 / 45)
    assert {run.name for run in runs.chosen(runs.COMPARED)} >= {name for kind in runs.KINDS for name in kind[1:]}


def test_a_ratio_that_a_seed_does_not_have_is_not_averaged() -> None:
    results = dict([finished("krk.far", 0, win_rate=0.0), finished("krk.far", 1, win_rate=0.1, length_ratio=1.2)])
    assert "krk.far.length_ratio" not in told.facts(results)


def test_timings_are_not_compared_and_the_rest_is() -> None:
    one = Recording("rollout", 0, {"varies": list(told.VARIES)}, "v", {"cpu_minutes": 1.0, "krk.win_rate": 0.5}, (), {})
    assert recording.same(one, replace(one, facts={"cpu_minutes": 2.0, "krk.win_rate": 0.5})) == []
    assert recording.same(one, replace(one, facts={"cpu_minutes": 1.0, "krk.win_rate": 0.6})) == ["facts.krk.win_rate"]


# --- the game in public -------------------------------------------------------------------------------


def test_the_game_in_public_is_a_game_by_the_rules_and_a_true_group_of_each_step() -> None:
    trainer = Trainer(TINY_GAMES, 0, corpus.load().train, public=True)
    steps = [trainer.step() for _ in range(12)]
    for step, after in pairwise(steps):
        shown = step.public
        board = to_board(shown["public_board"])
        assert board.is_valid()
        assert shown["public_legal"] == board.legal_moves.count()
        move = decode(int(shown["public_move"][0]))
        assert move in board.legal_moves
        assert {int(each) for each in shown["public_drawn"]} <= {code(each) for each in board.legal_moves}
        assert np.isclose(shown["public_advantage"].sum(), 0, atol=1e-4)
        assert 0 < shown["public_after"].sum() <= 1 + 1e-5
        assert shown["public_activation"].shape == shown["public_change"].shape == (3, public.UNITS)
        assert (shown["public_activation"] >= 0).all()
        assert (shown["public_layer_change"] > 0).all()
        if shown["public_over"]:
            continue
        board.push(move)
        replies = []
        for reply in list(board.legal_moves):
            board.push(reply)
            replies.append(board.board_fen())
            board.pop()
        assert to_board(after.public["public_board"]).board_fen() in replies
    assert any(step.public["public_over"] for step in steps)


def test_the_weight_change_in_public_is_that_of_the_weights() -> None:
    trainer = Trainer(TINY_GAMES, 0, corpus.load().train, public=True)
    trainer.step()
    before = trainer.policy.block1.weight.detach().clone()
    step = trainer.step()
    moved = trainer.policy.block1.weight.detach() - before
    assert np.isclose(step.public["public_layer_change"][1], float(moved.norm() / before.norm()), rtol=1e-4)
    units = (moved.norm(dim=1) / before.norm(dim=1))[: public.UNITS].numpy()
    assert np.allclose(step.public["public_change"][1], units, rtol=2e-3)


def test_the_showcase_is_a_won_game_from_the_opening() -> None:
    assert showcase.opponent({"opening.greedy.mate_rate": 0.9, "opening.careful.mate_rate": 0.4}) == "greedy"
    policy = Policy(16, 8, torch.Generator().manual_seed(3))
    found = next((f for f in (showcase._game(policy, "random", seed) for seed in range(60)) if f), None)
    assert found is not None
    board = chess.Board()
    for san, uci_, placed in zip(found["san"], found["uci"], found["boards"][1:], strict=True):
        assert board.parse_san(san).uci() == uci_
        board.push_uci(uci_)
        assert board.board_fen() == placed
    assert board.is_checkmate()
    assert rules.MATE == 1


def test_no_stockfish_is_said_before_anything_is_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(ValueError, match="apt-get install stockfish"):
        climb.up({"games": TINY_GAMES}, (0,), tmp_path, quiet, 1)
