"""A worker who does and says again what was written down of one, so that a run stands without whoever acted in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stagelight.engines.village import constants as r
from stagelight.engines.village.agents.protocol import Agent, Choice, Observation

SAID = "said"  # the kind of event that holds what a worker did and said


class Retold(Agent):
    """One worker over one episode, by the events of `episode_trace`."""

    reports = False

    def __init__(self, events: Iterable[Mapping[str, Any]], name: str) -> None:
        """A worker.

        Args:
            events: of a run; those of others, and of other kinds, are passed over.
            name: of constants.AGENTS.
        """
        self.choices = {
            int(event["step"]): Choice(
                r.ACTIONS.index(event["action"]), event.get("message", ""), event.get("reason", ""), event["author"]
            )
            for event in events
            if event["kind"] == SAID and event["agent"] == name
        }

    def act(self, observation: Observation) -> Choice:
        """The choice of the tick.

        Raises:
            ValueError: none was written down.
        """
        if observation.tick not in self.choices:
            name, day = r.AGENTS[int(observation.values[r.ROLE])], int(observation.values[r.TODAY])
            raise ValueError(f"day {day}, tick {observation.tick % r.DAY}: no choice of the {name} was written down")
        return self.choices[observation.tick]


def retold(events: Iterable[Mapping[str, Any]]) -> list[Retold]:
    """The three workers of a run."""
    kept = list(events)
    return [Retold(kept, name) for name in r.AGENTS]
