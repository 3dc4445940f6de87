"""An on-disk cache of arrays: computed once, computed again where the file is missing or damaged."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.recording import atomic

Arrays = dict[str, NDArray[Any]]
DAMAGE = (OSError, ValueError, KeyError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error)


def get_or_compute(path: Path, compute: Callable[[], Mapping[str, NDArray[Any]]], *wanted: str) -> Arrays:
    """The arrays kept at `path`, or those that `compute` returns, which are then kept there.

    Args:
        path: of the npz file; its name has to change with everything that the arrays depend on.
        compute: called only where the file is missing, damaged, or lacks a wanted name.
        wanted: names of arrays that the file must hold.
    """
    found = read(path, *wanted)
    if found is None:
        found = dict(compute())
        write(path, found)
    return found


def read(path: Path, *wanted: str) -> Arrays | None:
    """The arrays kept at `path`; None where the file is missing, damaged, or lacks a wanted name."""
    try:
        return load(path, *wanted)
    except ValueError:
        return None


def load(path: Path, *wanted: str) -> Arrays:
    """The arrays kept at `path`.

    Raises:
        ValueError: the file is missing, damaged, or lacks a wanted name; the message names it and says why.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
    except DAMAGE as error:
        why = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{path}: not a file of arrays ({why})") from error
    if missing := sorted(set(wanted) - found.keys()):
        raise ValueError(f"{path}: no array {', '.join(missing)}")
    return found


def write(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Keep arrays at `path`, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def pack_words(value: Any) -> NDArray[np.uint8]:
    """A JSON value as an array, to be kept beside others."""
    return np.frombuffer(json.dumps(value).encode(), np.uint8)


def unpack_words(array: NDArray[Any]) -> Any:
    """The JSON value that `pack_words` packed.

    Raises:
        ValueError: the array does not hold one.
    """
    return json.loads(array.tobytes())
