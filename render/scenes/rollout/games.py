"""Whole games of the rollout's recording as named views: the starts that training came to, and one game to its end."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.recording import Recording
from stagelight.render.components import board
from stagelight.render.scenes.rollout.data import Data

OPENING = 300  # plies from mate: a start further back is the opening
OPPONENTS = {
    "random": "random moves",
    "greedy": "a greedy capturer",
    "careful": "a capturer that avoids mate in one",
    "material_1": "a one-ply search",
    "material_2": "a two-ply search",
}


class Starts:
    """The first training game from each depth at which training came to start, nearest to mate first; S of them."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording

    @cached_property
    def steps(self) -> list[int]:
        """(S,) the training step of each game; rising.

        A depth that the frontier came back to later, against a harder opponent, is left out.
        """
        arrays = self.recording.arrays
        depth, opponent = arrays["slide_depth"], arrays["slide_rung"]
        left, moves = arrays["public_left"], arrays["public_moves"]
        steps: list[int] = []
        for level in sorted({int(d) for d in depth[opponent == 0]}):
            deeper = int(left[steps[-1]]) if steps else 0
            first_moves = np.flatnonzero((moves == 0) & (left <= level) & (left > deeper))
            since = first_moves[first_moves >= int(np.argmax(depth == level))]
            steps += [int(since[0])] if len(since) else []
        return [step for at, step in enumerate(steps) if step < min(steps[at + 1 :], default=step + 1)]

    @cached_property
    def depths(self) -> list[int]:
        """(S,) plies from mate at each start."""
        return [int(self.recording.arrays["public_left"][step]) for step in self.steps]

    @cached_property
    def boards(self) -> list[dict[int, str]]:
        """(S,) the pieces at each start."""
        return [_pieces(self.recording.arrays["public_board"][step]) for step in self.steps]

    @cached_property
    def likeliest(self) -> list[str]:
        """(S,) the policy's likeliest move at each start."""
        arrays = self.recording.arrays
        return [_uci(int(arrays["public_move"][step][0]), int(arrays["public_board"][step][64])) for step in self.steps]

    @cached_property
    def probability(self) -> list[float]:
        """(S,) of that move."""
        return [float(self.recording.arrays["public_after"][step][0]) for step in self.steps]

    @cached_property
    def change(self) -> list[NDArray[np.floating]]:
        """(S,) of (3, U): how far each unit's incoming weights moved in the game's step."""
        return [self.recording.arrays["public_change"][step].astype(float) for step in self.steps]

    @cached_property
    def largest_change(self) -> float:
        """The first step's largest change, which the largest ring stands for."""
        return float(self.recording.arrays["public_change"][0].max())

    def name(self, index: int) -> str:
        """A depth as printed."""
        return "opening" if self.depths[index] > OPENING else str(self.depths[index])


class Game:
    """One whole game from the opening; the policy plays White."""

    def __init__(self, recording: Recording) -> None:
        event = Data(recording).event("showcase")
        assert event is not None, "a recording with whole games shows one"
        self.opponent = OPPONENTS[event["opponent"]]
        self.uci: list[str] = event["uci"]  # (P,) of P plies
        self.san: list[str] = event["san"]  # (P,)
        self.boards = [board.placement(fen) for fen in event["boards"]]  # (P + 1,) before and after each ply

    def __len__(self) -> int:
        return len(self.uci)


def _uci(code: int, turn: int) -> str:
    """A recorded move as squares, seen as `_pieces` shows the board."""
    flip = 0 if turn > 0 else 56
    return "".join("abcdefgh"[at & 7] + "12345678"[at >> 3] for at in ((code & 63) ^ flip, (code >> 6 & 63) ^ flip))


def _pieces(row: Any) -> dict[int, str]:
    """The pieces of a recorded row of 72 bytes, seen from the side to move: that side is White, below."""
    squares, turn = np.asarray(row[:64]).reshape(8, 8).astype(int), int(row[64])
    if turn < 0:
        squares = -squares[::-1]
    return {at: " PNBRQK"[piece] if piece > 0 else " pnbrqk"[-piece]
            for at, piece in enumerate(squares.ravel()) if piece}  # fmt: skip
