"""A disk that is really full: one line that names the file, the old scene whole, and the same command goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stagelight.render.pipeline.plan import Places
from support.paths import PACKAGE, ROOT

# Runs in a mount namespace of its own, where it may mount a small file system over the scene's folders.
INSIDE = """
import json, os, subprocess, sys
from pathlib import Path

root, free, tests = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
small = root / "small"
small.mkdir()
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(small)], check=True)
sys.path[:0] = [str(root), tests]
from support.tiny_scene import record
from stagelight.render.pipeline import manifest
from stagelight.render.pipeline.plan import Places

places = Places(small / "assets", small / "cache", "tinyscenes")
(root / "full.py").write_text((root / "driver.py").read_text().replace('root / "', 'root / "small" / "'))


def render():
    command = [sys.executable, str(root / "full.py"), "render", "tiny", "--quality", "draft", "--jobs", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    now = manifest.read(places, "tiny")
    return {
        "code": done.returncode,
        "out": done.stdout,
        "err": [line for line in done.stderr.splitlines() if not line.startswith("tiny/")],
        "seed": now and now["provenance"]["seed"],
        "damaged": now and manifest.damaged(places, now),
        "half": [str(path) for path in small.rglob("*.part")],
        "videos": sorted(path.name for path in (small / "assets" / "videos").glob("*.mp4")
                         if ".loop." not in path.name),
        "free": os.statvfs(small).f_bavail * os.statvfs(small).f_frsize,
    }


record(places)
told = [render()]
record(places, seed=8)
have = os.statvfs(small)
with (small / "ballast").open("wb") as file:
    file.write(bytes(have.f_bavail * have.f_frsize - free))
told.append(render())
(small / "ballast").unlink()
told.append(render())
print(json.dumps(told))
"""


def permitted() -> str:
    """Why a file system cannot be mounted here; empty where it can."""
    if not sys.platform.startswith("linux"):
        return "needs Linux's mount namespaces"
    trial = ["unshare", "-rm", "sh", "-c", "mount -t tmpfs -o size=64k tmpfs /tmp"]
    try:
        done = subprocess.run(trial, capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"no unshare: {error}"
    return f"no mount namespace may be made here: {done.stderr.strip()}" if done.returncode else ""


def within(root: Path, free: int) -> list[dict[str, Any]]:
    """Publish; fill the disk but for `free` bytes and publish anew; make space and do so again."""
    (root / "inside.py").write_text(INSIDE)
    path = os.pathsep.join([str(PACKAGE), *sys.path])
    done = subprocess.run(
        ["unshare", "-rm", sys.executable, str(root / "inside.py"), str(root), str(free), str(ROOT / "tests")],
        env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("free", "where"), [(0, "small/cache"), (60_000, "small/")])
def test_a_disk_that_is_full_leaves_the_old_scene_and_space_lets_it_go_on(
    places: Places, tmp_path: Path, free: int, where: str
) -> None:
    if why := permitted():
        pytest.skip(why)
    before, full, after = within(tmp_path, free)
    assert (before["code"], before["seed"], before["damaged"]) == (0, 7, [])
    assert full["code"] == 1
    assert len(full["err"]) == 1, full["err"]
    assert full["err"][0].startswith("error: ")
    assert "No space left on device" in full["err"][0]
    assert str(tmp_path / where) in full["err"][0], "the file is named"
    assert (full["seed"], full["damaged"]) == (7, []), "what was published is still, and whole"
    assert full["half"] == []
    assert (after["code"], after["seed"], after["damaged"], after["half"]) == (0, 8, [], []), after
    assert len(after["videos"]) == 2, "one of each cut"
