"""Which seed is shown: the first one whose run tells the whole story, by a rule that is written into the recording.

Hungry and recovered are meant as the calibration means them: hungry, at least two days of which less than 70 % of the
bread needed was eaten, with less than half a day of it in the granary; recovered, four days in a row of at least 95 %.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village.exogenous import Tape

FIRST_SEED, SEEDS = 3000, 200  # those that are looked at, in order
STILL, STORED, BRIDGED, WANT, WITHIN = 3, 2.5, 2, 2, 12
HUNGRY, EMPTY, WELL, STRAIGHT = 0.7, 0.5, 0.95, 4
RULE = (
    f"the first seed from {FIRST_SEED} on in which the mill stands still for at least {STILL} days while the granary "
    f"holds at least {STORED:g} days of bread; the village is fed at {WELL:.0%} or more for the first {BRIDGED} of "
    f"them; then less than {EMPTY:g} day is left, and before the wind is back hunger begins: at least {WANT} days in a "
    f"row are fed under {HUNGRY:.0%}; and within {WITHIN} days of the wind's return {STRAIGHT} days in a row are fed "
    f"at {WELL:.0%} or more"
)


@dataclass(frozen=True)
class Story:
    """When what happened; days count from 1."""

    still: int  # the first day without wind
    blows: int  # the first day with wind again
    dry: int  # the first day at whose end less than half a day of bread is stored
    hungry: tuple[int, ...]  # days fed under 70 % from then to the recovery
    recovered: int  # the first of four days fed in full


def story(fed: NDArray[np.float64], stored: NDArray[np.float64], still: NDArray[np.bool_]) -> Story | None:
    """The story of a run, if it has one.

    Args:
        fed: (40,) bread eaten over bread needed.
        stored: (40,) days of bread in the granary at the end of each day.
        still: (40,) whether the mill stood still all day.
    """
    for start, end in _spells(still):
        if end - start < STILL or start < 1 or stored[start - 1] < STORED or fed[start : start + BRIDGED].min() < WELL:
            continue
        back = recovery(fed, end)
        if back is None or back > end + WITHIN:
            continue
        dry = [day for day in range(start, back) if stored[day] < EMPTY]
        hungry = [day for day in range(start, back) if fed[day] < HUNGRY]
        if not dry or len(hungry) < WANT:
            continue
        in_a_row = hungry[-1] - hungry[0] + 1 == len(hungry)
        if in_a_row and dry[0] <= hungry[0] and start + BRIDGED <= hungry[0] < end:
            return Story(start + 1, end + 1, dry[0] + 1, tuple(day + 1 for day in hungry), back + 1)
    return None


def possible(still: NDArray[np.bool_]) -> bool:
    """Whether a run in this weather can have a story, whoever acts: (40,) as in `story`."""
    return any(end - start >= STILL and start >= 1 for start, end in _spells(still))


def _spells(still: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """First day and the one after the last, from 0, of each stretch without wind that ends in time."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], still, [False]]).astype(int)))
    return ((int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True) if b < r.DAYS)


def recovery(fed: NDArray[np.float64], since: int) -> int | None:
    """The first of four days in a row, from day `since` on, that are fed in full; days from 0."""
    for day in range(since, r.DAYS - STRAIGHT + 1):
        if fed[day : day + STRAIGHT].min() >= WELL:
            return day
    return None


def still_days(tape: Tape) -> NDArray[np.bool_]:
    """(40,) the days without any wind."""
    found: NDArray[np.bool_] = tape.wind.reshape(r.DAYS, r.DAY).max(1) == 0
    return found
