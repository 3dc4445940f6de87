"""The whole town at one moment of one run, and parts of it that other pictures borrow."""

from __future__ import annotations

import math

from stagelight.render import theme
from stagelight.render.components.village import goods
from stagelight.render.components.village.coins import coins
from stagelight.render.components.village.field import field
from stagelight.render.components.village.goods import Good
from stagelight.render.components.village.granary import granary
from stagelight.render.components.village.house import bakery, house
from stagelight.render.components.village.landscape import landscape
from stagelight.render.components.village.market import market
from stagelight.render.components.village.rabbit import rabbit
from stagelight.render.components.village.thread import thread
from stagelight.render.components.village.villager import CHILDREN, LOOKS, villager
from stagelight.render.components.village.windmill import windmill
from stagelight.render.motion import Box, Point, mix, px, py
from stagelight.render.pen import Pen
from stagelight.render.scenes.village.shown import AGENTS, BAKE, DAY, PATHS, WAIT, Run, Shown, spot

# Foot and size of each building: x, y in percent.
MILL, BAKERY, GRANARY, MARKET, FIELD = (37, 56, 1.65), (58.5, 57, 1.5), (47, 76, 1.5), (90.5, 56, 1.35), (16, 70, 1.3)
HOUSES = ((67.0, 46.5), (72.6, 45.5), (78.2, 46.5), (83.8, 45.5))
ARMFUL, PILED = 12.0, 4.0  # what an armful stands for; what each thing on a pile does
WORKER = 2.3
HOPS, AHEAD = 15 / 16, 5 / 16  # of a child, a second; by how much of one the next child is ahead
# Who is fed in the square: up to so many, in so many columns, so large.
CROWDS = ((10, 5, 2.5), (18, 6, 2.2), (24, 8, 1.9), (99, 9, 1.7))


def land(pen: Pen, clock: float, paths: bool = True) -> None:
    """Sky, hills, meadow, and the paths."""
    landscape(pen, clock / DAY % 1)
    if paths:
        trodden(pen)


def trodden(pen: Pen) -> None:
    """The paths, trodden from place to place."""
    pen.kept(_trodden, (), Box(px(13), py(58), px(78), py(26)))


def _trodden(pen: Pen) -> None:
    for colour, width in ((theme.SOIL_DEEP, 40), (theme.SOIL, 30)):
        for a, b in PATHS:
            (x0, y0), (x1, y1) = spot(a), spot(b)
            pen.curve(((x0, y0), (mix(x0, x1, 0.4), y0), (mix(x0, x1, 0.6), y1), (x1, y1)))
            pen.stroke(colour, width, 0.5)


def town(pen: Pen, shown: Shown, run: Run, clock: float, t: float, until: int, priced: bool = True) -> None:
    """Everything that stands or moves, back to front; the square has room for those who come until a moment."""
    buildings(pen, shown, run, clock, t, shown.turned(clock), priced)
    mouths(pen, run, clock, t, until)
    workers(pen, run, clock)


def buildings(pen: Pen, shown: Shown, run: Run, clock: float, t: float, turned: float, priced: bool) -> None:
    """Draw the buildings, the stocks that lie about, and the rabbits."""
    wind = shown.breeze(clock)
    fed = 1 - run.level("hunger", clock)
    for at, (x, y) in enumerate(HOUSES):
        house(pen, px(x), py(y), min(max(fed * len(HOUSES) - at, 0.0), 1.0), 0.98)
    windmill(pen, px(MILL[0]), py(MILL[1]), turned, run.grinds(clock), MILL[2])
    bakery(pen, px(BAKERY[0]), py(BAKERY[1]), run.busy(BAKE, clock), wind, t, BAKERY[2])
    market(pen, px(MARKET[0]), py(MARKET[1]), 0, shown.price(clock) if priced else None, MARKET[2])
    field(pen, px(FIELD[0]), py(FIELD[1]), run.plots(clock), wind, t, FIELD[2])
    days = run.days_stored(clock)
    granary(
        pen, px(GRANARY[0]), py(GRANARY[1]), days, shown.full, float(run.stored[: int(clock) + 1].max()), GRANARY[2]
    )
    _stocks(pen, run, clock)
    coins(pen, px(94.2), py(60), run.level("coins", clock), 1.5)
    rabbits(pen, run, clock, t, (px(6), py(73)), 1.25)


