"""A worker whose choices a language model makes: memory, messages, a stated reason, and a count of what was invalid.

A reply that is not JSON, lacks an action or names one that may not be chosen is counted and replaced by waiting,
which is always allowed and never invents a reason; a text that is missing is empty. Where a prompt is longer than the
context, half of the memory is let go and the model is asked again. Nothing a model says is taken for more than words:
it is bounded and cleaned before anyone reads it, and what the other workers' models say is quoted to it as such.
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
from stagelight.engines.village.llm.types import CONTEXT, Messages, Model, ModelError, Reply, Schema

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
        self.asked = self.invalid = self.tokens = self.written = 0

    def act(self, observation: Observation) -> Choice:
        """The next action of a worker who is free.

        Raises:
            ModelError: the model cannot be asked.
        """
        reply = self._ask(observation)
        self.written += reply.tokens_out
        return self.takes(observation, reply.text, reply.tokens_in + reply.tokens_out, reply.fault)

    def _ask(self, observation: Observation) -> Reply:
        """The model's reply; as long as the prompt is longer than its context, half of the memory is let go."""
        assert self.model is not None
        while (reply := self.model.ask(*self.asks(observation))).fault == CONTEXT:
            if not self.memory and not self.note:
                raise ModelError(
                    f"{self.model.name}: {CONTEXT}, without any memory too; serve it with a longer one, or give it "
                    "fewer tokens to answer in by --max-tokens"
                )
            kept = len(self.memory) // 2
            self.note = self.note if kept else ""
            self.memory = deque(list(self.memory)[-kept:] if kept else [], kept)
        return reply

    def asks(self, observation: Observation) -> tuple[Messages, Schema]:
        """The prompt, and the schema of what answers it; for those who ask the model themselves."""
        values, mask, memory = observation.values, observation.mask, list(self.memory)
        return prompt.full(values, mask, observation.heard, memory, self.note), prompt.schema(mask)

    def takes(self, observation: Observation, text: str, tokens: int, fault: str = "") -> Choice:
        """A reply as a choice, counted and remembered; `fault` is what its server says is wrong with it."""
        choice = read(text, observation.mask, tokens, fault)
        self.asked, self.invalid = self.asked + 1, self.invalid + bool(choice.fault)
        self.tokens += tokens
        self._remember(observation, choice, text)
        return choice

    def _remember(self, observation: Observation, choice: Choice, text: str) -> None:
        values, schema = observation.values, prompt.schema(observation.mask)
        day, tick = int(values[r.TODAY]), int(values[r.TICK])
        line = f"day {day} tick {tick}: {r.ACTIONS[choice.action]}"
        if choice.fault:
            line += f" (your answer was not valid: {choice.fault})"
        elif choice.reason:
            line += f", because: {choice.reason}"
        self.memory.append(line)
        note = None if choice.fault else (json_modes.parse(text, schema) or {}).get("note")
        if isinstance(note, str) and note.strip():
            self.note = sanitize.plain(note, prompt.NOTE)


def read(text: str, mask: NDArray[np.int8], tokens: int, fault: str = "") -> Choice:
    """A reply as a choice; an invalid one as waiting, with the fault, `fault` where its server named one."""
    schema = prompt.schema(mask)
    found = json_modes.parse(text, schema)
    if found is None or not json_modes.fits(found, schema):
        return Choice(r.WAIT, author=FALLBACK, fault=fault or _fault(found), tokens=tokens)
    message, reason = (said if isinstance(said := found.get(name), str) else "" for name in ("message", "reason"))
    reason = sanitize.plain(reason, prompt.REASON)
    return Choice(r.ACTIONS.index(found["action"]), message, reason, MODEL, tokens=tokens)


def _fault(found: dict[str, Any] | None) -> str:
    """Why a reply cannot be used, without quoting it."""
    if found is None:
        return "no JSON object"
    action = found.get("action")
    if not isinstance(action, str):
        return "no text in action"
    if action not in r.ACTIONS:
        return "no such action"
    return f"{action} is not allowed now"
