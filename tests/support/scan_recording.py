"""A small recording of the scan, made up, for the tests of what its pages show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from stagelight.engines import recording
from stagelight.engines.recording import Recording
from stagelight.render.pages.scene_files import Scene

RATES = (4.0, 16.0)
CHOICE = ("zero_filled", "mean", "diffusion")
METHODS = (*CHOICE, "sample")
Made = Callable[..., Scene]


def scan_maker(tmp_path: Path) -> Made:
    """A function that makes the recording in a folder, with some of its arrays or facts changed or left out."""
    rng = np.random.default_rng(0)
    arrays = {f"grid_r{rate:g}_{name}": rng.integers(0, 256, (7, 5), np.uint8) for rate in RATES for name in CHOICE}
    arrays |= {f"error_{name}": rng.integers(-127, 128, (7, 5), np.int8) for name in METHODS}
    arrays["reference_axial"] = rng.integers(0, 256, (7, 5), np.uint8)
    arrays["mask"] = rng.random((5, 7)) < 0.25
    facts = {f"grid.r{rate:g}.{name}.brain.psnr": 20 + rate for rate in RATES for name in CHOICE}
    facts |= {f"{name}.brain.psnr": 24.25 for name in METHODS}

    def make(less: str = "", **changed: Any) -> Scene:
        kept = {name: array for name, array in {**arrays, **changed.get("arrays", {})}.items() if name != less}
        config = {"grid": list(RATES), "acceleration": RATES[-1], "error_most": 0.25, "samples": 6}
        found = Recording(
            "scan", 1, config, "v", {**facts, **changed.get("facts", {})},
            ({"step": 0, "kind": "methods", "names": list(METHODS), "grid": list(CHOICE)}, *changed.get("events", ())),
            kept,
        )  # fmt: skip
        recording.save(found, tmp_path / "recordings")
        return Scene("scan", recording.load_head(tmp_path / "recordings", "scan"), {}, tmp_path)

    return make
