"""Runs that are kept and taken up, and the recording that is made of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
chess = pytest.importorskip("chess")

from stagelight.engines import recording  # noqa: E402
from stagelight.engines.experiment import training  # noqa: E402
from stagelight.engines.experiment.progress import Interrupted, silent  # noqa: E402
from stagelight.engines.recording import Recording  # noqa: E402
from stagelight.engines.rollout import evaluation, inference, narrative, record, runs, stockfish  # noqa: E402
from stagelight.engines.rollout.chess.fen import code, mating_moves, to_board  # noqa: E402
from stagelight.engines.rollout.chess.rules import MOVES  # noqa: E402
from stagelight.engines.rollout.curriculum import Rule  # noqa: E402
from stagelight.engines.rollout.grpo import Config, Trainer  # noqa: E402
from stagelight.engines.rollout.runs import Run  # noqa: E402
from stagelight.engines.rollout.starts import CELLS  # noqa: E402
from stagelight.engines.rollout.training_game import LINE, SHOWN, UNITS  # noqa: E402

pytestmark = pytest.mark.engine
CONFIG = Config(boards=30_000, width=16, rank=8, draws=6, group_size=4, positions_of_draw=32, rule=Rule(passed=0.05))
MOMENTS = (0.0, 0.1, 0.5, 1.0)
SHORT = partial(Run, moments=MOMENTS)
TIMES = Recording("rollout", 0, {"varies": list(record.VARIES)}, "", {}, (), {})


@pytest.fixture(scope="module", autouse=True)
def small(few_data: None) -> Iterator[None]:
    """Few starts where a run is examined, few games, no Stockfish."""
    won = chess.Outcome(chess.Termination.CHECKMATE, chess.WHITE)
    lost = chess.Outcome(chess.Termination.CHECKMATE, chess.BLACK)
    drawn = chess.Outcome(chess.Termination.STALEMATE, None)
    ended = [won, lost, lost, drawn, None, None, drawn, lost]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "EXAMINED", 4)
        patch.setattr(record, "Run", SHORT)
        patch.setattr(record, "FINAL", 8)
        patch.setattr(evaluation, "POSITIONS", 8)
        patch.setattr(evaluation, "GAMES", 8)
        patch.setattr(narrative, "SHOWCASE_GAMES", 4)
        patch.setattr(narrative, "SHOWCASE_LEAST", 1)
        patch.setattr(record, "STOCKFISH_GAMES", len(ended))
        patch.setattr(stockfish, "games", lambda choose, count: ended[:count])
        yield


def make(cache: Path, **options: Any) -> Recording:
    return record.make(cache, options.pop("progress", silent), config=CONFIG, seeds=(0,), **options)


def counts(made: Recording) -> tuple[int, int]:
    """Steps of the run, and watched ones."""
    return len(made.arrays["log_reward"]), len(made.arrays["watch_step"])


# --- runs -------------------------------------------------------------------------------------------------


def test_a_run_is_named_by_what_its_outcome_depends_on(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Run(CONFIG, 0)
    others = [
        Run(CONFIG, 1), Run(CONFIG, 0, "other"), Run(CONFIG, 0, public=True), Run(replace(CONFIG, rank=9), 0),
        Run(replace(CONFIG, rule=Rule("uniform")), 0), SHORT(CONFIG, 0),
    ]  # fmt: skip
    assert one.key == Run(CONFIG, 0).key
    assert len({one.key, *(other.key for other in others)}) == 7
    assert all(recording.NAME.fullmatch(run.key) for run in (one, *others))
    before = one.key
    monkeypatch.setattr(runs, "_data", lambda: "other positions")
    assert one.key != before


def test_the_first_steps_are_watched_and_then_ever_fewer() -> None:
    watched = [step for step in range(1, 5_001) if runs.watched(step)]
    assert watched[:8] == list(range(1, 9))
    assert len(watched) < 60
    gaps = np.diff(watched)
    assert gaps[-1] > gaps[len(gaps) // 2] > gaps[8]


def test_a_run_that_is_interrupted_goes_on_and_ends_as_one_that_was_not(tmp_path: Path) -> None:
    run = SHORT(replace(CONFIG, boards=8_000), 3, public=True)
    policy, whole = runs.make(run, tmp_path / "whole", silent)
    for _ in range(2):
        with pytest.raises(Interrupted, match=r"one, seed 3: \d+ of 8000"):
            runs.make(run, tmp_path / "cut", silent, deadline=0.0)
    resumed, cut = runs.make(run, tmp_path / "cut", silent)
    assert whole.keys() == cut.keys()
    for name, values in whole.items():
        assert recording.varies(TIMES, name) or np.array_equal(values, cut[name], equal_nan=True), name
    for name, value in policy.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name])
        assert torch.equal(value, runs.weights(run, tmp_path / "cut").state_dict()[name])
    steps = list[Any]()
    again, _ = runs.make(run, tmp_path / "cut", lambda *words: steps.append(words))
    assert not steps  # it is read, not trained
    assert torch.equal(again.block1.weight, policy.block1.weight)


def test_a_run_is_examined_before_its_first_and_after_its_last_step(tmp_path: Path) -> None:
    _, log = runs.make(SHORT(CONFIG, 0), tmp_path, silent)
    boards = log["curve_boards"]
    assert (boards[0], log["curve_step"][0], log["curve_seconds"][0]) == (0, 0, 0)
    assert boards[-1] == log["log_boards"][-1] >= CONFIG.boards
    assert log["curve_step"][-1] == len(log["log_reward"])
    assert len(boards) == len(MOMENTS)
    for moment, reached, step in zip(MOMENTS[1:], boards[1:], log["curve_step"][1:], strict=True):
        assert reached >= moment * CONFIG.boards
        assert step == 1 or log["log_boards"][step - 2] < moment * CONFIG.boards
    assert not [name for name in log if name.startswith(("game_", "watch_"))]
    assert (log["curve_success"] * runs.EXAMINED % 1 == 0).all()


# --- the recording ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return make(tmp_path_factory.mktemp("made"))


def test_arrays_have_the_shapes_that_are_documented(made: Recording) -> None:
    steps, watched = counts(made)
    group, cells = CONFIG.group_size, len(CELLS)
    shapes = {name: values.shape for name, values in made.arrays.items()}
    for name in ("boards", "step", "seconds"):
        assert shapes[f"curve_{name}"] == (1, len(MOMENTS))
    assert shapes["curve_success"] == (1, len(MOMENTS), cells)
    for name in (f"log_{metric}" for metric in runs.METRICS):
        assert shapes[name] == (steps,)
    for name in ("frontier_depth", "frontier_opponent", "game_kind", "game_depth", "game_opponent"):
        assert shapes[name] == (steps,)
    inner = {
        "board": (72,), "needed": (), "moves": (), "legal": (), "move": (SHOWN,), "before": (SHOWN,),
        "after": (SHOWN,), "drawn": (group,), "reward": (group,), "advantage": (group,), "played": (), "reply": (),
        "outcome": (), "over": (), "activation": (3, UNITS), "change": (3, UNITS), "layer_change": (3,),
    }  # fmt: skip
    for name, shape in inner.items():
        assert shapes[f"game_{name}"] == (steps, *shape), name
    assert shapes["watch_line"] == (watched, group, LINE)
    for name in ("watch_legal", "watch_before", "watch_after"):
        assert shapes[name] == (watched, MOVES)
    assert shapes["watch_outcome"] == (watched, group)
    assert shapes["watch_step"] == (watched,)
    assert made.arrays["watch_step"].tolist() == [step for step in range(1, steps + 1) if runs.watched(step)]
    assert shapes.pop("final_success") == (1, cells)
    for name in shapes:
        assert name.split("_")[0] in {"curve", "log", "frontier", "game", "watch"}
        assert name.startswith("curve_") or shapes[name][0] == (watched if name.startswith("watch_") else steps)


def test_where_the_games_starts_lie_is_said(made: Recording) -> None:
    config, arrays = made.config, made.arrays
    assert config["cells"] == [cell.name for cell in CELLS]
    for index in range(len(arrays["game_kind"])):
        kind, depth = config["kinds"][arrays["game_kind"][index]], int(arrays["game_depth"][index])
        opponent = config["opponents"][arrays["game_opponent"][index]]
        assert depth % 2 == 1
        assert depth == 2 * arrays["game_needed"][index] - 1 or kind == "opening"
        assert opponent in {cell.opponent for cell in CELLS}
        assert (opponent == "tablebase") == (kind in {"kqk", "krk", "kbbk", "kbnk"})
    assert set(arrays["frontier_depth"].tolist()) <= {1001, *range(1, 100, 2)}
    assert arrays["frontier_depth"].max() > 1


def test_its_facts_are_those_of_what_was_measured(made: Recording) -> None:
    facts = made.facts
    assert facts["steps"] == counts(made)[0]
    assert facts["seeds"] == 1
    assert facts["boards"] == CONFIG.boards
    assert facts["one.opening.stockfish"] == 1 / 8
    assert facts["one.opening.stockfish.lost"] == 3 / 8
    assert facts["flags_only.mate_in_one"] == facts["flags_only.safe_checks"]
    assert facts["entropy.first"] == pytest.approx(made.arrays["log_entropy"][0], abs=1e-6)
    assert facts["one.untrained.mate_in_one"] == pytest.approx(made.arrays["curve_success"][0, 0, 0], abs=1e-6)
    assert list(facts) == sorted(facts)
    assert all(np.isfinite(value) for value in facts.values())


def check_training_game(event: dict[str, Any], made: Recording) -> None:
    board = chess.Board(event["fen"])
    assert board.epd() == to_board(made.arrays["game_board"][event["step"] - 1]).epd()
    legal = {board.san(move) for move in board.legal_moves}
    assert {*event["san"], *event["drawn_san"], event["played"]} <= legal
    assert event["played"] == event["san"][0]
    board.push_san(event["played"])
    if event["reply"]:
        board.push_san(event["reply"])


def check_line(event: dict[str, Any], made: Recording) -> None:
    board = chess.Board()
    assert event["boards"][0] == board.board_fen()
    for uci, placed in zip(event["uci"], event["boards"][1:], strict=True):
        assert chess.Move.from_uci(uci) in board.legal_moves
        board.push_uci(uci)
        assert board.board_fen() == placed
    assert board.is_checkmate()
    assert board.turn == chess.BLACK


def check_showcase(event: dict[str, Any], made: Recording) -> None:
    check_line(event, made)
    board = chess.Board()
    for san, uci in zip(event["san"], event["uci"], strict=True):
        assert board.push_san(san).uci() == uci
    assert len(event["probability"]) == (len(event["uci"]) + 1) // 2


def check_mistake(event: dict[str, Any], made: Recording) -> None:
    board = to_board(made.arrays["game_board"][event["step"] - 1])
    mating = {move.uci() for move in mating_moves(board)}
    assert event["best_uci"] in mating
    assert event["uci"] not in mating
    assert event["san"] == board.san(chess.Move.from_uci(event["uci"]))
    assert event["probability"] > narrative.SURE
    assert code(chess.Move.from_uci(event["uci"])) == made.arrays["game_played"][event["step"] - 1]


def check_failure(event: dict[str, Any], made: Recording) -> None:
    board = chess.Board(event["fen"])
    assert event["missed"] == [board.san(move) for move in mating_moves(board)]
    assert event["san"] not in event["missed"]


def check_frontier(event: dict[str, Any], made: Recording) -> None:
    depths = made.arrays["frontier_depth"][: event["step"]]
    assert depths[-1] == event["depth"] > max(depths[:-1], default=0)


CHECKS: dict[str, Callable[[dict[str, Any], Recording], None]] = {
    "training_game": check_training_game, "rewind": check_line, "showcase": check_showcase,
    "surest_mistake": check_mistake, "failure": check_failure, "frontier": check_frontier,
}  # fmt: skip


def test_every_event_is_chess(made: Recording) -> None:
    kinds = [event["kind"] for event in made.events]
    assert set(kinds) <= CHECKS.keys()
    assert {"training_game", "rewind", "failure", "frontier"} <= set(kinds)
    assert kinds.count("training_game") == min(narrative.TOLD, counts(made)[0])
    for event in made.events:
        CHECKS[event["kind"]](dict(event), made)


def test_it_is_reproducible_and_survives_its_files(made: Recording, tmp_path: Path) -> None:
    assert recording.same(made, make(tmp_path / "again")) == []
    recording.save(made, tmp_path)
    assert recording.same(made, recording.load(tmp_path, "rollout")) == []
    assert json.loads(json.dumps(made.config)) == made.config


def test_a_killed_recording_goes_on_from_its_checkpoint(
    made: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0.0)
    done, plain = [0], Trainer.step

    def dies(self: Trainer) -> Any:
        done[0] += 1
        if done[0] in {4, 9}:
            raise KeyboardInterrupt
        return plain(self)

    monkeypatch.setattr(Trainer, "step", dies)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            make(tmp_path / "cut")
    assert recording.same(made, make(tmp_path / "cut")) == []
    assert done[0] == counts(made)[0] + 2  # not one step was done twice


def test_an_interrupted_recording_goes_on(made: Recording, tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        make(tmp_path / "cut", deadline=0.0)
    assert recording.same(made, make(tmp_path / "cut")) == []


def test_the_policy_of_every_seed_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "PUBLISHED", replace(CONFIG, boards=2_000))
    made = record.make(tmp_path / "cache", silent, config=runs.PUBLISHED, seeds=(3, 4))
    paths = record.publish(tmp_path / "cache", made, tmp_path)
    assert [path.name for path in paths] == ["rollout_policy.safetensors", "rollout_policy_4.safetensors"]
    for seed, path in zip((3, 4), paths, strict=True):
        trained = runs.weights(SHORT(runs.PUBLISHED, seed, public=seed == 3), tmp_path / "cache")
        for name, value in inference.load(path).state_dict().items():
            torch.testing.assert_close(value, trained.state_dict()[name], rtol=1e-3, atol=1e-3)
    assert made.arrays["curve_success"].shape[0] == 2
    assert {"one.krk.win_rate.sd", "one.krk.win_rate.seed_3", "one.krk.win_rate.seed_4"} <= made.facts.keys()
