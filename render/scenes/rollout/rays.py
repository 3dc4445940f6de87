"""A distribution over moves, before a training step and after it."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.floating]


class Rays:
    """A distribution over moves before and after a step; in the picture one ray for each."""

    def __init__(self, uci: tuple[str, ...], before: Numbers, after: Numbers) -> None:
        self.uci, self.before, self.after = uci, before.astype(float), after.astype(float)

    def __len__(self) -> int:
        return len(self.uci)

    @cached_property
    def order(self) -> list[int]:
        """The moves, the likeliest after the step first."""
        return [int(move) for move in np.argsort(-self.after, kind="stable")]

    @cached_property
    def places(self) -> list[int]:
        """The place of each move in the fan: the likeliest in the middle, the others around it."""
        middle, places = (len(self) - 1) // 2, [0] * len(self)
        for rank, move in enumerate(self.order):
            places[move] = middle + (rank + 1) // 2 * (1 if rank % 2 else -1)
        return places

    def at(self, share: float) -> Numbers:
        """The probabilities on their way from before to after."""
        return np.asarray(self.before + (self.after - self.before) * share)
