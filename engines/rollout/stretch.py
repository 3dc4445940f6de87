"""The first steps of the recorded training runs, run again from their seeds.

Sums differ in their last digits from one processor to another. A policy that learns from what it draws turns such a
digit, sooner or later, into another move, and from there on it is another run: on a machine that did not record it,
mate in one parted after some twenty steps, whole games after two. So the stretch ends before that.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from stagelight.engines.experiment.progress import NEVER, Progress
from stagelight.engines.experiment.stretch import Stretch
from stagelight.engines.recording import Recording
from stagelight.engines.rollout import positions
from stagelight.engines.rollout.games import train as games
from stagelight.engines.rollout.grpo import Config, Trainer
from stagelight.engines.rollout.ladder import games as ladder_games
from stagelight.engines.rollout.mate_training import METRICS, Course, advance, begin
from stagelight.engines.rollout.tables import compiled

MATE_STEPS = 17  # of mate in one, 1,500 in all
GAME_STEPS = 2  # of whole games, some 470 in all
TOLERANCE = 1e-3  # of an array's largest number, on another processor
Arrays = dict[str, NDArray[Any]]


def stretch(before: Recording, cache: Path, progress: Progress) -> Stretch:
    """Train the first seed of mate in one and of whole games for their first steps, from random weights.

    Args:
        before: the recording.
        cache: folder for compiled positions.
        progress: told of each step.

    Raises:
        ValueError: the recording shows a reader's own position, or its corpus is not the committed one.
    """
    if before.config.get("start") is not None:
        raise ValueError(f"{before.name}.json: shows a reader's own position; run `click check rollout --record`")
    corpus = positions.load()
    if corpus.sha256 != before.config["corpus_sha256"]:
        raise ValueError(
            f"{before.name}.json: trained on corpus {str(before.config['corpus_sha256'])[:16]}, the committed one is "
            f"{corpus.sha256[:16]}; run `click record rollout`"
        )
    torch.set_num_threads(1)
    return Stretch(
        _mates(before, corpus, cache, progress) | _games(before, progress),
        proves=f"the first {MATE_STEPS} steps of mate in one and {GAME_STEPS} of whole games, from random weights, "
        "give the recorded groups, rewards, advantages, probabilities and weight changes, up to rounding",
        leaves_open="the steps after those, the endings, the other seeds; `click check rollout --record` runs it all",
        tolerance=TOLERANCE,
    )


def _mates(before: Recording, corpus: positions.Corpus, cache: Path, progress: Progress) -> Arrays:
    config = Config(**{field.name: before.config[field.name] for field in fields(Config)})
    table = compiled(corpus.train, cache, "compiling training positions", progress)
    held_out = compiled(corpus.held_out, cache, "compiling held-out positions", progress)
    course = Course(config, table, corpus.train, len(table), held_out, progress, NEVER)
    trainer = Trainer(config, before.seed, table, len(table))
    log = begin(course, trainer, True)
    for _ in range(MATE_STEPS):
        advance(course, trainer, log, True)
    shown = {name: value for name, value in log.items() if name.startswith(("watch_", "probe_")) or name == "unit"}
    return shown | {f"log_{name}": log[name][None] for name in METRICS}


def _games(before: Recording, progress: Progress) -> Arrays:
    plain: dict[str, Any] = dict(before.config["ladder"]["games"])
    tuples = {name: tuple(value) for name, value in plain.items() if isinstance(value, list)}
    config = games.Config(**{**plain, **tuples})
    trainer = ladder_games.trainer(config, before.seed, True)
    rows: dict[str, list[NDArray[Any]]] = {}
    for done in range(GAME_STEPS):
        _, kept = ladder_games.step(trainer)
        for name, value in kept.items():
            rows.setdefault(name.replace("log_", "slide_"), []).append(value)
        progress("whole games", done + 1, GAME_STEPS, {})
    stacked = {name: np.stack(values) for name, values in rows.items()}
    return {name: v.astype(np.float32) if v.dtype == np.float64 else v for name, v in stacked.items()}
