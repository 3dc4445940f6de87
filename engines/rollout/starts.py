"""Starts of rollouts, in cells: a kind of position, at some distance from mate, against one opponent.

The ruler is moves to mate. A *mate* is a position with a forced mate in one, two or three, played against the longest
defence; an *ending* is king and pieces against a bare king, at a distance known from the solved tables, played against
them; a *tail* is the end of a whole game, n moves of the winner before its mate, played on against an opponent of the
ladder; the *opening* is the first position of a game.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.rollout import games, mates
from stagelight.engines.rollout.chess.board import BLACK_KING, BOARD, PASSANT, TURN, WHITE_KING
from stagelight.engines.rollout.chess.geometry import TRIANGLE
from stagelight.engines.rollout.chess.tablebase import ENDINGS, solve
from stagelight.engines.rollout.environment import OPENING, Environment, replay, reset
from stagelight.engines.rollout.opponents import NAMES

MOST_MOVES = 50  # the learner's, in a rollout
FIRST = 1000  # "moves to mate" of the opening, beyond every tail
TAILS = (1, 2, 3, 4, 5, 7, 9, 11, 13, 16, 21, 26, 36, 50)  # the winner's moves before its mate
LATER_TAILS = (5, 11, 21, 36)  # against the opponents after the first
LADDER = ("random", "greedy", "material_1", "careful", "material_2")
SPLIT_SEED, HELD_OUT_SHARE = 71, 0.1  # of the positions of an ending
_PIECES = {"Q": 5, "R": 4, "B": 3, "N": 2}


@dataclass(frozen=True)
class Cell:
    """A kind of start, at a range of distances from mate, against an opponent."""

    kind: str  # "mate", an ending's name, "tail" or "opening"
    nearest: int  # moves to mate
    farthest: int
    opponent: str  # of `opponents.NAMES`

    @property
    def name(self) -> str:
        """Its name in tables, such as `krk.4-5` or `opening.greedy`."""
        span = f"{self.nearest}" if self.nearest == self.farthest else f"{self.nearest}-{self.farthest}"
        if self.kind == "opening":
            return f"opening.{self.opponent}"
        return f"{self.kind}.{span}" + (f".{self.opponent}" if self.kind == "tail" else "")

    @property
    def forced(self) -> bool:
        """True if its mates are forced, so that the needed moves are enough against every defence."""
        return self.kind not in {"tail", "opening"}

    @property
    def most_moves(self) -> int:
        """The learner's moves from its farthest start."""
        return int(budget(np.array(self.farthest), self.forced))


def _ending(name: str, bounds: tuple[int, ...]) -> tuple[Cell, ...]:
    return tuple(Cell(name, low + 1, high, "tablebase") for low, high in zip((0, *bounds[:-1]), bounds, strict=True))


def _tails(opponent: str, depths: tuple[int, ...]) -> tuple[Cell, ...]:
    return *(Cell("tail", depth, depth, opponent) for depth in depths), Cell("opening", FIRST, FIRST, opponent)


# Each chain is climbed in order; `curriculum` says when one begins.
CHAINS: dict[str, tuple[Cell, ...]] = {
    "mate": tuple(Cell("mate", n, n, "random" if n == 1 else "longest") for n in (1, 2, 3)),
    "kqk": _ending("kqk", (1, 2, 3, 5, 7, 10)),
    "krk": _ending("krk", (1, 2, 3, 5, 7, 9, 11, 13, 16)),
    "kbbk": _ending("kbbk", (1, 2, 3, 5, 7, 9, 11, 13, 15, 17, 19)),
    "kbnk": _ending("kbnk", (1, 2, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33)),
    LADDER[0]: _tails(LADDER[0], TAILS),
} | {opponent: _tails(opponent, LATER_TAILS) for opponent in LADDER[1:]}
CELLS = tuple(cell for chain in CHAINS.values() for cell in chain)


def budget(needed: NDArray[np.int64], forced: bool) -> NDArray[np.int64]:
    """The learner's moves within which it must mate: none to spare at one, more the farther the mate.

    forced: whether the mate is, so that the needed moves are enough against every defence.
    """
    near = np.where(needed <= 1, 0, 1)
    spare = np.maximum(near, needed - 2) if forced else 4 * (needed - 1)
    return np.minimum(needed + spare, MOST_MOVES)


