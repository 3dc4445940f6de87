"""Many villages at once, compiled: what an agent is trained and tested on. Equal to `world.World` to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.village import constants, kernels
from stagelight.engines.village.compiling import compiled
from stagelight.engines.village.exogenous import Tape
from stagelight.engines.village.world import START


@compiled
def step(s, w, known, seen, wind, omen, price, rabbits, rain, ill, actions, tells, rewards, seen_by, masks):  # type: ignore[no-untyped-def]
    """One tick of every village, in place."""
    for b in range(s.shape[0]):
        tick = w[b, kernels.NOW]
        kernels.tell(s[b], w[b], known[b], seen[b], ill[b, tick], actions[b], tells[b])
        rewards[b] = kernels.advance(
            s[b], w[b], wind[b, tick], price[b, tick], rabbits[b, tick], rain[b, tick], ill[b, tick], actions[b]
        )
        show(s[b], w[b], known[b], seen[b], wind[b], omen[b], price[b], ill[b], seen_by[b], masks[b])


@compiled
def show(s, w, known, seen, wind, omen, price, ill, seen_by, masks):  # type: ignore[no-untyped-def]
    """What the workers of one village see now, and what they may do."""
    now = min(w[kernels.NOW], kernels.LAST)
    kernels.look(s, w, known, seen, wind[now], omen[now], price[now])
    for agent in range(3):
        kernels.observe(s, w, known, seen, ill[now, agent], agent, seen_by[agent])
        kernels.mask(s, w, agent, ill[now, agent], masks[agent])


class Villages:
    """B villages in step, each on a tape of its own.

    Read `observations` (B, 3, 44) float32 and `masks` (B, 3, 13) int8, written anew in place by every `step`.
    """

    def __init__(self, tapes: Tape) -> None:
        """Begin.

        Args:
            tapes: stacked, as `exogenous.stack` makes them.
        """
        self.tapes = tapes
        count = len(tapes.wind)
        self.numbers = np.zeros((count, kernels.NUMBERS))  # rows as in `kernels`
        self.workers = np.zeros((count, kernels.WORKERS), np.int64)
        self.known = np.zeros((count, 3, len(constants.KNOWN)))
        self.seen = np.zeros((count, 3, len(constants.KNOWN)), np.int64)
        self.observations = np.zeros((count, 3, constants.OBSERVED), np.float32)
        self.masks = np.zeros((count, 3, len(constants.ACTIONS)), np.int8)
        self.rewards = np.zeros(count)  # of the last tick
        self._chance = (tapes.wind, tapes.omen, tapes.price, tapes.rabbits, tapes.rain, tapes.ill)
        self.reset()

    def __len__(self) -> int:
        return len(self.numbers)

    def reset(self) -> None:
        """Back to the first dawn, on the same tapes."""
        self.numbers[:] = 0
        self.numbers[:, : constants.PLOTS] = self.tapes.plots
        self.numbers[:, constants.PLOTS : constants.PLOTS + len(START)] = START
        self.workers[:] = 0
        self.workers[:, kernels.AT : kernels.AT + 3] = constants.POST
        self.workers[:, kernels.DOES : kernels.DOES + 3] = constants.FREE
        self.known[:], self.seen[:], self.rewards[:] = 0, 0, 0
        _dawn(self.numbers, self.workers, self.known, *self._chance[:3])
        _show_all(
            self.numbers, self.workers, self.known, self.seen, *self._chance[:3], self.tapes.ill, self.observations,
            self.masks,
        )  # fmt: skip

    @property
    def over(self) -> bool:
        """Whether the last day is over."""
        return bool(self.workers[0, kernels.NOW] >= constants.TICKS)

    @property
    def tick(self) -> int:
        """Tick of the episode, from 0; the same in all of them."""
        return int(self.workers[0, kernels.NOW])

    def free(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which workers choose now: village and worker of each."""
        busy, ill = self.observations[:, :, constants.ACTION] >= 0, self.observations[:, :, constants.ILL] != 0
        return np.nonzero(~(busy | ill))  # type: ignore[return-value]

    @property
    def returns(self) -> NDArray[np.float64]:
        """(B,) J / 480 so far."""
        return self.numbers[:, kernels.J] / constants.NORM

    def step(self, actions: NDArray[np.int64], tells: NDArray[np.bool_]) -> NDArray[np.float64]:
        """One tick of all.

        Args:
            actions: (B, 3) a worker who is free begins it; of one who is not it is ignored.
            tells: (B, 3) whether a worker says what `World.report` gives.

        Returns:
            (B,) rewards.
        """
        step(
            self.numbers, self.workers, self.known, self.seen, *self._chance, actions, tells, self.rewards,
            self.observations, self.masks,
        )  # fmt: skip
        return self.rewards

    def snapshot(self) -> tuple[NDArray[Any], ...]:
        """All that changes, copied; `restore` takes it."""
        return self.numbers.copy(), self.workers.copy(), self.known.copy(), self.seen.copy()

    def restore(self, kept: tuple[NDArray[Any], ...]) -> None:
        """Back to a snapshot."""
        self.numbers[:], self.workers[:], self.known[:], self.seen[:] = kept
        _show_all(
            self.numbers, self.workers, self.known, self.seen, *self._chance[:3], self.tapes.ill, self.observations,
            self.masks,
        )  # fmt: skip


@compiled
def _dawn(s, w, known, wind, omen, price):  # type: ignore[no-untyped-def]
    """At dawn of the first day everyone has been everywhere."""
    for b in range(s.shape[0]):
        for agent in range(3):
            for place in range(6):
                kernels.see(s[b], w[b], place, wind[b, 0], omen[b, 0], price[b, 0], known[b, agent])
            for other in range(3):
                known[b, agent, constants.FARMER_DOES + other] = w[b, kernels.DOES + other]


@compiled
def _show_all(s, w, known, seen, wind, omen, price, ill, seen_by, masks):  # type: ignore[no-untyped-def]
    for b in range(s.shape[0]):
        show(s[b], w[b], known[b], seen[b], wind[b], omen[b], price[b], ill[b], seen_by[b], masks[b])
