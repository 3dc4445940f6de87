"""Compiled positions, cached part by part, so that a killed compilation resumes."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.experiment import cache
from stagelight.engines.experiment.progress import Progress
from stagelight.engines.experiment.provenance import code_version
from stagelight.engines.rollout import encoding
from stagelight.engines.rollout.encoding import Table, compile_positions, join

PART = 500  # positions


def compiled(packed: NDArray[np.uint8], folder: Path, what: str, progress: Progress) -> Table:
    """Compile packed positions, (N, 34), reading those parts that `folder` holds."""
    version = code_version(encoding.__name__)
    tables = []
    for start in range(0, len(packed), PART):
        part = packed[start : start + PART]
        key = hashlib.sha256(version.encode() + part.tobytes()).hexdigest()[:20]
        tables.append(_part(part, folder / "tables" / f"{key}.npz"))
        progress(what, start + len(part), len(packed), {})
    return join(tables)


def _part(packed: NDArray[np.uint8], path: Path) -> Table:
    names = [field.name for field in fields(Table)]
    found = cache.get_or_compute(path, partial(_compile, packed), *names)
    return Table(**{name: found[name] for name in names})


def _compile(packed: NDArray[np.uint8]) -> cache.Arrays:
    return asdict(compile_positions(list(packed)))
