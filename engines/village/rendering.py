"""A village at a glance, for `render`: words, or a small map in pixels. The scene of the site is drawn elsewhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village import kernels

SIZE, CELL, EDGE = (160, 240), 16, 24  # pixels; per step of the map; around it
GROUND, HOUSE, FULL = (34, 38, 30), (92, 84, 70), (226, 190, 96)
WORKER = ((120, 200, 120), (130, 170, 240), (240, 140, 110))
# What fills each place's bar, and what counts as full.
SHOWN = (
    (kernels.CUT, 30.0), (kernels.MILL_FLOUR, 16.0), (kernels.BAKERY_FLOUR, 16.0), (kernels.STORE, 200.0),
    (kernels.COIN, 72.0), (kernels.SQUARE, 18.0),
)  # fmt: skip


def words(state: NDArray[np.float64]) -> str:
    """The village in a few lines; `state` as `env.Village.state` gives it."""
    s, w, (wind, omen, price) = state[: kernels.NUMBERS], state[kernels.NUMBERS :].astype(int), state[-3:]
    day, tick = divmod(w[kernels.NOW], r.DAY)
    when = f"day {day + 1} tick {tick}" if day < r.DAYS else f"day {day} is over"
    busy = w[kernels.LEFT : kernels.LEFT + 3] > 0
    doing = [
        f"{name} {r.ACTIONS[w[kernels.DOES + i]] if busy[i] else 'at the ' + r.PLACES[w[kernels.AT + i]]}"
        for i, name in enumerate(r.AGENTS)
    ]
    return "\n".join([
        f"{when}  mouths {s[kernels.N]:.0f}  hunger {s[kernels.HUNGER]:.2f}  "
        f"level {s[kernels.LEVEL]:.0f}  return {s[kernels.J] / r.NORM:.3f}",
        f"field {int((s[: r.PLOTS] >= 1).sum())} ripe, {s[kernels.CUT]:.1f} cut"
        + (f", rabbits {s[kernels.RABBITS]:.0f}" if s[kernels.RABBITS] else ""),
        f"mill {s[kernels.MILL_WHEAT]:.1f} wheat, {s[kernels.MILL_FLOUR]:.1f} flour, wind {wind:.1f}"
        + (", omen" if omen else ""),
        f"bakery {s[kernels.BAKERY_FLOUR]:.1f} flour, {s[kernels.BAKERY_BREAD]:.1f} bread; "
        f"square {s[kernels.SQUARE]:.1f} bread",
        f"granary {s[kernels.STORE]:.1f}; coins {s[kernels.COIN]:.1f}, price {price:.2f}",
        "; ".join(doing),
    ])  # fmt: skip


def paint(state: NDArray[np.float64]) -> NDArray[np.uint8]:
    """(160, 240, 3) uint8: a house with a bar at each place, and the workers where they set out from."""
    s, w = state[: kernels.NUMBERS], state[kernels.NUMBERS :].astype(int)
    found = np.empty((*SIZE, 3), np.uint8)
    found[:] = GROUND
    for place, (item, most) in enumerate(SHOWN):
        x, y = _pixel(place)
        found[y - 8 : y + 8, x - 8 : x + 8] = HOUSE
        high = round(16 * min(1.0, s[item] / (most * (1 + r.TOOL * s[kernels.LEVEL]))))
        found[y + 8 - high : y + 8, x + 10 : x + 14] = FULL
    for agent, colour in enumerate(WORKER):
        x, y = _pixel(w[kernels.AT + agent])
        found[y - 3 : y + 3, x - 8 + 6 * agent : x - 4 + 6 * agent] = colour
    return found


def _pixel(place: int) -> tuple[int, int]:
    """Column and row of a place's middle."""
    x, y = r.XY[place] - r.XY.min(0)
    return EDGE + CELL * int(x), SIZE[0] - EDGE - CELL * int(y)
