"""Units of work in worker processes, with progress. Anything that has `submit` as concurrent.futures has will do."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from stagelight.engines.experiment.workers import processes, usable_cores
from stagelight.engines.recording import alive, atomic
from stagelight.render.pipeline import RenderError, one_line

__all__ = ["Work", "pool", "run", "usable_cores"]
pool = processes

U = TypeVar("U", bound="Work")
R = TypeVar("R")
TICK = 0.2  # seconds between two looks at the workers' counts
COUNTER = re.compile(r"\.?\.frames-(\d+)\.part")


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


def run(
    executor: Executor,
    units: Sequence[U],
    work: Callable[[U, Callable[[int], None]], R],
    watch: Callable[[Sequence[int]], None],
    keep: Callable[[U, R], None],
    folder: Path,
) -> None:
    """Do all units, longest first, and `keep` each result as it arrives.

    The workers count what they have done in a file of that folder, which is removed; one that a killed process left
    there is, too.

    Raises:
        RenderError: a unit failed; the message names scene, section and frame.
    """
    with _counter(folder, len(units)) as file:
        order = sorted(range(len(units)), key=lambda index: -units[index].frames)
        waiting: dict[Future[R], int] = {
            executor.submit(_do, work, units[index], file, index): index for index in order
        }
        while waiting:
            ended, _ = wait(waiting, TICK, FIRST_COMPLETED)
            finished = sorted(
                (future for future in waiting if future in ended), key=lambda future: bool(future.exception())
            )
            done = _counts(file)
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


@contextmanager
def _counter(folder: Path, units: int) -> Iterator[Path]:
    """The file in which workers count, named by this process."""
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(".*frames-*.part"):  # or one that was not whole yet, whose name has a dot more
        whose = COUNTER.match(left.name)
        if not (whose and alive(int(whose[1]))):
            left.unlink(missing_ok=True)
    file = folder / f".frames-{os.getpid()}.part"
    with atomic(file) as out:  # which names it where the disk is full
        out.write(bytes(4 * units))
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)


def _counts(path: Path) -> list[int]:
    data = path.read_bytes()
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
