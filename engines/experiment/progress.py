"""Progress of a long piece of work, and how it is interrupted when its time is up."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Protocol

NEVER = math.inf  # a deadline that does not come


class Progress(Protocol):
    """A listener that is told how far a piece of work is."""

    def __call__(self, what: str, done: int, total: int, figures: Mapping[str, float], /) -> object:
        """Note that `done` of `total` units of `what` are finished, with the latest figures by name."""


class Interrupted(Exception):  # noqa: N818  # an interruption is not an error
    """The deadline passed; what is finished is on disk, and the same call resumes there."""


def silent(what: str, done: int, total: int, figures: Mapping[str, float], /) -> None:
    """Ignore progress."""


def interrupt_after(deadline: float, where: str) -> None:
    """Stop the work once its time is up.

    Args:
        deadline: a moment of `time.monotonic()`, or `NEVER`.
        where: how far the work is, in words for the reader.

    Raises:
        Interrupted: the deadline has passed.
    """
    if time.monotonic() > deadline:
        raise Interrupted(where)
