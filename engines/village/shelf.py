"""Arrays that are put down between calls and taken up again, or made anew where the file cannot be used."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.recording import atomic


def put(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """Write arrays down, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def take(path: Path, *names: str) -> tuple[NDArray[Any], ...] | None:
    """The arrays of these names; None where there is no file that holds them whole."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            return tuple(found[name] for name in names)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None
