"""What comes from outside, checked where it enters: each refusal is a ValueError of one line.

It names the argument or the agent, what was found and what was wanted. The compiled cores check no index, so nothing
reaches them unchecked.
"""

from __future__ import annotations

import operator
import reprlib
from typing import Any

import numpy as np

from stagelight.engines.village import constants as r

MOST_DIGITS = 4000  # of a whole number that Python prints


def shown(value: Any) -> str:
    """A value in one short line, whatever it is."""
    if isinstance(value, np.ndarray):
        return f"an array {value.shape} of {value.dtype}"
    if isinstance(value, int) and value.bit_length() > MOST_DIGITS:
        return f"a whole number of {value.bit_length()} bits"
    return " ".join(reprlib.repr(value).split())


def whole(value: Any) -> int | None:
    """A whole number of any kind, truth values excepted; None for anything else."""
    if isinstance(value, bool | np.bool_) or (isinstance(value, np.ndarray) and value.ndim):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def action(value: Any, who: str) -> int:
    """An action's number.

    Raises:
        ValueError: it is none.
    """
    found = whole(value)
    if found is None or not 0 <= found < len(r.ACTIONS):
        raise ValueError(f"{who}: action {shown(value)}, wanted a whole number from 0 to {len(r.ACTIONS) - 1}")
    return found


def ticks(value: Any, what: str) -> int:
    """A number of ticks of an episode.

    Raises:
        ValueError: it is none.
    """
    found = whole(value)
    if found is None or not 1 <= found <= r.TICKS:
        raise ValueError(f"{what} {shown(value)}: wanted a whole number of ticks from 1 to {r.TICKS}")
    return found


def seed(value: Any) -> int | None:
    """A seed, or None.

    Raises:
        ValueError: it is none.
    """
    found = whole(value)
    if value is not None and (found is None or found < 0):
        raise ValueError(f"seed {shown(value)}: wanted a whole number from 0 on, or None")
    return found
