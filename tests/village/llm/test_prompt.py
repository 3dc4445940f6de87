"""The prompt of a language model."""

from __future__ import annotations

import numpy as np

from stagelight.engines.village import constants as r
from stagelight.engines.village.llm import prompt
from stagelight.engines.village.observation import observe
from support.village import village

ALL = np.ones(13, np.int8)


def test_the_prompt_is_the_observation_and_nothing_else() -> None:
    """Two villages that differ only where the miller has not been look the same to the miller."""
    one, two = village("std", 7), village("std", 7)
    two.granary += 50
    two.coins += 9
    for agent in (prompt.short, lambda o, _: str(prompt.full(o, ALL, {}, [], ""))):
        assert agent(observe(one, 1), r.FREE) == agent(observe(two, 1), r.FREE)


def test_a_schema_allows_what_the_mask_allows() -> None:
    mask = np.zeros(13, np.int8)
    mask[[r.WAIT, r.SELL]] = 1
    assert prompt.schema(mask)["properties"]["action"]["enum"] == ["wait", "sell"]  # type: ignore[index]
