"""Runs to compare the published one with: one thing changed in each, at equal compute, three seeds.

Each method first runs one seed at each rate of `RATES`; the rate with the best mean success over all cells is then run
with the other seeds. `boards` of each run are `BOARDS`, far fewer than the published run's: the method that is
published is among them at the same compute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np

from stagelight.engines.experiment import pool
from stagelight.engines.experiment.checkpoint import Log
from stagelight.engines.experiment.progress import NEVER, Progress, silent
from stagelight.engines.experiment.provenance import require_version
from stagelight.engines.experiment.statistics import summary
from stagelight.engines.recording import Recording
from stagelight.engines.rollout import evaluation, record, runs, supervised
from stagelight.engines.rollout.curriculum import Rule
from stagelight.engines.rollout.grpo import Config
from stagelight.engines.rollout.runs import Run
from stagelight.engines.rollout.starts import CELLS, Starts

BOARDS = 1_500_000
MOMENTS = (0.0, 0.5, 1.0)  # shares of a run after which its policy is examined
RATES = (3e-4, 1e-3, 3e-3)
_GRPO = replace(runs.PUBLISHED, boards=BOARDS)
METHODS: Mapping[str, Config] = {
    "published": _GRPO,
    "spread": replace(_GRPO, advantage="spread"),
    "rloo": replace(_GRPO, advantage="leave_one_out"),
    "reinforce": replace(_GRPO, advantage="none"),
    "ppo": replace(_GRPO, advantage="value"),
    "no_flags": replace(_GRPO, flags=False),
    "no_entropy": replace(_GRPO, entropy_coef=0.0),
    "no_rehearsal": replace(_GRPO, rule=Rule(rehearsal=0.0)),
    "uniform": replace(_GRPO, rule=Rule(mode="uniform")),
    "opening_only": replace(_GRPO, rule=Rule(mode="opening_only")),
    "far": replace(_GRPO, rule=Rule(mode="far")),
}
FAMILIES = {
    "mates": [cell.kind == "mate" for cell in CELLS],
    "endings": [cell.opponent == "tablebase" for cell in CELLS],
    "games": [cell.kind in {"tail", "opening"} for cell in CELLS],
    "all": [True for _ in CELLS],
}


def compare(before: Recording, cache: Path, progress: Progress, jobs: int, deadline: float = NEVER) -> Recording:
    """A recording with the methods that it is compared with beside it.

    Args:
        before: the recording.
        cache: folder of the checkpoints.
        progress: told of each step.
        jobs: runs trained at once.
        deadline: moment of `time.monotonic()` at which the training is saved and interrupted.

    Raises:
        ValueError: other code made the recording.
        Interrupted: the deadline passed; the same call resumes.
    """
    require_version(before, record.version())
    seeds = tuple(int(seed) for seed in before.config["seeds"])
    swept = [run for method in METHODS for run in _sweep(method, seeds[0])]
    _train_all(swept, cache, progress, jobs, deadline, "sweeping the learning rate")
    rates = {method: _best_rate(method, seeds[0], cache) for method in METHODS}
    final = {method: [_run(method, rate, seed) for seed in seeds] for method, rate in rates.items()}
    _train_all([run for each in final.values() for run in each], cache, progress, jobs, deadline, "comparing methods")
    facts: dict[str, float] = {"baselines.boards": BOARDS}
    logs = {method: [runs.make(run, cache, silent)[1] for run in chosen] for method, chosen in final.items()}
    facts["baselines.equal_steps"] = least = float(min(log["curve_step"][-1] for each in logs.values() for log in each))
    for method, each in logs.items():
        facts |= _facts(method, each, seeds, least) | {f"baselines.{method}.learning_rate": rates[method]}
    facts |= _supervised(seeds)
    compared = {method: record.plain(asdict(config)) for method, config in METHODS.items()}
    return replace(
        before,
        config={**before.config, "compared": compared},
        facts=dict(sorted({**before.facts, **{name: record.number(value) for name, value in facts.items()}}.items())),
    )


def _run(method: str, rate: float, seed: int) -> Run:
    return Run(replace(METHODS[method], learning_rate=rate), seed, f"{method}_{rate:g}", moments=MOMENTS)


def _sweep(method: str, seed: int) -> list[Run]:
    return [_run(method, rate, seed) for rate in RATES]


def _train_all(wanted: Sequence[Run], cache: Path, progress: Progress, jobs: int, deadline: float, what: str) -> None:
    for _ in pool.run_all(
        wanted, partial(_train, cache, deadline), jobs=jobs, progress=progress, deadline=deadline, what=what
    ):
        pass  # each keeps its own checkpoint


def _train(cache: Path, deadline: float, run: Run, progress: Progress) -> None:
    runs.make(run, cache, progress, deadline)


def _best_rate(method: str, seed: int, cache: Path) -> float:
    success = {}
    for run in _sweep(method, seed):
        _, log = runs.make(run, cache, silent)
        success[run.config.learning_rate] = float(log["curve_success"][-1].mean())
    return max(success, key=lambda rate: success[rate])


def _facts(method: str, logs: Sequence[Log], seeds: Sequence[int], least: float) -> dict[str, float]:
    """The results of a method's seeds at the end, and after `least` steps, between examined moments on a line."""
    labels, found = [f"seed_{seed}" for seed in seeds], dict[str, float]()
    for family, within in {**FAMILIES, "mate_in_one": [cell == CELLS[0] for cell in CELLS]}.items():
        curves = [log["curve_success"][:, within].mean(axis=1) for log in logs]
        found |= summary(f"baselines.{method}.{family}", [float(curve[-1]) for curve in curves], labels)
        even = [float(np.interp(least, log["curve_step"], curve)) for log, curve in zip(logs, curves, strict=True)]
        found |= summary(f"baselines.{method}.equal_steps.{family}", even, labels)
    found[f"baselines.{method}.steps"] = float(np.mean([log["curve_step"][-1] for log in logs]))
    found[f"baselines.{method}.cpu_seconds"] = float(np.mean([log["log_seconds"].sum() for log in logs]))
    return found


def _supervised(seeds: Sequence[int]) -> dict[str, float]:
    """Held-out mates in one solved by the network that was shown the answers, at the best rate."""
    train, held_out, rates = Starts(held_out=False), Starts(held_out=True), dict[float, list[float]]()
    for rate in RATES:
        policies = [supervised.train(replace(_GRPO, learning_rate=rate), seed, train) for seed in seeds]
        rates[rate] = [evaluation.mate_rate(policy, held_out) for policy in policies]
    best = max(rates, key=lambda rate: float(np.mean(rates[rate])))
    return summary("baselines.supervised.mate_in_one", rates[best], [f"seed_{seed}" for seed in seeds])
