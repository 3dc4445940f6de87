"""Making the prior: items to learn from, then stages of training, kept in one folder and taken up where they stopped.

Each stage goes on from the average of the one before: first to denoise and to reconstruct at once, then with the
network unrolled. A log line is written for every 20 steps.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from stagelight.engines.recording import digest
from stagelight.engines.scan import corpus, score_model, train
from stagelight.engines.scan.conditioning import GUESS, first_guess
from stagelight.engines.scan.score_model import ScoreModel
from stagelight.engines.scan.train import Config, Step, Trainer

Report = Callable[[str, int, int, Mapping[str, float]], None]  # what, done, total, latest figures
SEED = 2026
CHECKPOINT_SECONDS = 120.0
LOG_EVERY = 20  # steps


@dataclass(frozen=True)
class Stage:
    """One part of the run."""

    name: str
    seen: corpus.Config  # how its items are drawn
    config: Config


_ONE = corpus.Config()
_FINISH = Config(items=160, steps=900, finish=0.6, rounds=3, without_scan=0.25, learning_rate=3e-4, ema=0.998)
# The whole run. Of the first stage the weights of 2026-11-25 were gone on from: see docs/how-it-is-made.md.
STAGES = (
    Stage("first", _ONE, Config(items=32, steps=1780)),
    Stage("prior", _ONE, Config(items=160, steps=6000, without_scan=0.25, learning_rate=8e-4, ema=0.998)),
    Stage("finish", _ONE, _FINISH),
)

# The network that never sees a scan: what it dreams is the stranger. A brain is brighter than air, so all of it
# together is seen through far more noise than any voxel; the second stage is for those levels, where a dream begins.
_DREAM = Config(
    items=160, steps=3500, finish=0.0, without_scan=1.0, ema=0.998, shape=score_model.ALONE, noise=(0.0, 1.4)
)
ALONE = (
    Stage("alone", _ONE, _DREAM),
    Stage("far", _ONE, replace(_DREAM, steps=900, learning_rate=5e-4, noise=(1.5, 2.0))),
)


class Paused(RuntimeError):  # noqa: N818  # nothing went wrong
    """Training was put down; the next call goes on."""


def make(
    folder: Path,
    report: Report,
    *,
    stages: Sequence[Stage] = STAGES,
    seed: int = SEED,
    until: float = math.inf,
) -> ScoreModel:
    """A network, from nothing or from wherever it stopped.

    Raises:
        Paused: `until`, by `time.monotonic`, came first.
        ValueError: the scans cannot be had.
    """
    model: ScoreModel | None = None
    for each in stages:
        items(folder, each, report, seed=seed, until=until)
        model = stage(each, folder, report, start=model, seed=seed, until=until)
    assert model is not None
    return model


def where(folder: Path, each: Stage, seed: int) -> Path:
    """The items of these settings: those of others are not taken for these."""
    return folder / f"corpus-{digest(asdict(each.seen), asdict(GUESS), seed)}"


def items(folder: Path, each: Stage, report: Report, *, seed: int = SEED, until: float = math.inf) -> None:
    """Make those items of a stage that are not made yet.

    Raises:
        Paused: `until`, by `time.monotonic`, came first.
    """
    place, count = where(folder, each, seed), each.config.items
    place.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        if time.monotonic() > until:
            raise Paused(f"items: {index} of {count}")
        corpus.make(index, each.seen, seed, first_guess, place)
        report("scans to learn from", index + 1, count, {})


def stage(
    each: Stage,
    folder: Path,
    report: Report,
    *,
    start: ScoreModel | None = None,
    seed: int = SEED,
    until: float = math.inf,
) -> ScoreModel:
    """Train one stage to its end, or take it up. Returns the average of its weights.

    Args:
        each: the stage.
        folder: holds items, checkpoints and logs.
        report: told of progress.
        start: weights to start from; random ones if None.
        seed: of what is drawn.
        until: by `time.monotonic`, when to put it down.

    Raises:
        Paused: `until` came first; the next call goes on.
    """
    torch.set_num_threads(1)
    name, config = each.name, each.config
    reader = corpus.Reader(where(folder, each, seed), config.items)
    trainer = Trainer(config, seed, reader, None if start is None else start.state_dict())
    kept = folder / f"{name}-{digest(name, asdict(config), seed)}.safetensors"
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
