"""The village's reference: laws of its goods and its time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagelight.engines.village import constants as r
from stagelight.engines.village import observation, scenarios
from stagelight.engines.village.exogenous import draw
from stagelight.engines.village.world import STOCKS, World
from support.village import SCENARIO, SEED, chosen, village

IN_STORE = ("cut_wheat", "mill_wheat", "mill_flour", "bakery_flour", "bakery_bread", "square_bread", "granary")


def grain(world: World) -> float:
    return float(sum(getattr(world, name) for name in IN_STORE))


@given(SCENARIO, SEED)
@settings(max_examples=15, deadline=None)
def test_grain_is_conserved_in_every_tick(name: str, seed: int) -> None:
    world, rng = village(name, seed), np.random.default_rng(seed)
    start = grain(world)
    while not world.over:
        world.step(chosen(world, rng))
        out = world.eaten + world.sold + world.spoiled + world.ruined
        assert grain(world) + out == pytest.approx(start + world.reaped + world.bought, abs=1e-8)


@given(SCENARIO, SEED)
@settings(max_examples=10, deadline=None)
def test_nothing_is_negative_or_beyond_its_room(name: str, seed: int) -> None:
    world, rng = village(name, seed), np.random.default_rng(seed)
    while not world.over:
        world.step(chosen(world, rng))
        assert all(getattr(world, key) >= 0 for key in STOCKS if key != "J")
        tool = world.tool + 1e-9
        assert world.cut_wheat <= r.FIELD_ROOM * tool
        assert world.mill_wheat <= r.WHEAT_ROOM * tool
        assert world.mill_flour <= r.FLOUR_ROOM * tool
        assert world.bakery_flour <= r.BAKERY_ROOM * tool
        assert world.granary <= r.GRANARY_ROOM
        assert np.all((world.plots >= 0) & (world.plots <= 1))
        assert r.LEAST_MOUTHS <= world.mouths <= r.MOUTHS + r.HOUSING * world.level
        assert 0 <= world.hunger <= 1


@given(SEED, st.floats(0, 40), st.floats(0, 40))
@settings(max_examples=40, deadline=None)
def test_more_bread_before_a_meal_never_makes_it_worse(seed: int, bread: float, more: float) -> None:
    worlds = village(seed=seed), village(seed=seed)
    for world, stock in zip(worlds, (bread, bread + more), strict=True):
        world.square_bread = stock
        world._meal()
        world._nightfall()
    poor, rich = worlds
    assert rich.J >= poor.J
    assert rich.hunger <= poor.hunger
    assert rich.mouths >= poor.mouths


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, r.TICKS - 1), st.booleans())
@settings(deadline=None)
def test_a_plot_that_is_ahead_stays_ahead(first: float, second: float, tick: int, rabbits: bool) -> None:
    world = village()
    world.tick, world.patience = tick, 6.0 if rabbits else 0.0
    world.plots[:2] = sorted((first, second))
    world._grow()
    assert world.plots[0] <= world.plots[1]


def test_a_reward_is_what_the_meal_gave_and_an_episode_sums_to_its_return() -> None:
    world, rng = village("std", 3), np.random.default_rng(3)
    rewards = []
    while not world.over:
        rewards.append(world.step(chosen(world, rng)))
    assert sum(rewards) == pytest.approx(world.J / r.NORM)
    paid = {tick % r.DAY for tick, reward in enumerate(rewards) if reward}
    assert paid == set(r.MEALS)


def test_a_fed_village_of_twelve_without_growth_returns_one() -> None:
    world = village()
    while not world.over:
        world.square_bread, world.mouths = 100.0, float(r.MOUTHS)
        world.step([r.WAIT] * 3)
    assert pytest.approx(1) == world.J / r.NORM


def test_an_action_lasts_its_way_its_work_and_its_way_and_works_at_the_end() -> None:
    world = village()
    assert r.DURATION[0, r.FIELD, r.HAUL_WHEAT] == 1 + 2
    assert r.DURATION[2, r.BAKERY, r.SELL] == 1 + 1 + 2
    assert r.DURATION[1, r.SQUARE, r.WAIT] == 1 + 1
    world.cut_wheat = 10.0
    before = world.mill_wheat
    seen = []
    for _ in range(3):
        assert world.mill_wheat <= before
        world.step([r.HAUL_WHEAT, r.WAIT, r.WAIT])
        seen.append(world.where(0))
    assert seen == [r.FIELD, r.ROAD, r.MILL]
    assert world.mill_wheat > before + 9


def test_wait_goes_home() -> None:
    world = village()
    world.place[0] = r.SQUARE
    for _ in range(1 + 3):
        world.step([r.WAIT] * 3)
    assert world.where(0) == r.FIELD


def test_work_outside_the_craft_is_worth_half() -> None:
    made = []
    for agent in (1, 2):
        world = village()
        world.place[agent], world.mill_wheat = r.MILL, 20.0
        actions = [r.WAIT] * 3
        actions[agent] = r.GRIND
        world.step(actions)
        world.step(actions)
        made.append(world.mill_flour)
    assert made == [14.0, 7.0]


def test_what_is_forbidden_becomes_waiting_and_is_counted() -> None:
    world = village()
    world.level = float(r.LEVELS)
    assert world.mask(1)[r.INVEST] == 0
    world.step([r.WAIT, r.INVEST, r.WAIT])
    assert world.invalid == [0, 1, 0]
    assert world.place[1] == r.MILL


def test_rabbits_ruin_until_they_are_chased() -> None:
    world = village()
    world.patience, world.cut_wheat = 6.0, 20.0
    for _ in range(11):
        world.step([r.GUARD, r.WAIT, r.WAIT])
    assert world.patience == 1
    assert world.ruined > 4
    world.step([r.GUARD, r.WAIT, r.WAIT])
    ruined = world.ruined
    world.step([r.WAIT] * 3)
    assert world.patience == 0
    assert world.ruined == ruined


def test_the_ill_do_not_work_and_go_on_afterwards() -> None:
    tape = draw(scenarios.CALM, 0)
    tape.ill[1:5, 0] = True
    world = World(tape)
    world.plots[:] = 1.0
    lasted = 0
    while world.cut_wheat == 0:
        world.step([r.FARM, r.WAIT, r.WAIT])
        lasted += 1
    assert lasted == 2 + 4


def test_hunger_makes_them_leave_and_plenty_makes_them_come() -> None:
    world = village()
    for _ in range(5 * r.DAY):
        world.square_bread = 0.0
        world.step([r.WAIT] * 3)
    assert world.mouths < r.MOUTHS
    world.level = 2.0
    for _ in range(30 * r.DAY):
        world.square_bread = 100.0
        world.step([r.WAIT] * 3)
    assert world.mouths == r.MOUTHS + 2 * r.HOUSING


@given(SEED)
@settings(max_examples=10, deadline=None)
def test_a_worker_knows_only_what_they_saw_or_heard(seed: int) -> None:
    """Without messages, what one is told of another place is what it was when they were last there."""
    world, rng = village("std", seed), np.random.default_rng(seed)
    last = [world.truth().copy() for _ in range(3)]
    for _ in range(100):
        world.step(chosen(world, rng))
        truth = world.truth()
        for agent in range(3):
            where = world.where(agent)
            if where != r.ROAD:
                here = r.SEEN[where]
                last[agent][here] = truth[here]
            last[agent][r.FARMER_DOES + agent] = truth[r.FARMER_DOES + agent]
            np.testing.assert_array_equal(world.known[agent], last[agent])


def test_a_message_reaches_the_two_others_in_the_next_tick() -> None:
    world = village()
    world.cut_wheat = 12.345
    world._look()
    said = np.full((3, len(r.KNOWN)), np.nan)
    said[0] = world.report(0, r.GUARD)
    world.step([r.GUARD, r.WAIT, r.WAIT], said)
    for other in (1, 2):
        assert world.known[other, r.CUT_WHEAT] == 12.35
        assert world.known[other, r.FARMER_DOES] == r.GUARD
        told = observation.observe(world, other)
        assert told[r.AGE + r.CUT_WHEAT] == 1


@pytest.mark.parametrize("value", [-1, -14, 13, 99, 1.0, "1", True, None])
def test_an_action_that_is_none_is_refused_with_its_worker(value: Any) -> None:
    world = village()
    before = world.numbers()
    with pytest.raises(ValueError, match=r"^miller: action .*, wanted a whole number from 0 to 12$"):
        world.step([r.WAIT, value, r.WAIT])
    np.testing.assert_array_equal(world.numbers(), before)
    assert world.action == [r.FREE] * 3
