"""Measures of episodes, and the score."""

from __future__ import annotations

import numpy as np
import pytest

from stagelight.engines.village import constants as r
from stagelight.engines.village.agents import registry
from stagelight.engines.village.evaluation import metrics
from support.village import calm

pytestmark = pytest.mark.engine


def test_one_worker_alone_cannot_feed_the_village() -> None:
    drawn = calm()
    for name in ("farmer_alone", "miller_alone", "baker_alone"):
        history = registry.episodes(registry.named(name), drawn).history
        assert metrics.measures(history)["hunger_days"].min() > 30


def test_random_scores_nothing_and_the_clairvoyant_one() -> None:
    drawn = calm()
    one = registry.episodes(registry.AGENTS["random"], drawn)
    facts = metrics.table(one.villages.workers, one.history, np.full(8, 2.0), float(one.returns.mean()))
    assert facts["score"] == pytest.approx(0)
    assert facts["score_worst"] <= facts["score_low"] <= facts["score"] <= facts["score_high"]
    one = registry.episodes(registry.AGENTS["stock"], drawn)
    facts = metrics.table(one.villages.workers, one.history, one.returns, -0.6)
    assert facts["score"] == pytest.approx(1)
    assert facts["share"] == pytest.approx(1)


def test_a_crisis_begins_and_ends_where_it_should() -> None:
    share = np.ones((3, r.DAYS))
    reserve = np.zeros((3, r.DAYS))
    share[0, 10:13] = 0.1  # hungry on the second such day, recovered after four good ones
    share[1, 10] = 0.1  # one day is no crisis
    share[2, 38:] = 0.0  # never recovered
    hungry, recovery = metrics.crises(share, reserve)
    assert list(hungry) == [1, 0, 1]
    assert recovery[0] == 2
    assert np.isnan(recovery[1:]).all()
    reserve[0] = 1.0  # with food in the granary it is no crisis
    assert metrics.crises(share, reserve)[0][0] == 0


def test_gini_is_nothing_when_even_and_nearly_one_when_all_is_in_a_day() -> None:
    share = np.zeros((2, r.DAYS))
    share[0], share[1, 3] = 0.7, 1.0
    even, uneven = metrics.gini(share)
    assert even == pytest.approx(0, abs=1e-12)
    assert uneven == pytest.approx(1 - 1 / r.DAYS)
