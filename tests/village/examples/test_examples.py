"""The scripts for whoever trains from outside: they run in an empty folder, and what they write is used again."""

from __future__ import annotations

import csv
import importlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from stagelight import village_v0

pytestmark = [pytest.mark.engine, pytest.mark.slow]


def trained(name: str, folder: Path) -> list[dict[str, str]]:
    """The learning curve of a very short run."""
    command = [sys.executable, "-m", f"stagelight.engines.village.examples.{name}", "--minutes", "0.05", "--seed", "3"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with (folder / f"{name}-3.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(done.stdout.splitlines()) == len(rows) >= 2
    assert float(rows[-1]["minutes"]) == 0.05
    return rows


def test_ppo_writes_its_curve_and_an_agent_that_is_what_the_curve_ends_with(tmp_path: Path) -> None:
    rows = trained("ppo", tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"ppo-3.csv", "ppo-3.pt"}
    ppo = importlib.import_module("stagelight.engines.village.examples.ppo")
    agent = ppo.load(tmp_path / "ppo-3.pt")
    first, again = (village_v0.evaluate(agent, "std") for _ in range(2))
    np.testing.assert_array_equal(first.returns, again.returns)
    assert f"{first.mean:.4f}" == rows[-1]["return"]


def test_maskable_ppo_writes_its_curve_and_its_model(tmp_path: Path) -> None:
    pytest.importorskip("sb3_contrib", reason="the extra village-sb3")
    trained("maskable_ppo", tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} == {".csv", ".zip", ".pkl"}
