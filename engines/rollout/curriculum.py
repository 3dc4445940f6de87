"""The reverse curriculum: which cells are open, and how often each is drawn.

Cells are climbed chain by chain (`starts.CHAINS`): the next one opens once the one before it is passed. A chain begins
when the chain that it stands on has been climbed far enough. Of the open cells those are drawn most that are neither
mastered nor hopeless, by p (1 - p) with p the success there (Florensa et al., arXiv:1707.05300, keep starts with
R_min < p < R_max), the three families (mates, endings, games) getting fixed shares. A part of the draws goes to
mastered cells, so that they are not forgotten. Nothing closes: where training is stuck the nearer cells are still
drawn, as in Salimans & Chen (arXiv:1812.03381).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.rollout.starts import CELLS, CHAINS, LADDER, Cell

MODES = ("curriculum", "uniform", "opening_only", "far")
# What a chain stands on: another chain, and how many of its cells must have been passed. None: it begins at once.
BASES: dict[str, tuple[str, int] | None] = {
    "mate": None,
    "kqk": ("mate", 1),
    "krk": ("kqk", len(CHAINS["kqk"])),
    "kbbk": ("krk", len(CHAINS["krk"])),
    "kbnk": ("kbbk", len(CHAINS["kbbk"])),
    LADDER[0]: ("mate", 1),
} | {later: (earlier, len(CHAINS[earlier])) for earlier, later in pairwise(LADDER)}
SMOOTHING = 0.15  # weight of a step's success in a cell
FLOOR = 0.12  # of p (1 - p): cells that hardly ever succeed, up to 1 in 7, are drawn alike, and not neglected


@dataclass(frozen=True)
class Rule:
    """The rule by which cells are opened and drawn. The defaults are the published run's."""

    mode: str = "curriculum"  # or "uniform" over all cells, "opening_only", "far" (the last cell of each chain)
    passed: float = 0.15  # success that opens the next cell
    mastered: float = 0.85  # success from which a cell is only rehearsed
    shares: tuple[float, float, float] = (0.15, 0.25, 0.6)  # of mates, endings and games, in the draws and in the loss
    rehearsal: float = 0.35  # share of the draws that go to mastered cells, at most: no more than they are of the open


class Curriculum:
    """Success in each cell, and what follows from it. `success` and `open` are its whole state."""

    def __init__(self, rule: Rule) -> None:
        if rule.mode not in MODES:
            raise ValueError(f"mode is {rule.mode!r}, wanted one of {', '.join(MODES)}")
        self.rule = rule
        self.success = np.full(len(CELLS), np.nan)  # (C,) moving average of the share of rollouts that mate in time
        self.open = np.array([_open_at_first(cell, rule.mode) for cell in CELLS])

    def draw(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """(count,) indices into CELLS."""
        p = np.where(np.isnan(self.success), 0.5, self.success)
        mastered = self.open & (p >= self.rule.mastered)
        weight = np.where(self.open, np.maximum(p * (1 - p), FLOOR), 0.0)
        if self.rule.mode != "curriculum":
            weight = self.open.astype(float)
        elif mastered.any() and not mastered[self.open].all():
            fresh = _shared(np.where(mastered, 0.0, weight), self.rule.shares)
            known = _shared(mastered.astype(float), self.rule.shares)
            share = min(self.rule.rehearsal, mastered.sum() / self.open.sum())
            weight = (1 - share) * fresh / fresh.sum() + share * known / known.sum()
        else:
            weight = _shared(weight, self.rule.shares)
        drawn: NDArray[np.int64] = rng.choice(len(CELLS), count, p=weight / weight.sum())
        return drawn

    def observe(self, cell: NDArray[np.int64], success: NDArray[np.float64]) -> None:
        """Note the success of a step's groups, and open what has been earned. cell, success: (groups,)."""
        for index in np.unique(cell):
            now, before = float(success[cell == index].mean()), self.success[index]
            self.success[index] = now if np.isnan(before) else before + SMOOTHING * (now - before)
        if self.rule.mode == "curriculum":
            for name, base in BASES.items():
                begun = base is None or self.passed(base[0]) >= base[1]
                first = _INDEX[CHAINS[name][0]]
                last = first + min(self.passed(name) + 1, len(CHAINS[name]))
                self.open[first:last] |= begun

    def passed(self, chain: str) -> int:
        """The number of cells of a chain that have been passed, from its first on; none beyond the open ones."""
        count = 0
        for cell in CHAINS[chain]:
            index = _INDEX[cell]
            if self.open[index] and count + 1 < len(CHAINS[chain]) and self.open[index + 1]:
                count += 1  # passed before: nothing closes
            elif self.open[index] and self.success[index] >= self.rule.passed:
                count += 1
            else:
                break
        return count

    @property
    def frontier(self) -> Cell:
        """The farthest open start of a whole game, against the strongest opponent met from there."""
        reached = [cell for cell, is_open in zip(CELLS, self.open, strict=True) if is_open]
        games = [cell for cell in reached if cell.kind in {"tail", "opening"}]
        return max(games, key=lambda cell: (LADDER.index(cell.opponent), cell.farthest)) if games else reached[-1]


def _family(cell: Cell) -> str:
    return {"mate": "mate", "tail": "game", "opening": "game"}.get(cell.kind, "ending")


_INDEX = {cell: index for index, cell in enumerate(CELLS)}


FAMILY = np.array([("mate", "ending", "game").index(_family(cell)) for cell in CELLS])  # (C,)


def _shared(weight: NDArray[np.float64], shares: tuple[float, ...]) -> NDArray[np.float64]:
    """Weights scaled so that each family of cells that has any gets its share."""
    found = np.zeros(len(weight))
    for index, share in enumerate(shares):
        family = index == FAMILY
        if weight[family].any():
            found[family] = share * weight[family] / weight[family].sum()
    return found


def _open_at_first(cell: Cell, mode: str) -> bool:
    if mode == "opening_only":
        return cell.kind == "opening"
    if mode == "far":
        return any(cell == chain[-1] for chain in CHAINS.values())
    return mode == "uniform" or cell == CHAINS["mate"][0]
