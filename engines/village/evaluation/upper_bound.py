"""An upper bound on any plan's return on a tape: a linear program over days, relaxed from the rules.

Unknowns are, for each day, how often each action is completed, the same weighted by the level at which it is done, the
level, the mouths, stocks and bread eaten. Every rule is kept as an inequality that each real plan satisfies:

- labour: actions and the ways between them take at most 36 worker-ticks a day, and whoever leaves a place came there;
- tools: an action moves at most its quantity, 1 + level / 4 times; labour weighted by the level is at most 36 levels;
- plots: a harvest takes one ripe plot; they grow with season and rain; rabbits that come on the tape eat for as long as
  three workers who await them need to chase them; wind: grinding is done in ticks with wind, two ticks apart for each;
- spoilage, rooms, the day's best price, what levels cost, mouths that grow by one a day and never beyond the houses.

Mouths may be sent away for nothing and hunger never forces anything, so the bound is above what can be done.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array

from stagelight.engines.village import constants as r
from stagelight.engines.village.exogenous import Tape

CARRY = 18.0  # worker-ticks that may lie in actions begun the day before: six ticks at most for each of three
# Three workers who end a guard in the tick of an arrival, and another two ticks later, have chased it by then: it eats
# twice. Rabbits that come while others are there may be chased at once, but then those others ate in the two ticks
# before, or came in the tick before. So each arrival has two of these ticks for itself, if others are that far apart.
NIBBLED, AROUND = 2, (-2, 1)


@dataclass(frozen=True)
class Kind:
    """An action as the program sees it."""

    name: str
    action: int
    most: float  # moved by one, at tool 1
    out: str = ""  # the stock it takes from, and the one it adds to
    into: str = ""


KINDS = (
    Kind("farm_own", r.FARM, r.HARVEST, "", "cut"),
    Kind("farm_off", r.FARM, r.HARVEST * r.SKILL, "", "cut"),
    Kind("guard", r.GUARD, 0.0),
    Kind("haul_wheat", r.HAUL_WHEAT, r.CART, "cut", "wheat"),
    *(
        Kind(f"mill_{who}_{how}", r.GRIND, r.MILLED * skill * wind, "wheat", "flour")
        for who, skill in (("own", 1.0), ("off", r.SKILL))
        for how, wind in (("full", 1.0), ("half", 0.5))
    ),
    Kind("haul_flour", r.HAUL_FLOUR, r.CART, "flour", "dough"),
    Kind("bake_own", r.BAKE, r.BAKED, "dough", "bread"),
    Kind("bake_off", r.BAKE, r.BAKED * r.SKILL, "dough", "bread"),
    Kind("serve", r.SERVE, r.CART, "bread", "square"),
    Kind("bank", r.BANK, r.CART, "flour", "store"),
    Kind("draw", r.DRAW, r.CART, "store", "dough"),
    Kind("sell", r.SELL, r.CART, "store", "sold"),
    Kind("buy", r.BUY, r.CART, "", "square"),
    Kind("invest", r.INVEST, 0.0),
)
STOCKS = {
    "cut": (0.0, r.WHEAT_SPOILS, r.FIELD_ROOM), "wheat": (8.0, 0.0, r.WHEAT_ROOM), "flour": (0.0, 0.0, r.FLOUR_ROOM),
    "dough": (6.0, 0.0, r.BAKERY_ROOM), "bread": (0.0, r.BREAD_SPOILS, np.inf), "square": (6.0, r.BREAD_SPOILS, np.inf),
    "store": (24.0, r.GRAIN_SPOILS, np.inf),
}  # fmt: skip
WAYS = [(p, q) for p in range(6) for q in range(5) if p != q]  # from where actions end to where they start


@dataclass
class Program:
    """A linear program that is written down row by row: maximise `gain` with rows <= limits."""

    names: dict[tuple[str, int], int] = field(default_factory=dict)
    bounds: list[tuple[float, float]] = field(default_factory=list)
    gain: list[float] = field(default_factory=list)
    entries: list[tuple[int, int, float]] = field(default_factory=list)
    limits: list[float] = field(default_factory=list)

    def add(self, name: str, day: int, low: float = 0.0, high: float = np.inf, gain: float = 0.0) -> None:
        """A new unknown."""
        self.names[name, day] = len(self.bounds)
        self.bounds.append((low, high))
        self.gain.append(gain)

    def at_most(self, limit: float, *terms: tuple[str, int, float]) -> None:
        """A row: the sum of (unknown, day, factor) is at most a limit."""
        row = len(self.limits)
        self.entries += [(row, self.names[name, day], factor) for name, day, factor in terms]
        self.limits.append(limit)

    def rows(self) -> csr_array:
        """(R, N) the factors of the unknowns in each row."""
        row, column, factor = zip(*self.entries, strict=True)
        return coo_array((factor, (row, column)), (len(self.limits), len(self.bounds))).tocsr()

    def solve(self) -> float:
        """The most that `gain` can be.

        Raises:
            ValueError: the solver found none.
        """
        found = linprog(-np.array(self.gain), self.rows(), self.limits, bounds=self.bounds, method="highs")
        if found.status != 0:
            raise ValueError(f"the bound's linear program: {found.message}; it should always have a solution")
        return -float(found.fun)


def upper(tape: Tape) -> float:
    """A return that no plan on the tape can exceed."""
    return program(tape).solve() / r.NORM


def program(tape: Tape) -> Program:
    """The linear program of a tape; its optimum is an upper bound on J."""
    found = Program()
    for day in range(r.DAYS):
        _unknowns(found, tape, day)
    for day in range(r.DAYS):
        _labour(found, day)
        _stocks(found, tape, day)
        _village(found, tape, day)
    return found


def _unknowns(p: Program, tape: Tape, day: int) -> None:
    full, half = _grinds(tape.wind[day * r.DAY : (day + 1) * r.DAY])
    for kind in KINDS:
        most = 3.0 * r.DAY
        if kind.action == r.GRIND:
            most = (full if kind.name.endswith("full") else half) * (1 if "own" in kind.name else 2)
        p.add(kind.name, day, high=most)
        p.add(f"{kind.name}*", day, high=r.LEVELS * most)  # weighted by the level
        if kind.most:
            p.add(f"{kind.name}=", day)  # what it moves
    for place, to in WAYS:
        p.add(f"way_{place}{to}", day)
        p.add(f"way_{place}{to}*", day)
    for place in range(6):
        p.add(f"lag_{place}", day)
    for name in STOCKS:
        p.add(name, day)
    p.add("idle", day, high=CARRY)
    p.add("idle*", day, high=CARRY * r.LEVELS)
    p.add("plots", day, high=float(r.PLOTS))
    p.add("level", day, high=r.LEVELS)
    p.add(
        "mouths",
        day,
        low=max(r.LEAST_MOUTHS, r.MOUTHS - day),
        high=min(r.MOUTHS + day, r.MOUTHS + r.HOUSING * r.LEVELS),
        gain=-r.MISSED,
    )
    p.add("eaten", day, gain=1 + r.MISSED)


def _grinds(wind: NDArray[np.float64]) -> tuple[int, int]:
    """How often one worker can finish grinding in full and in half wind in a day: ticks with it, two apart."""
    counts = []
    for strength in (1.0, 0.5):
        count, last = 0, -2
        for tick in np.flatnonzero(wind == strength):
            if tick - last >= r.WORK[r.GRIND]:
                count, last = count + 1, int(tick)
        counts.append(count)
    return counts[0], counts[1]


def _labour(p: Program, day: int) -> None:
    """Worker-ticks, plain and weighted by the level; whoever leaves a place has come there."""
    long = {
        kind.name: float(r.WORK[kind.action] + r.TRAVEL[r.SOURCE[kind.action], r.TARGET[kind.action]]) for kind in KINDS
    }
    ways = {f"way_{a}{b}": float(r.TRAVEL[a, b]) for a, b in WAYS}
    spent = [*long.items(), *ways.items()]
    before = [("idle", day - 1, -1.0)] if day else []
    p.at_most(36.0, ("idle", day, 1.0), *before, *((name, day, ticks) for name, ticks in spent))
    # A day's labour is done at the level of the action's end, which may lie in the next day.
    ahead = min(day + 1, r.DAYS - 1)
    before = [("idle*", day - 1, -1.0)] if day else []
    p.at_most(
        0.0, ("idle*", day, 1.0), *before, ("level", ahead, -36.0), *((f"{name}*", day, ticks) for name, ticks in spent)
    )
    for kind in KINDS:
        p.at_most(0.0, (f"{kind.name}*", day, 1.0), (kind.name, day, -float(r.LEVELS)))
        if kind.most:
            p.at_most(
                0.0,
                (f"{kind.name}=", day, 1.0),
                (kind.name, day, -kind.most),
                (f"{kind.name}*", day, -kind.most * r.TOOL),
            )
    days = range(day + 1)
    for place in range(6):
        out = [k.name for k in KINDS if r.SOURCE[k.action] == place] + [f"way_{a}{b}" for a, b in WAYS if a == place]
        came = [k.name for k in KINDS if r.TARGET[k.action] == place] + [f"way_{a}{b}" for a, b in WAYS if b == place]
        here = float(np.count_nonzero(place == r.POST))
        p.at_most(here, *((n, d, 1.0) for n in out for d in days), *((n, d, -1.0) for n in came for d in days))
        p.at_most(
            0.0, (f"lag_{place}", day, -1.0),
            *((f"{n}*", d, 1.0) for n in out for d in days), *((f"{n}*", d, -1.0) for n in came for d in days),
        )  # fmt: skip
    p.at_most(0.0, ("level", day, -3.0), *((f"lag_{place}", day, 1.0) for place in range(6)))


def _stocks(p: Program, tape: Tape, day: int) -> None:
    """Each stock holds what it held and got, less what it gave; with spoilage of what lay there all day, too."""
    for name, (start, spoils, room) in STOCKS.items():
        got = [(f"{kind.name}=", day, -1.0) for kind in KINDS if kind.into == name]
        gave = [f"{kind.name}=" for kind in KINDS if kind.out == name] + (["eaten"] if name == "square" else [])
        keeps = (1 - spoils) ** r.DAY
        before = [(name, day - 1, -1.0)] if day else []
        p.at_most(0.0 if day else start, (name, day, 1.0), *before, *got, *((g, day, 1.0) for g in gave))
        if spoils:
            before = [(name, day - 1, -keeps)] if day else []
            p.at_most(0.0 if day else start * keeps, (name, day, 1.0), *before, *got, *((g, day, keeps) for g in gave))
        if np.isfinite(room):
            p.at_most(room, (name, day, 1.0), ("level", day, -room * r.TOOL))
    ticks = slice(day * r.DAY, (day + 1) * r.DAY)
    growth = tape.rain[ticks].sum() * r.RIPEN * (r.WINTER_GROWTH if r.winter(day + 1) else 1.0) * r.PLOTS
    frost = r.FROST if day + 1 == r.WINTER_DAYS[0] else 1.0
    visits = _visits(tape, day)
    left = frost * r.NIBBLE_CROP ** (NIBBLED * visits)
    # `plots`: grown and not cut. At best harvests come before the visits and the day's growth after them.
    before = [("plots", day - 1, -left)] if day else []
    start = 0.0 if day else left * float(tape.plots.sum())
    p.at_most(start + growth, ("plots", day, 1.0), *before, ("farm_own", day, left), ("farm_off", day, left))
    start, before = (0.0, [("plots", day - 1, -1.0)]) if day else (float(tape.plots.sum()), [])
    p.at_most(start + growth, ("plots", day, 1.0), *before, ("farm_own", day, 1.0), ("farm_off", day, 1.0))


def _visits(tape: Tape, day: int) -> int:
    """How often rabbits come and eat within a day; arrivals too close to another or to midnight are left out."""
    first, last = AROUND
    found, before = 0, -r.TICKS
    for tick in np.flatnonzero(tape.rabbits):
        if tick - before > last - first:
            before = int(tick)
            found += int(day * r.DAY <= tick + first and tick + last < (day + 1) * r.DAY)
    return found


def _village(p: Program, tape: Tape, day: int) -> None:
    """Mouths, meals, coins and levels."""
    p.at_most(0.0, ("eaten", day, 1.0), ("mouths", day, -1.0))
    if day:
        p.at_most(1.0, ("mouths", day, 1.0), ("mouths", day - 1, -1.0))
        p.at_most(1.0, ("mouths", day, -1.0), ("mouths", day - 1, 1.0))
        p.at_most(float(r.MOUTHS), ("mouths", day, 1.0), ("level", day - 1, -float(r.HOUSING)))
        p.at_most(0.0, ("level", day - 1, 1.0), ("level", day, -1.0))
    days = range(day + 1)
    earned = [("sell=", d, -float(tape.price[d * r.DAY : (d + 1) * r.DAY].max())) for d in days]
    # What levels cost is convex in them; between two levels the chord is below nothing that can be paid.
    for level in range(r.LEVELS):
        paid = sum(r.PRICE_OF_LEVEL * (1 + r.TOOL * i) for i in range(level))
        slope = r.PRICE_OF_LEVEL * (1 + r.TOOL * level)
        p.at_most(slope * level - paid, *earned, *(("buy=", d, r.PRICE_OF_BREAD) for d in days), ("level", day, slope))
    p.at_most(0.0, ("level", day, 1.0), *(("invest", d, -1.0) for d in days))
