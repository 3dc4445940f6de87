"""A trained policy as a worker."""

from __future__ import annotations

import numpy as np
import pytest

from stagelight.engines.village import constants as r
from stagelight.engines.village import exogenous, scenarios
from stagelight.engines.village.agents.policy import BatchPolicy, TrainedWorker
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.batch_episode import play
from stagelight.engines.village.episode import run
from stagelight.engines.village.world import World
from support.village_policy import fresh

pytestmark = pytest.mark.engine


def test_a_trained_worker_does_in_the_readable_world_what_the_policy_does_in_many() -> None:
    policy_ = fresh()
    drawn = [exogenous.draw(scenarios.STD, seed) for seed in (5, 6)]
    many = play(Villages(exogenous.stack(drawn)), BatchPolicy(policy_))
    for index, one in enumerate(drawn):
        world = World(one)
        for step in run(world, [TrainedWorker(policy_) for _ in range(3)]):
            np.testing.assert_array_equal(world.numbers(), many.history[index, step.tick])
        assert many.returns[index] == world.J / r.NORM
