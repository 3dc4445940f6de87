"""What a worker is told: one row of numbers, and the same row in words. Nothing else reaches an agent.

A worker sees the place they stand at; of everything else they have the last value seen or heard, and its age. A message
is text of at most 200 characters that the two others read in the next tick. Whatever it says in the form `name=value`
(names as in `constants.KNOWN`, or `doing=bake` of oneself) the others then know, true or not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village.world import World

SAID = re.compile(r"\b([a-z_]+)\s*=\s*([a-z_]+|-?\d+(?:\.\d+)?)")
MOST = 10_000.0  # beyond any stock, whatever a message claims
_GROUPS = {
    "field": ("ripe", "cut_wheat", "rabbits"),
    "mill": ("mill_wheat", "mill_flour", "wind", "omen"),
    "bakery": ("bakery_flour", "bakery_bread"),
    "square": ("square_bread", "mouths", "hunger"),
    "granary": ("granary",),
    "market": ("coins", "price"),
}


def observe(world: World, agent: int) -> NDArray[np.float32]:
    """(44,) float32: `constants.SELF`, `constants.KNOWN` as last seen or heard, and each age in ticks."""
    day, tick = divmod(world.tick, r.DAY)
    busy = world.action[agent] if world.left[agent] > 0 else r.FREE
    own = (agent, world.where(agent), busy, world.left[agent], world.ill(agent), day + 1, tick, world.level)
    return np.array([*own, *world.known[agent], *(world.tick - world.seen[agent])], np.float32)


def low_high() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(44,) twice: the least and the most an observation can hold."""
    low, high = np.zeros(r.OBSERVED, np.float32), np.full(r.OBSERVED, MOST, np.float32)
    low[[r.PLACE, r.ACTION]] = -1
    high[: r.KNOWS] = (2, 5, 12, r.DURATION.max(), 1, r.DAYS + 1, r.DAY - 1, r.LEVELS)
    low[r.KNOWS + r.FARMER_DOES : r.AGE] = -1
    high[r.KNOWS + r.FARMER_DOES : r.AGE] = len(r.ACTIONS) - 1
    high[r.AGE :] = r.TICKS
    return low, high


def describe(observation: NDArray[np.float32], heard: Mapping[str, str] | None = None) -> str:
    """An observation in words: the same values, to a hundredth; `heard`: what others said in the tick before."""
    o = [float(value) for value in observation]
    place = "on the road" if o[r.PLACE] < 0 else f"at the {r.PLACES[int(o[r.PLACE])]}"
    day, winter = int(o[r.TODAY]), " (winter)" if r.winter(int(o[r.TODAY])) else ""
    when = f"{winter}, tick {int(o[r.TICK])} of {r.DAY}; meals after ticks {r.MEALS[0]} and {r.MEALS[1]}."
    lines = [
        f"You are the {r.AGENTS[int(o[r.ROLE])]}, {place}. Day {min(day, r.DAYS)} of {r.DAYS}"
        f"{when if day <= r.DAYS else ' is over.'} Level {int(o[r.LEVEL])}."
    ]
    if o[r.ACTION] >= 0:
        lines.append(f"You {r.ACTIONS[int(o[r.ACTION])]}, {_number(o[r.LEFT])} ticks more.")
    if o[r.ILL]:
        lines.append("You are ill and cannot work.")
    for group, names in _GROUPS.items():
        index = [r.KNOWN.index(name) for name in names]
        words = [f"{name} {_number(o[r.KNOWS + i])}" for name, i in zip(names, index, strict=True)]
        lines.append(f"{group.capitalize()}, {_age(max(o[r.AGE + i] for i in index))}: {', '.join(words)}.")
    for agent, name in enumerate(r.AGENTS):
        if agent != int(o[r.ROLE]):
            does, age = o[r.KNOWS + r.FARMER_DOES + agent], o[r.AGE + r.FARMER_DOES + agent]
            lines.append(f"The {name}, {_age(age)}: {'free' if does < 0 else r.ACTIONS[int(does)]}.")
    lines += [f'The {name} says: "{text}"' for name, text in (heard or {}).items() if text]
    return "\n".join(lines)


def say(report: NDArray[np.float64]) -> str:
    """A report (18,), as `World.report` gives it, as a message; `understand` reads it back exactly.

    Raises:
        ValueError: it is longer than a message may be.
    """
    words = []
    for name, value in zip(r.KNOWN, report, strict=True):
        if not math.isnan(value):
            words.append(f"doing={_doing(int(value))}" if name.endswith("_does") else f"{name}={_number(value)}")
    text = " ".join(words)
    if len(text) > r.MESSAGE:
        raise ValueError(f"message of {len(text)} characters, at most {r.MESSAGE}; say less")
    return text


def understand(text: str, agent: int) -> NDArray[np.float64]:
    """(18,) what a message of an agent says, nan where nothing. Never raises: what is not understood is only text."""
    found = np.full(len(r.KNOWN), np.nan)
    for name, value in SAID.findall(text[: r.MESSAGE]):
        if name == "doing" and value in (*r.ACTIONS, "nothing"):
            found[r.FARMER_DOES + agent] = r.ACTIONS.index(value) if value in r.ACTIONS else r.FREE
        elif name in r.KNOWN[: r.FARMER_DOES] and not value[0].isalpha():
            found[r.KNOWN.index(name)] = np.floor(min(max(float(value), 0), MOST) * 100 + 0.5) / 100
    return found


def _doing(action: int) -> str:
    return "nothing" if action == r.FREE else r.ACTIONS[action]


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _age(ticks: float) -> str:
    if ticks == 0:
        return "seen now"
    return f"known from {_number(ticks)} ticks ago" if ticks < 2 * r.DAY else f"known from {ticks / r.DAY:.0f} days ago"
