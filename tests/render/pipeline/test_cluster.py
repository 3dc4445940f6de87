"""Sections drawn by a real Dask cluster of two workers on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("distributed")

from stagelight.render.pipeline.plan import Places
from support.dask_cluster import HERE, Cluster
from support.tiny_scene import record

pytestmark = pytest.mark.slow


@pytest.fixture
def dask(places: Places, tmp_path: Path) -> Iterator[Cluster]:
    """The cluster, over when the test is."""
    cluster = Cluster(tmp_path)
    yield cluster
    cluster.close()


def drive(root: Path, *arguments: str, **options: str) -> subprocess.CompletedProcess[str]:
    """The command line on the tiny scene."""
    path = os.pathsep.join(sys.path)
    return subprocess.run(
        [sys.executable, str(root / "driver.py"), *arguments], env={**os.environ, "PYTHONPATH": path, **options},
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip


def hashes(places: Places) -> list[str]:
    """Of every section's frames, as published."""
    told = json.loads(places.manifest("tiny").read_text())
    return [section["frame_hash"] for section in told["sections"]]


def test_a_cluster_draws_the_same_frames_though_a_worker_dies(places: Places, tmp_path: Path, dask: Cluster) -> None:
    record(places, sleep=0.1)
    alone = drive(tmp_path, "render", "tiny", "--quality", "draft", "--jobs", "1")
    assert alone.returncode == 0, alone.stderr
    before = hashes(places)
    for path in (places.cache / "tiny").rglob("*.*"):
        path.unlink()
    places.manifest("tiny").unlink()
    command = [
        sys.executable,
        str(tmp_path / "driver.py"),
        "render",
        "tiny",
        "--quality",
        "draft",
        "--cluster",
        dask.address,
    ]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as drawing:
        assert drawing.stderr is not None
        assert any("started" in line for line in drawing.stderr)
        dask.workers[0].kill()
        rest = drawing.stderr.read()
        assert drawing.wait(200) == 0, rest
    assert hashes(places) == before


def test_workers_that_would_draw_something_else_are_refused(places: Places, tmp_path: Path, dask: Cluster) -> None:
    record(places)
    dask.work(threads=2)
    many = drive(tmp_path, "render", "tiny", "--quality", "draft", "--cluster", dask.address)
    assert many.returncode == 2
    assert "has 2 threads, wanted 1" in many.stderr
    assert many.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("more", "said"), [((), "no scheduler answers there"), (("--jobs", "2"), "not with --cluster")]
)
def test_no_cluster_is_one_line(places: Places, tmp_path: Path, more: tuple[str, ...], said: str) -> None:
    record(places)
    found = drive(tmp_path, "render", "tiny", "--quality", "draft", "--cluster", f"tcp://{HERE}:9", *more)
    assert found.returncode == 2
    assert said in found.stderr
    assert "Traceback" not in found.stderr


def test_a_worker_that_runs_old_code_or_holds_an_old_recording_is_found_out(
    places: Places, tmp_path: Path, dask: Cluster
) -> None:
    record(places, seed=1)
    command = ("render", "tiny", "--quality", "draft", "--cluster", dask.address)
    assert drive(tmp_path, *command).returncode == 0
    one = hashes(places)
    record(places, seed=2)
    assert drive(tmp_path, *command).returncode == 0
    assert hashes(places) != one
    (tmp_path / "tinyscenes" / "_colours.py").write_text('DOT = "#E8486B"\n')
    stale = drive(tmp_path, *command)
    assert stale.returncode == 2
    assert "have changed since" in stale.stderr
