"""The measurements, as keys and values for programs and as lines for people."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import statistics
from collections.abc import Iterator, Mapping
from typing import Any

import cairo

from stagelight.render.bench import job
from stagelight.render.bench.measure import LARGER, TARGETS, Measured, Timing
from stagelight.render.pipeline import perceptual, plan
from stagelight.render.pipeline.executor import usable_cores

IDLE = 0.5  # load average from which on the machine is not idle


def machine(load: float) -> dict[str, Any]:
    """On what it was measured; `load` is the load average before."""
    versions = {name: importlib.metadata.version(name) for name in plan.DRAWN_WITH}
    return {
        "python": platform.python_version(),
        "cairo": cairo.cairo_version_string(),
        **versions,
        "cores": usable_cores(),
        "cpus": os.cpu_count(),
        "load": round(load, 2),
        "idle": load < IDLE,
    }


def figures(
    measured: Mapping[str, Measured], jobs: Timing, seconds: float, runs: int, on: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything, flat: times as lists, one a run; ratios are of medians."""
    rows: dict[str, Any] = {}
    for name, picture in measured.items():
        rows |= {
            f"{name}.draw_ratio": round(picture.draw.ratio, 3),
            f"{name}.wall_ratio": round(picture.wall.ratio, 3),
            f"{name}.distance": round(picture.distance, 2),
            f"{name}.bytes": {"plain": picture.sizes[0], "stage": picture.sizes[1]},
            f"{name}.draw_cpu_ms": _runs(picture.draw, "plain", "stage"),
            f"{name}.wall_s": _runs(picture.wall, "plain", "stage"),
        }
    rows |= {"jobs.ratio": round(jobs.ratio, 3), "jobs.wall_s": _runs(jobs, "one", "two")}
    quality = job.QUALITY
    drawn = {"width": quality.width, "height": quality.height, "fps": quality.fps, "crf": quality.crf}
    return {**rows, "tolerance": perceptual.TOLERANCE, "seconds": seconds, "runs": runs, **drawn, "machine": dict(on)}


def _runs(timing: Timing, before: str, after: str) -> dict[str, list[float]]:
    return {
        name: [round(value, 3) for value in each] for name, each in ((before, timing.before), (after, timing.after))
    }


def lines(measured: Mapping[str, Measured], jobs: Timing, on: Mapping[str, Any]) -> Iterator[str]:
    """The same for people."""
    if not on["idle"]:
        yield f"warning: the machine was not idle (load {on['load']}); the times are not to be trusted"
    for name, picture in measured.items():
        yield f"{name}: differs by {picture.distance:.1f} levels at most, {perceptual.TOLERANCE:g} are not seen"
        yield f"  drawing alone  {_line(picture.draw, 'ms a frame', f'{name}.draw_ratio')}"
        yield f"  whole job      {_line(picture.wall, 's', f'{name}.wall_ratio')}"
        yield f"  file           {picture.sizes[0]:,} and {picture.sizes[1]:,} bytes"
    yield f"one job and two  {_line(jobs, 's', 'jobs.ratio')}"


def _line(timing: Timing, unit: str, key: str) -> str:
    first, second = (
        f"{statistics.median(values):.1f} ({min(values):.1f} to {max(values):.1f})"
        for values in (timing.before, timing.after)
    )
    verdict = "as wanted" if timing.ratio >= TARGETS[key] else "SHORT"
    return f"{first} and {second} {unit}: {timing.ratio:.2f}x, {TARGETS[key]:g}x wanted, {verdict}"


def too_large(measured: Mapping[str, Measured]) -> list[str]:
    """The pictures whose file is so large that the times of the jobs say nothing."""
    return [name for name, picture in measured.items() if picture.sizes[1] > LARGER * picture.sizes[0]]
