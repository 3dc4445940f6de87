"""Run a trainer from its checkpoint, or from the start, to its last step."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import torch

from stagelight.engines.experiment import checkpoint
from stagelight.engines.experiment.checkpoint import Log, Resumable
from stagelight.engines.experiment.progress import NEVER, Interrupted, Progress, silent

CHECKPOINT_SECONDS = 30.0
S = TypeVar("S")
S_co = TypeVar("S_co", covariant=True)


class Trainer(Resumable, Protocol[S_co]):
    """A resumable run that advances by steps."""

    @property
    def done(self) -> int:
        """Steps, or units of compute, done so far."""

    def step(self) -> S_co:
        """Advance by one step."""


def run_to_completion(
    trainer: Trainer[S],
    total: int,
    path: Path,
    observe: Callable[[S, Log], Mapping[str, float]],
    progress: Progress = silent,
    deadline: float = NEVER,
    what: str = "",
    begin: Callable[[Log], object] = lambda log: None,
) -> Log:
    """Train until `trainer.done` reaches `total`, saving now and then; return the log.

    Args:
        trainer: at its start; it is set to where its checkpoint left it.
        total: of `trainer.done`.
        path: of the checkpoint.
        observe: called after each step with what it returned and the log, which it extends; returns the figures that
            a listener is shown. `append` extends a log by one value of each figure.
        progress: told of each step.
        deadline: moment of `time.monotonic()` at which the run is saved and interrupted.
        what: words for the listener; the name of the checkpoint if empty.
        begin: called with the empty log of a run that starts afresh.

    Raises:
        Interrupted: the deadline passed; the same call resumes.
        ValueError: the checkpoint belongs to another run.
    """
    torch.set_num_threads(1)
    what = what or path.stem
    log = checkpoint.read(path, trainer)
    if log is None:
        log = {}
        begin(log)
    saved = time.monotonic()
    while trainer.done < total:
        figures = observe(trainer.step(), log)
        progress(what, trainer.done, total, figures)
        now = time.monotonic()
        if now - saved > CHECKPOINT_SECONDS or now > deadline or trainer.done >= total:
            checkpoint.write(path, trainer, log)
            saved = now
        if now > deadline and trainer.done < total:
            raise Interrupted(f"{what}: {trainer.done} of {total}")
    return log


def append(log: Log, figures: Mapping[str, float]) -> Mapping[str, float]:
    """Extend a log by one value of each figure, in single precision; returns the figures."""
    for name, value in figures.items():
        log[name] = np.append(log.get(name, np.empty(0, np.float32)), np.float32(value))
    return figures
