"""The compiled cores with every index checked: nothing legal reads beyond its tables, nothing illegal reaches them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from support.paths import ROOT

pytestmark = [pytest.mark.engine, pytest.mark.slow]
TRIED = """
import sys
import numpy as np
import numba
from stagelight.engines.village import constants, env, scenarios
from stagelight.engines.village.agents import fitted
from stagelight.engines.village.agents.scripted import BatchRandom, BatchScripted
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.batch_episode import play
from stagelight.engines.village.exogenous import draw, stack

@numba.njit
def beyond(array, at):
    return array[at]

assert numba.config.BOUNDSCHECK
try:
    beyond(np.zeros(3), 7)
except IndexError:
    pass
else:
    sys.exit("indices are not checked")
tapes = stack([draw(scenario, seed) for seed, scenario in enumerate(scenarios.SCENARIOS.values())])
for agent in (BatchRandom(np.random.default_rng(0)), BatchScripted(fitted.parameters())):
    play(Villages(tapes), agent)
villages, rng = Villages(tapes), np.random.default_rng(1)
villages.numbers[:, constants.PLOTS + 7] = 500.0  # coins, so that levels are bought
refused = 0
while not villages.over:
    wrong = rng.random() < 0.5
    actions = rng.integers(0, 13, (len(villages), 3))  # forbidden ones too: they become waiting
    if wrong:
        actions[rng.integers(len(villages)), rng.integers(3)] = rng.choice([-1, -14, 13, 99, -(2**31), 2**31, 2**62])
    if rng.random() < 0.1:
        villages.restore(villages.snapshot())
    try:
        villages.step(actions, rng.random((len(villages), 3)) < 0.5)
        assert not wrong
    except ValueError:
        assert wrong
        refused += 1
assert refused > 100
village = env.parallel_env(talks=env.WORDS)
for seed in range(2):
    village.reset(seed=seed)
    while village.agents:
        village.say("baker_0", f"granary={rng.normal() * 1e9:.0f} doing=bake mouths=-3 wind=99999999999")
        village.step(dict(zip(env.AGENTS, map(int, rng.integers(0, 13, 3)))))
print("checked", refused)
"""


def test_no_index_is_beyond_its_table() -> None:
    found = subprocess.run(
        [sys.executable, "-c", TRIED],
        cwd=ROOT,
        env=os.environ | {"NUMBA_BOUNDSCHECK": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr[-2000:]
    assert found.stdout.startswith("checked ")
