"""Whole volumes that the prior learns from, made once and kept: imagined and displaced real ones, brains and heads.

An item is a volume on the grid and what is true of it, made from its own seed. Measurements of it are simulated anew
each time that it is drawn (`practice`), so one volume is seen through many masks, coils and phases.

The stroke patient and Colin27 are not in it: names of held-out scans are refused (`training_set.fact_of`).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save
from scipy import ndimage

from stagelight.engines.recording import atomic
from stagelight.engines.scan.data import registry, synthetic, tissue, training_set
from stagelight.engines.scan.data.synthetic import Fact

HEADS = ("seg3d", "studyforrest")  # real scans with the head around the brain
VENTRICLES = (4, 43)
BRAIN = (2, 3, 41, 42)


@dataclass(frozen=True)
class Config:
    """How items are drawn."""

    heads: float = 0.4  # share with skull and scalp
    windows: float = 0.4  # of those, share that is a part of a head at 1 mm; the others are whole, made to fit
    real_brains: float = 0.5  # share of real ones among brains
    real_heads: float = 0.35  # and among heads


@dataclass(frozen=True)
class Item:
    """One volume and what is true of it."""

    x: NDArray[np.float16]  # (128, 160, 144), [0, 1]
    fact: Fact
    view: str  # of synthetic.VIEWS
    ventricles: float  # their share of the cerebrum and them; -1 where not known


def make(index: int, config: Config, seed: int, folder: Path) -> Path:
    """Make one item, or find it made. Returns its file."""
    path = folder / f"volume-{index:04}.safetensors"
    if path.is_file():
        return path
    rng = np.random.default_rng([seed, index])
    view = "brain"
    if rng.random() < config.heads:
        view = "window" if rng.random() < config.windows else "head"
    real = rng.random() < (config.real_brains if view == "brain" else config.real_heads)
    made, ventricles = _real(view, rng, folder) if real else _imagined(view, rng)
    write(path, Item(made.x.astype(np.float16), made.fact, view, ventricles))
    return path


def write(path: Path, item: Item) -> None:
    """Keep one item."""
    words = {"fact": asdict(item.fact), "view": item.view, "ventricles": item.ventricles}
    with atomic(path) as file:
        file.write(save({"x": torch.from_numpy(item.x)}, {"words": json.dumps(words)}))


def read(path: Path) -> Item:
    """One item."""
    with safe_open(path, "pt") as file:
        words = json.loads(file.metadata()["words"])
        x = file.get_tensor("x").numpy()
    return Item(x, Fact(**words["fact"]), words["view"], words["ventricles"])


def _imagined(view: str, rng: np.random.Generator) -> tuple[synthetic.Imagined, float]:
    names = sorted(registry.LABELS)
    image = nib.as_closest_canonical(nib.load(registry.path(names[int(rng.integers(len(names)))])))
    labels = np.asarray(image.dataobj).astype(np.int16)
    contrast = tissue.CONTRASTS[int(rng.choice(3, p=(0.5, 0.25, 0.25)))]
    pathology = synthetic.PATHOLOGIES[int(rng.choice(4, p=(0.3, 0.4, 0.15, 0.15)))]
    wet = float(np.isin(labels, VENTRICLES).sum())
    share = wet / max(wet + float(np.isin(labels, BRAIN).sum()), 1.0)
    return synthetic.imagine(labels, contrast, pathology, rng, view), share


def _real(view: str, rng: np.random.Generator, folder: Path) -> tuple[synthetic.Imagined, float]:
    names = sorted(training_set.REAL) if view == "brain" else list(HEADS)
    share = np.array([training_set.REAL[name] for name in names])
    name = names[int(rng.choice(len(names), p=share / share.sum()))]
    raw, depth = training_set.base(name, folder)
    inside = depth < rng.uniform(0, 5)
    if view != "brain":
        inside = ndimage.binary_fill_holes(raw > 0.04 * np.percentile(raw, 99.5))
        inside &= np.arange(raw.shape[2]) >= np.flatnonzero((depth <= 0).any(axis=(0, 1)))[0] - 30
    x = np.where(inside, raw, 0) if view == "brain" else raw
    noise = float(rng.uniform(0, 0.03)) if rng.random() < 0.6 else 0.0
    return synthetic.displace(x, inside, training_set.fact_of(name), rng, noise=noise, view=view), -1.0
