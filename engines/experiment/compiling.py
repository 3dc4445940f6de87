"""Compiling an engine's functions with numba, and where the result is kept.

Numba renews a cached function when its own file changes, not when a function it calls does or a constant it was
compiled with. So the cache is in a folder named by all sources that hold either, beside them (`__pycache__`, which git
ignores); where that cannot be written numba uses the user's cache folder.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba


def compiler(home: Path, constants: Path, **options: Any) -> Callable[[Any], Any]:
    """A decorator that compiles at the first call and keeps the result on disk.

    Args:
        home: the folder in and below which every compiled function lies.
        constants: a module whose values are compiled in.
        options: of `numba.njit`.
    """
    sources = [path.read_bytes() for path in sorted(home.rglob("*.py")) if b"@compiled" in path.read_bytes()]
    name = hashlib.sha256(b"".join([*sources, constants.read_bytes()])).hexdigest()[:16]

    def compiled(function: Any) -> Any:
        before = numba.config.CACHE_DIR
        if os.access(home, os.W_OK):
            numba.config.CACHE_DIR = str(home / "__pycache__" / f"numba-{name}")
        try:
            return numba.njit(cache=True, nogil=True, **options)(function)
        finally:
            numba.config.CACHE_DIR = before

    return compiled
