"""`render --watch`: what a save touches is drawn again, an author's slip is one line, and it ends when told to."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
import pytest
from watchdog.events import FileClosedNoWriteEvent, FileCreatedEvent, FileModifiedEvent, FileMovedEvent

from stagelight.engines import recording
from stagelight.render import stage, theme
from stagelight.render.pipeline import manifest, watch
from stagelight.render.pipeline.plan import Places
from support.commands import Call, drive, group_is_gone
from support.pair_scene import ARRAYS, made
from support.tiny_scene import record

SECONDS = 60  # that a busy machine may take


class Told:
    """The lines that a process has written so far on one of its outputs."""

    def __init__(self, stream: IO[str] | None) -> None:
        assert stream is not None
        self.lines: list[str] = []
        threading.Thread(target=lambda: self.lines.extend(iter(stream.readline, "")), daemon=True).start()

    def until(self, words: str, after: int = 0) -> list[str]:
        """The lines since `after`, up to the first that holds some words."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            for at, line in enumerate(self.lines[after:], after):
                if words in line:
                    return self.lines[after : at + 1]
            time.sleep(0.02)
        raise AssertionError(f"{words!r} was not said: {self.lines[after:]}")


@contextmanager
def watching(root: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], Told]]:
    """`click render ... --watch`, killed at the end if it still runs."""
    process = drive(root, "render", *arguments, "--watch")
    try:
        yield process, Told(process.stdout)
    finally:
        for child in children(process.pid):
            with_its_group(child)
        with_its_group(process.pid)
        process.wait(10)
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()


def with_its_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def drawn(lines: list[str]) -> list[str]:
    return sorted(line.partition(":")[0] for line in lines if ": drawn " in line)


@pytest.mark.slow
def test_a_save_redraws_what_it_touches_and_a_slip_is_one_line(pair: Places, tmp_path: Path) -> None:
    own = tmp_path / "tinyscenes" / "pair" / "one.py"
    text = own.read_text()
    with watching(tmp_path, "pair") as (process, told):
        first = told.until("published")
        assert drawn(first) == ["pair/one", "pair/two"]
        assert manifest.read(pair, "pair") is not None

        at = len(told.lines)
        started = time.monotonic()
        own.write_text(text.replace("90 * built", "60 * built"))
        lines = told.until("published", at)
        assert time.monotonic() - started < 20
        assert drawn(lines) == ["pair/one"]
        assert "after one.py was saved" in lines[0]
        assert Path(lines[0].rpartition(": ")[2].strip()).is_file()
        video = Path(lines[-1].rpartition(": ")[2].strip())
        assert video.is_file()

        at = len(told.lines)
        own.write_text(text.replace("90 * built", "70 * built"))  # as many bytes, perhaps in the same second
        assert Path(told.until("published", at)[-1].rpartition(": ")[2].strip()) != video

        at = len(told.lines)
        own.write_text(text + "\nx = = 1\n")
        assert told.until("error", at) == [
            f"error: {own}, line {len(text.splitlines()) + 2}: invalid syntax; correct it and try again\n"
        ]
        own.write_text(text + "\nx = unknown\n")
        said = told.until("unknown", at)[-1]
        assert said.startswith("error: tinyscenes.pair")
        assert "NameError: name 'unknown' is not defined" in said

        at = len(told.lines)
        own.write_text(text)
        told.until("published", at)
        at = len(told.lines)
        recording.save(made(arrays=ARRAYS | {"c": np.arange(4) + 1}), pair.recordings)
        assert drawn(told.until("published", at)) == ["pair/two"]

        warm = children(process.pid)
        assert len(warm) == 1
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        told.until("no longer watching")
        assert group_is_gone(warm[0])
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert not list(pair.assets.rglob("*.part"))


@pytest.mark.slow
def test_a_save_while_it_draws_starts_it_anew(places: Places, tmp_path: Path) -> None:
    record(places, sleep=0.05)
    colours = tmp_path / "tinyscenes" / "_colours.py"
    with watching(tmp_path, "tiny", "--section", "one", "--jobs", "1") as (process, told):
        told.until("still lacks")
        colours.write_text('DOT = "#FFFFFF"\n')
        time.sleep(1.0)
        at = len(told.lines)
        colours.write_text('DOT = "#FF0000"\n')
        assert drawn(told.until("still lacks", at)) == ["tiny/one"], "once, for the last save"
        warm = children(process.pid)
        process.kill()
        assert group_is_gone(warm[0]), "the process that draws ends with the one that watches"


def test_only_what_pictures_are_made_of_counts_as_a_save() -> None:
    saved: queue.Queue[Path] = queue.Queue()
    heard = watch._Saves(saved)
    for event in (
        FileModifiedEvent("/a/one.py"),
        FileModifiedEvent("/a/one.pyc"),
        FileModifiedEvent("/a/.one.json.x.part"),
        FileClosedNoWriteEvent("/a/two.py"),
        FileCreatedEvent("/a/notes.txt"),
        FileMovedEvent("/a/.tiny.npz.x.part", "/a/tiny.npz"),
    ):
        heard.on_any_event(event)
    assert [saved.get_nowait() for _ in range(saved.qsize())] == [Path("/a/one.py"), Path("/a/tiny.npz")]


def test_saves_that_belong_together_are_one(tmp_path: Path) -> None:
    saved: queue.Queue[Path] = queue.Queue()
    for name in ("a", "b", "a"):
        saved.put(tmp_path / name)
    assert watch._burst(saved) == {tmp_path / "a", tmp_path / "b"}
    (tmp_path / "a").write_text("")
    (tmp_path / "b").write_text("")
    os.utime(tmp_path / "b", (1, 1))
    assert watch._when({tmp_path / "a", tmp_path / "b"}) == (tmp_path / "a").stat().st_mtime
    assert abs(watch._when({tmp_path / "b"}) - time.time()) < 1, "an old file moved here was saved now"


def test_sources_recordings_and_fonts_are_watched(places: Places, tmp_path: Path) -> None:
    found = watch.folders(places)
    assert {tmp_path / "tinyscenes", places.recordings} < found
    for path in (Path(theme.__file__).resolve(), Path(stage.__file__).resolve(), theme.FONTS):
        assert any(folder in {path, *path.parents} for folder in found), path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tiny", "--watch", "--still", "1"], "--still does not go with --watch"),
        (["--watch", "--out", "x.png"], "--out does not go with --watch"),
        (["tony", "--watch"], "did you mean tiny?"),
        (["tiny", "--watch", "--cluster", "x"], "--cluster does not go with --watch"),
    ],
)
def test_what_does_not_go_with_watching_is_refused(call: Call, arguments: list[str], said: str) -> None:
    code, _, err = call("render", *arguments)
    assert code == 2
    assert said in err
