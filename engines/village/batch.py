"""Many villages at once, compiled: what an agent is trained and tested on. Equal to `world.World` to the bit."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.village import constants, kernels
from stagelight.engines.village.compiling import compiled
from stagelight.engines.village.exogenous import Tape
from stagelight.engines.village.observation import understand
from stagelight.engines.village.validation import shown
from stagelight.engines.village.world import START


@compiled
def step(s, w, known, seen, wind, omen, price, rabbits, rain, ill, actions, tells, rewards, seen_by, masks):  # type: ignore[no-untyped-def]
    """One tick of every village, in place; returns -1, or where in `actions` one is none, before anything is done."""
    for b in range(s.shape[0]):
        for agent in range(3):
            if not 0 <= actions[b, agent] < kernels.CHOICES:
                return 3 * b + agent
    for b in range(s.shape[0]):
        tick = w[b, kernels.NOW]
        kernels.tell(s[b], w[b], known[b], seen[b], ill[b, tick], actions[b], tells[b])
        rewards[b] = kernels.advance(
            s[b], w[b], wind[b, tick], price[b, tick], rabbits[b, tick], rain[b, tick], ill[b, tick], actions[b]
        )
        show(s[b], w[b], known[b], seen[b], wind[b], omen[b], price[b], ill[b], seen_by[b], masks[b])
    return -1


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

        Raises:
            ValueError: they are not.
        """
        self.tapes, count = tapes, _count(tapes)
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

    def step(self, actions: NDArray[np.integer[Any]], tells: NDArray[np.bool_]) -> NDArray[np.float64]:
        """One tick of all.

        Args:
            actions: (B, 3) a worker who is free begins it; of one who is not it is ignored.
            tells: (B, 3) whether a worker says what `World.report` gives.

        Returns:
            (B,) rewards.

        Raises:
            ValueError: another shape or kind, no such action, or the last day is over; nothing was done.
        """
        wanted = self.masks.shape[:2]
        if not isinstance(actions, np.ndarray) or actions.shape != wanted or actions.dtype.kind not in "iu":
            words = f"whole numbers in an array {wanted}, one for each worker of each village"
            raise ValueError(f"actions: {shown(actions)}, wanted {words}")
        if not isinstance(tells, np.ndarray) or tells.shape != wanted or tells.dtype.kind != "b":
            raise ValueError(f"tells: {shown(tells)}, wanted truth values in an array {wanted}")
        if self.over:
            raise ValueError("step: the last day is over; call reset first")
        wrong = step(
            self.numbers, self.workers, self.known, self.seen, *self._chance,
            np.ascontiguousarray(actions, np.int64), np.ascontiguousarray(tells), self.rewards, self.observations,
            self.masks,
        )  # fmt: skip
        if wrong >= 0:
            village, agent = divmod(wrong, 3)
            who = f"the {constants.AGENTS[agent]} of village {village}"
            raise ValueError(f"actions: {actions[village, agent]} of {who}, wanted 0 to {kernels.CHOICES - 1}")
        return self.rewards

    def hear(self, village: int, speaker: int, text: str) -> None:
        """What is understood of a worker's words the two others know from the tick to come on; called before `step`."""
        told = understand(text, speaker)
        said = ~np.isnan(told)
        for other in range(len(constants.AGENTS)):
            if other != speaker:
                self.known[village, other, said], self.seen[village, other, said] = told[said], self.tick

    def snapshot(self) -> tuple[NDArray[Any], ...]:
        """All that changes, copied; `restore` takes it."""
        return self.numbers.copy(), self.workers.copy(), self.known.copy(), self.seen.copy()

    def restore(self, kept: tuple[NDArray[Any], ...]) -> None:
        """Back to a snapshot.

        Raises:
            ValueError: these villages can never have been so.
        """
        _check(self.snapshot(), kept)
        self.numbers[:], self.workers[:], self.known[:], self.seen[:] = kept
        _show_all(
            self.numbers, self.workers, self.known, self.seen, *self._chance[:3], self.tapes.ill, self.observations,
            self.masks,
        )  # fmt: skip


def _count(tapes: Tape) -> int:
    """How many villages some tapes are for.

    Raises:
        ValueError: none, or the tapes are not stacked.
    """
    if not isinstance(tapes, Tape):
        raise ValueError(f"tapes: {shown(tapes)}, wanted those of exogenous.stack")
    flags, many = ("omen", "rabbits", "ill"), {"plots": (constants.PLOTS,), "ill": (constants.TICKS, 3)}
    count: int | str = "B"
    for name in ("wind", *(field.name for field in fields(Tape))):
        found, kind = np.asarray(getattr(tapes, name)), np.dtype(np.bool_ if name in flags else np.float64)
        shape = many.get(name, (constants.TICKS,))
        if (
            found.ndim != len(shape) + 1
            or found.shape[1:] != shape
            or found.dtype != kind
            or count not in ("B", len(found))
        ):
            wanted = f"({count}, {', '.join(map(str, shape))}) and {kind}; see exogenous.stack"
            raise ValueError(f"tapes: {name} of shape {found.shape} and {found.dtype}, wanted {wanted}")
        count = len(found)
    if not count:
        raise ValueError("tapes: none, wanted at least one; see exogenous.stack")
    return int(count)


def _check(now: tuple[NDArray[Any], ...], kept: tuple[NDArray[Any], ...]) -> None:
    """Refuse a snapshot that the compiled cores could not go on from.

    Raises:
        ValueError: it is none of these villages, or what is counted is out of its range.
    """
    shapes, wanted = [np.shape(one) for one in kept], [one.shape for one in now]
    if shapes != wanted:
        raise ValueError(f"snapshot: arrays {shapes}, wanted {wanted}")
    workers, known = np.asarray(kept[1]), np.asarray(kept[2])
    place, does, left, tick = (
        workers[:, span] for span in (slice(0, 3), slice(3, 6), slice(6, 9), slice(kernels.NOW, None))
    )
    most = int(constants.DURATION.max())
    for what, found, low, high in (
        ("place", place, 0, len(constants.PLACES) - 1), ("action", does, constants.FREE, kernels.CHOICES - 1),
        ("ticks left", left, 0, most), ("tick", tick, 0, constants.TICKS),
        ("action that is known", known[..., constants.FARMER_DOES :], constants.FREE, kernels.CHOICES - 1),
    ):  # fmt: skip
        wrong = found[~((found >= low) & (found <= high))]
        if wrong.size:
            raise ValueError(f"snapshot: {what} {wrong.flat[0]}, wanted {low} to {high}")
    if ((left > 0) & (does == constants.FREE)).any() or (tick != tick[0]).any():
        raise ValueError(
            "snapshot: workers busy with nothing, or villages in other ticks, wanted one tick and an action"
        )


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
