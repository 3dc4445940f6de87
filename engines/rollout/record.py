"""From training runs to a recording: one policy, three seeds, the first one watched.

The recording's arrays. S seeds, N steps of the first seed, E examined moments, C cells, G rollouts of a group:

    curve_<boards, step, seconds>  (S, E)     what had been spent at each examined moment
    curve_success     (S, E, C)               share of held-out starts of each cell mated from within the budget
    final_success     (S, C)                  the same of the policies as they are published, on more and other starts
    log_<metric>      (N,)                    one metric of every step; names as in `grpo.Step`
    frontier_depth    (N,)                    plies from mate of the farthest start of a whole game; 1001 the opening
    frontier_opponent (N,)                    its opponent, index into config["opponents"]
    game_<what>       (N, ...)                the game in public, one move a step: see `training_game`
    game_kind, game_depth, game_opponent (N,) where its start lies: indices into config["kinds"], plies, ["opponents"]
    watch_<what>      (W, ...)                more of it at the watched steps: see `training_game` and `runs.watched`
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.experiment import pool
from stagelight.engines.experiment.checkpoint import Log
from stagelight.engines.experiment.progress import NEVER, Progress, silent
from stagelight.engines.experiment.provenance import code_version
from stagelight.engines.experiment.statistics import summary
from stagelight.engines.recording import Recording
from stagelight.engines.rollout import evaluation, games, inference, mates, narrative, own_start, runs, stockfish
from stagelight.engines.rollout.grpo import Config
from stagelight.engines.rollout.policy import Policy
from stagelight.engines.rollout.runs import SEEDS, Run
from stagelight.engines.rollout.starts import CELLS, FIRST, Starts

__all__ = ["SEEDS", "make", "publish", "version"]
KINDS = ("mate in one", "mate in two", "mate in three", "kqk", "krk", "kbbk", "kbnk", "tail", "opening")
VARIES = (
    "*seconds",
    "*minutes",
    "throughput.*",
    "*stockfish*",
    "outside.*",
)  # not the same on every machine or every time
MASTERED = 0.85  # success from which a later drop counts as forgetting
_SHORTER = {"watch_legal_moves": "watch_legal", "watch_all_before": "watch_before", "watch_all_after": "watch_after",
            "watch_ending": "watch_outcome"}  # fmt: skip
FINAL = 512  # held-out starts of each cell on which the final policy is asked
STOCKFISH_GAMES = 64  # of each seed
AVERAGED = 20  # steps, at either end of a run


def make(
    cache: Path,
    progress: Progress,
    *,
    config: Config = runs.PUBLISHED,
    seeds: Sequence[int] = SEEDS,
    start: str | None = None,
    policy: Path | None = None,
    jobs: int = 1,
    deadline: float = NEVER,
) -> Recording:
    """Train every seed, resuming what `cache` holds, and return the recording.

    Args:
        cache: folder of the checkpoints.
        progress: told of each step.
        config: of the run.
        seeds: the first one plays a game in public.
        start: a FEN; instead, the published policy is trained on for some steps with a game in public from there.
        policy: its weights, for `start`.
        jobs: seeds trained at once.
        deadline: moment of `time.monotonic()` at which the training is saved and interrupted.

    Raises:
        ValueError: `start` is no position with a known mate, or there is no policy.
        Interrupted: the deadline passed; the same call resumes.
    """
    if start is not None:
        return _own(start, policy, seeds[0], progress, deadline)
    wanted = [Run(config, seed, public=seed == seeds[0]) for seed in seeds]
    work = partial(_measure, cache, deadline)
    found = dict(pool.run_all(wanted, work, jobs=jobs, progress=progress, deadline=deadline, what="training"))
    made = [runs.make(run, cache, silent) for run in wanted]
    policies, logs = [inference.as_published(policy) for policy, _ in made], [log for _, log in made]
    measured = [found[run] for run in wanted]
    facts = _facts(policies, logs, [facts for facts, _ in measured], seeds, config)
    return Recording(
        name="rollout",
        seed=seeds[0],
        config=_config(config, seeds),
        code_version=version(),
        facts=dict(sorted((name, number(value)) for name, value in facts.items())),
        events=tuple(_events(policies[0], logs[0], facts, seeds[0])),
        arrays=_arrays(logs) | {"final_success": np.stack([success for _, success in measured])},
    )  # fmt: skip


def _own(start: str, policy: Path | None, seed: int, progress: Progress, deadline: float) -> Recording:
    """The recording of a reader's position."""
    board = inference.position(start, "--start")
    if policy is None:
        raise ValueError("--start: no policy given to train on; give the published one")
    log = own_start.train(inference.load(policy), board, seed, progress, deadline)
    facts = {"group_size": own_start.CONFIG.group_size, "steps": len(log["log_reward"])}
    return Recording(
        "rollout", seed, _config(own_start.CONFIG, [seed]) | {"start": board.fen()}, version(), facts,
        tuple(narrative.training_game(log)), _arrays([log]),
    )  # fmt: skip


