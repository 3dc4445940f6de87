"""Compiling an engine's functions with numba, and the folder in which the result is kept.

Numba renews a cached function when its own file changes, not when a function it calls does or a constant it was
compiled with. So the cache is in a folder named by all sources that hold either: beside them in a checkout
(`__pycache__`, which git ignores), in the user's cache elsewhere. Where neither can be written nothing is kept.

Without numba the functions stay what they are, plain Python, with the same results to the bit.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from stagelight.engines import installation

try:
    import numba
except ModuleNotFoundError:
    numba = None


def compiler(home: Path, constants: Path, **options: Any) -> Callable[[Any], Any]:
    """A decorator that compiles at the first call and keeps the result on disk.

    Args:
        home: the folder in and below which every compiled function lies.
        constants: a module whose values are compiled in.
        options: of `numba.njit`.
    """
    if numba is None:
        return lambda function: function
    sources = [path.read_bytes() for path in sorted(home.rglob("*.py")) if b"@compiled" in path.read_bytes()]
    checked = b"checked" if numba.config.BOUNDSCHECK else b""  # numba itself takes either from its cache for the other
    name = hashlib.sha256(b"".join([*sources, constants.read_bytes(), checked])).hexdigest()[:16]
    folder = _cache_folder(home)

    def compiled(function: Any) -> Any:
        before = numba.config.CACHE_DIR
        if folder:
            numba.config.CACHE_DIR = str(folder / f"numba-{name}")
        try:
            return numba.njit(cache=folder is not None, nogil=True, **options)(function)
        finally:
            numba.config.CACHE_DIR = before

    return compiled


def _cache_folder(home: Path) -> Path | None:
    """The first folder that can be written: beside the sources of a checkout, or the user's."""
    beside = [home / "__pycache__"] if installation.CHECKOUT else []
    for folder in (*beside, installation.user_cache() / "numba"):
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    return None
