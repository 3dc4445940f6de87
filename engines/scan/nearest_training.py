"""The training volumes of the coarse network at 4 mm, and which of them is most like another volume.

The network saw each of them moved, bent, mirrored and relit. Here only shifts and the mirror image are searched, so
what a copy would reach is measured too: a training volume moved as in training, and searched for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from scipy import ndimage

from stagelight.engines.experiment.progress import Progress, interrupt_after
from stagelight.engines.scan.data import pool, registry, training_set
from stagelight.engines.scan.data.synthetic import Fact
from stagelight.engines.scan.likeness import Floats, Match, match
from stagelight.engines.scan.training import prior, train_coarse


@dataclass(frozen=True)
class Known:
    """A training volume."""

    path: Path  # of its item of the pool
    small: Floats  # (S, H, W) at 4 mm
    subject: str  # whose anatomy it is: a person, or a label map
    fact: Fact

    def full(self) -> Floats:
        """Its slices (S, H, W) at 1 mm, in units of its scale."""
        return at_scale(_slices(self.path))[0]


def volumes(folder: Path, progress: Progress, deadline: float, count: int = prior.VOLUMES) -> list[Known]:
    """The volumes that the coarse network learnt from; those that are missing from the folder are made.

    Raises:
        Interrupted: the deadline passed; the same call resumes.
        ValueError: the scans cannot be had.
    """
    found = []
    for index, path in enumerate(prior.pool_files(folder, progress, training_set.SEED, deadline, count)):
        interrupt_after(deadline, f"training volumes: {index} of {count}")
        if (item := pool.read(path)).view != "window":  # a part of a head, which the coarse network does not see
            found.append(Known(path, at_scale(_slices(path))[1], subject(index, training_set.SEED), item.fact))
    return found


def _slices(path: Path) -> Floats:
    return np.ascontiguousarray(pool.read(path).x.transpose(2, 0, 1), np.float32)


def at_scale(x: Floats) -> tuple[Floats, Floats]:
    """Slices (S, H, W) at 1 mm, and at 4 mm, in units of the scale that a scan of them would have.

    The scale is that of `train_coarse.half`.
    """
    x = np.maximum(x, 0)
    two = F.avg_pool3d(torch.from_numpy(x)[None], 2)[0]
    scale = max(float(np.quantile(ndimage.gaussian_filter(two.numpy(), 2.0), 0.99)), 1e-3)
    four = F.avg_pool3d(two[None], 2)[0].numpy()
    return (x / scale).astype(np.float32), (four / scale).astype(np.float32)


def nearest(small: Floats, known: list[Known]) -> tuple[Known, Match]:
    """The training volume that is most like one at 4 mm, and how it fits."""
    found = [(each, match(small, each.small)) for each in known]
    return max(found, key=lambda one: one[1].correlation)


def strangers(known: list[Known], step: int) -> Iterator[float]:
    """Of each so many-th training volume, the correlation with the nearest of another subject."""
    for one in known[::step]:
        yield nearest(one.small, [each for each in known if each.subject != one.subject])[1].correlation


def copies(known: list[Known], step: int, seed: int) -> Iterator[float]:
    """Of the same training volumes, moved as in training, the correlation with the nearest."""
    rng = np.random.default_rng(seed)
    for one in known[::step]:
        half = train_coarse.half(pool.read(one.path).x).float()
        again = train_coarse.moved(half, bool(rng.random() < 0.5), rng)
        yield nearest(again.numpy(), known)[1].correlation


def subject(index: int, seed: int) -> str:
    """Whose anatomy an item of the pool is: the draws of `pool.make`, up to that of the name."""
    rng, config = np.random.default_rng([seed, index]), pool.Config()
    brain = rng.random() >= config.heads
    if not brain:
        rng.random()
    if rng.random() >= (config.real_brains if brain else config.real_heads):
        names = sorted(registry.LABELS)
        return names[int(rng.integers(len(names)))]
    names = sorted(training_set.REAL) if brain else list(pool.HEADS)
    share = np.array([training_set.REAL[name] for name in names])
    name = names[int(rng.choice(len(names), p=share / share.sum()))]
    return registry.SCANS[name].subject
