"""Training of the prior's two networks on one pool of volumes, in one folder, from which an interrupted call resumes.

The coarse network begins with random weights, the fine one with those of the unrolled network: both denoise slabs.
"""

from __future__ import annotations

from pathlib import Path

from stagelight.engines.experiment import provenance, training
from stagelight.engines.experiment.progress import NEVER, Progress, interrupt_after
from stagelight.engines.scan.data import pool
from stagelight.engines.scan.data.training_set import SEED
from stagelight.engines.scan.model import denoiser
from stagelight.engines.scan.model.coarse import Coarse
from stagelight.engines.scan.model.refiner import Refiner
from stagelight.engines.scan.training import practice, train_coarse, train_fine, trainer

VOLUMES = 232  # of the pool
MASKS, MASKS_SEED = 160, 7  # to practise with
COARSE = train_coarse.Config(steps=4200)
FINE = train_fine.Config(steps=5000, learning_rate=5e-4)


def coarse(
    folder: Path, progress: Progress, seed: int = SEED, deadline: float = NEVER,
    config: train_coarse.Config = COARSE, volumes: int = VOLUMES,
) -> Coarse:  # fmt: skip
    """Train the coarse network, or go on where an interrupted call stopped; the average of its weights.

    Args:
        folder: holds the pool and checkpoints.
        progress: told of each volume and each step.
        seed: of what is drawn.
        deadline: moment of `time.monotonic()` at which the work is saved and interrupted.
        config: of the run.
        volumes: of the pool, its first ones.

    Raises:
        Interrupted: the deadline passed; the same call resumes.
        ValueError: the scans cannot be had.
    """
    one = train_coarse.Trainer(config, seed, pool_files(folder, progress, seed, deadline, volumes))
    _train(one, config.steps, folder, train_coarse.__name__, progress, deadline)
    assert isinstance(one.mean, Coarse)
    return one.mean


def fine(
    folder: Path, progress: Progress, seed: int = SEED, deadline: float = NEVER,
    config: train_fine.Config = FINE, volumes: int = VOLUMES,
) -> Refiner:  # fmt: skip
    """Train the fine network; arguments and errors are those of `coarse`."""
    files = pool_files(folder, progress, seed, deadline, volumes)
    masks = practice.bank(MASKS, MASKS_SEED)
    one = train_fine.Trainer(config, seed, practice.Pool(files, masks), denoiser.load().float().state_dict())
    _train(one, config.steps, folder, train_fine.__name__, progress, deadline)
    assert isinstance(one.mean, Refiner)
    return one.mean


def _train(one: trainer.Trainer, steps: int, folder: Path, module: str, progress: Progress, deadline: float) -> None:
    name = module.rpartition(".")[2]
    path = folder / f"{name}-{provenance.key(provenance.code_version(module), steps, one.seed)}.safetensors"
    training.run_to_completion(one, steps, path, trainer.observe, progress, deadline, name.replace("_", " "))


def pool_files(folder: Path, progress: Progress, seed: int, deadline: float, count: int) -> list[Path]:
    """The files of the pool, its first ones; those that are missing are made.

    Raises:
        Interrupted: the deadline passed; the same call resumes.
        ValueError: the scans cannot be had.
    """
    key = provenance.key(provenance.code_version(pool.__name__), seed)
    place = folder / f"pool-{key}"
    place.mkdir(parents=True, exist_ok=True)
    files = []
    for index in range(count):
        interrupt_after(deadline, f"volumes: {index} of {count}")
        files.append(pool.make(index, pool.Config(), seed, place))
        progress("volumes to learn from", index + 1, count, {})
    return files
