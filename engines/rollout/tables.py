"""Compiled positions, kept in a cache folder part by part, so that a killed compilation goes on."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.recording import atomic
from stagelight.engines.rollout.encoding import Table, compile_positions, join

PART = 500  # positions
SOURCES = ("encoding", "positions", "verifier")  # what a compiled position depends on
Report = Callable[[str, int, int, dict[str, float]], None]  # what, done, total, latest figures


def compiled(packed: NDArray[np.uint8], cache: Path, what: str, report: Report) -> Table:
    """Compile packed positions, (N, 34), taking from the cache what it has."""
    folder = cache / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    sources = b"".join((Path(__file__).resolve().parent / f"{name}.py").read_bytes() for name in SOURCES)
    tables = []
    for start in range(0, len(packed), PART):
        part = packed[start : start + PART]
        key = hashlib.sha256(sources + part.tobytes()).hexdigest()[:20]
        tables.append(_part(part, folder / f"{key}.npz"))
        report(what, start + len(part), len(packed), {})
    return join(tables)


def _part(packed: NDArray[np.uint8], path: Path) -> Table:
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            return Table(**{field.name: file[field.name] for field in fields(Table)})
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
        table = compile_positions(list(packed))
        with atomic(path) as out:
            np.savez(out, **asdict(table))
        return table
