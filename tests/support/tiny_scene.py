"""A tiny scene, its recording and its driver, and what draws it within the test's own process."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np

from stagelight.engines import recording
from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.pipeline import cache, encode, make, manifest, plan, progress
from stagelight.render.pipeline.plan import Places
from stagelight.render.theme import Quality

TINY = Quality("tiny", 160, 96, 10, 30, "ultrafast")
READS = ("config.fail", "config.sleep", "seed")  # of the tiny scene, in the order of a manifest
DRAFT = theme.QUALITIES["draft"]

SCENE = """
import time

from stagelight.render import theme
from stagelight.render.scene import Cue, Mark, Scene, Section
from tinyscenes import _colours


class Tiny(Scene):
    name, title, claim = "tiny", "A tiny scene", "It is small."
    reads = ("config.fail", "config.sleep", "seed")
    legend = (Mark("dot", "Dot", "where it is"), Mark("box", "Box", "what stays"))

    def sections(self):
        config = self.recording.config

        def paint(pen, t):
            time.sleep(config.get("sleep", 0))
            if t >= config.get("fail", 1e9):
                raise ZeroDivisionError("as told\\n to")
            pen.disc(300 + 900 * min(t, 1.0), 540, 120, _colours.DOT)

        def backdrop(pen):
            pen.context.rectangle(100, 100, 700, 300)
            pen.fill(theme.NIGHT_HIGH)
            pen.text(str(self.recording.seed), 200, 300, theme.HERO)

        captions = (Cue(0.1, 0.8, "Dots & <b>boxes</b>"), Cue(0.8, 2.0, "a --> b"))
        marks = (Cue(0.0, 2.0, "box"), Cue(0.5, 1.0, "dot"))
        return tuple(
            Section(name, step, name.title(), seconds, paint, backdrop, captions, marks, 0.9, f"{name} shown")
            for name, step, seconds in (("open", None, 2.0), ("one", "01", 2.5), ("two", "02", 2.0))
        )


SCENE = Tiny
"""

DRIVER = """
import sys
from pathlib import Path

from stagelight.render.cli import run
from stagelight.render.pipeline.plan import Places

if __name__ == "__main__":
    root = Path(__file__).parent
    sys.exit(run(sys.argv[1:], Places(root / "assets", root / "cache", "tinyscenes")))
"""


def record(places: Places, seed: int = 7, **config: Any) -> None:
    """Keep a recording that the tiny scene can be drawn from; `config` steers how it draws."""
    arrays = {"a": np.arange(3)}
    recording.save(Recording("tiny", seed, config, "v", {"rate": 0.5}, (), arrays), places.recordings)


def tiny(root: Path) -> Places:
    """A package of one scene, its recording, and places for the rest."""
    package = root / "tinyscenes"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "_colours.py").write_text('DOT = "#35D0B2"\n')
    (package / "tiny.py").write_text(SCENE)
    (root / "driver.py").write_text(DRIVER)
    places = Places(root / "assets", root / "cache", "tinyscenes")
    record(places)
    return places


class Inline(Executor):
    """Runs what is submitted there and then: all that the pipeline asks of an executor."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        encode._scene.cache_clear()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  # as an executor does
            future.set_exception(error)
        return future


@contextmanager
def unwatched(labels: Sequence[str], totals: Sequence[int]) -> Iterator[progress.Show]:
    def show(done: Sequence[int]) -> None:
        assert len(done) == len(labels) == len(totals)

    yield show


def render(places: Places, quality: Quality = TINY, only: str | None = None) -> str:
    return make.render(places, plan.inputs(places, "tiny"), quality, Inline(), unwatched, only)


def published(places: Places) -> dict[str, Any]:
    found = manifest.read(places, "tiny")
    assert found is not None
    return found


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def whole(places: Places) -> int:
    """Nothing under a final name is cut short. Returns how many sections are finished."""
    for path in (*places.cache.rglob("*.mp4"), *places.assets.rglob("*.mp4")):
        with av.open(str(path), "r") as file:
            stream = file.streams.video[0]
            assert round((stream.duration or 0) * (stream.time_base or 0) * DRAFT.fps) in {30, 38, 98}, path
            assert sum(1 for _ in file.decode(stream)) in {16, 48}, "what moves, and one picture that stays a section"
    for path in places.assets.rglob("*.*"):
        if (
            path.is_file()
            and path.parent != places.recordings
            and path != places.manifest("tiny")
            and not path.name.startswith(".")
        ):
            assert hashlib.sha256(path.read_bytes()).hexdigest()[:8] == path.stem.rpartition(".")[2]
    found = manifest.read(places, "tiny")
    assert found is None or manifest.damaged(places, found) == []
    sidecars = [path for path in (places.cache / "tiny" / "draft").glob("*.json") if not path.name.startswith(".")]
    for path in sidecars:
        name, _, key = path.stem.rpartition("-")
        assert cache.find(cache.Slot(path.parent, name, key)) is not None
    return len(sidecars)
