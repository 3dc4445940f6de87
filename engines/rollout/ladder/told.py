"""What is said of the runs: means and spreads over seeds as facts, learning curves and the game in public as arrays.

Facts of a published run bear its name, `krk.win_rate`; those of whole games stand alone, `opening.mate_rate`; those of
a compared run bear its own, `krk.uniform.win_rate`; what it had reached after as many steps as the run of fewest steps
took, `krk.uniform.equal_steps.win_rate`. Each has the spread over seeds beside it, `.sd`, and each seed's value,
`.seed_0`. Arrays, S seeds, E examined moments, D distances, N steps of the first seed:

    <run>_compute, <run>_step, <run>_<measured>   (S, E)  learning curves, for every run
    <run>_win_rate_at                 (S, D)  endings, at the end, by distance to mate; -1 where none was asked
    slide_<depth, rung, success>      (N,)    the frontier of whole games: plies from mate, opponent, success there
    public_<what>                     (N, ..) the game in public, see `games.public`
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.experiment.statistics import summary
from stagelight.engines.recording import Recording
from stagelight.engines.rollout.ladder.runs import Run

Results = Mapping[Run, Recording]
Arrays = dict[str, NDArray[Any]]
VARIES = ("*seconds", "*minutes", "throughput.*", "*stockfish*")  # not the same on every machine or every time
CORES = 2  # that `wall_minutes` supposes
AVERAGED = 20  # steps, at either end of a run
_MEASURED = ("win_rate", "length_ratio", "solve_rate", "mate_rate", "lost_rate")
_ONCE = ("longest", "positions", "parameters", "compute")


def labels(seeds: Sequence[int]) -> list[str]:
    """The last part of the fact of each seed's value."""
    return [f"seed_{seed}" for seed in seeds]


def facts(results: Results) -> dict[str, float]:
    """Dotted name -> number, of every run."""
    found: dict[str, float] = {}
    for name, runs in _by_name(results).items():
        prefix = "" if name == "games" else f"{name}."
        seeds, parts = [run.seed for run in runs], [results[run].facts for run in runs]
        for fact in parts[0]:
            if fact in _ONCE:
                found[f"{name}.{fact}"] = parts[0][fact]
            elif any(part in fact for part in _MEASURED) and all(fact in part for part in parts):
                found |= summary(prefix + fact, [part[fact] for part in parts], labels(seeds))
        found[f"{name}.cpu_seconds"] = float(np.mean([part["cpu_seconds"] for part in parts]))
        if name == "games":
            found |= _of_games([results[run].arrays for run in runs], seeds)
        if "steps" in parts[0]:
            found[f"{name}.steps"] = float(np.mean([part["steps"] for part in parts]))
    return found


def _of_games(logs: list[Mapping[str, NDArray[Any]]], seeds: list[int]) -> dict[str, float]:
    """How many opponents of the ladder training came to face, and how far a step moves each layer, early and late."""
    found = summary("games.rungs", [float(log["log_rung"].max()) + 1 for log in logs], labels(seeds))
    for name, row in zip(("embedding", "block_1", "block_2"), logs[0]["public_layer_change"].T, strict=True):
        found[f"games.weight_change.{name}.first"] = float(row[:AVERAGED].mean())
        found[f"games.weight_change.{name}.last"] = float(row[-AVERAGED:].mean())
    return found


def throughput(results: Results) -> dict[str, float]:
    """Positions a second of processor time through the whole loop of the published runs, and their time together."""
    found: dict[str, float] = {}
    for fact, counted, chosen in (
        ("throughput.endgame_states_per_second", "log_visited", lambda name: name in {"kqk", "krk", "kbbk", "kbnk"}),
        ("throughput.game_positions_per_second", "", lambda name: name == "games"),
    ):
        parts = [made for run, made in results.items() if chosen(run.name)]
        if parts:
            made = sum(float(p.arrays[counted].sum()) if counted else p.facts["compute"] for p in parts)
            found[fact] = made / sum(part.facts["cpu_seconds"] for part in parts)
    logs = [made.arrays for run, made in results.items() if run.name == "games"]
    if logs:  # the steps against the random mover alone, who costs nothing
        first = [log["log_rung"] == 0 for log in logs]
        made = sum(float(log["log_positions"][at].max()) for log, at in zip(logs, first, strict=True))
        spent = sum(float(log["log_cpu_seconds"][at].sum()) for log, at in zip(logs, first, strict=True))
        found["throughput.game_positions_per_second.random"] = made / spent
    return found


def arrays(results: Results) -> Arrays:
    """Learning curves of every run, and the slide and the game in public of the first seed of whole games."""
    found: Arrays = {}
    for name, runs in _by_name(results).items():
        label = name.replace(".", "_")
        curves = [results[run].arrays for run in runs]
        for key in curves[0]:
            if key.startswith("curve_"):
                found[f"{label}_{key.removeprefix('curve_')}"] = _level([curve[key] for curve in curves])
            elif key == "win_rate_at":
                found[f"{label}_{key}"] = np.stack([curve[key] for curve in curves])
        if name == "games":
            found |= {key.replace("log_", "slide_"): value for key, value in curves[0].items()
                      if key in {"log_depth", "log_rung", "log_success"} or key.startswith("public_")}  # fmt: skip
    return found


def equal_steps(found: Mapping[str, NDArray[Any]], names: Sequence[str], seeds: list[int]) -> dict[str, float]:
    """What runs of one kind had learnt after the same number of steps, read off their learning curves.

    Between two examined moments the curve is taken as straight.

    Args:
        found: a recording's arrays.
        names: the runs to compare.
        seeds: of each.

    Returns:
        `<run>.equal_steps.<measured>` with its spread, and the steps, `<first run's stage>.equal_steps`.
    """
    columns = {name: name.replace(".", "_") for name in names}
    least = min(float(found[f"{label}_step"][:, -1].min()) for label in columns.values())
    told: dict[str, float] = {f"{names[0].split('.')[0]}.equal_steps": least}
    for name, label in columns.items():
        for measured in ("win_rate", "tails_9", "tails_31", "opening"):
            if f"{label}_{measured}" in found:
                rows = zip(found[f"{label}_step"], found[f"{label}_{measured}"], strict=True)
                values = [float(np.interp(least, steps, curve)) for steps, curve in rows]
                told |= summary(f"{name}.equal_steps.{measured}", values, labels(seeds))
    return told


def _by_name(results: Results) -> dict[str, list[Run]]:
    names: dict[str, list[Run]] = {}
    for run in sorted(results, key=lambda run: run.seed):
        names.setdefault(run.name, []).append(run)
    return names


def _level(rows: list[NDArray[Any]]) -> NDArray[Any]:
    """Curves of as many points as the shortest has; the last point of each is its own last."""
    least = min(map(len, rows))
    return np.stack([np.concatenate([row[: least - 1], row[-1:]]) for row in rows])


def lines(found: Mapping[str, float]) -> Iterator[tuple[str, float, float | None, int]]:
    """What was measured over seeds: name, mean, spread, how many seeds."""
    for name, value in found.items():
        seeds = sum(other.startswith(f"{name}.seed_") for other in found)
        if seeds:
            yield name, value, found.get(f"{name}.sd"), seeds
