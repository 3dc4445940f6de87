"""The numbers that the policy computes with."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stagelight.engines.village import constants as r
from stagelight.engines.village.training import features
from stagelight.engines.village.training.rollouts import act, told
from support.village_policy import cohort, fresh

pytestmark = pytest.mark.engine


def test_features_are_finite_small_and_one_hot_where_they_say() -> None:
    found, generator, policy_ = cohort(), torch.Generator().manual_seed(0), fresh()
    for _ in range(200):
        chosen = act(policy_, [found], generator)
        x = chosen.features
        assert np.isfinite(x).all()
        assert (np.abs(x) <= 8).all()
        assert (x[:, -features.ONE_HOT :].sum(1) == 6).all()  # role, tick, place, three doings
        found.villages.step(chosen.actions[0], told(found.count))


def test_features_depend_on_what_the_worker_knows_and_nothing_else() -> None:
    """Changing what nobody has seen changes no feature until someone sees it."""
    one, two = cohort(), cohort()
    two.villages.numbers[:, r.PLOTS + 6] += 50  # the granary, which nobody stands at
    policy_, seen = fresh(), []
    for found in (one, two):
        doing = np.zeros((found.count, 3), np.int64)
        for _ in range(3):
            found.villages.step(doing, told(found.count))
        seen.append(act(policy_, [found], None).features)
    np.testing.assert_array_equal(seen[0], seen[1])


def test_a_worker_remembers_what_they_did_and_how_long_the_others_have_been_at_it() -> None:
    found = cohort(1)
    doing = np.array([[r.FARM, r.GRIND, r.SERVE]])
    for _ in range(4):
        features.remember(found.villages.observations, found.memory)
        found.villages.step(doing, told(1))
    features.remember(found.villages.observations, found.memory)
    assert found.memory[0, :, 0].tolist() == [r.FARM, r.GRIND, r.SERVE]
    assert found.memory[0, 0, 1:3].tolist() == [r.GRIND, r.SERVE]  # the farmer of the miller and the baker
    assert (found.memory[0, :, 3:] > 0).any()
