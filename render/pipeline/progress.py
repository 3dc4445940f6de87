"""Progress: bars on a terminal, now and then a line elsewhere. All of it goes to standard error.

`watching` follows units whose sizes are known beforehand; `following` follows an engine that says what it is at, and
on a terminal shows its latest figures as a table. A figure named "run: metric" stands in that run's row.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

Show = Callable[[Sequence[int]], None]
Report = Callable[[str, int, int, Mapping[str, float]], None]  # what, done, total, latest figures
EVERY = 10.0  # seconds between two lines
FIGURES = 6  # in a line, the latest


@contextmanager
def watching(labels: Sequence[str], totals: Sequence[int]) -> Iterator[Show]:
    """A function to be called often with what is done of each of `totals`."""
    if sys.stderr.isatty():
        with _bars(labels, totals) as show:
            yield show
    else:
        yield Lines(labels, totals, time.monotonic)


@contextmanager
def following() -> Iterator[Report]:
    """A function for an engine to call as often as it likes."""
    if sys.stderr.isatty():
        with stages(Console(stderr=True)) as report:
            yield report
    else:
        yield StageLines(time.monotonic)


class Lines:
    """A line when a unit starts, when it is finished, and every ten seconds."""

    def __init__(self, labels: Sequence[str], totals: Sequence[int], clock: Callable[[], float]) -> None:
        self.labels, self.totals, self.clock = labels, totals, clock
        self.before = [0] * len(totals)
        self.started = self.last_line = clock()

    def __call__(self, done: Sequence[int]) -> None:
        """Say what is new."""
        now = self.clock()
        for label, total, old, new in zip(self.labels, self.totals, self.before, done, strict=True):
            if old == 0 < new:
                _say(f"{label}: started")
            if old < total <= new:
                _say(f"{label}: done, {total} frames; {self._pace(done, now)}")
                self.last_line = now
        if now - self.last_line >= EVERY:
            _say(f"{sum(done)} of {sum(self.totals)} frames; {self._pace(done, now)}")
            self.last_line = now
        self.before = list(done)

    def _pace(self, done: Sequence[int], now: float) -> str:
        rate = sum(done) / max(now - self.started, 1e-3)
        return f"{rate:.1f} fps, {left(sum(done), sum(self.totals), rate)}"


class StageLines:
    """A line when a stage starts, when it ends, and every ten seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.what, self.first, self.started, self.last_line = "", 0, 0.0, 0.0

    def __call__(self, what: str, done: int, total: int, figures: Mapping[str, float]) -> None:
        """Say what is new."""
        now = self.clock()
        if what != self.what:
            self.what, self.first, self.started = what, done, now
        elif done < total and now - self.last_line < EVERY:
            return
        self.last_line = now
        rate = (done - self.first) / max(now - self.started, 1e-3)
        latest = dict(list(figures.items())[-FIGURES:])
        words = [f"{what}: {done} of {total}", *(f"{name} {value:.3g}" for name, value in latest.items())]
        if 0 < done < total and rate:
            words.append(left(done, total, rate))
        _say(", ".join(words))


def left(done: int, total: int, rate: float) -> str:
    """The time left at this rate: 1:15 left."""
    seconds = (total - done) / max(rate, 1e-3)
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d} left"


def _say(words: str) -> None:
    sys.stderr.write(words + "\n")
    sys.stderr.flush()


@contextmanager
def _bars(labels: Sequence[str], totals: Sequence[int]) -> Iterator[Show]:
    with _progress(Console(stderr=True)) as progress:
        tasks = [
            progress.add_task(label, total=total, start=False, more="")
            for label, total in zip(labels, totals, strict=True)
        ]
        whole, started = progress.add_task("total", total=sum(totals), more=""), time.monotonic()

        def show(done: Sequence[int]) -> None:
            for task, count in zip(tasks, done, strict=True):
                if count and progress.tasks[task].start_time is None:
                    progress.start_task(task)
                progress.update(task, completed=count)
            rate = sum(done) / max(time.monotonic() - started, 1e-3)
            progress.update(whole, completed=sum(done), more=f"{rate:.1f} fps")

        yield show


@contextmanager
def stages(console: Console) -> Iterator[Report]:
    """A bar for each stage, and a table of the latest figures, on a terminal."""
    progress = _progress(console)
    tasks: dict[str, TaskID] = {}
    with Live(progress, console=console, refresh_per_second=4) as live:

        def report(what: str, done: int, total: int, figures: Mapping[str, float]) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total, more="")
            progress.update(tasks[what], completed=done, total=total)
            live.update(Group(progress, table(what, figures)) if figures else progress)

        yield report


def table(what: str, figures: Mapping[str, float]) -> Table:
    """Figures in the rows of their runs; those without a run in the row `what`."""
    rows: dict[str, dict[str, float]] = {}
    for name, value in figures.items():
        run, _, metric = name.rpartition(": ")
        rows.setdefault(run or what, {})[metric] = value
    metrics = list(dict.fromkeys(metric for row in rows.values() for metric in row))
    grid = Table("", *metrics, box=None)
    for run, row in rows.items():
        grid.add_row(run, *(f"{row[metric]:.3g}" if metric in row else "" for metric in metrics))
    return grid


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, TextColumn("{task.fields[more]}"), console=console)
