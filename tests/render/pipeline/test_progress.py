"""Progress: lines where nobody watches, bars and a table of figures on a terminal."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from stagelight.render.pipeline import executor, progress


def test_lines_tell_of_starts_ends_and_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    lines = progress.Lines(["a/one", "a/two"], [100, 50], lambda: now[0])
    for at, done in ((1, (0, 0)), (2, (10, 0)), (9, (40, 0)), (12, (60, 0)), (13, (61, 0)), (20, (100, 20))):
        now[0] = at
        lines(done)
    assert capsys.readouterr().err.splitlines() == [
        "a/one: started",
        "60 of 150 frames; 5.0 fps, 0:18 left",
        "a/one: done, 100 frames; 6.0 fps, 0:05 left",
        "a/two: started",
    ]


def test_stage_lines_count_time_left_from_where_a_run_was_taken_up(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    lines = progress.StageLines(lambda: now[0])
    for at, what, done in ((0, "train", 50), (5, "train", 55), (10, "train", 60), (11, "train", 100), (12, "test", 0)):
        now[0] = at
        lines(what, done, 100, {"rate": 0.12345})
    assert capsys.readouterr().err.splitlines() == [
        "train: 50 of 100, rate 0.123",
        "train: 60 of 100, rate 0.123, 0:40 left",
        "train: 100 of 100, rate 0.123",
        "test: 0 of 100, rate 0.123",
    ]


def test_on_a_terminal_figures_stand_in_a_table_a_row_for_each_run() -> None:
    paper = io.StringIO()
    with progress.stages(Console(file=paper, force_terminal=True, width=100)) as report:
        report("training", 0, 100, {})
        report("training", 40, 100, {"krk 0: reward": 0.5, "krk 0: entropy": 1.25, "kqk 1: reward": 0.75})
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", paper.getvalue())
    last = [" ".join(line.split()) for line in plain.splitlines()[-4:]]
    assert last[0].startswith("training")
    assert "40/100" in last[0]
    assert last[1:] == ["reward entropy", "krk 0 0.5 1.25", "kqk 1 0.75"]


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 30), min_size=3, max_size=3), max_size=8))
def test_progress_takes_any_counts(counts: list[list[int]]) -> None:
    with progress._bars(["a", "b", "c"], [10, 20, 30]) as show:
        for done in counts:
            show(done)


def test_a_count_that_a_killed_process_left_goes_and_one_of_a_living_one_stays(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left, kept, odd = (tmp_path / f".frames-{name}.part" for name in (dead.pid, os.getppid(), "x" * 40))
    for path in (left, kept, odd):
        path.write_bytes(b"")
    with executor._counter(tmp_path, 3) as file:
        assert file.read_bytes() == bytes(12)
        assert set(tmp_path.iterdir()) == {kept, file}
    assert list(tmp_path.iterdir()) == [kept]
