"""One moment of the film: what stands on the stage, and how far each thing is.

A section is a function from time to `Shot`, and `draw` paints any of them. So a section begins with what the one before
it ended with exactly where the two shots are the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from stagelight.render.components import board
from stagelight.render.pen import Pen
from stagelight.render.scenes.rollout import fan, lanes, men, web
from stagelight.render.scenes.rollout.data import Data
from stagelight.render.scenes.rollout.layout import BOARD_PLACE


@dataclass(frozen=True)
class Shot:
    """A moment of one training step."""

    step: int  # counted from 0
    counter: str  # as printed
    men: men.Men = field(default_factory=men.Men)
    web: web.Web = field(default_factory=web.Web)
    fan: fan.Fan = field(default_factory=fan.Fan)
    lanes: lanes.Lanes = field(default_factory=lanes.Lanes)


def draw(data: Data, pen: Pen, shot: Shot) -> None:
    """All of a moment."""
    step = data.step(shot.step)
    men.draw(pen, step, shot.men)
    web.draw(pen, step, shot.web)
    fan.draw(pen, step, shot.fan)
    lanes.draw(pen, step, shot.lanes)
    lanes.counter(pen, shot.counter)


def empty_board(pen: Pen) -> None:
    """The board with its coordinates, which stand still through the whole film."""
    board.squares(pen, *BOARD_PLACE)
    board.coordinates(pen, *BOARD_PLACE)
