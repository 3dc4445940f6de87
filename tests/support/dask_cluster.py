"""A real Dask cluster on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

distributed: Any = pytest.importorskip("distributed")
HERE = "127.0.0.1"


class Cluster:
    """A scheduler and two workers, processes of their own."""

    def __init__(self, root: Path) -> None:
        self.file, self.root = root / "scheduler.json", root
        self.running = [self.start("scheduler", "--port", "0")]
        self.workers = [self.work(), self.work()]

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """One `dask` process."""
        path = os.pathsep.join([str(self.root), *sys.path])
        options = ["--host", HERE, "--no-dashboard", "--scheduler-file", str(self.file)]
        command = (sys.executable, "-m", "dask", *command, *options)
        return subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": path},
            cwd=self.root,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def work(self, threads: int = 1) -> subprocess.Popen[bytes]:
        """One more worker."""
        self.running.append(self.start("worker", "--nthreads", str(threads), "--no-nanny"))
        return self.running[-1]

    @property
    def address(self) -> str:
        """The scheduler's address, once both workers are there."""
        until = time.monotonic() + 60
        while not self.file.exists() and time.monotonic() < until:
            time.sleep(0.1)
        address = str(json.loads(self.file.read_text())["address"])

        client: Any = distributed.Client(address, timeout=60, set_as_default=False)
        with client:
            client.wait_for_workers(len(self.running) - 1, timeout=60)
        return address

    def close(self) -> None:
        """End every process."""
        for process in reversed(self.running):
            process.kill()
            process.wait()
