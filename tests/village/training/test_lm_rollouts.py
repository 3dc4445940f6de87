"""Whole episodes of a model that answers line by line."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from stagelight.engines.village import playing, score, ticks
from stagelight.engines.village import rules as r
from stagelight.engines.village.training.lm_rollouts import rollouts

pytestmark = pytest.mark.engine


def clockwork(lines: Sequence[str]) -> Any:
    """A model that answers by the hash of the line."""
    return np.array([np.random.default_rng(zlib.crc32(line.encode())).normal(size=13) for line in lines], np.float32)


def test_words_may_be_drawn() -> None:
    tapes = score.tapes("calm", [1, 1, 2, 2])
    found = rollouts(clockwork, tapes, 1.0, np.random.default_rng(0))
    assert found.returns[0] != found.returns[1], "the same tape is run differently"
    assert (found.states.masks[np.arange(len(found.actions)), found.actions] == 1).all()
    likeliest = rollouts(clockwork, tapes).returns
    assert likeliest[0] == likeliest[1]


def test_what_was_chosen_can_be_played_again() -> None:
    tapes = score.tapes("std", [1, 2])
    found = rollouts(clockwork, tapes)
    villages, history = playing.replay(tapes, found.choices)
    np.testing.assert_array_equal(villages.returns, found.returns)
    np.testing.assert_allclose(history[:, -1, ticks.J] / r.NORM, found.returns)
