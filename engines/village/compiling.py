"""Compiling with numba, and where the result is kept.

Numba renews a cached function when its own file changes, not when a function it calls does or a constant it was
compiled with. So the cache is in a folder named by all sources that hold either, beside them (`__pycache__`, which git
ignores); where that cannot be written numba uses the user's cache folder.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import numba

_HERE = Path(__file__).parent
_SOURCES = [path.read_bytes() for path in sorted(_HERE.glob("*.py")) if b"@compiled" in path.read_bytes()]
_SOURCES.append((_HERE / "rules.py").read_bytes())
_FOLDER = _HERE / "__pycache__" / f"numba-{hashlib.sha256(b''.join(_SOURCES)).hexdigest()[:16]}"


def compiled(function: Any) -> Any:
    """Compile at the first call and keep the result on disk."""
    before = numba.config.CACHE_DIR
    if os.access(_HERE, os.W_OK):
        numba.config.CACHE_DIR = str(_FOLDER)
    try:
        return numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    finally:
        numba.config.CACHE_DIR = before
