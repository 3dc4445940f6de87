"""Cases in a process of their own, which is ended and replaced when one of them ends it or does not end.

A case may take a gigabyte of memory above what the imports take, which the system enforces, and some seconds of
processor time, its children's included. Time by the clock is no measure on a loaded machine: it only ends a case that
would never end.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from stagelight.render.trials.answers import Bench, Case, Wrong

MOST_BYTES = 1 << 30
HANGS = 120.0  # seconds by the clock
BEGINS = 900.0  # seconds by the clock in which a worker is ready, compilation included

Task = tuple[int, int]  # the seed and the number of a mutation; seed -1: of a case made by hand


@dataclass(frozen=True)
class Outcome:
    """The end of one case."""

    reader: str
    case: str
    answer: str  # REFUSED, READ or "", if wrong
    wrong: str  # the kind of failure
    example: str
    peak_bytes: int  # above what the imports take, of this worker so far


def outcomes(
    name: str,
    begin: Callable[[Path], Bench],
    tasks: Sequence[Task],
    checked: bool = False,
    seconds: float = 5.0,
) -> Iterator[Outcome]:
    """Run the cases of a reader, each in turn.

    Args:
        name: of the reader.
        begin: a module's function, called in every new worker with an empty folder.
        tasks: the cases.
        checked: have numba check every index.
        seconds: of processor time that a case may take.
    """
    left = list(tasks)
    while left:
        with _worker(begin, checked) as (link, process):
            _ready(name, link)
            while left:
                task = left.pop(0)
                link.send((*task, seconds))
                told = _told(link, process)
                if told is None:
                    code = process.exitcode
                    hung = code is None
                    why = "does not end" if hung else f"ends the process ({_ended(code)})"
                    yield Outcome(name, f"{task}", "", why, f"case {task}", 0)
                    break
                yield Outcome(name, *told)


def count_by_hand(name: str, begin: Callable[[Path], Bench], checked: bool = False) -> int:
    """The number of cases that were made by hand for a reader."""
    with _worker(begin, checked) as (link, _):
        return _ready(name, link)


def _ready(name: str, link: Connection) -> int:
    """Wait for a worker; the number of its cases that were made by hand.

    Raises:
        RuntimeError: it cannot begin.
    """
    try:
        if link.poll(BEGINS):
            return int(link.recv())
    except (EOFError, OSError):
        pass
    raise RuntimeError(f"{name}: what is tried does not begin; its own error is above")


def _told(link: Connection, process: Any) -> tuple[str, str, str, str, int] | None:
    """A worker's account of a case; None if the case ended the worker, or does not end."""
    try:
        if link.poll(HANGS):
            found: tuple[str, str, str, str, int] = link.recv()
            return found
    except (EOFError, OSError):
        process.join(10)
    return None


def _ended(code: int | None) -> str:
    return signal.Signals(-code).name if code is not None and code < 0 else f"status {code}"


@contextmanager
def _worker(begin: Callable[[Path], Bench], checked: bool) -> Iterator[tuple[Connection, Any]]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    names = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    names |= {"NUMBA_BOUNDSCHECK": "1"} if checked else {}
    before = {name: os.environ.get(name) for name in names}
    with tempfile.TemporaryDirectory(prefix="stagelight-trial-") as folder:
        os.environ.update(names)
        try:
            process = context.Process(target=_serve, args=(there, begin, Path(folder)), daemon=False)
            process.start()
        finally:
            for name, value in before.items():
                os.environ.pop(name)
                os.environ.update({name: value} if value is not None else {})
        there.close()
        try:
            yield here, process
        finally:
            here.close()
            process.join(5)
            if process.is_alive():
                process.kill()
                process.join()


def _serve(link: Connection, begin: Callable[[Path], Bench], folder: Path) -> None:
    """In the worker: run the cases asked for until the other side is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    bench = begin(folder)
    size = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MOST_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    imported = _resident()
    link.send(len(bench.by_hand))
    while True:
        try:
            seed, number, seconds = link.recv()
        except EOFError:
            return
        case = bench.by_hand[number] if seed < 0 else bench.mutated(seed, number)
        link.send(
            (
                f"{case.name} ({'by hand' if seed < 0 else number})",
                *_tried(case, seconds),
                max(0, _resident() - imported),
            )
        )


def _tried(case: Case, most: float) -> tuple[str, str, str]:
    """Run a case; its answer, or the kind of failure with an example."""
    started = _processor()
    try:
        answer = case.answer()
    except Wrong as error:
        return "", error.kind, str(error)
    except BaseException as error:  # noqa: BLE001  # that is what is looked for
        return "", f"raises {type(error).__name__}", f"{case.name}: {ascii(str(error))[:200]}"
    taken = _processor() - started
    if taken > most:
        return "", f"more than {most:g} s", f"{case.name}: {taken:.1f} s"
    return answer, "", ""


def _processor() -> float:
    found = os.times()
    return time.process_time() + found.children_user + found.children_system


def _resident() -> int:
    """The most memory so far, of this process or a child."""
    return 1024 * max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
