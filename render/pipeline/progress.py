"""How far the work is: bars on a terminal, now and then a line elsewhere. All of it goes to standard error.

`watching` follows units whose sizes are known beforehand; `following` follows an engine that says what it is at.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

Show = Callable[[Sequence[int]], None]
Report = Callable[[str, int, int, Mapping[str, float]], None]  # what, done, total, latest figures
EVERY = 10.0  # seconds between two lines


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
        with _stages() as report:
            yield report
    else:
        yield StageLines(time.monotonic)


class Lines:
    """A line when a unit starts, when it is finished, and every ten seconds."""

    def __init__(self, labels: Sequence[str], totals: Sequence[int], clock: Callable[[], float]) -> None:
        self.labels, self.totals, self.clock = labels, totals, clock
        self.before = [0] * len(totals)
        self.started = self.told = clock()

    def __call__(self, done: Sequence[int]) -> None:
        """Say what is new."""
        now = self.clock()
        for label, total, old, new in zip(self.labels, self.totals, self.before, done, strict=True):
            if old == 0 < new:
                _say(f"{label}: started")
            if old < total <= new:
                _say(f"{label}: done, {total} frames; {self._pace(done, now)}")
                self.told = now
        if now - self.told >= EVERY:
            _say(f"{sum(done)} of {sum(self.totals)} frames; {self._pace(done, now)}")
            self.told = now
        self.before = list(done)

    def _pace(self, done: Sequence[int], now: float) -> str:
        rate = sum(done) / max(now - self.started, 1e-3)
        return f"{rate:.1f} fps, {left(sum(done), sum(self.totals), rate)}"


class StageLines:
    """A line when a stage starts, when it ends, and every ten seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.what, self.first, self.started, self.told = "", 0, 0.0, 0.0

    def __call__(self, what: str, done: int, total: int, figures: Mapping[str, float]) -> None:
        """Say what is new."""
        now = self.clock()
        if what != self.what:
            self.what, self.first, self.started = what, done, now
        elif done < total and now - self.told < EVERY:
            return
        self.told = now
        rate = (done - self.first) / max(now - self.started, 1e-3)
        words = [f"{what}: {done} of {total}", *_figures(figures)]
        if 0 < done < total and rate:
            words.append(left(done, total, rate))
        _say(", ".join(words))


def left(done: int, total: int, rate: float) -> str:
    """How long the rest takes at this rate: 1:15 left."""
    seconds = (total - done) / max(rate, 1e-3)
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d} left"


def _figures(figures: Mapping[str, float]) -> list[str]:
    return [f"{name} {value:.3g}" for name, value in figures.items()]


def _say(words: str) -> None:
    sys.stderr.write(words + "\n")
    sys.stderr.flush()


@contextmanager
def _bars(labels: Sequence[str], totals: Sequence[int]) -> Iterator[Show]:
    with _progress() as progress:
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
def _stages() -> Iterator[Report]:
    with _progress() as progress:
        tasks: dict[str, TaskID] = {}

        def report(what: str, done: int, total: int, figures: Mapping[str, float]) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total, more="")
            progress.update(tasks[what], completed=done, total=total, more=" ".join(_figures(figures)))

        yield report


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, TextColumn("{task.fields[more]}"), console=Console(stderr=True))
