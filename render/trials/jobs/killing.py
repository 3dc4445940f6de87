"""A job that is killed at a chance moment and started again, or that runs beside a second copy of itself."""

from __future__ import annotations

import os
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import rmtree

import numpy as np

from stagelight.render.trials.answers import READ, Bench, Case, Wrong

Results = Mapping[str, bytes]
SIGNALS = (signal.SIGKILL, signal.SIGTERM)
TEMPORARY = ".temporary"  # a job's folder for temporary files
OTHERS = "torchinductor_*"  # PyTorch makes this one as it is imported, and keeps it
TWINS = 6  # every sixth case is two copies at once, of which none is killed


@dataclass(frozen=True)
class Job:
    """Work that leaves files in a folder."""

    work: Callable[[Path], object]
    results: Callable[[Path], Results]  # what is in the folder under a name that somebody reads; of each, its meaning
    checkpoints: bool = False  # whether what it leaves when it is killed is of an earlier moment
    alone: bool = False  # whether one of two copies is refused while the other one runs


def bench(job: Job, folder: Path) -> Bench:
    """A job with its undisturbed results. It is run in processes forked from this one, which has its imports."""
    whole = folder / "whole"
    _end(_begin(job, whole))  # once for what is compiled and kept for all
    rmtree(whole)
    started = time.monotonic()
    _end(_begin(job, whole))
    seconds, wanted = time.monotonic() - started, job.results(whole)
    if not wanted:
        raise RuntimeError("a job without results")

    def mutated(seed: int, number: int) -> Case:
        rng = np.random.default_rng([seed, number])
        if number % TWINS == TWINS - 1:
            pause = float(rng.random()) * seconds / 2
            return Case(f"two copies, {pause:.2f} s apart", partial(_twins, job, folder / "again", wanted, pause))
        kill, after = SIGNALS[number % 2], float(rng.random()) * seconds
        name = f"{kill.name} after {after:.2f} of {seconds:.2f} s"
        return Case(name, partial(_killed, job, folder / "again", wanted, kill, after))

    return Bench(mutated)


def _killed(job: Job, folder: Path, wanted: Results, kill: signal.Signals, after: float) -> str:
    """Kill a run; what it left is whole or unnamed, and a second run ends as one that was left alone."""
    rmtree(folder, ignore_errors=True)
    process = _begin(job, folder)
    time.sleep(after)
    with suppress(ProcessLookupError):  # it was quicker
        os.killpg(process, kill)
    os.waitpid(process, 0)
    with suppress(ProcessLookupError):  # its workers, should it have some that outlive it
        os.killpg(process, signal.SIGKILL)
    left = job.results(folder)
    if torn := [name for name, data in left.items() if not (job.checkpoints or wanted.get(name) == data)]:
        raise Wrong("a file that is not whole", ", ".join(torn)[:200])
    _end(_begin(job, folder))
    _same(job, folder, wanted)
    _tidy(folder)
    return READ


def _twins(job: Job, folder: Path, wanted: Results, pause: float) -> str:
    """Run two copies in one folder; both end well, or one of them is refused, with the results of one."""
    rmtree(folder, ignore_errors=True)
    first = _begin(job, folder)
    time.sleep(pause)
    second = _begin(job, folder)
    ended = [os.waitpid(process, 0)[1] for process in (first, second)]
    if not (any(code == 0 for code in ended) if job.alone else ended == [0, 0]):
        raise Wrong("copies of which one ends badly", str([os.waitstatus_to_exitcode(code) for code in ended]))
    _same(job, folder, wanted)
    _tidy(folder)
    return READ


def _begin(job: Job, folder: Path) -> int:
    """Start the work in a process group of its own; the group's number."""
    (folder / TEMPORARY).mkdir(parents=True, exist_ok=True)
    process = os.fork()
    if process:
        with suppress(OSError):  # it may have done so itself
            os.setpgid(process, process)
        return process
    try:
        os.setpgid(0, 0)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        os.environ["TMPDIR"] = tempfile.tempdir = str(folder / TEMPORARY)
        with (folder / ".said").open("a") as said:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
        job.work(folder)
    except BaseException:  # noqa: BLE001  # the other side reads it
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _end(process: int) -> None:
    _, status = os.waitpid(process, 0)
    if code := os.waitstatus_to_exitcode(status):
        raise Wrong(f"a run that ends with {code}", f"process {process}")


def _same(job: Job, folder: Path, wanted: Results) -> None:
    found = job.results(folder)
    other = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    if other:
        raise Wrong("other results than without it", ", ".join(other)[:200])


def _tidy(folder: Path) -> None:
    if parts := [path.name for path in folder.rglob("*.part")]:
        raise Wrong("half-made files that stay", ", ".join(parts)[:200])
    if litter := [path.name for path in (folder / TEMPORARY).iterdir() if not path.match(OTHERS)]:
        raise Wrong("files in the folder for temporary ones", ", ".join(litter)[:200])
