"""A worker whose choices a language model makes: memory, messages, a stated reason, and a count of what was invalid.

A reply that is not JSON, lacks an action or names one that may not be chosen is counted and replaced by waiting,
which is always allowed and never invents a reason; a text that is missing is empty. Where a prompt is longer than the
context, half of the memory is let go and the model is asked again. Nothing a model says is taken for more than words:
it is bounded and cleaned before anyone reads it, and what the other workers' models say is quoted to it as such.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.village import rules as r
from stagelight.engines.village.llm import prompt, words
from stagelight.engines.village.llm.reply import CONTEXT, Messages, Model, ModelError, Reply, Schema

MODEL, FALLBACK = "language model", "fallback"


@dataclass(frozen=True)
class Choice:
    """What a worker does next, and what their model said of it."""

    action: int  # index into rules.ACTIONS
    message: str  # to the two others, cleaned; empty if none
    reason: str  # the model's own words, cleaned; empty if it gave none
    author: str  # of the action: MODEL or FALLBACK
    fault: str  # why the reply was invalid; empty if it was not
    tokens: int  # of prompt and reply


class LanguageAgent:
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

    def see(self, observation: NDArray[np.float32]) -> None:
        """Nothing is looked at between choices; it would have to be paid for."""

    def act(
        self, observation: NDArray[np.float32], mask: NDArray[np.int8], heard: Mapping[str, str] | None = None
    ) -> Choice:
        """The next action of a worker who is free.

        Args:
            observation: (44,) what the worker knows.
            mask: (13,) what may be chosen.
            heard: what each of the others said last, by name.

        Raises:
            ModelError: the model cannot be asked.
        """
        reply = self._ask(observation, mask, heard or {})
        self.written += reply.tokens_out
        return self.takes(observation, mask, reply.text, reply.tokens_in + reply.tokens_out, reply.fault)

    def _ask(self, observation: NDArray[np.float32], mask: NDArray[np.int8], heard: Mapping[str, str]) -> Reply:
        """The model's reply; as long as the prompt is longer than its context, half of the memory is let go."""
        assert self.model is not None
        while (reply := self.model.ask(*self.asks(observation, mask, heard))).fault == CONTEXT:
            if not self.memory and not self.note:
                raise ModelError(
                    f"{self.model.name}: {CONTEXT}, without any memory too; serve it with a longer one, or give it "
                    "fewer tokens to answer in by --max-tokens"
                )
            kept = len(self.memory) // 2
            self.note = self.note if kept else ""
            self.memory = deque(list(self.memory)[-kept:] if kept else [], kept)
        return reply

    def asks(
        self, observation: NDArray[np.float32], mask: NDArray[np.int8], heard: Mapping[str, str]
    ) -> tuple[Messages, Schema]:
        """The prompt, and the schema of what answers it; for those who ask the model themselves."""
        clean = {name: words.plain(text, r.MESSAGE) for name, text in heard.items()}
        return prompt.full(observation, mask, clean, list(self.memory), self.note), prompt.schema(mask)

    def takes(
        self, observation: NDArray[np.float32], mask: NDArray[np.int8], text: str, tokens: int, fault: str = ""
    ) -> Choice:
        """A reply as a choice, counted and remembered; `fault` is what its server says is wrong with it."""
        choice = read(text, mask, tokens, fault)
        self.asked, self.invalid = self.asked + 1, self.invalid + bool(choice.fault)
        self.tokens += tokens
        self._remember(observation, mask, choice, text)
        return choice

    def _remember(self, observation: NDArray[np.float32], mask: NDArray[np.int8], choice: Choice, text: str) -> None:
        day, tick = int(observation[r.TODAY]), int(observation[r.TICK])
        line = f"day {day} tick {tick}: {r.ACTIONS[choice.action]}"
        if choice.fault:
            line += f" (your answer was not valid: {choice.fault})"
        elif choice.reason:
            line += f", because: {choice.reason}"
        self.memory.append(line)
        note = None if choice.fault else (words.parse(text, prompt.schema(mask)) or {}).get("note")
        if isinstance(note, str) and note.strip():
            self.note = words.plain(note, prompt.NOTE)


def read(text: str, mask: NDArray[np.int8], tokens: int, fault: str = "") -> Choice:
    """A reply as a choice; an invalid one as waiting, with the fault, `fault` where its server named one."""
    schema = prompt.schema(mask)
    found = words.parse(text, schema)
    if found is None or not words.fits(found, schema):
        return Choice(r.WAIT, "", "", FALLBACK, fault or _fault(found), tokens)
    message, reason = (
        words.plain(said, most) if isinstance(said := found.get(name), str) else ""
        for name, most in (("message", r.MESSAGE), ("reason", prompt.REASON))
    )
    return Choice(r.ACTIONS.index(found["action"]), message, reason, MODEL, "", tokens)


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
