"""The versions that put pixels in place besides the sources: two machines that agree on them draw the same bits."""

from __future__ import annotations

import platform
import re
from pathlib import Path

import cairo

from stagelight.render.pipeline.plan import Inputs


def environment(inputs: Inputs) -> dict[str, str]:
    """Each part's name and version: packages, Python, the cairo library below pycairo, and the processor."""
    return {
        **dict(inputs.versions),
        "python": platform.python_version(),
        "cairo": cairo.cairo_version_string(),
        "processor": _processor(),
    }


def _processor() -> str:
    """The processor's model where the system tells it: numpy and cairo choose their inner loops by it."""
    cpuinfo = Path("/proc/cpuinfo")
    named = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text() if cpuinfo.exists() else "", re.MULTILINE)
    return named[1] if named else platform.processor() or platform.machine()
