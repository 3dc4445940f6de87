"""The rollout's recording as named views, each read when it is first asked for.

Shapes: M legal moves, G rollouts in a group, W watched training steps, U units shown of each layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.recording import Recording
from stagelight.render.components import board, network

Numbers = NDArray[np.floating]
LINKS = 72  # of the network, the strongest


class Data:
    """One position and what happened to it in training. Lanes are its first group, in the order of their rays."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording

    def event(self, kind: str) -> Mapping[str, Any] | None:
        """The first event of a kind."""
        return next((event for event in self.recording.events if event["kind"] == kind), None)

    def _first(self, name: str) -> Numbers:
        """An array's row of the first watched step."""
        first: Numbers = self.recording.arrays[name][0]
        return first

    @cached_property
    def position(self) -> Mapping[str, Any]:
        """The position: its FEN, its legal moves, and the FEN after each."""
        found = self.event("spotlight")
        assert found is not None, "every recording of the rollout has a spotlight"
        return found

    @cached_property
    def san(self) -> list[str]:
        """(M,) the legal moves as they are written."""
        return list(self.position["legal"])

    @cached_property
    def uci(self) -> list[str]:
        """(M,) the legal moves as squares."""
        return list(self.position["uci"])

    @cached_property
    def start(self) -> board.Placement:
        """The pieces of the position."""
        return board.placement(self.position["fen"])

    @cached_property
    def ends(self) -> list[board.Placement]:
        """(M,) the pieces after each move."""
        return [board.placement(end) for end in self.position["ends"]]

    @cached_property
    def mates(self) -> NDArray[np.bool_]:
        """(M,) which moves checkmate."""
        return self.recording.arrays["mate"]

    @cached_property
    def pieces(self) -> NDArray[np.integer]:
        """(N, 2) the network's inputs: kind, 0 to 11 as in PNBRQKpnbrqk, and square."""
        return self.recording.arrays["man"]

    # The first training step: the network before it, the group that was sampled, what it was paid.

    @cached_property
    def before(self) -> Numbers:
        """(M,) probabilities before the first step."""
        return self._first("watch_before")

    @cached_property
    def after(self) -> Numbers:
        """(M,) probabilities after the first step."""
        return self._first("watch_after")

    @cached_property
    def activation(self) -> Numbers:
        """(3, U) how active the units are on this position, before the first step."""
        return self._first("watch_activation")

    @cached_property
    def links(self) -> list[list[tuple[int, int, float]]]:
        """The strongest links as the position uses them: weight times the activation that it carries."""
        edge, active = self._first("watch_edge"), self.activation
        between = [edge[0] * active[0], edge[1] * active[1]]
        return network.strongest([self._first("watch_from_piece"), *between, self._first("watch_to_move").T], LINKS)

    @cached_property
    def draws(self) -> list[int]:
        """(G,) the draw that is shown in each lane."""
        sampled = [int(move) for move in self._first("watch_move")]
        return sorted(range(len(sampled)), key=lambda draw: self.fan_order[sampled[draw]])

    @cached_property
    def group(self) -> list[int]:
        """(G,) the sampled move in each lane."""
        sampled = self._first("watch_move")
        return [int(sampled[draw]) for draw in self.draws]

    @cached_property
    def reward(self) -> Numbers:
        """(G,) 1 for checkmate, else 0, by lane."""
        return np.asarray(self._first("watch_reward")[self.draws])

    @cached_property
    def advantage(self) -> Numbers:
        """(G,) reward minus the group's mean, by lane."""
        return np.asarray(self._first("watch_advantage")[self.draws])

    @property
    def mean_reward(self) -> float:
        """The group's mean reward."""
        return self.recording.fact("spotlight.reward_mean")

    @property
    def first_mate(self) -> int:
        """The group's first paid move; its first move where none was paid."""
        return next((move for move, paid in zip(self.group, self.reward, strict=True) if paid), self.group[0])

    @property
    def batch(self) -> int:
        """The number of positions that the first step learnt from."""
        return int(self.recording.arrays["log_used"][0][0])

    @cached_property
    def edge_change(self) -> Numbers:
        """(2, U, U) how the links between the layers changed in the first step."""
        return self._first("watch_edge_change")

    @cached_property
    def to_move_change(self) -> Numbers:
        """(U, M) how the links to the moves changed in the first step."""
        return self._first("watch_to_move_change")

    # The whole run, as watched on this position.

    @cached_property
    def steps(self) -> NDArray[np.integer]:
        """(W,) the watched training steps."""
        return self.recording.arrays["watch_step"]

    @cached_property
    def probabilities(self) -> Numbers:
        """(W + 1, M) before the first watched step, then after each."""
        arrays = self.recording.arrays
        return np.concatenate([arrays["watch_before"][:1], arrays["watch_after"]])

    @cached_property
    def last(self) -> Numbers:
        """(M,) the final probabilities."""
        last: Numbers = self.recording.arrays["watch_after"][-1]
        return last

    @cached_property
    def best(self) -> int:
        """The move that ends as the likeliest."""
        return int(self.last.argmax())

    @cached_property
    def unit_change(self) -> Numbers:
        """(W, 3, U) how far each unit's incoming weights moved in each watched step."""
        return self.recording.arrays["watch_change"]

    @property
    def largest_change(self) -> float:
        """The first step's largest change, which the largest ring stands for."""
        return float(self.unit_change[0].max())

    @property
    def surest_mistake(self) -> Mapping[str, Any] | None:
        """The step at which a wrong move was likeliest, if one ever was likely."""
        return self.event("surest_mistake")

    @cached_property
    def fan_order(self) -> list[int]:
        """(M,) the place of each move in the fan: the finally likeliest in the middle, the others around it."""
        order = np.argsort(-self.last, kind="stable")
        middle, places = (len(order) - 1) // 2, [0] * len(order)
        for rank, move in enumerate(order):
            places[move] = middle + (rank + 1) // 2 * (1 if rank % 2 else -1)
        return places

    def unjudged(self, move: int) -> str:
        """A move as written before the verifier has spoken: without the mark of mate."""
        return self.san[move].rstrip("#")
