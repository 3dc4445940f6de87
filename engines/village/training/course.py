"""A training run from where it was put down, or from its start, to its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from stagelight.engines import checkpoint

CHECKPOINT_SECONDS = 30.0
Report = Callable[[str, int, int, Mapping[str, float]], None]


class Paused(Exception):  # noqa: N818  # not an error: put down in time
    """The time given is up; what was done is kept, and the same call goes on."""


def through(
    trainer: Any,
    updates: int,
    path: Path,
    figures: Callable[[Any], Mapping[str, float]],
    report: Report = lambda *_: None,
    until: float = float("inf"),
) -> dict[str, NDArray[Any]]:
    """Train to the last update; returns the log, one value an update of each figure.

    Args:
        trainer: as `checkpoint.Kept`, with `done` and a `step()`.
        updates: how many there are in all.
        path: of the checkpoint.
        figures: what of a step is logged: the same names every time, nan where there is nothing.
        report: called with (what, done, total, latest figures).
        until: `time.monotonic()` at which to put it down.

    Raises:
        Paused: `until` came first.
        ValueError: the checkpoint is of another run.
    """
    torch.set_num_threads(1)
    log = checkpoint.read(path, trainer) or {}
    saved = time.monotonic()
    while trainer.done < updates:
        found = figures(trainer.step())
        for name, value in found.items():
            log[name] = np.append(log.get(name, np.empty(0, np.float32)), np.float32(value))
        report(path.stem, trainer.done, updates, found)
        now = time.monotonic()
        if now - saved > CHECKPOINT_SECONDS or now > until or trainer.done == updates:
            checkpoint.write(path, trainer, log)
            saved = now
        if now > until and trainer.done < updates:
            raise Paused(path.stem)
    return log
