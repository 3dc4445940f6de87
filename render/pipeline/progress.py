"""How far the work is: bars on a terminal, now and then a line elsewhere. All of it goes to standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Show = Callable[[Sequence[int]], None]
EVERY = 10.0  # seconds between two lines


@contextmanager
def watching(labels: Sequence[str], totals: Sequence[int], unit: str = "fps") -> Iterator[Show]:
    """A function to be called often with what is done of each of `totals`."""
    if sys.stderr.isatty():
        with _bars(labels, totals, unit) as show:
            yield show
    else:
        yield Lines(labels, totals, unit, time.monotonic)


class Lines:
    """A line when a unit starts, when it is finished, and every ten seconds."""

    def __init__(self, labels: Sequence[str], totals: Sequence[int], unit: str, clock: Callable[[], float]) -> None:
        self.labels, self.totals, self.unit, self.clock = labels, totals, unit, clock
        self.before = [0] * len(totals)
        self.started = self.told = clock()

    def __call__(self, done: Sequence[int]) -> None:
        """Say what is new."""
        now = self.clock()
        for label, total, old, new in zip(self.labels, self.totals, self.before, done, strict=True):
            if old == 0 < new:
                self._say(f"{label}: started")
            if old < total <= new:
                self._say(f"{label}: done, {total} frames; {self._pace(done, now)}")
        if now - self.told >= EVERY:
            self._say(f"{sum(done)} of {sum(self.totals)} frames; {self._pace(done, now)}")
        self.before = list(done)

    def _pace(self, done: Sequence[int], now: float) -> str:
        rate = sum(done) / max(now - self.started, 1e-3)
        return f"{rate:.1f} {self.unit}, {clock((sum(self.totals) - sum(done)) / max(rate, 1e-3))} left"

    def _say(self, words: str) -> None:
        self.told = self.clock()
        sys.stderr.write(words + "\n")
        sys.stderr.flush()


def clock(seconds: float) -> str:
    """75.4 -> 1:15."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


@contextmanager
def _bars(labels: Sequence[str], totals: Sequence[int], unit: str) -> Iterator[Show]:
    pace = TextColumn("{task.fields[pace]}")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), pace, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        tasks = [
            progress.add_task(label, total=total, start=False, pace="")
            for label, total in zip(labels, totals, strict=True)
        ]
        whole = progress.add_task("total", total=sum(totals), pace="")
        started = time.monotonic()

        def show(done: Sequence[int]) -> None:
            for task, count in zip(tasks, done, strict=True):
                if count and not progress.tasks[tasks.index(task)].started:
                    progress.start_task(task)
                progress.update(task, completed=count)
            rate = sum(done) / max(time.monotonic() - started, 1e-3)
            progress.update(whole, completed=sum(done), pace=f"{rate:.1f} {unit}")

        yield show
