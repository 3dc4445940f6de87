"""The agents by their names."""

from __future__ import annotations

import pytest

from stagelight.engines.village.agents import base_stock_policy, fitted, registry
from support.village import calm

pytestmark = pytest.mark.engine


def test_every_agent_plays_and_random_is_the_worst_of_those_who_work_together() -> None:
    drawn = {name: calm(1 if name == "planner" else 8) for name in registry.AGENTS}  # it takes a second for each
    found = {name: registry.episodes(agent, drawn[name]).returns.mean() for name, agent in registry.AGENTS.items()}
    assert found["stock"] > found["no_granary"] > found["random"]
    assert found["stock"] > found["no_messages"] > found["random"]


def test_a_reserve_by_name() -> None:
    assert registry.named("reserve_2.5").parameters()[base_stock_policy.RESERVE] == 2.5
    assert not registry.named("reserve_2_silent").talks
    with pytest.raises(ValueError, match="agent 'king': no such agent; choose one of random"):
        registry.named("king")
    with pytest.raises(ValueError, match="parameter 'luck': no such parameter"):
        fitted.parameters({"luck": 1.0})
