"""The command line in a process of its own, and the ends of processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.paths import PACKAGE

Call = Callable[..., tuple[int, str, str]]  # a command's exit code, what it said, and what went wrong


def drive(root: Path, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    """The command line over the tiny scene, in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, str(root / "driver.py"), *arguments],
        env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{PACKAGE}"},
        start_new_session=True,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=heed_ctrl_c,  # noqa: PLW1509  # no thread of ours runs here
        **options,
    )


def heed_ctrl_c() -> None:
    """Undo what a shell does to the jobs it starts in the background: they, and all they start, ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def finish(process: subprocess.Popen[str], code: int = 0) -> tuple[str, str]:
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, err
    return out, err


def group_is_gone(group: int, seconds: float = 10) -> bool:
    """True once no process of the group is left; False if some are after so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def until(seen: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait for a moment in another process's life."""
    end = time.monotonic() + 60
    while not seen() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.002)
