"""A worker whose choices a language model makes: memory, messages, a stated reason, and a count of what was invalid.

A reply that is not JSON, lacks a field or names an action that may not be chosen is counted and replaced by waiting,
which is always allowed and never invents a reason. Nothing a model says is taken for more than words: it is bounded
and cleaned before anyone reads it, and what the other workers' models say is quoted to it as such.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village import sanitize
from stagelight.engines.village.agents.protocol import Agent, Choice, Observation
from stagelight.engines.village.llm import json_modes, prompt
from stagelight.engines.village.llm.types import Messages, Model, Schema

MODEL, FALLBACK = "language model", "fallback"


class LanguageAgent(Agent):
    """One worker over one episode."""

    reports = False  # it speaks for itself

    def __init__(self, model: Model | None = None, remembered: int = 6) -> None:
        """A worker with an empty memory.

        Args:
            model: who answers; None if `asks` and `takes` are used instead of `act`.
            remembered: how many of its own last choices it is told again.
        """
        self.model = model
        self.memory: deque[str] = deque(maxlen=remembered)
        self.note = ""
        self.asked = self.invalid = self.tokens = 0

    def act(self, observation: Observation) -> Choice:
        """The next action of a worker who is free.

        Raises:
            ModelError: the model cannot be asked.
        """
        messages, schema = self.asks(observation)
        assert self.model is not None
        reply = self.model.ask(messages, schema)
        return self.takes(observation, reply.text, reply.tokens_in + reply.tokens_out)

    def asks(self, observation: Observation) -> tuple[Messages, Schema]:
        """The prompt, and the schema of what answers it; for those who ask the model themselves."""
        values, mask, memory = observation.values, observation.mask, list(self.memory)
        return prompt.full(values, mask, observation.heard, memory, self.note), prompt.schema(mask)

    def takes(self, observation: Observation, text: str, tokens: int) -> Choice:
        """A reply as a choice, counted and remembered."""
        choice = read(text, observation.mask, tokens)
        self.asked, self.invalid = self.asked + 1, self.invalid + bool(choice.fault)
        self.tokens += tokens
        self._remember(observation.values, choice, text)
        return choice

    def _remember(self, values: NDArray[np.float32], choice: Choice, text: str) -> None:
        day, tick = int(values[r.TODAY]), int(values[r.TICK])
        line = f"day {day} tick {tick}: {r.ACTIONS[choice.action]}"
        if choice.fault:
            line += f" (your answer was not valid: {choice.fault})"
        elif choice.reason:
            line += f", because: {choice.reason}"
        self.memory.append(line)
        note = None if choice.fault else (json_modes.parse(text) or {}).get("note")
        if isinstance(note, str) and note.strip():
            self.note = sanitize.plain(note, prompt.NOTE)


def read(text: str, mask: NDArray[np.int8], tokens: int) -> Choice:
    """A reply as a choice; an invalid one as waiting, with the fault."""
    found = json_modes.parse(text)
    fault = _fault(found, mask)
    if fault:
        return Choice(r.WAIT, author=FALLBACK, fault=fault, tokens=tokens)
    assert found is not None
    reason = sanitize.plain(found["reason"], prompt.REASON)
    return Choice(r.ACTIONS.index(found["action"]), found["message"], reason, MODEL, tokens=tokens)


def _fault(found: dict[str, Any] | None, mask: NDArray[np.int8]) -> str:
    """Why a reply cannot be used, without quoting it; empty if it can."""
    if found is None:
        return "no JSON object"
    for name in ("reason", "action", "message"):
        if not isinstance(found.get(name), str):
            return f"no text in {name}"
    if found["action"] not in r.ACTIONS:
        return "no such action"
    return "" if mask[r.ACTIONS.index(found["action"])] else f"{found['action']} is not allowed now"
