"""A process that stays warm and draws scenes on demand, each time with the sources as they are then.

Importing Manim takes longer than drawing a section. So this process imports all that drawing needs, forgets the
project's own modules, and waits. For each job, a line of JSON on standard input, it forks a child that imports the
project anew and draws; a job still going is given up for the next. It ends, with its child, when its input does.

Run by `watch` as `python -P -m stagelight.render.pipeline.redraw`.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:  # a child imports these anew
    from stagelight.render.pipeline.cache import Slot
    from stagelight.render.pipeline.plan import Inputs, Places
    from stagelight.render.theme import Quality

PROJECT = {"stagelight"}
NOWHERE = "/nonexistent/bytecode"


class Job(TypedDict):
    """The description of a job: plain values, as JSON."""

    path: list[str]  # sys.path of who asks
    assets: str
    installed: str | None
    cache: str
    package: str  # of scenes
    scenes: list[str]
    section: str | None
    quality: str
    jobs: int
    saved: list[str]  # names of the files that changed; none at the start
    at: float  # when, by time.time


def main() -> None:
    """Wait, fork, draw, until the input ends."""
    _warm()
    child: int | None = None
    try:
        for line in sys.stdin.buffer:
            _end(child)
            child = os.fork()
            if child == 0:
                os.setsid()
                os._exit(_child(json.loads(line)))
    finally:
        if child != 0:
            _end(child)


def _warm() -> None:
    """Import what drawing imports, then forget what an author may change."""
    with contextlib.suppress(Exception):  # a broken source is reported when it is drawn
        importlib.import_module("stagelight.render.pipeline.encode")
    for name in [name for name in sys.modules if name.partition(".")[0] in PROJECT]:
        del sys.modules[name]


def _end(child: int | None) -> None:
    """End a child with all its workers. What they have finished is in the cache."""
    if child is not None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _child(job: Job) -> int:
    """Draw with the sources as they are now: compiled bytecode may be that of a file saved in the same second."""
    sys.path[:] = job["path"]
    sys.dont_write_bytecode, sys.pycache_prefix = True, NOWHERE
    importlib.invalidate_caches()
    try:
        drawn = [_scene(job, name) for name in job["scenes"]]
        if job["saved"] and not any(drawn):
            _say(f"{', '.join(job['saved'])}: nothing to draw")
    except Exception as error:  # noqa: BLE001  # an author's file may hold anything; the next save is awaited
        _say(f"error: {' '.join(f'{type(error).__name__}: {error}'.split())}")
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _scene(job: Job, name: str) -> bool:
    """Draw and publish one scene; whether there was anything to say of it."""
    from stagelight.engines.recording import RecordingError  # noqa: PLC0415  # the project, imported anew
    from stagelight.render import theme  # noqa: PLC0415
    from stagelight.render.pipeline import InputError, RenderError, cache, manifest, plan  # noqa: PLC0415

    installed = Path(job["installed"]) if job["installed"] else None
    places = plan.Places(Path(job["assets"]), Path(job["cache"]), job["package"], installed)
    quality = theme.QUALITIES[job["quality"]]
    try:
        with cache.lock(places.cache, lambda: _say("another command draws here; waiting for it to end")):
            inputs = plan.inputs(places, name)
            if manifest.current(places, inputs, quality):
                return False
            _draw(job, places, inputs, quality)
    except (InputError, RenderError, RecordingError, OSError) as error:
        words = f"{error.strerror}: {error.filename}" if isinstance(error, OSError) and error.filename else str(error)
        _say(f"error: {' '.join(words.split())}")
    return True


def _draw(job: Job, places: Places, inputs: Inputs, quality: Quality) -> None:
    """Draw what is missing, say where each file is, and publish."""
    from stagelight.render.pipeline import executor, make, manifest, progress  # noqa: PLC0415

    started, drawn = time.time(), list[str]()

    def finished(slot: Slot) -> None:
        if slot.folder.name != quality.name:
            return  # the upright cut, which comes after
        drawn.append(slot.section)
        _say(f"{inputs.scene}/{slot.section}: drawn {_since(job, started)}: {slot.file('mp4')}")

    with executor.pool(job["jobs"], "fork") as workers:
        watching = progress.watching if sys.stderr.isatty() else _unwatched
        words = make.render(places, inputs, quality, workers, watching, job["section"], finished)
    now = manifest.read(places, inputs.scene)
    if now is None or not manifest.current(places, inputs, quality):
        _say(words)
        return
    video = places.assets / now["video"]["file"]
    count = f"{len(drawn)} of {len(now['sections'])} sections drawn"
    _say(f"{inputs.scene}: {count}, published {_since(job, started)}: {video}")


@contextlib.contextmanager
def _unwatched(labels: Sequence[str], totals: Sequence[int]) -> Iterator[Callable[[Sequence[int]], None]]:
    """No progress: each section is reported as it is finished."""
    yield lambda done: None


def _since(job: Job, started: float) -> str:
    seconds = time.time() - (job["at"] if job["saved"] else started)
    return f"{seconds:.1f} s after {', '.join(job['saved'])} was saved" if job["saved"] else f"in {seconds:.1f} s"


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