def discount(needed: NDArray[np.int64]) -> NDArray[np.float64]:
    """The factor of a reward for each move beyond the needed: .8 near mate, .97 far from it."""
    return 1 - np.maximum(0.03, 0.4 / np.maximum(needed, 2))


@dataclass(frozen=True)
class Batch:
    """Drawn starts: their boards, the moves to mate that each needs, and those that it has."""

    environment: Environment
    needed: NDArray[np.int64]  # (B,)
    budget: NDArray[np.int64]  # (B,) the learner's moves at most


class Starts:
    """The starts of one side of the split, by cell."""

    def __init__(self, held_out: bool) -> None:
        self.held_out = held_out

    @cached_property
    def mates(self) -> tuple[NDArray[np.uint8], ...]:
        """Packed positions with a mate in 1, 2, 3."""
        found = mates.load()
        return found.held_out if self.held_out else found.train

    @cached_property
    def games(self) -> games.Games:
        """Whole games that end in mate."""
        found = games.load()
        return found.held_out if self.held_out else found.train

    @cached_property
    def _endings(self) -> dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]:
        return {name: self._by_distance(name) for name in ENDINGS}

    def _by_distance(self, name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Codes of an ending's won positions, nearest first, and where each distance starts."""
        white = solve(name).white
        side = np.random.default_rng(SPLIT_SEED).random(len(white)) < HELD_OUT_SHARE
        won = np.flatnonzero((white > 0) & (side == self.held_out))
        order = won[np.argsort(white[won], kind="stable")]
        return order, np.searchsorted(white[order], np.arange(white.max() + 2))

    def ending(self, name: str) -> NDArray[np.int64]:
        """The codes of an ending's won positions, nearest to mate first."""
        return self._endings[name][0]

    def draw(self, cell: Cell, count: int, rng: np.random.Generator) -> Batch:
        """`count` starts of a cell at random."""
        opponents, seed = np.full(count, NAMES[cell.opponent], np.int8), int(rng.integers(2**62))
        history, needed = None, np.full(count, cell.nearest)
        if cell.kind == "mate":
            rows = self.mates[cell.nearest - 1]
            boards = mates.unpack(rows[rng.integers(len(rows), size=count)])
        elif cell.kind == "opening":
            boards, needed = OPENING[None].repeat(count, axis=0), np.full(count, MOST_MOVES)
        elif cell.kind == "tail":
            boards, history, needed = self._tails(cell.nearest, count, rng)
        else:
            order, at = self._endings[cell.kind]
            codes = order[rng.integers(at[cell.nearest], at[cell.farthest + 1], size=count)]
            boards, needed = ending_boards(cell.kind, codes), solve(cell.kind).white[codes].astype(np.int64)
        return Batch(reset(boards, opponents, seed, history), needed, budget(needed, cell.forced))

    def _tails(
        self, depth: int, count: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.int8], NDArray[np.int64], NDArray[np.int64]]:
        plies = self.games.plies
        long = np.flatnonzero(plies >= 2 * depth - 1)
        which = long[rng.integers(len(long), size=count)]
        return *replay(self.games.moves, self.games.at[which], plies[which] - (2 * depth - 1)), np.full(count, depth)


def ending_boards(name: str, codes: NDArray[np.int64]) -> NDArray[np.int8]:
    """Positions of an ending, (N,) codes of `tablebase`, as rows with White to move, (N, 72)."""
    letters = ENDINGS[name]
    digits = codes[:, None] // 64 ** np.arange(1 + len(letters), -1, -1) % 64
    digits[:, 0] = TRIANGLE[digits[:, 0]]
    boards, rows = np.zeros((len(codes), BOARD), np.int8), np.arange(len(codes))
    for column, piece in enumerate((-6, 6, *(_PIECES[letter] for letter in letters))):
        boards[rows, digits[:, column]] = piece
    boards[:, TURN], boards[:, PASSANT] = 1, -1
    boards[:, WHITE_KING], boards[:, BLACK_KING] = digits[:, 1], digits[:, 0]
    return boards


def join(batches: list[Batch]) -> Batch:
    """Batches one after the other."""
    parts = [batch.environment for batch in batches]
    names = ("boards", "history", "streams", "opponents")
    boards, history, streams, opponents = (np.concatenate([getattr(part, name) for part in parts]) for name in names)
    needed, moves = (np.concatenate([getattr(batch, name) for batch in batches]) for name in ("needed", "budget"))
    return Batch(Environment(boards, history, streams, opponents), needed, moves)
