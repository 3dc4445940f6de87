"""One run made, put down on the way, and kept: a recording of its own in the cache, so that it is made once.

A run that was cut off goes on from its last checkpoint. Examined moments are spaced evenly in the logarithm of
the compute, from one hundredth of it to the whole, and at the start.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from stagelight.engines import recording
from stagelight.engines.experiment import checkpoint
from stagelight.engines.experiment.progress import NEVER, Interrupted, Progress
from stagelight.engines.recording import Recording, RecordingError
from stagelight.engines.rollout import grpo
from stagelight.engines.rollout.endgame import grpo as endgame
from stagelight.engines.rollout.games import train
from stagelight.engines.rollout.ladder import endings, games, mates, supervised
from stagelight.engines.rollout.ladder.runs import Run

EXAMINED = 12
CHECKPOINT_SECONDS = 20.0
TOLD = ("reward", "frac_reward_zero_std", "entropy", "clip_ratio")  # while it trains
Log = dict[str, NDArray[Any]]


def kept(run: Run, cache: Path) -> Recording | None:
    """A finished run, if the cache has it."""
    try:
        return recording.load(cache, run.key)
    except RecordingError:
        return None


def make(run: Run, cache: Path, progress: Progress, deadline: float = NEVER) -> Recording:
    """A run from its checkpoint, or from the start, to its end; kept in the cache.

    Args:
        run: which.
        cache: folder of checkpoints, compiled positions and finished runs.
        progress: told of each step.
        deadline: moment of `time.monotonic()` at which the run is saved and interrupted.

    Raises:
        Interrupted: the deadline passed.
    """
    if (found := kept(run, cache)) is not None:
        return found
    torch.set_num_threads(1)
    log: Log
    log, facts = _told(run, cache) if run.name.endswith(".supervised") else _through(run, cache, progress, deadline)
    made = Recording(
        name=run.key, seed=run.seed, config=_plain(asdict(run.config)), code_version="", facts=facts, events=(),
        arrays=log,
    )  # fmt: skip
    recording.save(made, cache)
    return made


def weights(run: Run, cache: Path) -> Path:
    """The file of a run's last checkpoint."""
    return cache / f"{run.key}.safetensors"


def _told(run: Run, cache: Path) -> tuple[Log, dict[str, float]]:
    started = time.process_time()
    if isinstance(run.config, endgame.Config):
        log: Log = {}
        facts = endings.facts(supervised.ending(run.config, run.seed), log)
    elif isinstance(run.config, grpo.Config):
        table, held_out = mates.tables(cache)
        log, facts = {}, {"solve_rate": grpo.solve_rate(supervised.mates(run.config, run.seed, table), held_out)}
    return log, facts | {"cpu_seconds": time.process_time() - started}


def _through(run: Run, cache: Path, progress: Progress, deadline: float) -> tuple[Log, dict[str, float]]:
    kind, trainer, total = _begin(run, cache)
    path, label = weights(run, cache), f"{run.name} {run.seed}"
    moments = [0, *(total * 100 ** (at / (EXAMINED - 1) - 1) for at in range(EXAMINED))]
    rows: dict[str, list[Any]] = {n: list(values) for n, values in (checkpoint.read(path, trainer) or {}).items()}
    seconds = rows.setdefault("log_cpu_seconds", [])
    saved = time.monotonic()
    while True:
        if kind.spent(trainer) >= moments[min(len(rows.get("curve_compute", [])), len(moments) - 1)] and len(
            rows.get("curve_compute", [])
        ) < len(moments):
            found = kind.examine(trainer)
            point = {"compute": kind.spent(trainer), "seconds": float(np.sum(seconds)), "step": trainer.done} | found
            for name, value in point.items():
                rows.setdefault(f"curve_{name}", []).append(value)
            progress(label, kind.spent(trainer), total, found)
        over = kind.spent(trainer) >= total
        if over or time.monotonic() - saved > CHECKPOINT_SECONDS or time.monotonic() > deadline:
            checkpoint.write(path, trainer, _stacked(rows))
            saved = time.monotonic()
        if over:
            break
        if saved > deadline:
            raise Interrupted(label)
        started = time.process_time()
        done, more = kind.step(trainer)
        seconds.append(time.process_time() - started)
        for name, value in ({f"log_{name}": getattr(done, name) for name in kind.METRICS} | more).items():
            rows.setdefault(name, []).append(value)
        progress(label, kind.spent(trainer), total, {name: float(getattr(done, name)) for name in TOLD})
    log = _stacked(rows)
    facts = kind.facts(trainer, log)
    spent = {"cpu_seconds": float(np.sum(seconds)), "steps": trainer.done, "compute": kind.spent(trainer)}
    return log, facts | spent | {"parameters": sum(p.numel() for p in trainer.policy.parameters())}


def _begin(run: Run, cache: Path) -> tuple[ModuleType, Any, int]:
    """How a run of this kind is made, the run at its start, and its compute."""
    config = run.config
    if isinstance(config, endgame.Config):
        return endings, endings.trainer(config, run.seed), config.budget
    if isinstance(config, train.Config):
        return games, games.trainer(config, run.seed, run.name == "games" and run.seed == 0), config.budget
    return mates, mates.Run(config, run.seed, cache), config.steps


def _stacked(rows: dict[str, list[Any]]) -> Log:
    """Columns as arrays, numbers as float32 unless they count."""
    found = {name: np.array(values) for name, values in rows.items() if values}
    return {
        n: a.astype(np.float32) if a.dtype == np.float64 and not n.endswith("compute") else a for n, a in found.items()
    }


def _plain(config: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in config.items()}
