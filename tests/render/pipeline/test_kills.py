"""Twenty kills at chance moments, twenty runs that go on: nothing is lost, nothing half-made is ever to be seen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import astuple, dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from stagelight.render.pipeline import cache, make, manifest, plan
from stagelight.render.pipeline.plan import Places
from support.paths import PACKAGE
from support.tiny_scene import DRAFT, READS, published, record, whole

KILLS, MOST = 20, 40  # wanted; tried at most, as a run may end before it is killed
SMALL = replace(DRAFT, width=160, height=96)
# The command line in a fresh process group for each line it gets. The imports are made once, and workers are forked,
# so that a run lasts a second, nearly all of it drawing and publishing.
WARM = """
import os, sys
from functools import partial
from pathlib import Path

import stagelight.render.pipeline.encode
from stagelight.render import cli, theme
from stagelight.render.pipeline import executor
from stagelight.render.pipeline.plan import Places

executor.pool = partial(executor.pool, method="fork")
theme.QUALITIES["draft"] = theme.Quality(*SMALL)
root = Path(__file__).parent
for _ in sys.stdin:
    child = os.fork()
    if child == 0:
        os.setsid()
        sys.stdout.write(f"{os.getpid()}\\n")
        sys.stdout.flush()
        places = Places(root / "assets", root / "cache", "tinyscenes")
        code = cli.run(["render", "all", "--quality", "draft", "--jobs", "2"], places)
        sys.stdout.flush()
        os._exit(code)
    _, status = os.waitpid(child, 0)
    sys.stdout.write(f"ended {os.waitstatus_to_exitcode(status)}\\n")
    sys.stdout.flush()
"""


@dataclass
class Runs:
    """`click render all`, again and again."""

    process: subprocess.Popen[str]

    def run(self, killed_after: float | None = None) -> tuple[int, str]:
        """One run; its exit code, and what it said."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        group = int(self.process.stdout.readline())
        if killed_after is not None:
            time.sleep(killed_after)
            with suppress(ProcessLookupError):  # it was quicker
                os.killpg(group, signal.SIGKILL)
        said = ""
        while not (line := self.process.stdout.readline()).startswith("ended"):
            assert line, "the warm process is gone"
            said += line
        return int(line.split()[1]), said


@pytest.fixture
def runs(places: Places, tmp_path: Path) -> Iterator[Runs]:
    (tmp_path / "warm.py").write_text(WARM.replace("SMALL", str(astuple(SMALL))))
    path = f"{tmp_path}{os.pathsep}{PACKAGE}"
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "warm.py")],
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    yield Runs(process)
    process.kill()
    process.communicate()


def half_made(places: Places) -> list[Path]:
    return [path for root in (places.assets, places.cache) for path in root.rglob("*.part")]


def litter() -> set[str]:
    """The files in the folder of temporary files that have a name of ours; trials may run beside this."""
    names = {path.name for path in Path(tempfile.gettempdir()).glob("stagelight-*")}
    return {name for name in names if not name.startswith("stagelight-trial-")}


def kept(places: Places) -> int:
    """The number of sections of which both cuts are drawn from the recording as it is now."""
    found, cuts = plan.inputs(places, "tiny"), (SMALL, SMALL.turned())
    return sum(
        all(cache.find(make.slot(places, found, section, cut, READS)) for cut in cuts)
        for section in ("open", "one", "two")
    )


@pytest.mark.slow
def test_twenty_kills_and_twenty_runs_that_go_on(places: Places, runs: Runs) -> None:
    chance = np.random.default_rng(20)
    assert runs.run()[0] == 0
    record(places, seed=100)
    started = time.monotonic()
    assert runs.run()[0] == 0
    whole_run = time.monotonic() - started
    kills, cut_short, lay_there = 0, 0, litter()
    for seed in range(101, 101 + MOST):
        before = published(places)
        record(places, seed=seed)
        code, _ = runs.run(killed_after=float(chance.uniform(0, whole_run)))
        kills += code == -signal.SIGKILL
        assert code in {0, -signal.SIGKILL}
        if code == 0:  # the machine is quicker than when it was measured
            whole_run *= 0.8
        whole(places)
        seen = published(places)
        assert seen == before or seen["provenance"]["seed"] == seed
        assert manifest.damaged(places, seen) == [], "whatever the manifest names is there, and whole"
        assert all(path.name.startswith(".") for path in half_made(places)), "no half-made file has a name of its own"
        finished = kept(places)
        cut_short += finished < 3

        code, said = runs.run()
        assert code == 0
        assert f"drew {3 - finished} of 3 sections" in said or (finished == 3 and "nothing to do" in said)
        assert (kept(places), published(places)["provenance"]["seed"]) == (3, seed)
        whole(places)
        assert half_made(places) == []
        assert litter() == lay_there, "nothing is left in the folder of temporary files"
        if kills == KILLS:
            break
    assert cut_short, "no kill came while there was something to draw"
    assert kills == KILLS
    named = {*manifest.named(published(places)), "videos/tiny.json"}
    files = {path.relative_to(places.assets).as_posix() for path in places.assets.rglob("*") if path.is_file()}
    assert {name for name in files if not name.startswith("recordings/")} == named
