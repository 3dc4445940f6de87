"""The paths of the village, where people stand, and where somebody is on the way from place to place."""

from __future__ import annotations

import itertools
import math

from stagelight.render.motion import Point, along, px, py
from stagelight.render.scenes.village.data import Run

# Where people stand at each place, percent of the stage, and the paths between those spots.
SPOTS = {"field": (15.5, 78.0), "mill": (34.5, 63.0), "bakery": (57.0, 64.0), "granary": (41.2, 79.5),
         "market": (88.5, 61.0), "square": (70.0, 75.0)}  # fmt: skip
PATHS = (("field", "mill"), ("mill", "granary"), ("mill", "bakery"), ("granary", "bakery"), ("bakery", "square"),
         ("granary", "square"), ("square", "market"))  # fmt: skip
APART_X, APART_Y = 2.3, 0.8  # percent between two who stand at one spot
STRIDE = 64  # pixels


def spot(place: str, agent: int = 1) -> Point:
    """The point at which a worker stands at a place, in stage pixels."""
    x, y = SPOTS[place]
    return px(x + APART_X * (agent - 1)), py(y + APART_Y * (agent - 1))


def _routes() -> dict[tuple[str, str], tuple[str, ...]]:
    """The shortest way from place to place along the paths (Floyd and Warshall)."""
    length = {(a, b): math.inf for a in SPOTS for b in SPOTS}
    way: dict[tuple[str, str], tuple[str, ...]] = {(a, a): (a,) for a in SPOTS}
    for a in SPOTS:
        length[a, a] = 0.0
    for a, b in PATHS:
        for one, two in ((a, b), (b, a)):
            length[one, two], way[one, two] = math.dist(spot(one), spot(two)), (one, two)
    for middle, a, b in itertools.product(SPOTS, repeat=3):
        if length[a, middle] + length[middle, b] < length[a, b]:
            length[a, b] = length[a, middle] + length[middle, b]
            way[a, b] = way[a, middle] + way[middle, b][1:]
    return way


ROUTES = _routes()


def position(run: Run, agent: int, clock: float) -> tuple[Point, float, bool]:
    """The point at which a worker is, in stage pixels; the strides they made; true if they face left."""
    start, end, share = run.leg(agent, clock)
    stops = [spot(place, agent) for place in ROUTES[start, end]]
    lengths = [math.dist(a, b) for a, b in itertools.pairwise(stops)]
    walked = rest = share * sum(lengths)
    for (a, b), length in zip(itertools.pairwise(stops), lengths, strict=True):
        if rest <= length:
            return along(a, b, rest / length), walked / STRIDE if 0 < share < 1 else 0.0, b[0] < a[0]
        rest -= length
    return stops[-1], 0.0, False
