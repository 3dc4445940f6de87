"""Worker processes on this machine, and the workers of a Dask cluster, by the same interface.

Both give something that has `submit` as `concurrent.futures` has.
"""

from __future__ import annotations

import atexit
import importlib
import multiprocessing
import os
import signal
import threading
import urllib.parse
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import connection
from typing import Any

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
CLUSTER_SECONDS = 15  # within which a scheduler has to answer
RETRIES = 3  # of a task whose worker on a cluster was lost
_channel: Any = None  # in a worker: the queue on which tasks report


class ClusterError(ValueError):
    """A cluster cannot be used; the message says why and what to do."""


def channel() -> Any:
    """The queue on which tasks of this worker report; None elsewhere."""
    return _channel


def usable_cores() -> int:
    """The cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
        urllib.parse.urlsplit(address if "://" in address else f"tcp://{address}").port  # noqa: B018  # raises
    except ValueError as error:
        raise ClusterError(f"--cluster {address}: no address ({error}); wanted one such as tcp://host:8786") from None
    try:
        client = distributed.Client(address, timeout=CLUSTER_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        why = " ".join(str(error).split())
        raise ClusterError(f"--cluster {address}: no scheduler answers there ({why}); start one with `dask scheduler`, "
                           "workers with `dask worker ADDRESS --nthreads 1`") from None  # fmt: skip
    with client:
        yield client


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
