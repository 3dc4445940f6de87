"""Draw again what a save touches: sources, recordings and fonts are watched, a warm process draws (see `redraw`).

What has to be drawn is decided there as always, by keys. A save while it draws starts it anew; finished sections stay.
"""

from __future__ import annotations

import importlib.util
import json
import queue
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from stagelight.render import theme
from stagelight.render.pipeline import InputError
from stagelight.render.pipeline.plan import Places
from stagelight.render.pipeline.redraw import Job
from stagelight.render.theme import Quality

QUIET = 0.06  # seconds without another save, after which it is drawn: an editor writes a file in several steps
CHANGES = {"created", "modified", "moved", "deleted"}
KINDS = {".py", ".npz", ".json", ".otf", ".ttf"}
GOING = 2.0  # seconds the warm process has to end, when asked


class _Saves(FileSystemEventHandler):
    """Puts the paths of files that changed into a queue."""

    def __init__(self, saved: queue.Queue[Path]) -> None:
        self.saved = saved

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Keep what may be a source, a recording or a font, under its final name."""
        for path in (Path(str(each)) for each in (event.src_path, event.dest_path) if each):
            if event.event_type in CHANGES and path.suffix in KINDS and not path.name.startswith("."):
                self.saved.put(path)


def folders(places: Places) -> set[Path]:
    """The folders whose files pictures are made from."""
    scenes = importlib.util.find_spec(places.scenes)
    if scenes is None or not scenes.submodule_search_locations:
        raise InputError(f"{places.scenes} is not a package of scenes")
    package = Path(theme.__file__).resolve().parent
    places.recordings.mkdir(parents=True, exist_ok=True)
    drawn = {Path(folder).resolve() for folder in scenes.submodule_search_locations}
    return {package, theme.FONTS, places.recordings, *drawn}


def watch(
    places: Places, scenes: Sequence[str], section: str | None, quality: Quality, jobs: int, say: Callable[[str], None]
) -> None:
    """Draw what is not up to date, then again after each save, until KeyboardInterrupt.

    Args:
        section: draw this one alone.
        jobs: sections drawn at once.
        say: called with a line when watching has begun; the drawing process writes to standard output itself.
    """
    saved: queue.Queue[Path] = queue.Queue()
    observer = Observer()
    for folder in folders(places):
        observer.schedule(_Saves(saved), str(folder), recursive=True)
    observer.start()
    job: Job = {
        "path": sys.path,
        "assets": str(places.assets),
        "installed": str(places.installed) if places.installed else None,
        "cache": str(places.cache),
        "package": places.scenes,
        "scenes": list(scenes),
        "section": section,
        "quality": quality.name,
        "jobs": jobs,
        "saved": [],
        "at": time.time(),
    }
    try:
        with _warm() as ask:
            ask(job)
            say(f"watching {', '.join(scenes)} at {quality.name}; Ctrl-C ends")
            while True:
                paths = _burst(saved)
                ask({**job, "saved": sorted({path.name for path in paths}), "at": _when(paths)})
    finally:
        observer.stop()
        observer.join()


def _burst(saved: queue.Queue[Path]) -> set[Path]:
    """Wait for a save, and for those that belong to it."""
    paths = {saved.get()}
    while True:
        try:
            paths.add(saved.get(timeout=QUIET))
        except queue.Empty:
            return paths


def _when(paths: set[Path]) -> float:
    """The time of a save: the newest file's own time, where that is near now."""
    now = time.time()
    times = [path.stat().st_mtime for path in paths if path.exists()]
    return max((at for at in times if 0 <= now - at < 10), default=now)


@contextmanager
def _warm() -> Iterator[Callable[[Job], None]]:
    """A function that gives the warm process a job. The process is started again should it have ended."""
    running = [_start()]

    def ask(job: Job) -> None:
        if running[-1].poll() is not None:
            running.append(_start())
        pipe = running[-1].stdin
        assert pipe is not None
        pipe.write(json.dumps(job).encode() + b"\n")
        pipe.flush()

    try:
        yield ask
    finally:
        last = running[-1]
        assert last.stdin is not None
        last.stdin.close()
        try:
            last.wait(GOING)
        except subprocess.TimeoutExpired:
            last.kill()
            last.wait()


def _start() -> subprocess.Popen[bytes]:
    """In a session of its own, so that Ctrl-C reaches this process alone."""
    command = [sys.executable, "-P", "-m", "stagelight.render.pipeline.redraw"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
