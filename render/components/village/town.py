"""The whole town, three-quarter from above: who stands where, the paths between, and one sky."""

from __future__ import annotations

import itertools
import math

from stagelight.render import theme
from stagelight.render.components.village.field import field
from stagelight.render.components.village.granary import granary
from stagelight.render.components.village.house import bakery, house
from stagelight.render.components.village.market import market
from stagelight.render.components.village.rabbit import rabbit
from stagelight.render.components.village.thread import thread
from stagelight.render.components.village.villager import CHILDREN, LOOKS, villager
from stagelight.render.components.village.windmill import windmill
from stagelight.render.motion import Point, mix, px, py
from stagelight.render.pen import Pen

# Where each place stands on the stage, percent: its foot.
PLACES: dict[str, Point] = {
    "mill": (37, 52),
    "granary": (47, 70),
    "bakery": (58, 54),
    "field": (15, 66),
    "square": (74, 72),
    "market": (90, 52),
}
WAY = ("field", "mill", "granary", "bakery", "square", "market")  # as wheat becomes bread
HORIZON = 34.0
FAR, NEAR = 0.8, 1.15  # how large things are drawn at the horizon's foot, and at the lower edge


def at(place: str) -> Point:
    """A place in stage pixels."""
    x, y = PLACES[place]
    return px(x), py(y)


def depth(y: float) -> float:
    """The scale at which things are drawn whose foot is at y, in stage pixels."""
    return mix(FAR, NEAR, min(max((y - py(50)) / (py(84) - py(50)), 0.0), 1.0))


def ground(pen: Pen) -> None:
    """Night sky above the horizon, and the paths from place to place."""
    pen.context.rectangle(0, py(HORIZON), theme.WIDTH, theme.HEIGHT - py(HORIZON))
    pen.shade(py(HORIZON), theme.HEIGHT, theme.NIGHT_HIGH, theme.NIGHT, 1.0, 0.0)
    pen.line((0, py(HORIZON)), (theme.WIDTH, py(HORIZON)), theme.HAIRLINE, 2, 0.7)
    for colour, width in ((theme.SOIL_DEEP, 34), (theme.SOIL, 26)):
        for a, b in itertools.pairwise(WAY):
            pen.line(at(a), at(b), colour, width, 0.55)


def exhibit(pen: Pen, t: float) -> None:
    """A day: the mill turns, a sack is carried to the bakery, children play, a rabbit eats."""
    ground(pen)
    windmill(pen, *at("mill"), 0.06 * t, 1.0, 1.9 * depth(at("mill")[1]))
    bakery(pen, *at("bakery"), 1.0, 0.4, t, 1.5 * depth(at("bakery")[1]))
    market(pen, *at("market"), 6, 1.25, 1.3)
    for column, share in enumerate((1.0, 0.6, 0.2)):
        house(pen, px(67 + 7.2 * column), py(46), share, 1.1)
    field(pen, *at("field"), [1.0, 0.7, 0.4, 0.9, 0.3, 0.0], 0.4, t, 1.3)
    rabbit(pen, px(21), py(70), 0, 0.9 + 0.1 * math.sin(7 * t), 1.3)
    granary(pen, *at("granary"), 6.5, 12, 9, 1.5)
    share = 0.15 + 0.1 * t % 0.6
    a, b = at("granary"), at("bakery")
    walker = (mix(a[0], b[0], share), mix(a[1], b[1], share))
    villager(pen, px(10), py(72), LOOKS["farmer"], walked=t, load=1.0, size=2.2)
    villager(pen, *walker, LOOKS["miller"], walked=1.5 * t, load=1.0, size=2.1)
    villager(pen, px(62), py(64), LOOKS["baker"], size=2.2, left=True)
    thread(pen, (px(61.4), py(60)), (walker[0] + 46, walker[1] - 52), 0.8)
    for column, look in enumerate(CHILDREN):
        villager(pen, px(69 + 6 * column), py(78 + 5 * (column % 2)), look, hunger=0.28 * column, joy=t, size=2.7)
