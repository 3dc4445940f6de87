"""One seed of mate in one from its checkpoint, or from the start, to its end; the first seed is watched.

The log's arrays are those that `record` names, one seed's.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import chess
import numpy as np
import torch
from numpy.typing import NDArray

from stagelight.engines.experiment import checkpoint
from stagelight.engines.experiment.progress import Interrupted, Progress
from stagelight.engines.rollout import positions, spotlight
from stagelight.engines.rollout.encoding import Table
from stagelight.engines.rollout.grpo import Config, Step, Trainer, solve_rate
from stagelight.engines.rollout.policy import Policy, gather

EXAMINED = 28  # log-spaced moments at which a run is examined
PROBES = 256
CHECKPOINT_SECONDS = 15.0
METRICS = ("reward", "reward_std", "frac_reward_zero_std", "visited", "used", "entropy", "entropy_coef", "clip_ratio",
           "grad_norm", "learning_rate")  # fmt: skip


@dataclass(frozen=True)
class Course:
    """What every seed of a recording shares."""

    config: Config
    table: Table
    packed: NDArray[np.uint8]  # (N, 34), a row for each row of the table
    starts: int  # rows drawn by chance; a reader's own position comes after them
    held_out: Table
    progress: Progress
    deadline: float


def examined(steps: int) -> list[int]:
    """The moments at which a run is examined: before it, after its first step, then log-spaced to the last."""
    return [0, *sorted({max(1, round(steps ** (index / (EXAMINED - 2)))) for index in range(EXAMINED - 1)})]


def men(board: chess.Board) -> list[tuple[int, int]]:
    """(kind, square) of each man, White's first, by square."""
    found = [(piece.piece_type - 1 + (0 if piece.color else 6), square) for square, piece in board.piece_map().items()]
    return sorted(found, key=lambda man: (man[0] >= 6, man[1]))


def through(course: Course, seed: int, watched: bool, path: Path) -> tuple[dict[str, NDArray[Any]], Policy]:
    """One seed from its checkpoint, or from the start, to the end. Returns its log and the trained policy."""
    config = course.config
    trainer = Trainer(config, seed, course.table, course.starts)
    log = checkpoint.read(path, trainer) or begin(course, trainer, watched)
    saved = time.monotonic()
    while trainer.done < config.steps:
        advance(course, trainer, log, watched)
        now = time.monotonic()
        if now - saved > CHECKPOINT_SECONDS or now > course.deadline or trainer.done == config.steps:
            checkpoint.write(path, trainer, log)
            saved = now
        if now > course.deadline and trainer.done < config.steps:
            raise Interrupted(f"seed {seed}")
    return log, trainer.policy


def begin(course: Course, trainer: Trainer, watched: bool) -> dict[str, NDArray[Any]]:
    """The log of a run that is at its start."""
    log: dict[str, NDArray[Any]] = {name: np.empty(0, np.float32) for name in METRICS}
    log |= {"solve_rate": np.empty(0, np.float32), "row": np.array(-1), "seconds": np.array(0.0)}
    _examine(course, trainer, log, watched)
    return log


def advance(course: Course, trainer: Trainer, log: dict[str, NDArray[Any]], watched: bool) -> None:
    """Take one step and extend the log by it."""
    asked, started = trainer.done + 1 in set(examined(course.config.steps)), time.process_time()
    if asked and watched:
        _watch(course, trainer, log)
    else:
        _append(log, trainer.step())
    log["seconds"] = log["seconds"] + time.process_time() - started
    if asked:
        _examine(course, trainer, log, watched)
    figures = {name: float(log[name][-1]) for name in ("reward", "frac_reward_zero_std", "entropy", "clip_ratio")}
    figures |= {"solve_rate": float(log["solve_rate"][-1])}
    course.progress(f"training seed {trainer.seed}", trainer.done, course.config.steps, figures)


def _append(log: dict[str, NDArray[Any]], step: Step) -> None:
    for name in METRICS:
        log[name] = np.append(log[name], np.float32(getattr(step, name)))


def _examine(course: Course, trainer: Trainer, log: dict[str, NDArray[Any]], watched: bool) -> None:
    """Ask the held-out positions, and the probes if this is the watched seed."""
    log["solve_rate"] = np.append(log["solve_rate"], np.float32(solve_rate(trainer.policy, course.held_out)))
    if watched:
        for name, value in zip(("probe_best", "probe_mate"), probe(trainer.policy, course.held_out), strict=True):
            _stack(log, name, value)


def probe(policy: Policy, held_out: Table) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(H,) and (H,): probability of the best move, and of all mating moves, on the first held-out positions."""
    index = np.arange(min(PROBES, len(held_out)))
    batch = gather(held_out, index, np.zeros(len(index), np.bool_))
    with torch.no_grad():
        share = policy(batch).exp().numpy()
    begins = batch.start.numpy()
    paid = held_out.mates[: len(share)]
    return np.maximum.reduceat(share, begins), np.add.reduceat(share * paid, begins)


def _watch(course: Course, trainer: Trainer, log: dict[str, NDArray[Any]]) -> None:
    """One step with the spotlight in it; the first step chooses the spotlight and the units."""
    row = int(log["row"])
    if trainer.done == 0:
        own = course.starts if len(course.table) > course.starts else None
        # Which position is shown is known only after the step: the same seed gives the weights from before it.
        untrained = Trainer(trainer.config, trainer.seed, course.table, course.starts).policy
        step = trainer.step(first=own)
        row = own if own is not None else spotlight.choose(step.groups, course.table, course.packed)
        before = spotlight.look(untrained, course.table, row)
        after = spotlight.look(trainer.policy, course.table, row)
        log["row"], log["unit"] = np.array(row), spotlight.choose_units(before, after)
    else:
        before = spotlight.look(trainer.policy, course.table, row)
        step = trainer.step(first=row)
        after = spotlight.look(trainer.policy, course.table, row)
    _append(log, step)
    shown = spotlight.piece_features(men(positions.unpack(course.packed[row])))
    for name, value in spotlight.watch(before, after, log["unit"], step, row, shown).items():
        _stack(log, name, value)


def _stack(log: dict[str, NDArray[Any]], name: str, value: NDArray[Any]) -> None:
    log[name] = np.concatenate([log[name], value[None]]) if name in log else value[None].copy()
