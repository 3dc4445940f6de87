"""The whole town at one moment of one run, and parts of it that other pictures borrow."""

from __future__ import annotations

import math

from stagelight.render import theme
from stagelight.render.components import frame
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
from stagelight.render.scenes.village.data import AGENTS, BAKE, DAY, WAIT, Data, Run
from stagelight.render.scenes.village.paths import PATHS, position, spot

# What is read: of the recording, for buildings; of a run, for buildings and those in the square, and for workers.
WEATHER_READS = ("arrays.hoarder_state", "arrays.shown_state", "arrays.turned", "arrays.wind")
BUILDING_ARRAYS = ("does", "state")
WORKER_ARRAYS = ("good", "heads", "leaves", "load", "state", "way")

# Foot and size of each building: x, y in percent.
MILL, BAKERY, GRANARY, MARKET, FIELD = (37, 56, 1.65), (58.5, 57, 1.5), (47, 76, 1.5), (90.5, 56, 1.35), (16, 70, 1.3)
HOUSES, HOUSE_SIZE = ((67.0, 46.5), (72.6, 45.5), (78.2, 46.5), (83.8, 45.5)), 0.98
COINS = (94.2, 60, 1.5)
RABBITS, RABBIT_SIZE, RABBITS_APART = (6, 73), 1.25, (5.2, 2.4)
# What lies about: a stock, what it is a pile of, where.
PILES: tuple[tuple[str, Good, float, float], ...] = (
    ("cut_wheat", "sheaf", 23.5, 75.5),
    ("mill_wheat", "sheaf", 29.3, 57.5),
    ("mill_flour", "sack", 42.2, 57.5),
    ("bakery_flour", "sack", 51.0, 58.5),
    ("bakery_bread", "loaf", 65.5, 58.0),
    ("square_bread", "loaf", 73.2, 71.5),
)
PILE_SIZE, PILED, IN_A_ROW = 1.9, 4.0, 3  # of a pile: size; how much of a stock each thing stands for
THING_WIDTH, THING_HEIGHT, THING_SHIFT = 15, 8.5, 4  # from thing to thing, and of every other row
TRODDEN = Box(px(13), py(58), px(78), py(26))  # what the paths take up
DIRT = ((theme.SOIL_DEEP, 40), (theme.SOIL, 30))  # colour and width, outer and inner

# People.
ARMFUL = 12.0  # what an armful stands for
WORKER, FAR, NEAR = 2.3, 0.9, 1.12  # size; at the back and at the front
HAND = 46  # pixels above the ground
LEAST_THREAD = 90  # pixels: two who stand closer have no thread
HOPS, AHEAD = 15 / 16, 5 / 16  # of a child, a second; by how much of one the next child is ahead
SQUARE_LEFT, SQUARE_FRONT, COLUMN, ROWS, ROW_DEPTH, ROW_SHIFT = 73.5, 82.0, 2.85, 4, 2.5, 1.3  # percent, in the square
CROWDED = 1.9  # size of who is there


def dark(pen: Pen, alpha: float = 1.0) -> None:
    """Night over the whole stage."""
    pen.context.rectangle(0, 0, theme.WIDTH, theme.HEIGHT)
    pen.fill(theme.NIGHT_DEEP, alpha)


