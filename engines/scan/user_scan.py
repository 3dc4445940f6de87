"""Scan a reader's own volume and reconstruct it: with the network where its weights are, and the classical way.

The volume is taken for the truth: k-space is simulated from it, so what comes back can be measured against it.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from stagelight.engines.experiment.progress import Progress
from stagelight.engines.recording import Recording
from stagelight.engines.scan import metrics, record
from stagelight.engines.scan.acquisition import operator
from stagelight.engines.scan.data import nifti
from stagelight.engines.scan.data.nifti import Own
from stagelight.engines.scan.data.patient import Patient
from stagelight.engines.scan.methods import classical, unrolled
from stagelight.engines.scan.methods.classical import Setting
from stagelight.engines.scan.methods.protocol import Bench, Case
from stagelight.engines.scan.model import denoiser

SETTING = Setting(3e-4, 60, stop=48)  # what suits most of the scored cases
MOST = 40.0  # acceleration


@dataclass(frozen=True)
class Asked:
    """What a reader asks for."""

    path: Path
    acceleration: float = 16.0
    prompt: str = ""  # a sentence about the scan; empty says nothing
    kind: str = "poisson"
    coils: int = 1
    head: bool | None = None  # whether scalp and skull are in it; None to find out


def bench(asked: Asked, seed: int) -> tuple[Own, Bench]:
    """The reader's volume, read and scanned.

    Raises:
        ValueError: as `nifti.read`; or an acceleration that cannot be.
    """
    if not 1 <= asked.acceleration <= MOST:
        raise ValueError(f"acceleration {asked.acceleration:g}, wanted 1 to {MOST:g}")
    own = nifti.read(asked.path, asked.head)
    case = Case("own", asked.kind, asked.acceleration, asked.coils, seed=seed)
    scan = operator.simulate(operator.slices(own.placed.x), case.config, seed)
    return own, Bench(case, scan, own.placed.x, {"brain": own.placed.brain})


def reconstruct(asked: Asked, seed: int, folder: Path, progress: Progress) -> tuple[dict[str, float], list[Path]]:
    """Reconstruct and write `<name>_<method>.nii.gz` for each method, on the file's own grid.

    Returns the figures, under `<method>.<figure>`, and the files written. Methods: `zero_filled`, `mean` of total
    variation and wavelets, and `ours` where the weights are.

    Raises:
        ValueError: as `bench`; nothing is written.
    """
    torch.set_num_threads(1)
    own, made = bench(asked, seed)
    ways: dict[str, Callable[[], torch.Tensor]] = {
        "zero_filled": lambda: classical.zero_filled(made.scan),
        "mean": lambda: classical.quick(made.scan, SETTING),
    }
    if denoiser.WEIGHTS.is_file() and made.scan.acquisition.mask.ndim == 2:
        ways["ours"] = lambda: _ours(made, asked.prompt)
    facts = {"acceleration": asked.acceleration, "spacing": own.placed.spacing, "sigma": made.scan.sigma}
    folder.mkdir(parents=True, exist_ok=True)
    stem = asked.path.name.removesuffix(".gz").removesuffix(".nii")
    paths = []
    for done, (name, way) in enumerate(ways.items(), 1):
        x = way()
        measured = metrics.facts(x, made.reference, made.scan, dict(made.regions))
        facts |= {f"{name}.{key}": value for key, value in measured.items() if math.isfinite(value)}
        paths.append(folder / f"{stem}_{name}.nii.gz")
        nifti.write(operator.volume(x), own, paths[-1])
        progress(name, done, len(ways), {"psnr": measured["brain.psnr"]})
    return facts, paths


def recorded(asked: Asked, seed: int, progress: Progress) -> Recording:
    """A recording of the reader's own volume, as of the patient; nothing is known of a lesion in it.

    Raises:
        ValueError: as `bench`; or the weights cannot be had.
    """
    _, made = bench(asked, seed)
    nothing = np.zeros(made.reference.shape, np.bool_)
    shown = Patient("own", made.reference, made.regions["brain"], nothing, 1.0, asked.path.name)
    rate = asked.acceleration
    config = record.Config(
        acceleration=rate,
        grid=(rate,),
        kind=asked.kind,
        coils=asked.coils,
        prompt=asked.prompt.strip() or "A brain scan.",
        seen=0,
    )
    with tempfile.TemporaryDirectory(prefix="stagelight-") as folder:
        return record.make(Path(folder), progress, config=config, seed=seed, shown=shown)


def _ours(made: Bench, prompt: str) -> torch.Tensor:
    ready = denoiser.ready(denoiser.load(), made.scan)
    return list(unrolled.run(ready, prompt))[-1].consistent * made.scan.scale
