"""Where rollouts start: a frontier that moves away from mate as fast as the policy can follow.

`curriculum`: half the starts at the frontier's distance to mate, half evenly over the nearer ones (Florensa et
al. 2017; Salimans & Chen 2018). The frontier advances when the smoothed success there passes `advance` and steps
back when it has been stuck; past the longest mate all distances are drawn evenly. `uniform`: all distances evenly
from the first step, easy ones included. `far`: only the farthest quarter of distances.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.rollout.endgame.tables import Ending

SPLIT_SEED, HELD_OUT_SHARE = 2026, 0.1
MODES = ("curriculum", "uniform", "far")


def held_out(ending: Ending) -> NDArray[np.bool_]:
    """(N,) the codes kept from training. A code is a whole symmetry class, so no image of one is trained on."""
    return np.random.default_rng(SPLIT_SEED).random(len(ending.white)) < HELD_OUT_SHARE


@dataclass
class Frontier:
    """How far from mate training starts, in moves."""

    depth: int = 1
    success: float = float("nan")  # smoothed share of frontier rollouts that mate
    waited: int = 0  # steps since it last moved

    def observe(self, share: float, longest: int, advance: float, patience: int) -> None:
        """Note the success of a step's frontier rollouts, and move if it is time. Past `longest` it stays."""
        if self.depth > longest:
            return
        self.success = share if np.isnan(self.success) else 0.7 * self.success + 0.3 * share
        self.waited += 1
        step = 1 if self.success > advance else -1 if self.waited >= patience and self.depth > 1 else 0
        if step:
            self.depth, self.success, self.waited = self.depth + step, float("nan"), 0


class Starts:
    """The training positions of an ending, by distance to mate."""

    def __init__(self, ending: Ending) -> None:
        kept = ~held_out(ending)
        self.longest = ending.longest
        won = np.flatnonzero((ending.white > 0) & kept)
        order = won[np.argsort(ending.white[won], kind="stable")]
        self.by_depth = np.split(order, np.cumsum(np.bincount(ending.white[order])[1:-1]))
        self.depths = np.array([d for d, states in enumerate(self.by_depth, 1) if len(states)])

    def draw(self, rng: np.random.Generator, count: int, mode: str, frontier: int) -> NDArray[np.int64]:
        """`count` starts; with a curriculum the first half lie at the frontier."""
        depths = self.depths
        if mode == "far":
            depths = depths[depths > 0.75 * self.longest]
        elif mode == "curriculum" and frontier <= self.longest:
            depths = depths[depths < frontier] if frontier > self.depths[0] else depths[:1]
        drawn = rng.choice(depths, count)
        if mode == "curriculum" and frontier <= self.longest:
            drawn[: count // 2] = self.depths[self.depths >= frontier][0]
        return np.array([rng.choice(self.by_depth[depth - 1]) for depth in drawn], np.int64)
