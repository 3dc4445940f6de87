"""Tasks for a pool, in a module that worker processes can import."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from stagelight.engines.experiment.progress import Interrupted, Progress


def square(task: int, progress: Progress) -> dict[str, Any]:
    progress(f"task {task}", 1, 2, {"x": float(task)})
    return {"square": np.array(task * task)}


def fails(task: int, progress: Progress) -> dict[str, Any]:
    if task == 1:
        raise ValueError("task 1 cannot be done")
    time.sleep(60)
    return {}


def observes(task: int, progress: Progress) -> dict[str, Any]:
    if task == 2:
        raise Interrupted("its own time is up")
    return square(task, progress)
