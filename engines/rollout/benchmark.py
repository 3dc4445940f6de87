"""Runs to compare the published one with: one thing changed in each, at equal compute, three seeds.

Each method first runs one seed at each rate of `RATES`; the rate with the best mean success over all cells is then run
with the other seeds. `boards` of each run are `BOARDS`, far fewer than the published run's: the method that is
published is among them at the same compute. A method is in the recording as soon as its seeds are done:

    baseline_<method>_steps    (S, M)     steps of each seed at the examined moments
    baseline_<method>_success  (S, M, F)  mean success over the held-out starts of each of `FAMILIES`
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

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

BOARDS = 3_000_000
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
    "mate_in_one": [cell == CELLS[0] for cell in CELLS],
}


def compare(
    before: Recording,
    cache: Path,
    progress: Progress,
    jobs: int,
    deadline: float = NEVER,
    save: Callable[[Recording], object] = lambda _: None,
) -> Recording:
    """A recording with the methods that it is compared with beside it.

    Args:
        before: the recording; methods that were compared with it already are not run again.
        cache: folder of the checkpoints.
        progress: told of each step.
        jobs: runs trained at once.
        deadline: moment of `time.monotonic()` at which the training is saved and interrupted.
        save: called with the recording after each method.

    Raises:
        ValueError: other code made the recording.
        Interrupted: the deadline passed; the same call resumes.
    """
    require_version(before, record.version())
    seeds = tuple(int(seed) for seed in before.config["seeds"])
    made = before
    for method, config in METHODS.items():
        compared, wanted = made.config.get("compared", {}), record.plain(asdict(config))
        if compared.get(method) == wanted and f"baseline_{method}_steps" in made.arrays:
            continue
        rate = _best_rate(method, seeds[0], partial(_train_all, cache, progress, jobs, deadline))
        logs = _train_all(cache, progress, jobs, deadline, [_run(method, rate, seed) for seed in seeds])
        arrays = {**made.arrays, **_arrays(method, logs)}
        made = replace(made, config={**made.config, "compared": {**compared, method: wanted}}, arrays=arrays)
        made = _with_facts(made, _cost(method, rate, logs) | _compared(arrays, seeds))
        save(made)
    if made is before and "baselines.supervised.mate_in_one" in made.facts:
        return made
    return _with_facts(made, _supervised(seeds))


def _with_facts(before: Recording, facts: Mapping[str, float]) -> Recording:
    rounded = {name: record.number(value) for name, value in facts.items()}
    return replace(before, facts=dict(sorted({**before.facts, **rounded}.items())))


def _run(method: str, rate: float, seed: int) -> Run:
    return Run(replace(METHODS[method], learning_rate=rate), seed, f"{method}_at_{rate:g}", moments=MOMENTS)


def _train_all(cache: Path, progress: Progress, jobs: int, deadline: float, wanted: Sequence[Run]) -> list[Log]:
    """Train runs, each from its own checkpoint; the log of each."""
    what = f"comparing: {wanted[0].name.partition('_at_')[0]}"
    for _ in pool.run_all(
        wanted, partial(_train, cache, deadline), jobs=jobs, progress=progress, deadline=deadline, what=what
    ):
        pass
    return [runs.make(run, cache, silent)[1] for run in wanted]


def _train(cache: Path, deadline: float, run: Run, progress: Progress) -> None:
    runs.make(run, cache, progress, deadline)


def _best_rate(method: str, seed: int, train: Callable[[Sequence[Run]], list[Log]]) -> float:
    """The learning rate whose run of one seed succeeds most often, over all cells."""
    logs = train([_run(method, rate, seed) for rate in RATES])
    return max(zip(RATES, logs, strict=True), key=lambda each: float(each[1]["curve_success"][-1].mean()))[0]


def _arrays(method: str, logs: Sequence[Log]) -> dict[str, NDArray[Any]]:
    """The curves of a method's seeds, as the head of this module says."""
    success = [[log["curve_success"][:, within].mean(axis=1) for within in FAMILIES.values()] for log in logs]
    return {
        f"baseline_{method}_steps": np.array([log["curve_step"] for log in logs], np.int32),
        f"baseline_{method}_success": np.array(success, np.float32).transpose(0, 2, 1),
    }


def _cost(method: str, rate: float, logs: Sequence[Log]) -> dict[str, float]:
    return {
        f"baselines.{method}.learning_rate": rate,
        f"baselines.{method}.steps": float(np.mean([log["curve_step"][-1] for log in logs])),
        f"baselines.{method}.cpu_seconds": float(np.mean([log["log_seconds"].sum() for log in logs])),
    }


def _compared(arrays: Mapping[str, NDArray[Any]], seeds: Sequence[int]) -> dict[str, float]:
    """The results of all methods at the end, and after the least steps of any, between moments on a line."""
    labels = [f"seed_{seed}" for seed in seeds]
    curves = {
        method: (arrays[f"baseline_{method}_steps"], arrays[f"baseline_{method}_success"])
        for method in METHODS if f"baseline_{method}_steps" in arrays
    }  # fmt: skip
    least = float(min(steps[:, -1].min() for steps, _ in curves.values()))
    found: dict[str, float] = {"baselines.boards": BOARDS, "baselines.equal_steps": least}
    for method, (steps, success) in curves.items():
        for family, curve in zip(FAMILIES, success.transpose(2, 0, 1), strict=True):
            even = [float(np.interp(least, *each)) for each in zip(steps, curve, strict=True)]
            found |= summary(f"baselines.{method}.{family}", curve[:, -1].tolist(), labels)
            found |= summary(f"baselines.{method}.equal_steps.{family}", even, labels)
    return found


def _supervised(seeds: Sequence[int]) -> dict[str, float]:
    """Held-out mates in one solved by the network that was shown the answers, at the best rate."""
    train, held_out, rates = Starts(held_out=False), Starts(held_out=True), dict[float, list[float]]()
    for rate in RATES:
        policies = [supervised.train(replace(_GRPO, learning_rate=rate), seed, train) for seed in seeds]
        rates[rate] = [evaluation.mate_rate(policy, held_out) for policy in policies]
    best = max(rates, key=lambda rate: float(np.mean(rates[rate])))
    return summary("baselines.supervised.mate_in_one", rates[best], [f"seed_{seed}" for seed in seeds])
