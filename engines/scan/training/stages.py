"""Stages of training the unrolled network: items to learn from, then stages, each kept in one folder and resumed.

Each stage begins with the average of the one before: first to denoise and to reconstruct at once, then with the
network unrolled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from stagelight.engines.experiment import provenance, training
from stagelight.engines.experiment.progress import NEVER, Progress, interrupt_after
from stagelight.engines.scan.data import training_set
from stagelight.engines.scan.data.training_set import SEED
from stagelight.engines.scan.model.refiner import Refiner
from stagelight.engines.scan.training import train_unrolled, trainer
from stagelight.engines.scan.training.train_unrolled import Config, Trainer


@dataclass(frozen=True)
class Stage:
    """One part of the run."""

    name: str
    seen: training_set.Config  # how its items are drawn
    config: Config


_ONE = training_set.Config()
_FINISH = Config(items=160, steps=900, finish=0.6, rounds=3, without_scan=0.25, learning_rate=3e-4, ema=0.998)
# The whole run. Of the first stage the weights of 2026-11-25 were gone on from: see docs/how-it-is-made.md.
STAGES = (
    Stage("first", _ONE, Config(items=32, steps=1780)),
    Stage("prior", _ONE, Config(items=160, steps=6000, without_scan=0.25, learning_rate=8e-4, ema=0.998)),
    Stage("finish", _ONE, _FINISH),
)


def make(
    folder: Path,
    progress: Progress,
    *,
    stages: Sequence[Stage] = STAGES,
    seed: int = SEED,
    deadline: float = NEVER,
) -> Refiner:
    """Train a network, from nothing or from where an interrupted call stopped, and return the average of its weights.

    Args:
        folder: holds items and checkpoints.
        progress: told of each item and each step.
        stages: in their order; each begins with the average that the one before ended with.
        seed: of what is drawn.
        deadline: moment of `time.monotonic()` at which the work is saved and interrupted.

    Raises:
        Interrupted: the deadline passed; the same call resumes.
        ValueError: the scans cannot be had.
    """
    model: Refiner | None = None
    for index, stage in enumerate(stages):
        seen = items(folder, stage, progress, seed, deadline)
        one = Trainer(stage.config, seed, seen, None if model is None else model.state_dict())
        training.run_to_completion(
            one, stage.config.steps, checkpoint(folder, stages[: index + 1], seed), trainer.observe, progress, deadline,
            f"training, {stage.name}",
        )  # fmt: skip
        assert isinstance(one.mean, Refiner)
        model = one.mean
    assert model is not None
    return model


def items(folder: Path, stage: Stage, progress: Progress, seed: int, deadline: float) -> training_set.Reader:
    """The items of a stage; those that are missing are made.

    Raises:
        Interrupted: the deadline passed.
    """
    count = stage.config.items
    key = provenance.key(provenance.code_version(training_set.__name__), asdict(stage.seen), seed)
    place = folder / f"corpus-{key}"
    place.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        interrupt_after(deadline, f"items: {index} of {count}")
        training_set.make(index, stage.seen, seed, place)
        progress("scans to learn from", index + 1, count, {})
    return training_set.Reader(place, count)


def checkpoint(folder: Path, stages: Sequence[Stage], seed: int) -> Path:
    """The file of the last of some stages, under a name that changes with the code and with all of them."""
    key = provenance.key(provenance.code_version(train_unrolled.__name__), [asdict(stage) for stage in stages], seed)
    return folder / f"{stages[-1].name}-{key}.safetensors"
