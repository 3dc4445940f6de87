"""A recording with arrays, facts and events, and a scene of two sections, each in its module, drawn from it."""

from __future__ import annotations

import textwrap
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
from functools import cached_property
from stagelight.render.stage import Mark, Scene
from tinyscenes.pair import one, two


class Shown:
    def __init__(self, scene):
        self.scene, self.recording = scene, scene.recording
        self.common = scene.recording.arrays["a"]


class Pair(Scene):
    name, title, claim, legend = "pair", "Two", "Apart.", (Mark("dot", "Dot", "it"),)

    @cached_property
    def lazy(self):
        return float(self.recording.arrays["d"][0])

    def sections(self):
        shown = Shown(self)
        return one.section(shown), two.section(shown)


SCENE = Pair
"""

PART = """
from functools import partial
from stagelight.render import theme
from stagelight.render.stage import Cue, Section


def section(shown):
    built = [float(number) for number in shown.recording.arrays["BUILT"]]
    LAZY
    return Section("NAME", None, "Name", 0.5, partial(paint, shown, built), lambda pen: None,
                   (Cue(0, 0.5, "x"),), (), 0.4, "y")


def paint(shown, built, pen, t):
    LAZY
    size = 50 + 20 * int(shown.recording.arrays["PAINTED"][1])
    pen.disc(300 + 90 * built[0], 300 + 50 * shown.common[0], size, theme.TEXT)
"""


def part(name: str, built: str, painted: str, lazy: str = "") -> str:
    text = PART.replace("NAME", name).replace("BUILT", built).replace("PAINTED", painted)
    return textwrap.dedent(text).replace("LAZY", lazy or "pass")
