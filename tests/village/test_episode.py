"""An episode of one village: who is asked, what is heard, and what it needs installed."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from stagelight.engines.village import constants as r
from stagelight.engines.village.episode import run
from support.paths import ROOT
from support.village import Craft, crafts, village


def test_an_episode_is_the_world_stepped_by_its_choices() -> None:
    one, two = village("std", 4), village("std", 4)
    steps = list(run(one, crafts()))
    assert len(steps) == r.TICKS
    for step in steps:
        two.step(step.actions, np.stack([two.report(agent, step.actions[agent]) for agent in range(3)]))
    np.testing.assert_array_equal(one.numbers(), two.numbers())
    assert sum(step.reward for step in steps) == pytest.approx(one.J / r.NORM)


def test_busy_workers_are_not_asked() -> None:
    for step in run(village("std", 4), crafts()):
        for agent in range(3):
            assert (step.choices[agent] is None) == (step.masks[agent].sum() == 1 and step.masks[agent][r.WAIT] == 0)
        if step.tick > 60:
            break


def test_what_one_says_the_others_hear_in_the_next_tick_and_know() -> None:
    workers = [Craft(r.WAIT, False, "granary=77 come quick"), Craft(r.WAIT, False), Craft(r.WAIT, False)]
    found = run(village("std", 4), workers)
    first, second = next(found), next(found)
    assert first.messages == ("granary=77 come quick", "", "")
    assert workers[1].heard[:2] == [{}, {"farmer": "granary=77 come quick"}]
    assert workers[0].heard[:2] == [{}, {}]
    knows = r.KNOWS + r.IN_GRANARY
    assert second.observations[1, knows] == 77
    assert second.observations[0, knows] != 77


def test_what_inspect_runs_on_needs_nothing_that_compiles() -> None:
    """Its environment holds numpy alone of ours: `make inspect`."""
    names = ("constants", "scenarios", "exogenous", "world", "agents.language_model", "episode", "llm.types")
    lines = ["import sys", "sys.modules['numba'] = sys.modules['torch'] = None"]
    lines += [f"import stagelight.engines.village.{name}" for name in names]
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True, cwd=ROOT)
