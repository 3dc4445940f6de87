"""Many runs on all cores, each a process of its own, with one account of how far they are."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any

from engines.recording import Recording
from engines.rollout.ladder import work
from engines.rollout.ladder.runs import Run
from engines.rollout.tables import Report

_EVERY = 1.0  # seconds between two words of a run
_say: Any = None  # in a worker: the queue to whoever listens


def make(
    runs: Sequence[Run], cache: Path, report: Report, jobs: int, until: float = float("inf"), what: str = "training"
) -> dict[Run, Recording]:
    """Every run, from the cache or made.

    Raises:
        Paused: `until` came first; what was made is kept.
    """
    found = {run: made for run in runs if (made := work.kept(run, cache)) is not None}
    missing = [run for run in runs if run not in found]
    if not missing:
        return found
    context = multiprocessing.get_context("spawn")
    queue = context.SimpleQueue()
    shares = dict.fromkeys(missing, 0.0)
    figures: dict[str, float] = {}
    with ProcessPoolExecutor(min(jobs, len(missing)), context, _listen, (queue,)) as workers:
        futures = {workers.submit(_make, run, cache, until): run for run in missing}
        left = set(futures)
        while left:
            done, left = wait(left, timeout=0.5)
            while not queue.empty():
                run, share, latest = queue.get()
                shares[run] = share
                figures |= {f"{run.name} {run.seed}: {name}": value for name, value in latest.items()}
            for future in done:
                future.result()  # whatever went wrong there goes wrong here
            running = dict(list(figures.items())[-4:])
            report(what, int(100 * (sum(shares.values()) + len(found))), 100 * len(runs), running)
    return {run: work.make(run, cache, lambda *_: None) for run in runs}


def _listen(queue: Any) -> None:
    global _say  # noqa: PLW0603  # one a process
    _say = queue


def _make(run: Run, cache: Path, until: float) -> None:
    last = 0.0

    def say(share: float, figures: dict[str, float]) -> None:
        nonlocal last
        if figures or share >= 1 or time.monotonic() - last > _EVERY:
            last = time.monotonic()
            _say.put((run, share, figures))

    work.make(run, cache, say, until)
