"""Training runs: which there are, how one is made and kept, and what is logged of it.

The log's arrays. N steps, E examined moments, C cells:

    log_<metric>     (N,)    one metric of every step; names as in `grpo.Step`; `log_seconds` is processor time
    log_frontier     (N,)    index into `starts.CELLS` of the farthest start of a whole game, before the step
    curve_boards, curve_step, curve_seconds  (E,)  what had been spent when the policy was examined
    curve_success    (E, C)  share of `EXAMINED` held-out starts of each cell from which it mates within the budget
    game_<what>      (N, ...)  the game in public, if the run has one: see `training_game`
    watch_<what>     (W, ...)  more of it, at the watched steps
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from stagelight.engines.experiment import checkpoint
from stagelight.engines.experiment.checkpoint import Log
from stagelight.engines.experiment.progress import NEVER, Progress
from stagelight.engines.experiment.provenance import code_version, key
from stagelight.engines.experiment.training import run_to_completion
from stagelight.engines.rollout import evaluation, games, mates, ppo
from stagelight.engines.rollout.grpo import Config, Step, Trainer
from stagelight.engines.rollout.policy import Policy
from stagelight.engines.rollout.starts import CELLS, Starts
from stagelight.engines.rollout.training_game import TrainingGame

SEEDS = (0, 1, 2)
PUBLISHED = Config()
METRICS = ("boards", "reward", "reward_std", "frac_reward_zero_std", "clip_ratio", "entropy", "entropy_coef",
           "grad_norm", "learning_rate", "mean_length")  # fmt: skip
LIVE = ("reward", "frac_reward_zero_std", "entropy", "clip_ratio")  # of a live table
MOMENTS = (0.0, 0.01, 0.03, 0.06, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
EXAMINED = 128  # held-out starts of each cell
# Of the game in public: what is kept of every step, and what of watched steps alone.
GAME = ("board", "cell", "needed", "moves", "legal", "move", "before", "after", "drawn", "reward", "advantage",
        "played", "reply", "outcome", "over", "activation", "change", "layer_change")  # fmt: skip
WATCH = ("line", "ending", "legal_moves", "all_before", "all_after", "edge", "edge_change", "from_piece", "to_move",
         "to_move_change")  # fmt: skip


@dataclass(frozen=True)
class Run:
    """One run from random weights."""

    config: Config
    seed: int
    name: str = "one"
    public: bool = False  # whether a game is played in public
    moments: tuple[float, ...] = MOMENTS  # shares of the run after which the policy is examined

    @property
    def key(self) -> str:
        """A name that changes with the code, the data, the configuration and the seed."""
        made_by = key(code_version(__name__), _data(), repr(self.config), self.public, repr(self.moments))
        return f"{self.name}_{self.seed}_{made_by}"

    def path(self, folder: Path) -> Path:
        """The checkpoint, which at the end holds the weights and the log."""
        return folder / f"{self.key}.safetensors"


@cache
def _data() -> str:
    return f"{mates.load().sha256} {games.load().sha256}"


def watched(step: int) -> bool:
    """True if a step of the game in public is recorded in full: the first eight, then ever fewer."""
    return step <= 8 or int(np.log(step) / np.log(1.2)) > int(np.log(step - 1) / np.log(1.2))


def trainer(run: Run) -> Trainer:
    """A run at its start."""
    starts = Starts(held_out=False)
    if run.config.advantage == "value":
        return ppo.Trainer(run.config, run.seed, starts)
    return Trainer(run.config, run.seed, starts, TrainingGame() if run.public else None)


def make(run: Run, folder: Path, progress: Progress, deadline: float = NEVER) -> tuple[Policy, Log]:
    """Train a run from its checkpoint, or from the start, to its end; return the policy and the log.

    Args:
        run: which.
        folder: of the checkpoints.
        progress: told of each step.
        deadline: moment of `time.monotonic()` at which the run is saved and interrupted.

    Raises:
        Interrupted: the deadline passed.
    """
    torch.set_num_threads(1)
    learner = trainer(run)
    observer = Observer(learner, Starts(held_out=True), run.moments)
    log = run_to_completion(
        learner, run.config.boards, run.path(folder), observer.observe, progress, deadline,
        f"{run.name}, seed {run.seed}", observer.begin,
    )  # fmt: skip
    return learner.policy, log


def log_step(learner: Trainer, step: Step, log: Log) -> None:
    """Log the metrics of a step and of the game in public."""
    rows: dict[str, Any] = {f"log_{name}": np.float32(getattr(step, name)) for name in METRICS}
    rows["log_boards"] = np.int64(step.boards)
    rows["log_frontier"] = np.int16(CELLS.index(learner.curriculum.frontier))
    rows |= {f"game_{name}": step.game[name] for name in GAME if name in step.game}
    if step.game and watched(step.step):
        rows |= {f"watch_{name}": step.game[name] for name in WATCH} | {"watch_step": np.int64(step.step)}
    _extend(log, rows)


class Observer:
    """The log of a run while it trains."""

    def __init__(self, learner: Trainer, held_out: Starts, moments: tuple[float, ...] = MOMENTS) -> None:
        self.learner, self.held_out, self.moments, self.clock = learner, held_out, moments, time.process_time()

    def begin(self, log: Log) -> None:
        """Examine the policy before the first step."""
        self._examine(log)
        self.clock = time.process_time()

    def observe(self, step: Step, log: Log) -> Mapping[str, float]:
        """Log a step, and examine the policy where it is time; returns the figures of a live table."""
        _extend(log, {"log_seconds": np.float32(time.process_time() - self.clock)})
        log_step(self.learner, step, log)
        due = self.moments[min(len(log["curve_boards"]), len(self.moments) - 1)] * self.learner.config.boards
        if step.boards >= due and len(log["curve_boards"]) < len(self.moments):
            self._examine(log)
        self.clock = time.process_time()
        figures = {name: float(getattr(step, name)) for name in LIVE}
        return figures | {"open": float(self.learner.curriculum.open.sum())}

    def _examine(self, log: Log) -> None:
        success = evaluation.success(self.learner.policy, self.held_out, EXAMINED, 1)
        seconds = float(log["log_seconds"].sum()) if "log_seconds" in log else 0.0
        spent = {"boards": np.int64(self.learner.done), "step": np.int64(self.learner.steps)}
        _extend(log, {f"curve_{n}": v for n, v in spent.items()} | {
            "curve_seconds": np.float32(seconds), "curve_success": success,
        })  # fmt: skip


def _extend(log: Log, rows: Mapping[str, Any]) -> None:
    """Add one row to each array of a log."""
    for name, value in rows.items():
        row = np.asarray(value)[None]
        log[name] = np.concatenate([log[name], row]) if name in log else row


def weights(run: Run, folder: Path) -> Policy:
    """The policy that a finished run ended with."""
    policy = Policy(run.config.width, run.config.rank, torch.Generator())
    policy.load_state_dict(checkpoint.weights(run.path(folder), "policy"))
    return policy
