"""One run on whole games: its log, its learning curve, and what it is worth at the end.

The log's arrays are those of `ladder.endings`, of which these differ:

    curve_compute     (E,)  boards reached so far
    curve_tails_9, curve_tails_31, curve_opening  (E,)  greedy mates against the random mover, from 128 held-out games
    public_<what>     (N, ...)  the game in public, `games.public`, if the run has one
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.rollout.games import corpus, score
from stagelight.engines.rollout.games.arena import LOST, Arena
from stagelight.engines.rollout.games.opponents import RANDOM
from stagelight.engines.rollout.games.rollouts import reply
from stagelight.engines.rollout.games.rules import MATE
from stagelight.engines.rollout.games.train import Config, Step, Trainer

METRICS = ("positions", "reward", "reward_std", "frac_reward_zero_std", "mean_length", "entropy", "entropy_coef",
           "clip_ratio", "grad_norm", "learning_rate")  # fmt: skip
PROBED = 128
FROZEN_GAMES = 256
Log = dict[str, NDArray[Any]]


def trainer(config: Config, seed: int, public: bool) -> Trainer:
    """A run at its start, with a game in public or without."""
    return Trainer(config, seed, corpus.load().train, public)


def spent(run: Trainer) -> int:
    """Compute spent, of `config.budget`."""
    return run.positions


def step(run: Trainer) -> tuple[Step, Log]:
    """One step, and what is kept of it beside its metrics."""
    done = run.step()
    where = done.frontier
    kept = {
        "log_depth": np.array(where.depth),
        "log_rung": np.array(where.rung),
        "log_success": np.array(where.success),
    }
    return done, kept | dict(done.public)


def examine(run: Trainer) -> dict[str, float]:
    """What stands on the learning curve."""
    held_out = corpus.load().held_out

    def rate(arena: Arena) -> float:
        return float((score.finish(run.policy, arena) == MATE).mean())

    tails = {f"tails_{depth}": rate(score.from_tails(held_out, depth, RANDOM, PROBED, 1)) for depth in (9, 31)}
    return tails | {"opening": rate(score.from_opening(RANDOM, PROBED, 1))}


def facts(run: Trainer, log: Log) -> dict[str, float]:
    """The end of the run in numbers."""
    found = score.facts(run.policy, corpus.load().held_out, run.seed)
    arena = score.from_opening(RANDOM, FROZEN_GAMES, run.seed)
    outcome = score.finish(run.policy, arena, partial(reply, run.policy))
    return found | {
        "opening.frozen.mate_rate": float((outcome == MATE).mean()),
        "opening.frozen.lost_rate": float((outcome == LOST).mean()),
    }
