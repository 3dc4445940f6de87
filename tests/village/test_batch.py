"""The compiled villages are the readable one, to the bit."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stagelight.engines.village import constants, kernels, observation, scenarios
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


def several(count: int = 8) -> Villages:
    return Villages(stack([draw(scenarios.STD, seed) for seed in range(count)]))


def zeros(count: int = 8) -> NDArray[np.int64]:
    return np.zeros((count, 3), np.int64)


QUIET = np.zeros((8, 3), np.bool_)
WANTED = r"wanted whole numbers in an array \(8, 3\), one for each worker of each village"


@pytest.mark.parametrize(
    "actions",
    [np.ones((1, 3)), np.ones((8, 3)), np.ones((1, 3), int), np.ones((3, 8), int), np.ones(24, int),
     np.ones((8, 3, 1), int), np.ones((8, 3), bool), np.full((8, 3), "1"), np.full((8, 3), None), None, 0,
     [[0, 0, 0]] * 8, np.ones((8, 3), complex)],
    ids=lambda value: f"{type(value).__name__}{getattr(value, 'shape', '')}{getattr(value, 'dtype', '')}",
)  # fmt: skip
def test_actions_of_another_shape_or_kind_are_refused(actions: Any) -> None:
    villages = several()
    with pytest.raises(ValueError, match=rf"^actions: .*, {WANTED}$") as caught:
        villages.step(actions, QUIET)
    assert "\n" not in str(caught.value)
    assert villages.tick == 0


@pytest.mark.parametrize("value", [-1, -14, 13, 99, -1000, 2**31, -(2**31), 2**62, -(2**63)])
def test_an_action_beyond_the_last_is_refused_with_village_and_worker(value: int) -> None:
    villages, actions = several(), zeros()
    actions[5, 1], actions[7, 2] = value, value
    before = villages.snapshot()
    with pytest.raises(ValueError, match=rf"^actions: {value} of the miller of village 5, wanted 0 to 12$"):
        villages.step(actions, QUIET)
    for one, other in zip(before, villages.snapshot(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_an_unsigned_number_beyond_what_is_signed_is_refused() -> None:
    actions = zeros().astype(np.uint64)
    actions[0, 0] = 2**64 - 1
    with pytest.raises(ValueError, match=rf"^actions: {2**64 - 1} of the farmer of village 0, wanted 0 to 12$"):
        several().step(actions, QUIET)


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int32, np.uint64, np.int64])
def test_whole_numbers_of_any_width_and_order_are_actions(kind: type[np.integer[Any]]) -> None:
    one, other = several(), several()
    rng = np.random.default_rng(0)
    for _ in range(20):
        actions = rng.integers(0, 13, (8, 3))
        one.step(actions, QUIET)
        other.step(np.asfortranarray(actions.astype(kind)), QUIET)
    np.testing.assert_array_equal(one.observations, other.observations)


@pytest.mark.parametrize(
    "tells", [np.ones((1, 3), bool), np.ones((8, 3)), np.ones(3, bool), True, None, [[True] * 3] * 8]
)
def test_who_tells_is_a_truth_for_each_worker(tells: Any) -> None:
    with pytest.raises(ValueError, match=r"^tells: .*, wanted truth values in an array \(8, 3\)$") as caught:
        several().step(zeros(), tells)
    assert "\n" not in str(caught.value)


def test_after_the_last_tick_nothing_is_taken() -> None:
    villages = several(2)
    while not villages.over:
        villages.step(zeros(2), QUIET[:2])
    returns = villages.returns
    with pytest.raises(ValueError, match=r"^step: the last day is over; call reset first$"):
        villages.step(zeros(2), QUIET[:2])
    np.testing.assert_array_equal(villages.returns, returns)
    villages.reset()
    villages.step(zeros(2), QUIET[:2])


def test_tapes_that_are_not_stacked_or_do_not_fit_each_other_are_refused() -> None:
    one, two = draw(scenarios.STD, 0), stack([draw(scenarios.STD, seed) for seed in range(2)])
    for tapes, said in (
        (one, r"tapes: wind of shape \(480,\) and float64, wanted \(B, 480\) and float64; see exogenous.stack"),
        (replace(two, price=two.price[:1]), r"tapes: price of shape \(1, 480\) and float64, wanted \(2, 480\)"),
        (replace(two, ill=two.ill[:, :9]), r"tapes: ill of shape \(2, 9, 3\) and bool, wanted \(2, 480, 3\) and bool"),
        (replace(two, rain=two.rain.astype(int)), r"tapes: rain of shape \(2, 480\) and int64, wanted"),
        (replace(two, **{field.name: getattr(two, field.name)[:0] for field in fields(two)}), "tapes: none, wanted"),
        (None, "tapes: None, wanted those of exogenous.stack"),
    ):
        with pytest.raises(ValueError, match=f"^{said}"):
            Villages(tapes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("part", "at", "value"),
    [(1, (0, kernels.AT), 6), (1, (0, kernels.AT), -1), (1, (0, kernels.DOES), 13), (1, (0, kernels.DOES), -2),
     (1, (0, kernels.LEFT), -1), (1, (0, kernels.LEFT), 99), (1, (0, kernels.NOW), 481), (1, (0, kernels.NOW), -1),
     (1, (0, kernels.NOW), 7), (2, (0, 0, constants.FARMER_DOES), 2e9)],
)  # fmt: skip
def test_a_snapshot_that_no_village_can_be_in_is_refused(part: int, at: tuple[int, ...], value: float) -> None:
    villages = several(2)
    kept = villages.snapshot()
    kept[part][at] = value
    with pytest.raises(ValueError, match=r"^snapshot: .*, wanted"):
        villages.restore(kept)
    with pytest.raises(ValueError, match=r"^snapshot: "):
        villages.restore(several(3).snapshot())
    with pytest.raises(ValueError, match=r"^snapshot: "):
        villages.restore(kept[:3])