def _stocks(pen: Pen, run: Run, clock: float) -> None:
    """Draw the stocks that lie about, one thing for every four."""
    lying: tuple[tuple[str, Good, float, float], ...] = (
        ("cut_wheat", "sheaf", 23.5, 75.5), ("mill_wheat", "sheaf", 29.3, 57.5), ("mill_flour", "sack", 42.2, 57.5),
        ("bakery_flour", "sack", 51.0, 58.5), ("bakery_bread", "loaf", 65.5, 58.0),
        ("square_bread", "loaf", 73.2, 71.5),
    )  # fmt: skip
    for name, good, x, y in lying:
        pile(pen, good, px(x), py(y), run.level(name, clock), 1.9)


def pile(pen: Pen, good: Good, x: float, y: float, amount: float, size: float) -> None:
    """A pile about (x, y), three to a row, the last thing as large as what is left over."""
    count = math.ceil(amount / PILED - 0.02)
    for at in range(count):
        row, column = divmod(at, 3)
        share = min(max(amount / PILED - at, 0.2), 1.0)
        goods.good(pen, good, x + size * (15 * (column - 1) + 4 * (row % 2)), y - size * 8.5 * row, share, size)


def hops(t: float, child: int) -> float:
    """The number of hops one of the children has made. All heights come round again, so that each is drawn once."""
    return HOPS * t + AHEAD * child


def rabbits(pen: Pen, run: Run, clock: float, t: float, place: Point, size: float) -> None:
    """One for every two scares that they still stand."""
    count = math.ceil(float(run.column("rabbits")[min(int(clock) + 1, run.ticks)]) / 2)
    for at in range(count):
        x, y = place[0] + px(5.2) * at, place[1] + py(2.4) * (at % 2)
        rabbit(pen, x, y, 0, 0.85 + 0.15 * math.sin(6 * t + 2 * at), size, left=at % 2 == 1)


def mouths(pen: Pen, run: Run, clock: float, t: float, until: int) -> None:
    """Those in the square, all as hungry as the village is."""
    hunger, most = run.level("hunger", clock), run.most(until) - len(AGENTS)
    columns, size = next(each[1:] for each in CROWDS if most <= each[0])
    rows = -(-most // columns)
    for at in range(run.mouths(clock) - len(AGENTS)):
        row, column = divmod(at, columns)
        x = 74.0 + 22.5 * column / (columns - 1) - 10.0 / columns * (row % 2)
        y = 76.4 + 5.6 * row / max(rows - 1, 1)
        villager(pen, px(x), py(y), CHILDREN[at % 4], hunger=hunger, joy=hops(t, at), size=size, left=at % 3 == 1)


def workers(pen: Pen, run: Run, clock: float) -> None:
    """The three, with what they carry."""
    hunger = run.level("hunger", clock)
    order = sorted(range(len(AGENTS)), key=lambda agent: run.place(agent, clock)[0][1])
    for agent in order:
        (x, y), walked, left = run.place(agent, clock)
        good, amount = run.load(agent, clock)
        near = mix(0.9, 1.12, (y / theme.HEIGHT - 0.6) / 0.2)
        villager(pen, x, y, LOOKS[AGENTS[agent]], hunger=0.3 * hunger, walked=walked, load=amount / ARMFUL,
                 size=WORKER * near, left=left, good=good)  # fmt: skip


def threads(pen: Pen, run: Run, clock: float, alpha: float) -> None:
    """From the baker's hands to the miller's and from the miller's to the farmer's: taut while they wait."""
    for agent in (2, 1):
        tick = run.tick(clock)
        waits = [float(run.a["does"][max(at, 0), agent] == WAIT) for at in (tick - 1, tick)]
        pull = mix(waits[0], waits[1], min((clock - tick) * 2, 1.0))
        a, b = (run.place(who, clock)[0] for who in (agent, agent - 1))
        if math.dist(a, b) > 90:
            thread(pen, (a[0], a[1] - 46), (b[0], b[1] - 46), 0.15 + 0.85 * pull, alpha)
