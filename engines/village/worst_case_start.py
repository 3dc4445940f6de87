"""Shocks timed to hurt: within its budget of days, the spell starts where the scripted policy fares worst.

The choice is made before anyone acts and is part of the tape, so it is the same for every agent.
"""

from __future__ import annotations

import numpy as np

from stagelight.engines.village.agents import fitted
from stagelight.engines.village.agents.scripted import BatchScripted
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.batch_episode import play
from stagelight.engines.village.exogenous import Tape, draw, stack
from stagelight.engines.village.scenarios import Scenario

EVERY = 3  # days between the starts that are tried


def tape(scenario: Scenario, seed: int) -> Tape:
    """The tape of a scenario and a seed; where the scenario's spell has the worst start, that one."""
    if not scenario.worst_start:
        return draw(scenario, seed)
    starts = range(scenario.spell_start[0], scenario.spell_start[1] + 1, EVERY)
    tried = [draw(scenario, seed, start) for start in starts]
    return tried[int(np.argmin(play(Villages(stack(tried)), BatchScripted(fitted.parameters())).returns))]
