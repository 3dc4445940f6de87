"""Many independent tasks on many cores or machines: local processes, or a Dask cluster by the same call.

A task that fails ends all others at once; what they had saved is kept. So does Ctrl-C, and a parent that is killed.
"""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from stagelight.engines.experiment import cache
from stagelight.engines.experiment.cache import Arrays
from stagelight.engines.experiment.progress import NEVER, Interrupted, Progress, interrupt_after, silent
from stagelight.engines.experiment.workers import RETRIES, channel, dask, processes

T = TypeVar("T", bound=Hashable)
R = TypeVar("R")
TICK = 0.5  # seconds between two looks at the workers
REPORT_SECONDS = 1.0  # between two reports of one task


def compute_all(
    tasks: Sequence[T],
    work: Callable[[T, Progress], Mapping[str, Any]],
    path: Callable[[T], Path],
    *,
    jobs: int = 1,
    cluster: str = "",
    progress: Progress = silent,
    deadline: float = NEVER,
    what: str = "",
) -> dict[T, Arrays]:
    """The arrays of every task, read from disk or computed and kept there as soon as each is finished.

    Args:
        tasks: hashable, and picklable where they run elsewhere.
        work: a module's function that computes the arrays of one task and may report progress.
        path: of the npz file of a task; its name has to change with everything that the arrays depend on.
        jobs: tasks computed at once on this machine.
        cluster: address of a Dask scheduler whose workers compute them instead.
        progress: told of all tasks together, in hundredths of a task.
        deadline: moment of `time.monotonic()` after which no further task is begun.
        what: words for the listener.

    Raises:
        Interrupted: the deadline passed; the same call resumes.
        ClusterError: the cluster cannot be used.
    """
    found = {task: arrays for task in tasks if (arrays := cache.read(path(task))) is not None}
    missing = [task for task in tasks if task not in found]
    for task, made in run_all(
        missing, work, jobs=jobs, cluster=cluster, progress=progress, deadline=deadline, what=what, before=len(found)
    ):
        cache.write(path(task), made)
        found[task] = dict(made)
    return {task: found[task] for task in tasks}


def run_all(
    tasks: Sequence[T],
    work: Callable[[T, Progress], R],
    *,
    jobs: int = 1,
    cluster: str = "",
    progress: Progress = silent,
    deadline: float = NEVER,
    what: str = "",
    before: int = 0,
) -> Iterator[tuple[T, R]]:
    """Run every task and yield it with its result as each is finished; arguments as for `compute_all`.

    `before` tells the listener how many more were finished by an earlier call. A task that observes the deadline itself
    may raise `Interrupted`; the others then end likewise.

    Raises:
        Interrupted: the deadline passed before all were finished.
        ClusterError: the cluster cannot be used.
    """
    account = _Account(what, len(tasks), progress, before)
    stopped = ""
    if not tasks:
        return
    if jobs == 1 and not cluster:
        for index, task in enumerate(tasks):
            if index:  # every call gets something done
                interrupt_after(deadline, f"{what}: {index} of {len(tasks)}".removeprefix(": "))
            yield task, work(task, account.listener(index))
            account.finish(index)
        return
    with _workers(min(jobs, len(tasks)), cluster, account) as executor:
        waiting: dict[Future[R], int] = {
            executor.submit(_run, work, task, index): index for index, task in enumerate(tasks)
        }
        while waiting:
            ended, _ = wait(waiting, TICK, FIRST_COMPLETED)
            for future in ended:
                index = waiting.pop(future)
                try:
                    result = future.result()
                except (CancelledError, Interrupted) as error:
                    stopped = stopped or str(error) or "time is up"
                    continue
                account.finish(index)
                yield tasks[index], result
            account.report()
            if time.monotonic() > deadline:
                for future in waiting:
                    future.cancel()
    if stopped:
        raise Interrupted(f"{what}: {account.finished} of {len(tasks)}".removeprefix(": "))


@contextmanager
def _workers(jobs: int, cluster: str, account: _Account) -> Iterator[Executor]:
    if cluster:  # tasks there do not report; each counts as it is finished
        with dask(cluster) as client:
            yield client.get_executor(pure=False, retries=RETRIES)
        return
    reports = multiprocessing.get_context("spawn").SimpleQueue()
    threading.Thread(target=account.listen, args=(reports,), daemon=True).start()
    try:
        with processes(jobs, channel=reports) as executor:
            yield executor
    finally:
        reports.put(None)


def _run(work: Callable[[T, Progress], R], task: T, index: int) -> R:
    """Run one task in a worker, passing its reports on."""
    last = 0.0

    def report(name: str, done: int, total: int, figures: Mapping[str, float], /) -> None:
        nonlocal last
        if channel() is not None and (done >= total or time.monotonic() - last > REPORT_SECONDS):
            last = time.monotonic()
            channel().put((index, name, done, total, dict(figures)))

    return work(task, report)


class _Account:
    """The progress of all tasks together, as one listener hears it."""

    def __init__(self, what: str, tasks: int, progress: Progress, before: int) -> None:
        self.what, self.progress, self.before = what, progress, before
        self.shares = [0.0] * tasks
        self.figures: dict[int, dict[str, float]] = {}

    @property
    def finished(self) -> int:
        """Tasks that are finished."""
        return sum(share >= 1 for share in self.shares)

    def listener(self, index: int) -> Progress:
        """A listener for one task that runs in this process."""

        def hear(name: str, done: int, total: int, figures: Mapping[str, float], /) -> None:
            self.note(index, name, done, total, figures)
            self.report()

        return hear

    def listen(self, channel: Any) -> None:
        """Note what workers report until None is sent."""
        while (heard := channel.get()) is not None:
            self.note(*heard)

    def note(self, index: int, name: str, done: int, total: int, figures: Mapping[str, float]) -> None:
        """Note one report."""
        if self.shares[index] < 1:
            self.shares[index] = min(0.99, done / max(1, total))
            self.figures[index] = {f"{name}: {figure}": value for figure, value in figures.items()}

    def finish(self, index: int) -> None:
        """Note that a task is finished."""
        self.shares[index] = 1.0
        self.figures.pop(index, None)
        self.report()

    def report(self) -> None:
        """Pass the whole on."""
        latest = {name: value for figures in list(self.figures.values()) for name, value in figures.items()}
        done, total = self.before + sum(self.shares), self.before + len(self.shares)
        self.progress(self.what, round(100 * done), 100 * total, latest)
