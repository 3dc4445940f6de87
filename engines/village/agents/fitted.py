"""The numbers of the scripted workers: for every scenario its own and one set for all; again where nobody talks.

They were found by `training.cem` on train seeds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.village.agents import base_stock_policy

FILE = Path(__file__).resolve().parents[1] / "data" / "fitted.json"
ALL = "all"  # the numbers for every scenario


@cache
def by_scenario() -> dict[str, dict[str, tuple[float, ...]]]:
    """Numbers by `spoken` or `silent`, and by the scenario they were fitted to, or ALL."""
    found = json.loads(FILE.read_text(encoding="utf-8"))
    return {talk: {name: tuple(row) for name, row in rows.items()} for talk, rows in found.items()}


def parameters(
    changed: Mapping[str, float] | None = None, scenario: str = ALL, talks: bool = True
) -> NDArray[np.float64]:
    """(30,) the numbers of the (s, S) policy, some of them changed.

    Args:
        changed: numbers by their names in `base_stock_policy.PARAMETERS`.
        scenario: the one they were fitted to; those of ALL where none were fitted to it.
        talks: whether they were fitted where everyone tells what they see, or where nobody does.

    Raises:
        ValueError: there is no number of that name.
    """
    rows = by_scenario()["spoken" if talks else "silent"]
    numbers = dict(zip(base_stock_policy.PARAMETERS, rows.get(scenario, rows[ALL]), strict=True))
    for name in changed or {}:
        if name not in numbers:
            raise ValueError(
                f"parameter {name!r}: no such parameter; choose one of {', '.join(base_stock_policy.PARAMETERS)}"
            )
    return np.array([*(numbers | dict(changed or {})).values()], np.float64)
