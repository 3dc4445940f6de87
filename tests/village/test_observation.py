"""The numbers and words that a worker is told, and those it says."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village import observation
from support.village import SCENARIO, SEED, chosen, village


@given(SCENARIO, SEED, st.integers(1, 200))
@settings(max_examples=25, deadline=None)
def test_a_report_survives_being_words(name: str, seed: int, ticks: int) -> None:
    world, rng = village(name, seed), np.random.default_rng(seed)
    for _ in range(ticks):
        world.step(chosen(world, rng))
    for agent in range(3):
        report = world.report(agent, r.BAKE)
        text = observation.say(report)
        assert len(text) <= r.MESSAGE
        np.testing.assert_array_equal(observation.understand(text, agent), report)


@given(st.text(max_size=300))
@settings(deadline=None)
def test_any_text_may_be_said(text: str) -> None:
    assert observation.understand(text, 0).shape == (len(r.KNOWN),)


@given(SCENARIO, SEED)
@settings(max_examples=10, deadline=None)
def test_words_and_numbers_say_the_same(name: str, seed: int) -> None:
    world, rng = village(name, seed), np.random.default_rng(seed)
    low, high = observation.low_high()
    for _ in range(150):
        actions = chosen(world, rng)
        world.step(actions, np.array([world.report(agent, actions[agent]) for agent in range(3)]))
    for agent in range(3):
        row: NDArray[np.float32] = observation.observe(world, agent)
        assert row.shape == (r.OBSERVED,)
        assert np.all((row >= low) & (row <= high))
        text = observation.describe(row, {"baker": "bread soon"} if agent != 2 else None)
        for index, key in enumerate(r.KNOWN[: r.FARMER_DOES]):
            value = f"{float(row[r.KNOWS + index]):.2f}".rstrip("0").rstrip(".")
            assert f"{key} {value}" in text
        assert ("bread soon" in text) == (agent != 2)
        assert f"Day {int(row[r.TODAY])} of 40" in text