def _measure(
    cache: Path, deadline: float, run: Run, progress: Progress
) -> tuple[dict[str, float], NDArray[np.float32]]:
    """Train a run to its end; what its policy can do, and its success in each cell, (C,), as it is published."""
    trained, log = runs.make(run, cache, progress, deadline)
    policy, held_out = inference.as_published(trained), Starts(held_out=True)
    success = evaluation.success(policy, held_out, FINAL, 2)
    return evaluation.facts(policy, held_out, run.seed) | _of_log(log, success), success


def _facts(
    policies: list[Policy], logs: list[Log], found: list[dict[str, float]], seeds: Sequence[int], config: Config
) -> dict[str, float]:
    """Means and spreads over the seeds, and what is said of the runs once."""
    labels, held_out = [f"seed_{seed}" for seed in seeds], Starts(held_out=True)
    facts: dict[str, float] = {}
    for name in found[0]:
        facts |= summary(f"one.{name}", [each[name] for each in found if name in each], labels)
    facts |= _against_stockfish(policies, labels)
    facts |= {f"flags_only.{name}": rate for name, rate in evaluation.flags_only(held_out).items()}
    facts["flags_only.mate_in_one"] = facts["flags_only.safe_checks"]
    boards, seconds = sum(log["log_boards"][-1] for log in logs), sum(log["log_seconds"].sum() for log in logs)
    first, train = logs[0], Starts(held_out=False)
    facts |= {
        "throughput.positions_per_second": boards / seconds,
        "cpu_minutes": seconds / 60, "wall_minutes": seconds / 60 / len(seeds), "seeds": len(seeds),
        "parameters": sum(each.numel() for each in policies[0].parameters()),
        "group_size": config.group_size, "boards": config.boards, "steps": float(len(first["log_reward"])),
        "held_out.starts": runs.EXAMINED, "held_out.endings": evaluation.POSITIONS, "held_out.games": evaluation.GAMES,
    }  # fmt: skip
    for depth in (1, 2, 3):
        facts[f"positions.mate_in_{depth}"] = len(train.mates[depth - 1])
        facts[f"held_out.mate_in_{depth}"] = len(held_out.mates[depth - 1])
    for name in ("entropy", "frac_reward_zero_std", "clip_ratio"):
        rows = np.stack([log[f"log_{name}"][[0, -1]] for log in logs])
        facts |= {f"{name}.first": rows[:, 0].mean(), f"{name}.last": rows[:, 1].mean()}
    facts["clip_ratio.mean"] = float(np.mean([log["log_clip_ratio"].mean() for log in logs]))
    for name, row in zip(("embedding", "block_1", "block_2"), first["game_layer_change"].T, strict=True):
        facts[f"weight_change.{name}.first"] = float(row[:AVERAGED].mean())
        facts[f"weight_change.{name}.last"] = float(row[-AVERAGED:].mean())
    return facts


def _against_stockfish(policies: Sequence[Policy], labels: Sequence[str]) -> dict[str, float]:
    """Games from the opening against Stockfish at its weakest, the policy White."""
    rates: dict[str, list[float]] = {"": [], ".lost": []}
    for policy in policies:
        ended = stockfish.games(lambda board: inference.candidates(policy, board)[0][0], STOCKFISH_GAMES)  # noqa: B023
        won = [end.winner for end in ended if end is not None and end.winner is not None]
        rates[""].append(sum(won) / STOCKFISH_GAMES)
        rates[".lost"].append((len(won) - sum(won)) / STOCKFISH_GAMES)
    found = {
        k: v for name, each in rates.items() for k, v in summary(f"one.opening.stockfish{name}", each, labels).items()
    }
    return found | {"one.opening.stockfish.games": float(STOCKFISH_GAMES * len(policies))}


