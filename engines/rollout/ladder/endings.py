"""One run on an ending: its log, its learning curve, and what it is worth at the end.

The log's arrays. N steps, E examined moments:

    log_<metric>   (N,)   one metric of every step; names as in `endgame.grpo.Step`
    log_cpu_seconds (N,)  processor time of the step
    curve_compute  (E,)   distinct positions learnt from so far
    curve_seconds  (E,)   processor time spent so far
    curve_step     (E,)   steps done
    curve_win_rate (E,)   greedy wins from 512 held-out positions
    win_rate_at    (D,)   at the end, by distance to mate 1, 2, ...; -1 where no held-out position is
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.rollout.endgame import evaluation
from stagelight.engines.rollout.endgame.grpo import Config, Step, Trainer

METRICS = ("learnt", "visited", "depth", "mated", "reward", "reward_std", "frac_reward_zero_std", "mean_length",
           "entropy", "entropy_coef", "clip_ratio", "grad_norm", "learning_rate")  # fmt: skip
ASKED = 10_000  # held-out positions at the end, at most
PROBED = 512
Log = dict[str, NDArray[Any]]


def trainer(config: Config, seed: int) -> Trainer:
    """A run at its start."""
    return Trainer(config, seed)


def spent(run: Trainer) -> int:
    """Compute spent, of `config.budget`."""
    return run.learnt


def step(run: Trainer) -> tuple[Step, Log]:
    """One step, and what is kept of it beside its metrics."""
    return run.step(), {}


def examine(run: Trainer) -> dict[str, float]:
    """What stands on the learning curve."""
    return {"win_rate": evaluation.score(run.policy, run.ending, _positions(run, PROBED)).win_rate}


def facts(run: Trainer, log: Log) -> dict[str, float]:
    """The end of the run in numbers."""
    score = evaluation.score(run.policy, run.ending, _positions(run, ASKED))
    log["win_rate_at"] = np.nan_to_num(score.win_rate_at, nan=-1.0).astype(np.float32)
    found = {"win_rate": score.win_rate, "positions": score.positions, "longest": run.ending.longest}
    return found | ({"length_ratio": score.length_ratio} if score.win_rate > 0 else {})


def _positions(run: Trainer, limit: int) -> NDArray[np.int64]:
    return evaluation.positions(run.ending, 1, limit)
