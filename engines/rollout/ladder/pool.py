"""Every run of the ladder, on all cores, each resumed from its own checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from stagelight.engines.experiment import pool
from stagelight.engines.experiment.progress import NEVER, Progress, silent
from stagelight.engines.recording import Recording
from stagelight.engines.rollout.ladder import work
from stagelight.engines.rollout.ladder.runs import Run


def make(
    runs: Sequence[Run], folder: Path, progress: Progress, jobs: int, deadline: float = NEVER, what: str = "training"
) -> dict[Run, Recording]:
    """Every run, read from `folder` or trained. If one fails, or the caller stops, so do the others; none is lost.

    Raises:
        Interrupted: the deadline passed; what was trained is kept.
    """
    missing = [run for run in runs if work.kept(run, folder) is None]
    for _ in pool.run_all(
        missing, partial(_train, folder, deadline), jobs=jobs, progress=progress, deadline=deadline, what=what,
        before=len(runs) - len(missing),
    ):  # fmt: skip
        pass  # each has kept itself
    return {run: work.make(run, folder, silent) for run in runs}


def _train(folder: Path, deadline: float, run: Run, progress: Progress) -> None:
    work.make(run, folder, progress, deadline)
