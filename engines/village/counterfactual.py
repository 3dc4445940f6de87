"""Messages that changed what another worker did: the same moment again, had one message not been heard.

For every message of a run the village goes on once more from its tick, everything as it was but that message unsaid. At
the next choice of each who heard it, a model is shown what they would have known then, and chooses. Chance, actions and
all other messages are those of the run, so that a choice that differs differs by that message alone.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village.agents.protocol import Choice
from stagelight.engines.village.agents.retold import retold
from stagelight.engines.village.episode import Episode
from stagelight.engines.village.exogenous import Tape
from stagelight.engines.village.llm import prompt
from stagelight.engines.village.llm.small_worker import Speaker, pick
from stagelight.engines.village.world import World

SWAYED = "swayed"  # the kind of event


@dataclass
class _Unsaid:
    """A village in which one message was not heard, until all who did hear it have chosen again."""

    episode: Episode
    speaker: int
    tick: int  # of the message
    waiting: set[int]


def swayed(weather: Tape, said: Sequence[Mapping[str, Any]], model: Speaker) -> list[dict[str, Any]]:
    """Events, one for each choice that would have been another.

    Args:
        weather: of the run.
        said: its events, as `episode_trace` gives them.
        model: who chose in it.
    """
    episode, workers = Episode(World(weather)), retold(said)
    did = [r.FREE] * len(r.AGENTS)
    unsaid: list[_Unsaid] = []
    found: list[dict[str, Any]] = []
    while not episode.world.over:
        tick, free = episode.world.tick, episode.free()
        for worker, seen in enumerate(episode.observations):
            did[worker] = int(seen[r.ACTION]) if seen[r.ACTION] >= 0 else did[worker]
        choices: list[Choice | None] = [None] * len(r.AGENTS)
        for worker in free:
            choices[worker] = workers[worker].act(episode.observation(worker))
        for other in unsaid:
            for worker in other.waiting & set(free):
                instead = _chosen(model, episode, other.episode, worker, did[worker])
                if instead is not None and choices[worker] is not None and instead != choices[worker].action:  # type: ignore[union-attr]
                    found.append({
                        "step": tick, "kind": SWAYED, "agent": r.AGENTS[worker], "by": r.AGENTS[other.speaker],
                        "heard": other.tick, "instead": r.ACTIONS[instead],
                    })  # fmt: skip
            other.waiting -= set(free)
        unsaid = [other for other in unsaid if other.waiting]
        speakers = [worker for worker, choice in enumerate(choices) if choice is not None and choice.message]
        begun = [_Unsaid(copy.deepcopy(episode), who, tick, set(range(len(r.AGENTS))) - {who}) for who in speakers]
        for other in begun:
            silent = [replace(c, message="") if who == other.speaker and c else c for who, c in enumerate(choices)]
            other.episode.tick(silent, [False] * len(r.AGENTS))
        for other in unsaid:
            other.episode.tick(choices, [False] * len(r.AGENTS))
        unsaid += begun
        episode.tick(choices, [False] * len(r.AGENTS))
    return found


def _chosen(model: Speaker, was: Episode, other: Episode, worker: int, did: int) -> int | None:
    """What a worker would have chosen in the other village; None where it would have read the same line."""
    lines = [prompt.short(one.observations[worker], did) for one in (was, other)]
    if lines[0] == lines[1]:
        return None
    masks: NDArray[np.int8] = other.masks[worker][None]
    actions, _ = model.answers(lines[1:], partial(pick, masks=masks))
    return int(actions[0])
