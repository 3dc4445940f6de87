"""The compiled villages are the readable one, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagelight.engines.village import observation, scenarios
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.exogenous import draw, stack
from stagelight.engines.village.world import World

pytestmark = pytest.mark.engine
NAMES = sorted(scenarios.SCENARIOS)


def sensible(world: World, rng: np.random.Generator, agent: int) -> int:
    """Mostly one's craft and what comes after it, so that goods flow and levels rise; sometimes anything at all."""
    usual = ((1, 1, 2, 3), (3, 4, 4, 4, 8, 10, 12), (5, 6, 6, 7, 9, 11, 12))[agent]
    return int(rng.choice(usual)) if rng.random() < 0.9 else int(rng.integers(13))


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 2**32 - 1)), min_size=1, max_size=3), st.booleans())
@settings(max_examples=12, deadline=None)
def test_equal_to_the_bit(drawn: list[tuple[str, int]], rich: bool) -> None:
    tapes = [draw(scenarios.named(name), seed) for name, seed in drawn]
    worlds, villages = [World(tape) for tape in tapes], Villages(stack(tapes))
    rng = np.random.default_rng(drawn[0][1])
    if rich:  # so that levels and purchases are met
        villages.numbers[:, 13] = 500.0
        for world in worlds:
            world.coins = 500.0
    while not villages.over:
        actions = np.array([[sensible(world, rng, agent) for agent in range(3)] for world in worlds])
        tells = rng.random((len(worlds), 3)) < 0.5
        rewards = villages.step(actions, tells)
        for b, world in enumerate(worlds):
            told = np.array([world.report(agent, actions[b, agent]) for agent in range(3)])
            told[~tells[b]] = np.nan
            assert world.step(list(actions[b]), told) == rewards[b]
            np.testing.assert_array_equal(villages.numbers[b], world.numbers())
            np.testing.assert_array_equal(villages.workers[b], world.workers())
            np.testing.assert_array_equal(villages.known[b], world.known)
            np.testing.assert_array_equal(villages.seen[b], world.seen)
            for agent in range(3):
                np.testing.assert_array_equal(villages.observations[b, agent], observation.observe(world, agent))
                np.testing.assert_array_equal(villages.masks[b, agent], world.mask(agent))
    assert not rich or villages.numbers[:, 17].max() > 0


def test_the_first_dawn_is_the_same() -> None:
    tapes = [draw(scenarios.STD, seed) for seed in range(3)]
    villages = Villages(stack(tapes))
    for b, tape in enumerate(tapes):
        world = World(tape)
        np.testing.assert_array_equal(villages.numbers[b], world.numbers())
        np.testing.assert_array_equal(villages.workers[b], world.workers())
        for agent in range(3):
            np.testing.assert_array_equal(villages.observations[b, agent], observation.observe(world, agent))
            np.testing.assert_array_equal(villages.masks[b, agent], world.mask(agent))


@given(st.integers(0, 2**31), st.integers(1, 400))
@settings(max_examples=10, deadline=None)
def test_a_snapshot_brings_everything_back(seed: int, at: int) -> None:
    villages, rng = Villages(stack([draw(scenarios.STD, seed)])), np.random.default_rng(seed)
    everyone = np.ones((1, 3), np.bool_)
    choices = rng.integers(0, 13, (480, 1, 3))
    for tick in range(at):
        villages.step(choices[tick], everyone)
    kept, seen = villages.snapshot(), villages.observations.copy()
    for tick in range(at, 480):
        villages.step(choices[tick], everyone)
    first = villages.returns.copy()
    villages.restore(kept)
    np.testing.assert_array_equal(villages.observations, seen)
    for tick in range(at, 480):
        villages.step(choices[tick], everyone)
    np.testing.assert_array_equal(villages.returns, first)


def test_reset_is_a_beginning() -> None:
    villages = Villages(stack([draw(scenarios.STD, 5)]))
    fresh = [villages.numbers.copy(), villages.observations.copy(), villages.masks.copy()]
    for _ in range(50):
        villages.step(np.full((1, 3), 3), np.ones((1, 3), np.bool_))
    villages.reset()
    for before, after in zip(fresh, (villages.numbers, villages.observations, villages.masks), strict=True):
        np.testing.assert_array_equal(before, after)
