"""What the published run is compared with: one thing changed in each, at equal compute, three seeds.

Each method first runs one seed at each rate of `RATES`; the rate with the best mean success over all cells is then run
with the other seeds. `boards` of each run are `BOARDS`, far fewer than the published run's: the method that is
published, `grpo`, is among them at the same compute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np

from stagelight.engines.experiment import pool
from stagelight.engines.experiment.progress import NEVER, Progress, silent
from stagelight.engines.experiment.provenance import require_version
from stagelight.engines.experiment.statistics import summary
from stagelight.engines.recording import Recording
from stagelight.engines.rollout import evaluation, record, runs, supervised
from stagelight.engines.rollout.curriculum import Rule
from stagelight.engines.rollout.grpo import Config
from stagelight.engines.rollout.runs import Run
from stagelight.engines.rollout.starts import CELLS, Starts

BOARDS = 6_000_000
RATES = (3e-4, 1e-3, 3e-3)
_GRPO = replace(runs.PUBLISHED, boards=BOARDS)
METHODS: Mapping[str, Config] = {
    "grpo": _GRPO,
    "spread": replace(_GRPO, advantage="spread"),
    "leave_one_out": replace(_GRPO, advantage="leave_one_out"),
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
    swept = [Run(config, seeds[0], name) for method in METHODS for name, config in _sweep(method)]
    _train_all(swept, cache, progress, jobs, deadline, "sweeping the learning rate")
    rates = {method: _best_rate(method, seeds[0], cache) for method in METHODS}
    final = {method: [Run(replace(METHODS[method], learning_rate=rate), seed, f"{method}_{rate:g}") for seed in seeds]
             for method, rate in rates.items()}  # fmt: skip
    _train_all([run for each in final.values() for run in each], cache, progress, jobs, deadline, "comparing methods")
    facts: dict[str, float] = {"baselines.boards": BOARDS}
    for method, chosen in final.items():
        facts |= _facts(method, chosen, cache) | {f"baselines.{method}.learning_rate": rates[method]}
    facts |= _supervised(seeds)
    compared = {method: record.plain(asdict(config)) for method, config in METHODS.items()}
    return replace(
        before,
        config={**before.config, "compared": compared},
        facts=dict(sorted({**before.facts, **{name: record.number(value) for name, value in facts.items()}}.items())),
    )


def _sweep(method: str) -> list[tuple[str, Config]]:
    return [(f"{method}_{rate:g}", replace(METHODS[method], learning_rate=rate)) for rate in RATES]


def _train_all(wanted: Sequence[Run], cache: Path, progress: Progress, jobs: int, deadline: float, what: str) -> None:
    for _ in pool.run_all(
        wanted, partial(_train, cache, deadline), jobs=jobs, progress=progress, deadline=deadline, what=what
    ):
        pass  # each keeps its own checkpoint


def _train(cache: Path, deadline: float, run: Run, progress: Progress) -> None:
    runs.make(run, cache, progress, deadline)


def _best_rate(method: str, seed: int, cache: Path) -> float:
    success = {}
    for name, config in _sweep(method):
        _, log = runs.make(Run(config, seed, name), cache, silent)
        success[config.learning_rate] = float(log["curve_success"][-1].mean())
    return max(success, key=lambda rate: success[rate])


def _facts(method: str, chosen: Sequence[Run], cache: Path) -> dict[str, float]:
    """What the seeds of a method came to, at the end and after as many steps as the shortest run of all took."""
    labels, found = [f"seed_{run.seed}" for run in chosen], dict[str, float]()
    logs = [runs.make(run, cache, silent)[1] for run in chosen]
    for family, within in FAMILIES.items():
        values = [float(log["curve_success"][-1][within].mean()) for log in logs]
        found |= summary(f"baselines.{method}.{family}", values, labels)
    found |= summary(f"baselines.{method}.mate_in_one", [float(log["curve_success"][-1][0]) for log in logs], labels)
    found[f"baselines.{method}.steps"] = float(np.mean([len(log["log_reward"]) for log in logs]))
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
