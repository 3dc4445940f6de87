"""Measure both ways of drawing in one run, in turn: their cost, and the difference between their pictures."""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from av.video.reformatter import VideoReformatter

from stagelight.render.bench import job, plain, staged
from stagelight.render.pipeline import RenderError, encode, executor, make, perceptual, plan, progress
from stagelight.render.pipeline.plan import Places
from stagelight.render.stage import Film

Log = Callable[[str], None]

DRAWN_FPS = 5  # of the 30 frames of a second these are drawn where drawing alone is timed
LARGER = 1.25  # how large a file of ours may be beside Manim's
TARGETS = {  # of the ratios: plain over staged, one job over two
    "network.draw_ratio": 2.5,
    "slices.draw_ratio": 8.0,
    "cube.draw_ratio": 6.0,
    "network.wall_ratio": 3.0,
    "slices.wall_ratio": 4.0,
    "cube.wall_ratio": 6.0,
    "jobs.ratio": 1.7,
}


@dataclass(frozen=True)
class Timing:
    """The same work done two ways, in turn."""

    before: tuple[float, ...]
    after: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """The median of the first way as a multiple of the second's."""
        return statistics.median(self.before) / statistics.median(self.after)


@dataclass(frozen=True)
class Measured:
    """One picture."""

    distance: float  # where the two ways look most different, levels of 255
    draw: Timing  # CPU milliseconds a frame
    wall: Timing  # seconds a job
    sizes: tuple[int, int]  # bytes of Manim's file and of ours


def distance(name: str, seconds: float) -> float:
    """The largest perceptual distance in any small window between the two ways, at a moment of every second."""
    quality = replace(job.QUALITY, fps=1)
    frames: list[np.ndarray] = []
    plain.draw(name, quality, max(round(seconds), 1), frames.append)
    film, converter = Film(staged.section(name, seconds), quality), VideoReformatter()
    distances = []
    for index, frame in enumerate(frames):
        theirs, ours = (perceptual.cells(encode.encodable(converter, drawn)) for drawn in (frame, film.frame(index)))
        distances.append(perceptual.worst(theirs, ours).distance)
    return max(distances)


def picture(name: str, seconds: float, runs: int, log: Log) -> Measured:
    """Compare and time one picture.

    Raises:
        RenderError: the two ways do not look the same, or a job failed.
    """
    apart = distance(name, seconds)
    if apart > perceptual.TOLERANCE:
        raise RenderError(
            f"{name}: plain Manim and the stage differ by {apart:.1f} levels, wanted {perceptual.TOLERANCE:g} or less; "
            "draw the same in render/bench/plain.py and render/bench/staged.py"
        )
    draws, walls, sizes = [], [], (0, 0)
    for run in range(runs):
        draws.append((_plain(name, seconds), _staged(name, seconds)))
        jobs = [_job(kind, name, seconds) for kind in ("plain", "staged")]
        walls.append((jobs[0][0], jobs[1][0]))
        sizes = (jobs[0][1], jobs[1][1])
        log(
            f"{name}, run {run + 1} of {runs}: {draws[-1][0]:.1f} and {draws[-1][1]:.1f} ms a frame, "
            f"{walls[-1][0]:.1f} and {walls[-1][1]:.1f} s a job"
        )
    return Measured(apart, _timing(draws), _timing(walls), sizes)


def jobs(places: Places, scene: str, log: Log) -> Timing:
    """Seconds that a whole scene takes at `web`, cold, with one job and with two; nothing published is touched."""
    taken = []
    for count in (1, 2):
        with tempfile.TemporaryDirectory(prefix="stagelight-bench-") as folder:
            cold = replace(places, assets=Path(folder, "assets"), cache=Path(folder, "cache"))
            cold.assets.mkdir()
            cold.recordings.symlink_to(places.recordings.resolve())
            start = time.monotonic()
            with executor.pool(count) as workers:
                make.render(cold, plan.inputs(cold, scene), job.QUALITY, workers, progress.watching)
            taken.append(time.monotonic() - start)
        log(f"{scene}, {count} of 2 jobs: {taken[-1]:.1f} s")
    return Timing((taken[0],), (taken[1],))


def _plain(name: str, seconds: float) -> float:
    quality = replace(job.QUALITY, fps=DRAWN_FPS)
    gc.collect()
    frames: list[int] = []
    taken = plain.draw(name, quality, seconds, lambda _: frames.append(1))
    return 1000 * taken / len(frames)


def _staged(name: str, seconds: float) -> float:
    film = Film(staged.section(name, seconds), replace(job.QUALITY, fps=DRAWN_FPS))
    gc.collect()
    start = time.process_time()
    for index in range(max(len(film), 1)):
        film.frame(index)
    return 1000 * (time.process_time() - start) / max(len(film), 1)


def _job(kind: str, name: str, seconds: float) -> tuple[float, int]:
    """Seconds and bytes of a whole job, in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="stagelight-bench-") as folder:
        path = Path(folder, "film.mp4")
        command = [sys.executable, "-m", "stagelight.render.bench.job", kind, name, str(seconds), str(path)]
        start = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        taken = time.monotonic() - start
        if done.returncode:
            raise RenderError(f"{kind} job of {name} failed: {(done.stderr.strip().splitlines() or ['no word'])[-1]}")
        return taken, path.stat().st_size


def _timing(pairs: list[tuple[float, float]]) -> Timing:
    before, after = zip(*pairs, strict=True)
    return Timing(before, after)
