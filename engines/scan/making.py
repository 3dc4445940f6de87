"""Making the prior: the corpus, then stages of training, all kept in one folder and taken up where they stopped.

`corpus` gives the items. The stage `prior` trains from random weights, half to denoise and half to reconstruct at
once; the stage `finish` goes on from its average with the network unrolled. A log line is written for every 20 steps.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from engines.recording import digest
from engines.scan import corpus, prior, train
from engines.scan.conditioning import GUESS, first_guess
from engines.scan.score_model import ScoreModel
from engines.scan.train import Config, Step, Trainer

Report = Callable[[str, int, int, Mapping[str, float]], None]  # what, done, total, latest figures
SEED = 2026
CHECKPOINT_SECONDS = 120.0
LOG_EVERY = 20  # steps


# The whole run. Of which moment of it the published weights are is said in docs/how-it-is-made.md.
STAGES: tuple[tuple[str, Config], ...] = (
    ("prior", Config(items=32, steps=6000, finish=0.75)),
    ("finish", Config(items=160, steps=3000, finish=0.8, rounds=3, learning_rate=3e-4)),
)


class Paused(RuntimeError):  # noqa: N818  # nothing went wrong
    """Training was put down; the next call goes on."""


def make(folder: Path, report: Report, until: float = math.inf) -> Path:
    """The published weights, from nothing or from wherever it stopped. Returns their file.

    Raises:
        Paused: `until`, by `time.monotonic`, came first.
        ValueError: the scans cannot be had.
    """
    start: Path | None = None
    for name, config in STAGES:
        items(where(folder), 0, config.items, report, until)
        stage(name, config, folder, report, start=start, until=until)
        start = folder / f"{name}.safetensors"
    assert start is not None
    return start


def where(folder: Path) -> Path:
    """The corpus of these settings: items of others are not taken for these."""
    return folder / f"corpus-{digest(asdict(corpus.Config()), asdict(GUESS), SEED)}"


def items(folder: Path, first: int, last: int, report: Report, until: float = math.inf) -> None:
    """Make items `first` to `last` of the corpus that are not made yet.

    Raises:
        Paused: `until`, by `time.monotonic`, came first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(first, last):
        if time.monotonic() > until:
            raise Paused(f"corpus: {index} of {last} items")
        corpus.make(index, corpus.Config(), SEED, first_guess, folder)
        report("making the corpus", index + 1, last, {})


def stage(
    name: str,
    config: Config,
    folder: Path,
    report: Report,
    *,
    start: Path | None = None,
    until: float = math.inf,
) -> ScoreModel:
    """Train one stage to its end, or take it up. Returns the average of its weights.

    Args:
        name: of its checkpoint and log.
        config: the stage.
        folder: holds `corpus/`, checkpoints and logs.
        report: told of progress.
        start: weights to start from; random ones if None.
        until: by `time.monotonic`, when to put it down.

    Raises:
        Paused: `until` came first; the next call goes on.
    """
    torch.set_num_threads(1)
    reader = corpus.Reader(where(folder), config.items)
    weights = None if start is None else prior.load(start).state_dict()
    trainer = Trainer(config, SEED, reader, weights)
    kept = folder / f"{name}-{digest(name, asdict(config), SEED)}.safetensors"
    train.read(kept, trainer)
    recent: list[Step] = []
    saved = time.monotonic()
    while trainer.done < config.steps:
        recent.append(trainer.step())
        now = time.monotonic()
        if trainer.done % LOG_EVERY == 0:
            figures = _summary(recent)
            _log(folder / f"{name}.jsonl", trainer.done, figures)
            report(f"training, {name}", trainer.done, config.steps, figures)
            recent = []
        if now - saved > CHECKPOINT_SECONDS or now > until or trainer.done == config.steps:
            train.write(kept, trainer)
            prior.publish(trainer.mean, folder / f"{name}.safetensors")
            saved = now
        if now > until and trainer.done < config.steps:
            raise Paused(f"{name}: {trainer.done} of {config.steps} steps")
    return trainer.mean


def _summary(steps: list[Step]) -> dict[str, float]:
    """Means over some steps, of each kind where there were any."""
    found: dict[str, float] = {}
    for kind in ("denoise", "finish"):
        chosen = [step for step in steps if step.kind == kind]
        if chosen:
            found[f"loss_{kind}"] = float(np.mean([step.loss for step in chosen]))
            if kind == "finish":
                found["gain"] = float(np.mean([step.gain for step in chosen]))
    found["grad_norm"] = float(np.max([step.grad_norm for step in steps])) if steps else 0.0
    return found


def _log(path: Path, done: int, figures: Mapping[str, float]) -> None:
    """One line more."""
    with path.open("a") as file:
        file.write(json.dumps({"step": done, **{k: round(v, 4) for k, v in figures.items()}}) + "\n")
