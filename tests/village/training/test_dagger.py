"""Imitation of a teacher."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village import scenarios
from stagelight.engines.village.agents.protocol import Observations
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.training.dagger import Config as Imitation
from stagelight.engines.village.training.dagger import imitate
from stagelight.engines.village.training.rollouts import act
from support.village_policy import cohort, fresh

pytestmark = pytest.mark.engine


class Commonest:
    """A teacher whose rule is one look: the farmer farms what is ripe, the others follow their craft."""

    reports = True

    def __init__(self, villages: Villages) -> None:
        """Of any villages: it looks at no more than the workers do."""

    def act(self, observations: Observations) -> NDArray[np.int64]:
        ripe, workers = observations.free_values[:, r.KNOWS + r.RIPE] > 0, observations.workers
        return np.where(workers == 0, np.where(ripe, r.FARM, r.HAUL_WHEAT), np.where(workers == 1, r.GRIND, r.BAKE))


def test_a_rule_is_learnt_by_imitation() -> None:
    pupil = fresh(32)
    losses = imitate(
        pupil, Commonest, scenarios.TRAIN, Imitation(rounds=2, villages=10, epochs=4, blunder=0.1, minibatch=64), 0
    )
    assert losses[-1] < 0.1
    found = cohort(20, 77)
    seen = Observations(0, found.villages.observations, found.villages.masks, *found.free())
    right = Commonest(found.villages).act(seen)
    assert (act(pupil, [found], None).picked == right).mean() > 0.95
