"""What is asked of a language model and what comes back, whoever answers: an endpoint, a file, a small local model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Messages = Sequence[Mapping[str, str]]  # each {"role": "system" | "user" | "assistant", "content": ...}
Schema = Mapping[str, Any]  # a JSON schema of an object


# Why an answer cannot be used, where its server says so; a reply's text is then empty, or as far as it came.
THINKING = "its tokens were spent thinking"
CUT = "cut off at the limit of its tokens"
REFUSED = "the model refused"
EMPTY = "an empty answer"
CONTEXT = "the prompt is longer than the context"


class ModelError(ValueError):
    """A language model could not be asked; one line that says why and what to do."""


@dataclass(frozen=True)
class Reply:
    """One answer."""

    text: str  # verbatim, untrusted
    tokens_in: int
    tokens_out: int
    counted: bool = True  # by the server; if not, estimated at four characters a token
    attempts: int = 1
    fault: str = ""  # one of those above; empty if none


class Model(Protocol):
    """Whatever answers."""

    @property
    def name(self) -> str:
        """The model's name, as it is recorded."""

    def ask(self, messages: Messages, schema: Schema) -> Reply:
        """One answer to one prompt.

        Raises:
            ModelError: there is none.
        """


def estimate(text: str) -> int:
    """Tokens of a text whose server does not count them."""
    return len(text) // 4 + 1
