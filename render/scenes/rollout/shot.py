"""One moment of the film: what stands on the stage, and how far each thing is.

A section is a function from time to `Shot`, and `draw` paints any of them. So a section begins with what the one before
it ended with exactly where the two shots are the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from stagelight.render.components import board
from stagelight.render.pen import Pen
from stagelight.render.scenes.rollout import fan, group, pieces, policy_network
from stagelight.render.scenes.rollout.data import Data
from stagelight.render.scenes.rollout.fan import Fan
from stagelight.render.scenes.rollout.group import Group
from stagelight.render.scenes.rollout.layout import BOARD_PLACE
from stagelight.render.scenes.rollout.pieces import Pieces
from stagelight.render.scenes.rollout.policy_network import PolicyNetwork


@dataclass(frozen=True)
class Shot:
    """A moment of one training step."""

    step: int  # counted from 0
    counter: str  # as printed
    pieces: Pieces = field(default_factory=Pieces)
    network: PolicyNetwork = field(default_factory=PolicyNetwork)
    fan: Fan = field(default_factory=Fan)
    group: Group = field(default_factory=Group)


def draw(data: Data, pen: Pen, shot: Shot) -> None:
    """All of a moment."""
    step = data.step(shot.step)
    pieces.draw(pen, step, shot.pieces)
    policy_network.draw(pen, step, shot.network)
    fan.draw(pen, step, shot.fan)
    group.draw(pen, step, shot.group)
    group.counter(pen, shot.counter)


def empty_board(pen: Pen) -> None:
    """The board with its coordinates, which stand still through the whole film."""
    board.squares(pen, *BOARD_PLACE)
    board.coordinates(pen, *BOARD_PLACE)
