"""The rollout's recording as named views: the training game, step by step, and what holds for the whole run.

Shapes: N training steps, W watched ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.recording import Recording
from stagelight.render.scenes.rollout.step import Step

SURELY, FAR = 0.5, 9  # a mistake of which the network was less sure is not told, nor one made when starts were farther

# What an opponent does, in words that need no glossary.
OPPONENTS = {
    "random": "moves at random",
    "greedy": "takes whatever it can",
    "careful": "will not walk into mate",
    "material_1": "looks one move ahead",
    "material_2": "looks two moves ahead",
    "stockfish": "is Stockfish at its weakest",
}

# What views of a step read; a section adds what else it shows.
STEP_READS = ("arrays.game_board", "arrays.game_depth", "arrays.game_reward", "arrays.watch_step")
GROUP_READS = (
    "arrays.game_drawn",
    "arrays.game_move",
    "arrays.watch_after",
    "arrays.watch_before",
    "arrays.watch_legal",
)
NETWORK_READS = (
    "arrays.game_activation",
    "arrays.watch_edge",
    "arrays.watch_from_piece",
    "arrays.watch_to_move",
)
JOLT_READS = ("arrays.game_change", "arrays.watch_edge_change", "arrays.watch_to_move_change")


class Data:
    """The run. Its steps are counted from 0 here, from 1 in the picture."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self._steps: dict[int, Step] = {}

    def array(self, name: str) -> NDArray[Any]:
        """A recorded array."""
        return self.recording.arrays[name]

    def events(self, kind: str) -> list[Mapping[str, Any]]:
        """All events of a kind."""
        return [event for event in self.recording.events if event["kind"] == kind]

    def event(self, kind: str) -> Mapping[str, Any] | None:
        """The first event of a kind."""
        return next(iter(self.events(kind)), None)

    def step(self, index: int) -> Step:
        """One training step."""
        if index not in self._steps:
            self._steps[index] = Step(self, index)
        return self._steps[index]

    @cached_property
    def last(self) -> int:
        """The last training step."""
        return len(self.array("game_board")) - 1

    @cached_property
    def watched(self) -> NDArray[np.integer]:
        """(W,) the watched steps, counted from 0."""
        return self.array("watch_step") - 1

    @cached_property
    def first(self) -> int:
        """The step that is shown slowly: the first watched one, a move from mate, whose rollouts differ in reward."""
        depth = self.array("game_depth")
        return next((step for step in self._differing if depth[step] == 1), int(self.watched[0]))

    @cached_property
    def second(self) -> int:
        """The step that is shown next: the first watched one after it whose rollouts differ in reward."""
        later = [int(step) for step in self.watched if step > self.first]
        return next((step for step in self._differing if step > self.first), later[0] if later else self.first)

    @cached_property
    def _differing(self) -> list[int]:
        """The watched steps whose rollouts were not all paid the same."""
        reward = self.array("game_reward")
        return [int(step) for step in self.watched if np.ptp(reward[step]) > 0]

    @cached_property
    def largest_change(self) -> float:
        """The largest relative change of a unit's weights in the slow step; one scale for every jolt of the film."""
        return float(self.array("game_change")[self.first].astype(float).max())

    @cached_property
    def mistake(self) -> Mapping[str, Any] | None:
        """The step at which the network was surest of a move that missed a mate, if it was sure.

        One of the first steps, which are shown in full, is passed over, and so is one made when training had long slid
        back: the film would have gone on from there.
        """
        found = self.event("surest_mistake")
        if not found or found["probability"] < SURELY or not self.second < found["step"] - 1 < self._far_back:
            return None
        return found

    @cached_property
    def _far_back(self) -> int:
        """The step at which training first started `FAR` plies from mate."""
        steps = [int(event["step"]) - 1 for event in self.events("frontier") if event["depth"] >= FAR]
        return min(steps, default=self.last + 1)

    @cached_property
    def spoken(self) -> dict[int, Mapping[str, Any]]:
        """The words of the training game's first steps."""
        return {int(event["step"]) - 1: event for event in self.events("training_game")}
