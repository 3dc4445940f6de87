"""The readable reference: one village, every rule a line. `batch` is the same, compiled over many, to the bit.

A tick is: rabbits come; the workers, in order, go on with what they do; crops grow and are eaten; stocks spoil; after
the meals' ticks everyone eats, and after the last of a day mouths come or leave.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village import validation
from stagelight.engines.village.exogenous import Tape

# The numbers of a village in one row: six plots, then these; the last six are what went in and out since the start.
STOCKS = (
    "cut_wheat", "mill_wheat", "mill_flour", "bakery_flour", "bakery_bread", "square_bread", "granary", "coins",
    "hunger", "patience", "mouths", "level", "J",
)  # fmt: skip
LEDGER = ("reaped", "bought", "eaten", "sold", "spoiled", "ruined")
START = (0.0, 8.0, 0.0, 6.0, 0.0, 6.0, 24.0, 0.0, 0.0, 0.0, float(r.MOUTHS), 0.0, 0.0)
WORKERS = ("place", "action", "left", "invalid", "empty")  # a row of whole numbers: three of each, and the tick


class World:
    """A village on a tape. Change it by `step`; read its fields."""

    def __init__(self, tape: Tape) -> None:
        self.tape, self.tick = tape, 0
        self.plots = tape.plots.copy()  # (6,) 1 = ripe
        (
            self.cut_wheat, self.mill_wheat, self.mill_flour, self.bakery_flour, self.bakery_bread, self.square_bread,
            self.granary, self.coins, self.hunger, self.patience, self.mouths, self.level, self.J,
        ) = START  # fmt: skip
        self.reaped = self.bought = self.eaten = self.sold = self.spoiled = self.ruined = 0.0
        self.place = [int(post) for post in r.POST]  # where each worker started what they do, or stands
        self.action, self.left = [r.FREE] * 3, [0] * 3  # what each does, and for how many ticks more
        self.moved = [0.0] * 3  # what each worker's last action that ended moved, made or paid
        self.invalid, self.empty = [0] * 3, [0] * 3  # forbidden choices; work that moved nothing
        self.known = np.zeros((3, len(r.KNOWN)))  # what each worker last saw or heard
        self.seen = np.zeros((3, len(r.KNOWN)), np.int64)  # the tick of it
        self.known[:] = self.truth()  # at dawn of the first day everyone has been everywhere

    def step(self, actions: Sequence[int], told: NDArray[np.float64] | None = None) -> float:
        """One tick. Returns the reward: what J gained, over 480; the sum of an episode is its return.

        Args:
            actions: (3,) a worker who is free begins it; of one who is not it is ignored.
            told: (3, 18) what each worker says to the others of what they know, nan where nothing; see `report`.

        Raises:
            ValueError: no such action.
        """
        before = self.J
        self._begin([validation.action(action, who) for who, action in zip(r.AGENTS, actions, strict=True)])
        self._tell(told)
        if self.tape.rabbits[self.tick] and self.patience == 0:
            self.patience = float(r.PATIENCE)
        for agent in range(3):
            self._work(agent)
        self._grow()
        self._spoil()
        if self.tick % r.DAY in r.MEALS:
            self._meal()
        if self.tick % r.DAY == r.DAY - 1:
            self._nightfall()
        self.tick += 1
        self._look()
        return (self.J - before) / r.NORM

    @property
    def over(self) -> bool:
        """Whether the last day is over."""
        return self.tick >= r.TICKS

    @property
    def tool(self) -> float:
        """What levels make of every tool, cart and shelf."""
        return 1 + r.TOOL * self.level

    def mask(self, agent: int) -> NDArray[np.int8]:
        """(13,) what a worker may choose: what they do until it is done; free, all but a level beyond the last."""
        found = np.zeros(len(r.ACTIONS), np.int8)
        if self.left[agent] > 0:
            found[self.action[agent]] = 1
        elif self.ill(agent):
            found[r.WAIT] = 1
        else:
            found[:] = 1
            found[r.INVEST] = self.level < r.LEVELS
        return found

    def ill(self, agent: int) -> bool:
        """Whether a worker lies ill in the tick to come."""
        return bool(self.tape.ill[self._now, agent])

    def where(self, agent: int) -> int:
        """The place a worker is at, -1 on the road."""
        action, left = self.action[agent], self.left[agent]
        if left == 0:
            return self.place[agent]
        begun, away = int(r.DURATION[agent, self.place[agent], action]) - left, int(r.AWAY[self.place[agent], action])
        source = self.place[agent] if action == r.WAIT else int(r.SOURCE[action])
        return source if away <= begun <= away + r.WORK[action] else r.ROAD

    def truth(self) -> NDArray[np.float64]:
        """(18,) what `known` would be to one who sees everything."""
        ripe, wind, omen = float((self.plots >= 1).sum()), self.tape.wind[self._now], self.tape.omen[self._now]
        return np.array([
            ripe, self.cut_wheat, self.patience, self.mill_wheat, self.mill_flour, wind, float(omen), self.bakery_flour,
            self.bakery_bread, self.square_bread, self.mouths, self.hunger, self.granary, self.coins,
            self.tape.price[self._now], *self.action,
        ])  # fmt: skip

    def report(self, agent: int, action: int) -> NDArray[np.float64]:
        """(18,) what a worker can say: what there is to see where they are, to a hundredth, and what they do now."""
        found, where = np.full(len(r.KNOWN), np.nan), self.where(agent)
        if where != r.ROAD:
            here = r.SEEN[where]
            found[here] = np.floor(self.known[agent, here] * 100 + 0.5) / 100
        found[r.FARMER_DOES + agent] = self.action[agent] if self.left[agent] > 0 else action
        return found

    def numbers(self) -> NDArray[np.float64]:
        """(25,) plots, STOCKS and LEDGER in one row, as `batch` keeps them."""
        return np.array([*self.plots, *(getattr(self, name) for name in STOCKS + LEDGER)], np.float64)

    def workers(self) -> NDArray[np.int64]:
        """(16,) WORKERS, three of each, and the tick, as `batch` keeps them."""
        return np.array([*(value for name in WORKERS for value in getattr(self, name)), self.tick], np.int64)

    @property
    def _now(self) -> int:
        return min(self.tick, r.TICKS - 1)

    def _begin(self, actions: Sequence[int]) -> None:
        """Whoever is free and well begins what they chose; what is forbidden becomes waiting."""
        for agent, action in enumerate(actions):
            if self.left[agent] > 0:
                continue
            allowed = self.mask(agent)[action]
            self.invalid[agent] += int(not allowed)
            self.action[agent] = int(action) if allowed else r.WAIT
            self.left[agent] = int(r.DURATION[agent, self.place[agent], self.action[agent]])

    def _tell(self, told: NDArray[np.float64] | None) -> None:
        """What one says the two others know."""
        if told is None:
            return
        for agent in range(3):
            for other in range(3):
                if other != agent:
                    heard = ~np.isnan(told[agent])
                    self.known[other, heard], self.seen[other, heard] = told[agent, heard], self.tick

    def _work(self, agent: int) -> None:
        """A tick of work; in its last tick an action has its effect and the worker stands where it ends."""
        if self.ill(agent):
            return
        self.left[agent] -= 1
        if self.left[agent] == 0:
            self.moved[agent] = self._effect(agent, self.action[agent])
            self.empty[agent] += int(self.moved[agent] == 0 and self.action[agent] != r.WAIT)
            self.place[agent], self.action[agent] = int(r.END[agent, self.action[agent]]), r.FREE

    def _effect(self, agent: int, action: int) -> float:
        """Do it; returns how much was moved, made or paid."""
        tool, cart = self.tool, r.CART * self.tool
        skill = 1.0 if r.CRAFT[action] == agent else r.SKILL
        q = 0.0
        match action:
            case r.FARM if self.plots.max() >= 1:
                q = max(0.0, min(r.HARVEST * skill * tool, r.FIELD_ROOM * tool - self.cut_wheat))
                self.cut_wheat, self.reaped, self.plots[self.plots.argmax()] = self.cut_wheat + q, self.reaped + q, 0
            case r.GUARD if self.patience > 0:
                q, self.patience = 1.0, self.patience - 1
            case r.HAUL_WHEAT:
                q = max(0.0, min(cart, self.cut_wheat, r.WHEAT_ROOM * tool - self.mill_wheat))
                self.cut_wheat, self.mill_wheat = self.cut_wheat - q, self.mill_wheat + q
            case r.GRIND:
                wind = self.tape.wind[self.tick]
                room = r.FLOUR_ROOM * tool - self.mill_flour
                q = max(0.0, min(self.mill_wheat, r.MILLED * skill * tool * wind, room))
                self.mill_wheat, self.mill_flour = self.mill_wheat - q, self.mill_flour + q
            case r.HAUL_FLOUR:
                q = max(0.0, min(cart, self.mill_flour, r.BAKERY_ROOM * tool - self.bakery_flour))
                self.mill_flour, self.bakery_flour = self.mill_flour - q, self.bakery_flour + q
            case r.BAKE:
                q = min(self.bakery_flour, r.BAKED * skill * tool)
                self.bakery_flour, self.bakery_bread = self.bakery_flour - q, self.bakery_bread + q
            case r.SERVE:
                q = min(cart, self.bakery_bread)
                self.bakery_bread, self.square_bread = self.bakery_bread - q, self.square_bread + q
            case r.BANK:
                q = max(0.0, min(cart, self.mill_flour, r.GRANARY_ROOM - self.granary))
                self.mill_flour, self.granary = self.mill_flour - q, self.granary + q
            case r.DRAW:
                q = max(0.0, min(cart, self.granary, r.BAKERY_ROOM * tool - self.bakery_flour))
                self.granary, self.bakery_flour = self.granary - q, self.bakery_flour + q
            case r.SELL:
                q = min(cart, self.granary)
                self.granary, self.sold = self.granary - q, self.sold + q
                self.coins += q * self.tape.price[self.tick]
            case r.BUY:
                q = min(cart, self.coins / r.PRICE_OF_BREAD)
                self.coins, self.square_bread = max(0.0, self.coins - q * r.PRICE_OF_BREAD), self.square_bread + q
                self.bought += q
            case r.INVEST if self.coins >= r.PRICE_OF_LEVEL * tool and self.level < r.LEVELS:
                q = r.PRICE_OF_LEVEL * tool
                self.coins, self.level = self.coins - q, self.level + 1
        return float(q)

    def _grow(self) -> None:
        """Frost halves, a tick's growth is added, and rabbits eat."""
        day = self.tick // r.DAY + 1
        if self.tick == (r.WINTER_DAYS[0] - 1) * r.DAY:
            self.plots *= r.FROST
        growth = (r.WINTER_GROWTH if r.winter(day) else 1.0) * r.RIPEN * self.tape.rain[self.tick]
        self.plots = np.minimum(1, self.plots + growth)
        if self.patience > 0:
            self.plots *= r.NIBBLE_CROP
            self.ruined += self.cut_wheat * (1 - r.NIBBLE_WHEAT)
            self.cut_wheat *= r.NIBBLE_WHEAT

    def _spoil(self) -> None:
        """What lies loses its share."""
        bread = self.bakery_bread + self.square_bread
        self.spoiled += self.cut_wheat * r.WHEAT_SPOILS + bread * r.BREAD_SPOILS + self.granary * r.GRAIN_SPOILS
        self.cut_wheat *= 1 - r.WHEAT_SPOILS
        self.bakery_bread *= 1 - r.BREAD_SPOILS
        self.square_bread *= 1 - r.BREAD_SPOILS
        self.granary *= 1 - r.GRAIN_SPOILS

    def _meal(self) -> None:
        """Everyone eats a half, if it is there."""
        need = self.mouths / 2
        eaten = min(self.square_bread, need)
        self.square_bread, self.eaten = self.square_bread - eaten, self.eaten + eaten
        self.hunger = r.KEEP_HUNGER * self.hunger + r.NEW_HUNGER * (1 - eaten / need)
        self.J += eaten - r.MISSED * (need - eaten)

    def _nightfall(self) -> None:
        """The hungry leave, the well-fed are joined."""
        if self.hunger > r.LEAVING:
            self.mouths = max(float(r.LEAST_MOUTHS), self.mouths - 1)
        elif self.hunger < r.COMING and self.mouths < r.MOUTHS + r.HOUSING * self.level:
            self.mouths += 1

    def _look(self) -> None:
        """Each worker sees the place they are at, and knows what they do themselves."""
        truth = self.truth()
        for agent in range(3):
            where = self.where(agent)
            if where != r.ROAD:
                here = r.SEEN[where]
                self.known[agent, here], self.seen[agent, here] = truth[here], self.tick
            does = r.FARMER_DOES + agent
            self.known[agent, does], self.seen[agent, does] = self.action[agent], self.tick
