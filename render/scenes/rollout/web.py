"""The network in the picture: it reads the board, layer by layer; credit comes back, and each unit recoils.

A unit is thrown back by its own recorded change, |dw| / |w| of its incoming weights, on one scale for the whole film,
and springs to rest again. The spring is drawing; how far it is thrown is recorded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from stagelight.render import theme
from stagelight.render.components import board, network
from stagelight.render.motion import Point, cut, swing
from stagelight.render.pen import Pen
from stagelight.render.scenes.rollout.layout import BOARD_EDGE, BOARD_PLACE, KEY_Y, LAYERS_X, ORIGIN, UNIT, layer
from stagelight.render.scenes.rollout.step import Step

COLUMNS = 4.0  # read in all: the pieces, three layers
THROW, MOST = 56.0, 1.6  # pixels for the largest change of the slow step; the furthest throw, relative to it
EACH_LAYER = 0.42  # seconds from one layer to the one before it
SETTLES = 5.0  # seconds after which nothing of a jolt is left
GLOWS = 0.5
PIECE_ALPHA = 0.3


@dataclass(frozen=True)
class Web:
    """How clear the network is, how much of it has read the board, and since when credit runs back."""

    alpha: float = 1.0
    read: float = COLUMNS
    hit: float = -1.0  # seconds since credit came to the last layer; before that, below 0
    pace: float = 1.0  # the time that credit takes, relative to the slow step's
    key: float = 0.0  # of the scale's words
    over: float = 0.0  # how clear the threads from the pieces are over the board itself


def jolted(state: Web) -> bool:
    """Whether anything of a jolt is to be seen."""
    return 0 < state.hit < SETTLES * state.pace


def since(state: Web, index: int) -> float:
    """The seconds since credit came to a layer, in the slow step's time."""
    return state.hit / state.pace - EACH_LAYER * (2 - index)


def size(step: Step, index: int) -> NDArray[np.floating]:
    """The jolt of each unit of a layer, relative to the largest of the slow step."""
    return np.asarray(np.minimum(step.change[index] / step.data.largest_change, MOST))


def columns(step: Step, state: Web) -> list[list[Point]]:
    """The pieces, the units where they are now, the origin of the fan."""
    placed = [[board.centre(square, *BOARD_PLACE) for square in step.men]]
    count = step.activation.shape[1]
    for index in range(3):
        points = layer(index, count)
        thrown = network.spring(since(state, index)) if jolted(state) else 0.0
        if thrown:
            far = size(step, index) * THROW * thrown
            points = [(x - float(by), y) for (x, y), by in zip(points, far, strict=True)]
        placed.append(points)
    return [*placed, [ORIGIN]]


def draw(pen: Pen, step: Step, state: Web) -> None:
    """The network of one moment."""
    with pen.faded(state.alpha) as visible:
        if not visible:
            return
        places = columns(step, state)
        _read(pen, step, places, state)
        network.links(pen, places[1:], step.links[1:], 0.62, 2.0, state.read - 1)
        if jolted(state):
            _credit(pen, step, places, state)
        top = float(step.activation.max())
        for index in range(3):
            lit = min(max(state.read - index - 0.5, 0.0), 1.0)
            network.layer(pen, places[index + 1], step.activation[index], top, lit, UNIT)
            if jolted(state):
                network.jolts(pen, places[index + 1], size(step, index), since(state, index))
        lit = min(max(state.read - 3.4, 0.0) / 0.6, 1.0)
        pen.glow(*ORIGIN, 58, theme.BELIEF, 0.9 * lit)
        pen.ball(*ORIGIN, 12, theme.BELIEF, 0.25 + 0.75 * lit)
    _key(pen, step, state)


def _read(pen: Pen, step: Step, places: list[list[Point]], state: Web) -> None:
    """Threads from the pieces to the first layer; over the board they are seen only while it is read."""
    share = min(max(state.read, 0.0), 1.0)
    if share <= 0:
        return
    for over in (False, True):
        left = 0.0 if over else BOARD_EDGE
        alpha = state.over if over else PIECE_ALPHA
        if alpha <= 0.01:
            continue
        with pen.clipped(left, 0, (BOARD_EDGE if over else LAYERS_X[0] + 200) - left, 1080):
            for start, end, strength in step.links[0]:
                path = cut(swing(places[0][start], places[1][end]), share)
                pen.curve(path)
                pen.stroke(theme.BELIEF, 1.0 + 1.8 * abs(strength), alpha * (0.4 + 0.6 * abs(strength)))


def _credit(pen: Pen, step: Step, places: list[list[Point]], state: Web) -> None:
    """The links that changed most thicken as credit passes them: teal where they were strengthened, else rose."""
    for gap in (2, 1, 0):
        seconds = since(state, gap) + EACH_LAYER
        share = min(max(seconds / EACH_LAYER, 0.0), 1.0)
        stays = math.exp(-max(seconds - EACH_LAYER - 1.0, 0.0) / 0.5)
        if share <= 0 or stays < 0.02:
            continue
        moved = float(size(step, gap).mean())
        for start, end, strength in step.changed[gap]:
            colour, dash = (theme.KEPT, ()) if strength > 0 else (theme.LOST, (10, 8))
            path = cut(swing(places[gap + 2][end], places[gap + 1][start]), share)
            width = 1.0 + 4.0 * abs(strength) * moved**0.5
            clear = (0.3 + 0.6 * abs(strength)) * stays
            if strength > GLOWS and moved > 0.2:
                pen.beam(partial(pen.curve, path), colour, width * 0.8, clear)
            else:
                pen.curve(path)
                pen.stroke(colour, width, clear, dash)
            if share < 1:
                pen.glow(*path[3], 26, colour, 0.8 * abs(strength) * min(moved, 1.0))


def _key(pen: Pen, step: Step, state: Web) -> None:
    """The scale: how far the largest throw is, and what it stands for."""
    if state.key <= 0:
        return
    left = LAYERS_X[0] - THROW
    pen.line((left, KEY_Y - 12), (left + THROW, KEY_Y - 12), theme.ATTENTION, 4, state.key)
    for x in (left, left + THROW):
        pen.line((x, KEY_Y - 22), (x, KEY_Y - 2), theme.ATTENTION, 4, state.key)
    words = f"= its weights moved {100 * step.data.largest_change:.1f} %"
    pen.text(words, left + THROW + 16, KEY_Y, theme.FLOOR, theme.QUIET, alpha=state.key)
