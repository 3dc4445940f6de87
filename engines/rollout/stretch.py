"""The first steps of the recorded run, run again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from stagelight.engines.experiment.progress import Progress
from stagelight.engines.experiment.stretch import Stretch
from stagelight.engines.recording import Recording
from stagelight.engines.rollout import games, mates, runs
from stagelight.engines.rollout.curriculum import Rule
from stagelight.engines.rollout.grpo import Config
from stagelight.engines.rollout.runs import GAME, METRICS, Run

STEPS = 12  # of some thousands
TOLERANCE = 1e-3  # of an array's largest number, on another processor


def stretch(before: Recording, cache: Path, progress: Progress) -> Stretch:
    """Train the first seed for its first steps, from random weights.

    Args:
        before: the recording.
        cache: not used; nothing of a run is trusted that was kept.
        progress: told of each step.

    Raises:
        ValueError: the recording shows a reader's own position, or was made from other data.
    """
    if before.config.get("start") is not None:
        raise ValueError(f"{before.name}.json: shows a reader's own position; run `click check rollout --record`")
    for name, data in (("mates", mates.load().sha256), ("games", games.load().sha256)):
        if before.config[f"{name}_sha256"] != data:
            raise ValueError(
                f"{before.name}.json: trained on other {name} than the committed ones, of sha256 {data[:16]}; "
                "run `click record rollout`"
            )
    torch.set_num_threads(1)
    return Stretch(
        _steps(config_of(before), before.seed, progress),
        proves=f"the first {STEPS} steps, from random weights, give the recorded groups, rewards, advantages, "
        "probabilities and weight changes, up to rounding",
        leaves_open="the steps after those and the other seeds; `click check rollout --record` runs it all",
        tolerance=TOLERANCE,
    )


def config_of(before: Recording) -> Config:
    """The configuration that a recording was made with."""
    rule = before.config["rule"]
    plain = {name: before.config[name] for name in Config.__dataclass_fields__}
    return Config(**{**plain, "rule": Rule(**{**rule, "shares": tuple(rule["shares"])})})


def _steps(config: Config, seed: int, progress: Progress) -> dict[str, NDArray[Any]]:
    trainer = runs.trainer(Run(config, seed, public=True))
    rows: dict[str, list[Any]] = {}
    for done in range(STEPS):
        step = trainer.step()
        for name in METRICS:
            rows.setdefault(f"log_{name}", []).append(getattr(step, name))
        for name in GAME:
            rows.setdefault(f"game_{name}", []).append(step.game[name])
        progress("the first steps", done + 1, STEPS, {})
    del rows["game_cell"]  # told in the recording as kind, depth and opponent
    kinds = {"log_boards": np.int64}
    stacked = {name: np.stack(values) for name, values in rows.items()}
    return {
        name: value.astype(kinds.get(name, np.float32)) if name.startswith("log_") else value
        for name, value in stacked.items()
    }
