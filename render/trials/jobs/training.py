"""Training that is resumable to the bit: the policies of chess and of the village, with checkpoints every moment."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from stagelight.render.trials.answers import Bench
from stagelight.render.trials.jobs.killing import Job, Results, bench

TIMES = ("seconds",)  # of what the log holds, that differs from run to run


def _arrays(folder: Path) -> Results:
    """Every array of every checkpoint, but for times."""
    from safetensors.numpy import load_file  # noqa: PLC0415

    found: dict[str, bytes] = {}
    for path in sorted(folder.glob("*.safetensors")):
        for name, value in load_file(path).items():
            if not any(time in name for time in TIMES):
                found[f"{path.name}: {name}"] = np.ascontiguousarray(value).tobytes()
    return found


def chess(folder: Path) -> Bench:
    """The chess policy."""
    from stagelight.engines.experiment import training  # noqa: PLC0415
    from stagelight.engines.experiment.progress import silent  # noqa: PLC0415
    from stagelight.engines.rollout import runs  # noqa: PLC0415

    training.CHECKPOINT_SECONDS = 0.05
    config = replace(runs.PUBLISHED, boards=40_000, width=32, rank=8, draws=8)
    run = runs.Run(config, 0, moments=(0.0, 1.0))
    runs.EXAMINED = 8
    return bench(Job(lambda place: runs.make(run, place, silent), _arrays, checkpoints=True), folder)


def village(folder: Path) -> Bench:
    """The village's policy, after its imitation of an expert."""
    from stagelight.engines.experiment import training  # noqa: PLC0415
    from stagelight.engines.village.training import dagger, ppo, training_loop  # noqa: PLC0415

    training.CHECKPOINT_SECONDS = 0.05
    small = replace(dagger.Config(), rounds=1, villages=4, epochs=1)
    dagger.Config = lambda: small  # type: ignore[misc, assignment]
    config = ppo.Config(updates=12, villages=2, cohorts=1, width=16, critic_first=2)
    return bench(Job(lambda place: training_loop.train(config, 0, place), _arrays, checkpoints=True), folder)
