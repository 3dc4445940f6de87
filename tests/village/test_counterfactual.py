"""Which messages changed what another did, with workers whose ways are known."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from stagelight.engines.village import constants as r
from stagelight.engines.village import exogenous, scenarios
from stagelight.engines.village.counterfactual import swayed
from stagelight.engines.village.episode_trace import trace
from stagelight.engines.village.llm.small_worker import SmallWorker

pytestmark = pytest.mark.engine


class Listener:
    """A model whose farmer sells and speaks of coins, and whose baker, who heeds that, bakes where there are many."""

    def __init__(self, heeds: bool = True) -> None:
        self.heeds, self.asked = heeds, 0

    def answers(self, lines: Sequence[str], choose: Any) -> Any:
        self.asked += len(lines)
        logits = np.zeros((len(lines), len(r.ACTIONS)), np.float32)
        for row, line in zip(logits, lines, strict=True):
            coins = int(re.search(r"coins(\d+)", line)[1])  # type: ignore[index]
            if line.startswith("miller"):
                row[r.GRIND] = 1
            elif line.startswith("farmer"):
                row[r.SELL] = 1
            else:
                row[r.BAKE if self.heeds and coins > 50 else r.WAIT] = 1
        return choose(logits), ["coins are 99" if line.startswith("farmer market") else "" for line in lines]


def test_a_choice_that_rests_on_a_message_is_found() -> None:
    weather, model = exogenous.draw(scenarios.STD, 1), Listener()
    run = trace(weather, [SmallWorker(model) for _ in r.AGENTS])
    found = swayed(weather, run.events, model)
    by_farmer = [event for event in found if event["by"] == "farmer" and event["agent"] == "baker"]
    assert by_farmer, "what the farmer says of the coins makes the baker bake"
    assert {event["instead"] for event in by_farmer} == {"wait"}
    for event in by_farmer:
        assert event["heard"] < event["step"]
        said = next(e for e in run.events if e["step"] == event["heard"] and e["agent"] == "farmer")
        assert "coins=99" in said["message"]
    deaf = Listener(heeds=False)
    run = trace(weather, [SmallWorker(deaf) for _ in r.AGENTS])
    assert swayed(weather, run.events, deaf) == []
