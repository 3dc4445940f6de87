"""A recording with arrays, facts and events, and a scene of two sections, each in its module, drawn from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from stagelight.engines.recording import Recording

EVENTS = (
    {"step": 0, "kind": "said", "words": "a"},
    {"step": 1, "kind": "seen"},
    {"step": 2, "kind": "said", "words": "b"},
)
ARRAYS: dict[str, Any] = {name: np.arange(3) + k for k, name in enumerate("abcd")}


def made(**changes: Any) -> Recording:
    base = Recording(
        "pair", 7, {"size": 3, "deep": {"x": [1]}}, "v", {"rate": 0.5, "rate.fast": 1}, EVENTS,
        ARRAYS,
    )  # fmt: skip
    return replace(base, **changes)


PAIR = """
from stagelight.render.scene import Mark, Scene
from tinyscenes.pair import one, two


class Pair(Scene):
    name, title, claim, legend = "pair", "Two", "Apart.", (Mark("dot", "Dot", "it"),)
    reads = ("arrays.a",)

    def sections(self):
        return one.section(self.recording), two.section(self.recording)


SCENE = Pair
"""

PART = """
from functools import partial
from stagelight.render import theme
from stagelight.render.scene import Cue, Section, nothing, reads


@reads(READS)
def section(recording):
    built = [float(number) for number in recording.arrays["BUILT"]]
    return Section("NAME", None, "Name", 0.5, partial(paint, recording, built), nothing, (Cue(0, 0.5, "x"),), (), 0.4,
                   "y")


def paint(recording, built, pen, t):
    size = 50 + 20 * int(recording.arrays["PAINTED"][1])
    pen.disc(300 + 90 * built[0], 300 + 50 * recording.arrays["a"][0], size, theme.TEXT)
"""


def part(name: str, built: str, painted: str, reads: str | None = None) -> str:
    """The module of a section that reads an array when it is made and one when it is drawn, and declares both."""
    declared = (
        reads if reads is not None else ", ".join(f'"arrays.{array}"' for array in dict.fromkeys((built, painted)))
    )
    text = PART.replace("READS", declared).replace("NAME", name)
    return text.replace("BUILT", built).replace("PAINTED", painted)
