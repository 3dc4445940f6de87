"""Many games advanced together: the learner's moves go in, the opponent's replies are played inside.

Each board has its own random stream, so what happens on it does not depend on which others are beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.rollout.games.attacks import BOARD
from stagelight.engines.rollout.games.compiling import compiled
from stagelight.engines.rollout.games.corpus import Games
from stagelight.engines.rollout.games.fen import from_fen
from stagelight.engines.rollout.games.opponents import reply
from stagelight.engines.rollout.games.rules import GOING_ON, HISTORY, MATE, MOVES, make, settle

LOST = 6  # an outcome beside those of `rules`: MATE is the learner's, LOST is mate by the opponent
OPENING = from_fen("rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1")


@dataclass(frozen=True)
class Arena:
    """B games. The arrays change as the games go on."""

    boards: NDArray[np.int8]  # (B, 72)
    history: NDArray[np.int64]  # (B, 128)
    streams: NDArray[np.uint64]  # (B,)
    kinds: NDArray[np.int8]  # (B,) the opponent of each game, as in `opponents`

    def __len__(self) -> int:
        """The number of games."""
        return len(self.boards)

    def advance(self, rows: NDArray[np.int64], moves: NDArray[np.uint16]) -> NDArray[np.int8]:
        """Play the learner's legal move on each row and let the opponent reply; (R,) outcomes."""
        outcome: NDArray[np.int8] = _advance(*self._arrays, rows, moves, True)
        return outcome

    def push(self, rows: NDArray[np.int64], moves: NDArray[np.uint16]) -> NDArray[np.int8]:
        """Play one legal move on each row, no reply; (R,) status of the position reached, as in `rules`."""
        outcome: NDArray[np.int8] = _advance(*self._arrays, rows, moves, False)
        return outcome

    def reply(self, rows: NDArray[np.int64]) -> NDArray[np.int8]:
        """Let the opponent move on each row; (R,) status of the position reached, as in `rules`."""
        outcome: NDArray[np.int8] = _reply(*self._arrays, rows)
        return outcome

    @property
    def _arrays(self) -> tuple[NDArray[Any], ...]:
        return self.boards, self.history, self.streams, self.kinds


def repeat(arena: Arena, times: int, seed: int) -> Arena:
    """Each game `times` times over, one after the other, with streams of their own."""
    rows = np.repeat(np.arange(len(arena)), times)
    return Arena(arena.boards[rows], arena.history[rows], _streams(len(rows), seed), arena.kinds[rows])


def from_rows(boards: NDArray[np.int8], kinds: NDArray[np.int8], seed: int) -> Arena:
    """Games that start at these positions, with no past."""
    arena = Arena(boards.copy(), np.zeros((len(boards), HISTORY), np.int64), _streams(len(boards), seed), kinds)
    _enter(arena.boards, arena.history)
    return arena


def tails(
    games: Games, which: NDArray[np.int64], depth: NDArray[np.int64], kinds: NDArray[np.int8], seed: int
) -> Arena:
    """Games taken up `depth` plies before their mate, with their past.

    Raises:
        ValueError: a game is shorter than its depth.
    """
    plies = games.plies[which] - depth
    if (plies < 0).any():
        short = int(which[np.argmax(plies < 0)])
        raise ValueError(f"game {short} has {games.plies[short]} plies, fewer than the depth asked; ask for less")
    boards, history = _replay(OPENING, games.moves, games.at[which], plies)
    return Arena(boards, history, _streams(len(which), seed), kinds)


def _streams(count: int, seed: int) -> NDArray[np.uint64]:
    return np.random.default_rng(seed).integers(0, 2**64, count, np.uint64)


@compiled
def _enter(boards, history):  # type: ignore[no-untyped-def]
    out = np.empty(MOVES, np.uint16)
    for row in range(len(boards)):
        settle(boards[row], history[row], out)


@compiled
def _replay(opening, moves, at, plies):  # type: ignore[no-untyped-def]
    """The positions reached after some plies of games, and their pasts."""
    boards, history = np.empty((len(at), BOARD), np.int8), np.zeros((len(at), HISTORY), np.int64)
    out = np.empty(MOVES, np.uint16)
    for row in range(len(at)):
        boards[row] = opening
        settle(boards[row], history[row], out)
        for ply in range(plies[row]):
            make(boards[row], moves[at[row] + ply])
            settle(boards[row], history[row], out)
    return boards, history


@compiled
def _advance(boards, history, streams, kinds, rows, moves, replies):  # type: ignore[no-untyped-def]
    outcomes, out = np.empty(len(rows), np.int8), np.empty(MOVES, np.uint16)
    for index in range(len(rows)):
        row = rows[index]
        make(boards[row], moves[index])
        status, count = settle(boards[row], history[row], out)
        if status == GOING_ON and replies:
            make(boards[row], out[reply(kinds[row], boards[row], out, count, streams, row)])
            status, _ = settle(boards[row], history[row], out)
            if status == MATE:
                status = LOST
        outcomes[index] = status
    return outcomes


@compiled
def _reply(boards, history, streams, kinds, rows):  # type: ignore[no-untyped-def]
    outcomes, out = np.empty(len(rows), np.int8), np.empty(MOVES, np.uint16)
    for index in range(len(rows)):
        row = rows[index]
        _, count = settle(boards[row], history[row], out)
        make(boards[row], out[reply(kinds[row], boards[row], out, count, streams, row)])
        outcomes[index], _ = settle(boards[row], history[row], out)
    return outcomes
