"""Many independent tasks on many cores or machines: local processes, or a Dask cluster by the same call.

A task that fails ends all others at once; what they had saved is kept. So does Ctrl-C, and a parent that is killed.
"""

from __future__ import annotations

import atexit
import importlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import connection
from pathlib import Path
from typing import Any, TypeVar

from stagelight.engines.experiment import cache
from stagelight.engines.experiment.cache import Arrays
from stagelight.engines.experiment.progress import NEVER, Interrupted, Progress, interrupt_after, silent

T = TypeVar("T", bound=Hashable)
R = TypeVar("R")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
TICK = 0.5  # seconds between two looks at the workers
REPORT_SECONDS = 1.0  # between two reports of one task
CLUSTER_SECONDS = 15  # within which a scheduler has to answer
RETRIES = 3  # of a task whose worker on a cluster was lost
_channel: Any = None  # in a worker: the queue on which tasks report


class ClusterError(ValueError):
    """A cluster cannot be used; the message says why and what to do."""


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

    def overall(name: str, done: int, total: int, figures: Mapping[str, float], /) -> None:
        progress(name, done + 100 * (len(tasks) - len(missing)), 100 * len(tasks), figures)

    how = {"jobs": jobs, "cluster": cluster, "progress": overall, "deadline": deadline, "what": what}
    for task, made in run_all(missing, work, **how):  # type: ignore[arg-type]  # of several types
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
) -> Iterator[tuple[T, R]]:
    """Run every task and yield it with its result as each is finished; arguments as for `compute_all`.

    A task that observes the deadline itself may raise `Interrupted`; the others then end likewise.

    Raises:
        Interrupted: the deadline passed before all were finished.
        ClusterError: the cluster cannot be used.
    """
    account = _Account(what, len(tasks), progress)
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
def processes(jobs: int, method: str = "spawn", channel: Any = None) -> Iterator[Executor]:
    """Worker processes, of one thread each, on as many cores. Leaving with an error ends them at once.

    Args:
        jobs: how many.
        method: how they are started. "fork" saves them all imports, where this process has a single thread.
        channel: a queue on which their tasks report.
    """
    before = {name: os.environ.get(name) for name in THREADS}
    others = set(multiprocessing.active_children())
    os.environ.update(dict.fromkeys(THREADS, "1"))
    context = multiprocessing.get_context(method)
    executor = ProcessPoolExecutor(jobs, context, initializer=_start, initargs=(jobs, channel))
    try:
        yield executor
    except BaseException:
        for child in set(multiprocessing.active_children()) - others:
            child.kill()
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
        for name, value in before.items():
            os.environ.pop(name)
            os.environ.update({name: value} if value is not None else {})


@contextmanager
def dask(address: str) -> Iterator[Any]:
    """A client of a Dask cluster; its `get_executor` is an executor like the local one.

    Raises:
        ClusterError: Dask is not installed, or no scheduler answers.
    """
    try:
        distributed: Any = importlib.import_module("distributed")  # of the extra `cluster`
    except ImportError:
        raise ClusterError("--cluster needs Dask; run `pip install 'stagelight[cluster]'`") from None
    try:
        client = distributed.Client(address, timeout=CLUSTER_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        why = " ".join(str(error).split())
        raise ClusterError(f"--cluster {address}: no scheduler answers there ({why}); start one with `dask scheduler`, "
                           "workers with `dask worker ADDRESS --nthreads 1`") from None  # fmt: skip
    with client:
        yield client


@contextmanager
def _workers(jobs: int, cluster: str, account: _Account) -> Iterator[Executor]:
    if cluster:  # tasks there do not report; each counts as it is finished
        with dask(cluster) as client:
            yield client.get_executor(pure=False, retries=RETRIES)
        return
    channel = multiprocessing.get_context("spawn").SimpleQueue()
    threading.Thread(target=account.listen, args=(channel,), daemon=True).start()
    try:
        with processes(jobs, channel=channel) as executor:
            yield executor
    finally:
        channel.put(None)


def _start(jobs: int, channel: Any) -> None:
    """Leave Ctrl-C to the parent, end with it, however it ends, and keep to as many cores as there are workers.

    SVT-AV1 has threads of its own even where it encodes with one: one job would take a core and a third.
    """
    global _channel  # noqa: PLW0603  # one for each process
    _channel = channel
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:jobs])
    atexit.register(os._exit, 0)  # registered first, so called last: taking Python apart would be a tenth of a second
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent.sentinel,), daemon=True).start()


def _follow(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


def _run(work: Callable[[T, Progress], R], task: T, index: int) -> R:
    """Run one task in a worker, passing its reports on."""
    last = 0.0

    def report(name: str, done: int, total: int, figures: Mapping[str, float], /) -> None:
        nonlocal last
        if _channel is not None and (done >= total or time.monotonic() - last > REPORT_SECONDS):
            last = time.monotonic()
            _channel.put((index, name, done, total, dict(figures)))

    return work(task, report)


class _Account:
    """The progress of all tasks together, as one listener hears it."""

    def __init__(self, what: str, tasks: int, progress: Progress) -> None:
        self.what, self.progress = what, progress
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
        self.progress(self.what, round(100 * sum(self.shares)), 100 * len(self.shares), latest)
