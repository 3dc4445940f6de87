"""Many runs on all cores, each a process of its own, with one account of how far they are."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any

from stagelight.engines.recording import Recording
from stagelight.engines.rollout.ladder import work
from stagelight.engines.rollout.ladder.runs import Run
from stagelight.engines.rollout.tables import Report

_EVERY = 1.0  # seconds between two words of a run
_say: Any = None  # in a worker: the queue to whoever listens


def make(
    runs: Sequence[Run], cache: Path, report: Report, jobs: int, until: float = float("inf"), what: str = "training"
) -> dict[Run, Recording]:
    """Every run, from the cache or made. If one fails, or the caller stops, so do the others; none is lost.

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
    threading.Thread(target=_hear, args=(queue, shares, figures), daemon=True).start()
    workers = ProcessPoolExecutor(min(jobs, len(missing)), context, _listen, (queue, os.getpid()))
    try:
        left = {workers.submit(_make, run, cache, until) for run in missing}
        while left:
            done, left = wait(left, timeout=0.5)
            for future in done:
                future.result()  # whatever went wrong there goes wrong here
            report(what, int(100 * (sum(shares.values()) + len(found))), 100 * len(runs), dict(figures))
    except BaseException:
        for process in list((workers._processes or {}).values()):  # a run may take an hour; its checkpoint is kept
            process.terminate()
        raise
    finally:
        workers.shutdown(cancel_futures=True)
        queue.put(None)
    return {run: work.make(run, cache, lambda *_: None) for run in runs}


def _hear(queue: Any, shares: dict[Run, float], figures: dict[str, float]) -> None:
    """Note what the runs say, until None is said. A run that has ended has said its last."""
    while (word := queue.get()) is not None:
        run, share, latest = word
        shares[run] = share
        for name, value in latest.items():
            if share < 1:
                figures[f"{run.name} {run.seed}: {name}"] = value
            else:
                figures.pop(f"{run.name} {run.seed}: {name}", None)


def _listen(queue: Any, parent: int) -> None:
    global _say  # noqa: PLW0603  # one a process
    _say = queue
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    """A worker whose parent was killed would go on for nobody."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _make(run: Run, cache: Path, until: float) -> None:
    last, latest = 0.0, dict[str, float]()

    def say(share: float, figures: dict[str, float]) -> None:
        nonlocal last
        latest.update(figures)
        if share >= 1 or time.monotonic() - last > _EVERY:
            last = time.monotonic()
            _say.put((run, share, dict(latest)))

    work.make(run, cache, say, until)
