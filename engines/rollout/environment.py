"""Many boards advanced together: the learner's moves go in, the opponents' replies are played inside.

Each board has its own random stream, so what happens on it does not depend on which others are beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.rollout.chess.board import BOARD, CLOCK
from stagelight.engines.rollout.chess.features import Observation, observe
from stagelight.engines.rollout.chess.fen import from_fen
from stagelight.engines.rollout.chess.rules import (
    GOING_ON,
    HISTORY,
    MATE,
    MOVES,
    enter,
    make,
    position_hash,
    settle,
)
from stagelight.engines.rollout.chess.tablebase import white_tables
from stagelight.engines.rollout.compiling import compiled
from stagelight.engines.rollout.opponents import new_memory, reply

LOST = 6  # an outcome beside those of `rules`: MATE is the learner's, LOST is mate by the opponent
OPENING = from_fen("rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1")
_MEMORY = new_memory()  # of this process; what is in it changes no result


@dataclass(frozen=True)
class Environment:
    """B boards with the learner to move. The arrays change as the games go on."""

    boards: NDArray[np.int8]  # (B, 72)
    history: NDArray[np.int64]  # (B, 128)
    streams: NDArray[np.uint64]  # (B,)
    opponents: NDArray[np.int8]  # (B,) as in `opponents`

    def __len__(self) -> int:
        """The number of boards."""
        return len(self.boards)

    def observe(self, rows: NDArray[np.int64]) -> tuple[Observation, NDArray[np.int64]]:
        """The distinct positions on some rows, S of them, and which of them each row shows, (R,)."""
        _, first, which = np.unique(_names(self.boards, self.history, rows), return_index=True, return_inverse=True)
        return observe(self.boards, self.history, rows[first]), which

    def step(
        self, rows: NDArray[np.int64], moves: NDArray[np.uint16], answered: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int8], NDArray[np.uint16]]:
        """Play the learner's legal move on each row and let the opponent reply.

        Args:
            rows: (R,) of the boards.
            moves: (R,) codes.
            answered: (R,) whether the opponent replies; where the learner's budget is spent it need not.

        Returns:
            (R,) outcomes, 0 where the game goes on, and (R,) the replies, 0 where there is none.
        """
        outcomes, replies = _step(
            self.boards, self.history, self.streams, self.opponents, rows, moves, answered, white_tables(), _MEMORY
        )
        return outcomes, replies

    def push(self, rows: NDArray[np.int64], moves: NDArray[np.uint16]) -> NDArray[np.int8]:
        """Play one legal move on each row, no reply; (R,) status of the position reached, as in `rules`."""
        status: NDArray[np.int8] = _push(self.boards, self.history, rows, moves)
        return status

    def mating(self, observation: Observation) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Try every legal move of every board, observed in order: (M,) whose each is, and whether it mates at once."""
        owner = np.repeat(np.arange(len(self)), np.diff(observation.move_at))
        tried = Environment(self.boards[owner], self.history[owner], self.streams[owner], self.opponents[owner])
        return owner, tried.push(np.arange(len(owner)), observation.code) == MATE

    def repeat(self, times: int, seed: int) -> Environment:
        """Each board `times` times over, one after the other, with streams of their own."""
        rows = np.repeat(np.arange(len(self)), times)
        return Environment(self.boards[rows], self.history[rows], streams(len(rows), seed), self.opponents[rows])


def reset(
    boards: NDArray[np.int8], opponents: NDArray[np.int8], seed: int, history: NDArray[np.int64] | None = None
) -> Environment:
    """Games that start at these positions, with no past unless it is given."""
    fresh = history is None
    past = np.zeros((len(boards), HISTORY), np.int64) if history is None else history
    found = Environment(boards.copy(), past, streams(len(boards), seed), opponents)
    if fresh:
        _enter(found.boards, found.history)
    return found


def streams(count: int, seed: int) -> NDArray[np.uint64]:
    """(count,) states of independent random streams."""
    return np.random.default_rng(seed).integers(0, 2**64, count, np.uint64)


def replay(
    moves: NDArray[np.uint16], at: NDArray[np.int64], plies: NDArray[np.int64]
) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """The positions, with their past, that games reach after some plies from the opening.

    Args:
        moves: of all games, one after the other.
        at: (R,) where each game's moves start.
        plies: (R,) how many are played.
    """
    boards, history = _replay(OPENING, moves, at, plies)
    return boards, history


@compiled
def _enter(boards, history):  # type: ignore[no-untyped-def]
    for row in range(len(boards)):
        enter(boards[row], history[row])


@compiled
def _replay(opening, moves, at, plies):  # type: ignore[no-untyped-def]
    boards, history = np.empty((len(at), BOARD), np.int8), np.zeros((len(at), HISTORY), np.int64)
    for row in range(len(at)):
        boards[row] = opening
        enter(boards[row], history[row])
        for ply in range(plies[row]):
            make(boards[row], moves[at[row] + ply])
            enter(boards[row], history[row])
    return boards, history


@compiled
def _step(boards, history, streams, opponents, rows, moves, answered, tables, memory):  # type: ignore[no-untyped-def]
    outcomes, replies, out = np.empty(len(rows), np.int8), np.zeros(len(rows), np.uint16), np.empty(MOVES, np.uint16)
    for index in range(len(rows)):
        row = rows[index]
        make(boards[row], moves[index])
        status, count = settle(boards[row], history[row], out)
        if status == GOING_ON and answered[index]:
            replies[index] = out[reply(opponents[row], boards[row], out, count, streams, row, tables, memory)]
            make(boards[row], replies[index])
            status, _ = settle(boards[row], history[row], out)
            if status == MATE:
                status = LOST
        outcomes[index] = status
    return outcomes, replies


@compiled
def _push(boards, history, rows, moves):  # type: ignore[no-untyped-def]
    found, out = np.empty(len(rows), np.int8), np.empty(MOVES, np.uint16)
    for index in range(len(rows)):
        row = rows[index]
        make(boards[row], moves[index])
        found[index], _ = settle(boards[row], history[row], out)
    return found


@compiled
def _names(boards, history, rows):  # type: ignore[no-untyped-def]
    """One number for all that the policy is told of each row's position and of what a move may repeat."""
    names = np.empty(len(rows), np.int64)
    for index in range(len(rows)):
        board, past = boards[rows[index]], history[rows[index]]
        # times an odd number: A after B is not B after A
        names[index] = position_hash(board) * np.int64(-7046029254386353131)
        for earlier in range(board[CLOCK] - 3, -1, -2):
            names[index] ^= past[earlier]
    return names
