"""A worker's memory does not grow with the length of what it draws."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from stagelight.engines import recording
from stagelight.engines.recording import Recording
from stagelight.render.pipeline.plan import Places
from support.paths import PACKAGE

MOST = 8.0  # MB more for ten times the length
LONG = """
from stagelight.render import theme
from stagelight.render.scene import Cue, Mark, Scene, Section


class Long(Scene):
    name, title, claim, legend = "long", "Long", "As long as told.", (Mark("dot", "Dot", "it"),)
    reads = ("config.seconds",)

    def sections(self):
        seconds = self.recording.config["seconds"]

        def paint(pen, t):
            pen.disc(200 + 1500 * (t % 1), 300 + 400 * t / seconds, 150, theme.TEXT)

        return (Section("one", "01", "One", seconds, paint, lambda pen: None, (Cue(0, 1, "x"),), (), 0.5, "y"),)


SCENE = Long
"""
# Draws in a process of its own, as a worker does; says how many frames of how many bytes, and the peak in kB.
INSIDE = """
import resource, sys
from pathlib import Path
from stagelight.render.pipeline import encode, make, plan
from stagelight.render.pipeline.plan import Places
from stagelight.render.pipeline.unit import Unit
from stagelight.render.theme import Quality

root = Path(sys.argv[1])
places = Places(root / "assets", root / "cache", "tinyscenes")
quality = Quality("small", 192, 108, 30, 30, "veryfast", av1=(8, 45))
found = plan.inputs(places, "long")
section = make.load_scene(places, "long").sections()[0]
place = make.slot(places, found, "one", quality, ())
unit = Unit(places, "long", "one", quality, section.frames(quality), place, 0)
segment = make.draw(unit, lambda done: None)
assert len(set(segment.digests)) == unit.frames, "every frame is another picture"
print(unit.frames, quality.width * quality.height * 4, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak(places: Places, root: Path, seconds: float) -> tuple[int, float]:
    """Frames drawn, and the peak of the process in MB."""
    arrays = {"a": np.arange(3)}
    recording.save(Recording("long", 7, {"seconds": seconds}, "v", {}, (), arrays), places.recordings)
    (root / "inside.py").write_text(INSIDE)
    path = os.pathsep.join([str(root), str(PACKAGE)])
    done = subprocess.run(
        [sys.executable, str(root / "inside.py"), str(root)], env={**os.environ, "PYTHONPATH": path},
        capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    frames, size, kilobytes = map(int, done.stdout.split())
    assert frames == round(30 * seconds)
    assert 540 * size / 1e6 > 4 * MOST, "a film that was kept would be seen"
    return frames, kilobytes / 1e3


@pytest.mark.slow
def test_ten_times_the_length_takes_no_more_memory(places: Places, tmp_path: Path) -> None:
    (tmp_path / "tinyscenes" / "long.py").write_text(LONG)
    (short, little), (long, much) = peak(places, tmp_path, 2.0), peak(places, tmp_path, 20.0)
    assert long == 10 * short
    assert much - little < MOST, f"{short} frames: {little:.0f} MB, {long} frames: {much:.0f} MB"