def counter(pen: Pen, run: Run, clock: float) -> None:
    """The day, at the top right."""
    day = min(int(clock) // DAY, run.days - 1) + 1
    frame.counter(pen, f"day {day} of {run.days}")


def land(pen: Pen, clock: float) -> None:
    """Sky, hills and meadow."""
    landscape(pen, clock / DAY % 1)


def paths(pen: Pen) -> None:
    """The paths, trodden from place to place."""
    pen.cached(_trodden, (), TRODDEN)


def _trodden(pen: Pen) -> None:
    for colour, width in DIRT:
        for a, b in PATHS:
            (x0, y0), (x1, y1) = spot(a), spot(b)
            pen.curve(((x0, y0), (mix(x0, x1, 0.4), y0), (mix(x0, x1, 0.6), y1), (x1, y1)))
            pen.stroke(colour, width, 0.5)


def buildings(pen: Pen, data: Data, run: Run, clock: float, t: float, turned: float, priced: bool) -> None:
    """The buildings, the piles and the rabbits."""
    wind, fed = data.breeze(clock), 1 - run.level("hunger", clock)
    for at, (x, y) in enumerate(HOUSES):
        house(pen, px(x), py(y), min(max(fed * len(HOUSES) - at, 0.0), 1.0), HOUSE_SIZE)
    windmill(pen, px(MILL[0]), py(MILL[1]), turned, run.grinds(clock), MILL[2])
    bakery(pen, px(BAKERY[0]), py(BAKERY[1]), run.busy(BAKE, clock), wind, t, BAKERY[2])
    market(pen, px(MARKET[0]), py(MARKET[1]), 0, data.price(clock) if priced else None, MARKET[2])
    field(pen, px(FIELD[0]), py(FIELD[1]), run.plots(clock), wind, t, FIELD[2])
    gauge(pen, data, run, clock, GRANARY)
    for name, good, x, y in PILES:
        pile(pen, good, px(x), py(y), run.level(name, clock), PILE_SIZE)
    coins(pen, px(COINS[0]), py(COINS[1]), run.level("coins", clock), COINS[2])
    rabbits(pen, run, clock, t, (px(RABBITS[0]), py(RABBITS[1])), RABBIT_SIZE)


def gauge(pen: Pen, data: Data, run: Run, clock: float, place: tuple[float, float, float]) -> None:
    """The granary with its gauge: x and y in percent, size."""
    x, y, size = place
    granary(pen, px(x), py(y), run.days_stored(clock), data.gauge_days, run.most_stored(clock), size)


def pile(pen: Pen, good: Good, x: float, y: float, amount: float, size: float) -> None:
    """A pile about (x, y), three to a row, the last thing as large as what is left over."""
    count = math.ceil(amount / PILED - 0.02)
    for at in range(count):
        row, column = divmod(at, IN_A_ROW)
        share = min(max(amount / PILED - at, 0.2), 1.0)
        across = size * (THING_WIDTH * (column - 1) + THING_SHIFT * (row % 2))
        goods.good(pen, good, x + across, y - size * THING_HEIGHT * row, share, size)


def hops(t: float, child: int) -> float:
    """The hops that a child has made. All heights come round again, so that each is drawn once."""
    return HOPS * t + AHEAD * child


def rabbits(pen: Pen, run: Run, clock: float, t: float, place: Point, size: float) -> None:
    """One for every two scares that they still stand."""
    count = math.ceil(float(run.column("rabbits")[min(int(clock) + 1, run.ticks)]) / 2)
    for at in range(count):
        x, y = place[0] + px(RABBITS_APART[0]) * at, place[1] + py(RABBITS_APART[1]) * (at % 2)
        rabbit(pen, x, y, 0, 0.85 + 0.15 * math.sin(6 * t + 2 * at), size, left=at % 2 == 1)


def crowd(pen: Pen, run: Run, clock: float, t: float) -> None:
    """Those in the square, all as hungry as the village is, back to front."""
    hunger = run.level("hunger", clock)
    for at in sorted(range(run.mouths(clock) - len(AGENTS)), key=lambda at: place(at)[1]):
        x, y = place(at)
        villager(
            pen,
            px(x),
            py(y),
            CHILDREN[(at + at // ROWS) % 4],
            hunger=hunger,
            joy=hops(t, at),
            size=CROWDED,
            left=at % 3 == 1,
        )


def place(at: int) -> Point:
    """The place of somebody in the square, percent: the first at the front on the left, later ones to the right."""
    column, row = divmod(at, ROWS)
    return SQUARE_LEFT + COLUMN * column + ROW_SHIFT * (row % 2), SQUARE_FRONT - ROW_DEPTH * row


def workers(pen: Pen, run: Run, clock: float) -> None:
    """The three, with what they carry."""
    hunger = run.level("hunger", clock)
    order = sorted(range(len(AGENTS)), key=lambda agent: position(run, agent, clock)[0][1])
    for agent in order:
        (x, y), walked, left = position(run, agent, clock)
        good, amount = run.load(agent, clock)
        near = mix(FAR, NEAR, (y / theme.HEIGHT - 0.6) / 0.2)
        villager(pen, x, y, LOOKS[AGENTS[agent]], hunger=0.3 * hunger, walked=walked, load=amount / ARMFUL,
                 size=WORKER * near, left=left, good=good)  # fmt: skip


def threads(pen: Pen, run: Run, clock: float, alpha: float) -> None:
    """Of who waits, to the hands of the one before: from the baker to the miller, from the miller to the farmer."""
    for agent in (2, 1):
        tick = run.tick(clock)
        waits = [float(run.does[max(at, 0), agent] == WAIT) for at in (tick - 1, tick)]
        pull = mix(waits[0], waits[1], min((clock - tick) * 2, 1.0))
        a, b = (position(run, who, clock)[0] for who in (agent, agent - 1))
        if pull > 0 and math.dist(a, b) > LEAST_THREAD:
            thread(pen, (a[0], a[1] - HAND), (b[0], b[1] - HAND), 1.0, alpha * pull)
