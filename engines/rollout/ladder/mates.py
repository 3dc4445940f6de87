"""One run on mates in one that is compared with the published ones, which `stagelight.engines.rollout.record` makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from stagelight.engines.experiment.progress import silent
from stagelight.engines.rollout import positions
from stagelight.engines.rollout.encoding import Table
from stagelight.engines.rollout.grpo import Config, Step, Trainer, solve_rate
from stagelight.engines.rollout.tables import compiled

METRICS = ("reward", "reward_std", "frac_reward_zero_std", "visited", "used", "entropy", "entropy_coef", "clip_ratio",
           "grad_norm", "learning_rate")  # fmt: skip
Log = dict[str, NDArray[Any]]


def tables(cache: Path) -> tuple[Table, Table]:
    """Training and held-out positions, from the cache where it has them."""
    corpus = positions.load()

    return compiled(corpus.train, cache, "", silent), compiled(corpus.held_out, cache, "", silent)


class Run(Trainer):
    """A trainer that knows what it is examined on."""

    def __init__(self, config: Config, seed: int, cache: Path) -> None:
        table, self.held_out = tables(cache)
        super().__init__(config, seed, table)


def spent(run: Run) -> int:
    """Steps done, of `config.steps`."""
    return run.done


def step(run: Run) -> tuple[Step, Log]:
    """One step, and what is kept of it beside its metrics."""
    return run.step(), {}


def examine(run: Run) -> dict[str, float]:
    """What stands on the learning curve."""
    return {"solve_rate": solve_rate(run.policy, run.held_out)}


def facts(run: Run, log: Log) -> dict[str, float]:
    """The end of the run in numbers."""
    return examine(run)
