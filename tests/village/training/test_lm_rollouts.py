"""Whole episodes of a model that answers line by line."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from stagelight.engines.village import constants as r
from stagelight.engines.village import exogenous, kernels, scenarios
from stagelight.engines.village.agents.retold import retold
from stagelight.engines.village.agents.scripted import BatchPlanned
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.batch_episode import play
from stagelight.engines.village.episode_trace import trace
from stagelight.engines.village.evaluation import metrics
from stagelight.engines.village.llm.small_worker import SmallWorker
from stagelight.engines.village.training.lm_rollouts import rollouts

pytestmark = pytest.mark.engine


class Clockwork:
    """A model that answers by the hash of the line, and says what it is told to say."""

    def __init__(self, says: str = "") -> None:
        self.says = says

    def answers(self, lines: Sequence[str], choose: Any) -> Any:
        numbers = [np.random.default_rng(zlib.crc32(line.encode())).normal(size=13) for line in lines]
        return choose(np.array(numbers, np.float32)), [self.says] * len(lines)


def test_words_may_be_drawn() -> None:
    tapes = metrics.tapes("calm", [1, 1, 2, 2])
    found = rollouts(Clockwork(), tapes, 1.0, np.random.default_rng(0))
    assert found.returns[0] != found.returns[1], "the same tape is run differently"
    assert (found.lessons.pupil.masks[np.arange(len(found.actions)), found.actions] == 1).all()
    likeliest = rollouts(Clockwork(), tapes).returns
    assert likeliest[0] == likeliest[1]


def test_what_was_chosen_can_be_played_again() -> None:
    tapes = metrics.tapes("std", [1, 2])
    found = rollouts(Clockwork(), tapes)
    again = play(Villages(tapes), BatchPlanned(found.choices))
    np.testing.assert_array_equal(again.returns, found.returns)
    np.testing.assert_allclose(again.history[:, -1, kernels.J] / r.NORM, found.returns)


def test_what_is_said_is_heard_unless_it_is_cut() -> None:
    tapes = metrics.tapes("std", [1, 2])
    hidden, loud = (
        rollouts(Clockwork("coins are 99"), tapes, talks=talks).lessons.pupil.observations for talks in (False, True)
    )
    coins, doing = r.KNOWS + r.COINS, r.AGE + r.FARMER_DOES + np.arange(3)
    assert (loud[:, coins] == 99).any(), "where its speaker sees it"
    assert (hidden[:, coins] != 99).all()
    assert loud[:, doing].mean() < hidden[:, doing].mean(), "what is done is told"


def test_many_villages_at_once_are_what_each_is_alone() -> None:
    """Choices, sentences and what is heard of them, tick by tick, as three workers who are asked one at a time."""
    drawn = [exogenous.draw(scenarios.STD, seed) for seed in (1, 2)]
    model = Clockwork("coins are 99")
    found = rollouts(model, exogenous.stack(drawn))
    for village, weather in enumerate(drawn):
        alone = trace(weather, [SmallWorker(model) for _ in r.AGENTS])
        assert found.events(village) == alone.events
        assert trace(weather, retold(found.events(village))).events == alone.events
