"""Whole episodes of many villages, the same as those of one."""

from __future__ import annotations

import numpy as np
import pytest

from stagelight.engines.village import constants as r
from stagelight.engines.village import scenarios
from stagelight.engines.village.agents import base_stock_policy, fitted, registry
from stagelight.engines.village.agents.scripted import BatchPlanned, BatchScripted, Planned
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.batch_episode import play
from stagelight.engines.village.episode import run
from stagelight.engines.village.exogenous import draw, stack
from stagelight.engines.village.world import World

pytestmark = pytest.mark.engine


def test_the_compiled_episode_is_the_readable_world_played_by_the_same_lists() -> None:
    tape, p = draw(scenarios.STD, 4), fitted.parameters()
    from stagelight.engines.village import observation

    world, last = World(tape), [r.FREE] * 3
    while not world.over:
        chosen = [r.WAIT] * 3
        for agent in range(3):
            if world.left[agent] == 0:
                choice = int(base_stock_policy.choose(observation.observe(world, agent), last[agent], p))
                chosen[agent] = last[agent] = choice if world.mask(agent)[choice] else r.WAIT
        world.step(chosen, np.array([world.report(agent, chosen[agent]) for agent in range(3)]))
    assert play(Villages(stack([tape])), BatchScripted(p)).villages.numbers[0, 18] == world.J


@pytest.mark.parametrize("name", ["reserve_4", "no_messages", "miller_alone", "planner"])
def test_an_episode_is_what_the_compiled_villages_play(name: str) -> None:
    entry, drawn = registry.named(name), draw(scenarios.RABBITS, 11)
    many = registry.episodes(entry, stack([drawn]), "rabbits")
    world = World(drawn)
    for step in run(world, registry.workers(entry, "rabbits")):
        np.testing.assert_array_equal(world.numbers(), many.history[0, step.tick])
        began = [r.FREE if choice is None else choice.action for choice in step.choices]
        np.testing.assert_array_equal(began, many.choices[0, step.tick])
        assert all(len(text) <= r.MESSAGE for text in step.messages)
        assert any(step.messages) == entry.talks
    assert many.returns[0] == world.J / r.NORM
    with pytest.raises(ValueError, match="agent 'random': acts for many villages at once"):
        registry.workers(registry.named("random"))


def test_choices_that_were_written_down_are_played_again_in_one_village_and_in_many() -> None:
    drawn = draw(scenarios.STD, 5)
    first = registry.episodes(registry.named("stock"), stack([drawn]))
    again = play(Villages(stack([drawn])), BatchPlanned(first.choices))
    np.testing.assert_array_equal(again.history, first.history)
    world = World(drawn)
    for _ in run(world, [Planned(first.choices[0, :, worker]) for worker in range(3)]):
        pass
    assert first.returns[0] == world.J / r.NORM