def _of_log(log: Log, final: NDArray[np.float32]) -> dict[str, float]:
    """Facts of a run's log: how much was forgotten, and what the untrained policy could do.

    Success in a cell is smoothed over two moments. A cell is mastered when that first reaches `MASTERED`; what has
    been lost by the end is measured on `FINAL` other starts: final, (C,).
    """
    success = log["curve_success"]
    smooth = (success[:-1] + success[1:]) / 2
    mastered = smooth >= MASTERED
    first = smooth[mastered.argmax(axis=0), np.arange(success.shape[1])]
    drop = np.where(mastered.any(axis=0), first - final, 0.0)
    return {
        "forgetting.worst": float(drop.max()),
        "mastered": float((final >= MASTERED).sum()),
        "cells": float(len(final)),
        "untrained.mate_in_one": float(success[0][0]),
    }


def _events(policy: Policy, log: Log, facts: dict[str, float], seed: int) -> list[dict[str, Any]]:
    rates = {name.removeprefix("one."): value for name, value in facts.items()}
    return [
        *narrative.training_game(log),
        *narrative.frontiers(log),
        *narrative.surest_mistake(log, policy),
        narrative.rewind(games.load().held_out),
        *narrative.failure(policy, narrative.held_out_mates()),
        *narrative.showcase(policy, rates, seed),
    ]


def _arrays(logs: list[Log]) -> dict[str, NDArray[Any]]:
    first = logs[0]
    found = {name: np.stack([log[name] for log in logs]) for name in first if name.startswith("curve_")}
    found |= {name: first[name] for name in first if name.startswith(("game_", "watch_", "log_"))}
    for name in ("log_seconds", "game_cell", "log_frontier"):
        found.pop(name, None)
    for name, short in _SHORTER.items():
        found[short] = found.pop(name)
    opponents, cell = sorted(_opponents()), [CELLS[at] for at in first["game_cell"]]
    frontier = [CELLS[at] for at in first["log_frontier"]]
    return found | {
        "game_kind": np.array([_kind(each) for each in cell], np.int8),
        "game_depth": np.array([_plies(int(n)) for n in first["game_needed"]], np.int16),
        "game_opponent": np.array([opponents.index(each.opponent) for each in cell], np.int8),
        "frontier_depth": np.array([_plies(each.nearest) for each in frontier], np.int16),
        "frontier_opponent": np.array([opponents.index(each.opponent) for each in frontier], np.int8),
    }


def _kind(cell: Any) -> int:
    return cell.nearest - 1 if cell.kind == "mate" else KINDS.index(cell.kind)


def _plies(moves: int) -> int:
    return 1001 if moves >= FIRST else 2 * moves - 1


def _opponents() -> set[str]:
    return {cell.opponent for cell in CELLS}


def _config(config: Config, seeds: Sequence[int]) -> dict[str, Any]:
    """The configuration of a recording, and the names that its arrays count by."""
    return plain(asdict(config)) | {
        "seeds": list(seeds), "mates_sha256": mates.load().sha256, "games_sha256": games.load().sha256,
        "cells": [cell.name for cell in CELLS], "kinds": list(KINDS), "opponents": sorted(_opponents()),
        "outcomes": ["goes on", "mate", "stalemate", "fifty moves", "repetition", "material", "lost"],
        "varies": list(VARIES),
    }  # fmt: skip


def plain(config: dict[str, Any]) -> dict[str, Any]:
    """A configuration as JSON."""
    return {
        name: plain(value) if isinstance(value, dict) else list(value) if isinstance(value, tuple) else value
        for name, value in config.items()
    }


def number(value: float) -> float:
    """A fact as it is written: whole numbers as integers, others to six decimals."""
    return int(value) if float(value).is_integer() else round(float(value), 6)


def version() -> str:
    """The code version of a recording."""
    return code_version(__name__)


def publish(cache: Path, made: Recording, folder: Path) -> list[Path]:
    """Write the policy of every seed beside a recording, the first under the plain name; returns the paths."""
    paths: list[Path] = []
    if made.config.get("start") is not None:
        return paths
    for seed in made.config["seeds"]:
        run = Run(runs.PUBLISHED, seed, public=seed == made.seed)
        path = folder / (inference.FILE if seed == made.seed else inference.FILE.replace(".", f"_{seed}.", 1))
        inference.publish(runs.weights(run, cache), path)
        paths.append(path)
    return paths
