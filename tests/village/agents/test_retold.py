"""A run that was written down is done and said again."""

from __future__ import annotations

import json

import numpy as np
import pytest

from stagelight.engines.village import constants as r
from stagelight.engines.village import exogenous, scenarios
from stagelight.engines.village.agents.protocol import Agent, Choice, Observation
from stagelight.engines.village.agents.retold import retold
from stagelight.engines.village.episode_trace import trace


class Talker(Agent):
    """Does what it can by chance, and always says something."""

    reports = False

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def act(self, observation: Observation) -> Choice:
        action = int(self.rng.choice(np.flatnonzero(observation.mask)))
        return Choice(action, f"coins={observation.tick}", "because I can", "language model")


def test_a_run_is_told_again_to_the_bit() -> None:
    weather = exogenous.draw(scenarios.STD, 1)
    before = trace(weather, [Talker(seed) for seed in range(3)])
    again = trace(weather, retold(json.loads(json.dumps(before.events))))
    assert again.events == before.events
    for name, array in before.arrays.items():
        np.testing.assert_array_equal(again.arrays[name], array)


def test_a_choice_that_was_not_written_down_is_refused_in_a_line() -> None:
    weather = exogenous.draw(scenarios.STD, 1)
    events = trace(weather, [Talker(seed) for seed in range(3)]).events
    lost = [event for event in events if event["agent"] != "miller" or event["step"] < 5 * r.DAY]
    with pytest.raises(ValueError, match=r"day \d+, tick \d+: no choice of the miller was written down"):
        trace(weather, retold(lost))
