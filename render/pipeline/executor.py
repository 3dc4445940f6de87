"""Units of work in worker processes, with progress. Anything that has `submit` as concurrent.futures has will do."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import connection
from pathlib import Path
from typing import Protocol, TypeVar

from stagelight.render.pipeline import RenderError, one_line

U = TypeVar("U", bound="Work")
R = TypeVar("R")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
TICK = 0.2  # seconds between two looks at the workers' counts


class Work(Protocol):
    """A unit of work: a section of a scene, with its frames."""

    @property
    def scene(self) -> str:
        """The scene's name."""

    @property
    def section(self) -> str:
        """The section's name."""

    @property
    def frames(self) -> int:
        """The number of frames."""


def usable_cores() -> int:
    """The cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def pool(jobs: int, method: str = "spawn") -> Iterator[Executor]:
    """Worker processes, on as many cores. Leaving with an error ends them at once.

    Args:
        method: how they are started. "fork" saves them all imports, where this process has a single thread.
    """
    before = {name: os.environ.get(name) for name in THREADS}
    others = set(multiprocessing.active_children())
    os.environ.update(dict.fromkeys(THREADS, "1"))
    executor = ProcessPoolExecutor(jobs, multiprocessing.get_context(method), initializer=_start, initargs=(jobs,))
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


def _start(jobs: int) -> None:
    """Leave Ctrl-C to the parent, end with it, however it ends, and keep to as many cores as there are workers.

    SVT-AV1 has threads of its own even where it encodes with one: --jobs 1 would take a core and a third.
    """
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


def run(
    executor: Executor,
    units: Sequence[U],
    work: Callable[[U, Callable[[int], None]], R],
    watch: Callable[[Sequence[int]], None],
    keep: Callable[[U, R], None],
) -> None:
    """Do all units, longest first, and `keep` each result as it arrives.

    Raises:
        RenderError: a unit failed; the message names scene, section and frame.
    """
    with tempfile.NamedTemporaryFile(prefix="stagelight-") as file:
        file.write(bytes(4 * len(units)))
        file.flush()
        order = sorted(range(len(units)), key=lambda index: -units[index].frames)
        waiting: dict[Future[R], int] = {
            executor.submit(_do, work, units[index], Path(file.name), index): index for index in order
        }
        while waiting:
            ended, _ = wait(waiting, TICK, FIRST_COMPLETED)
            finished = sorted(
                (future for future in waiting if future in ended), key=lambda future: bool(future.exception())
            )
            done = _counts(file.name)
            watch(done)
            if any(isinstance(future.exception(), BrokenProcessPool) for future in finished):
                raise RenderError(_killed([(units[index], done[index]) for index in sorted(waiting.values())]))
            for future in finished:
                index = waiting.pop(future)
                keep(units[index], _result(future, units[index], done[index]))


def _do(work: Callable[[U, Callable[[int], None]], R], unit: U, counts: Path, index: int) -> R:
    """In a worker: do the unit, and note in a shared file, four bytes a unit, how many frames are finished.

    A worker on another machine does not see that file; its section counts as it is finished.
    """
    if not counts.exists():
        return work(unit, lambda done: None)
    with counts.open("r+b", buffering=0) as file:

        def on_frame(done: int) -> None:
            os.pwrite(file.fileno(), done.to_bytes(4, "little"), 4 * index)

        return work(unit, on_frame)


def _counts(path: str) -> list[int]:
    data = Path(path).read_bytes()
    return [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]


def _result(future: Future[R], unit: Work, done: int) -> R:
    try:
        return future.result()
    except Exception as error:
        where = f"frame {done}" if done < unit.frames else "after its last frame"
        raise RenderError(f"{unit.scene}, section {unit.section}, {where}: {one_line(error)}") from error


def _killed(units: Sequence[tuple[Work, int]]) -> str:
    at = [f"section {unit.section}, frame {done}" for unit, done in units if done]
    where = " or ".join(at) or "before its first frame"
    return f"{units[0][0].scene}, {where}: a worker was killed, perhaps for want of memory; try again with --jobs 1"
