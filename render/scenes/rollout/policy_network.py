"""The network in the picture: it reads the board, layer by layer; credit comes back, and each unit recoils.

A unit is thrown back by its own recorded change, |dw| / |w| of its incoming weights, on one scale for the whole film,
and springs to rest again. The spring is drawing; how far it is thrown is recorded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stagelight.render import theme
from stagelight.render.components import board, network
from stagelight.render.motion import Box, Point, cut, swing
from stagelight.render.pen import Pen
from stagelight.render.scenes.rollout.layout import BOARD_EDGE, BOARD_PLACE, KEY_Y, LAYERS_X, ORIGIN, UNIT, layer
from stagelight.render.scenes.rollout.step import Step
from stagelight.render.theme import HEIGHT

COLUMNS = 4.0  # read in all: the pieces, three layers
THROW, MOST = 56.0, 1.6  # pixels for the largest change of the slow step; the furthest throw, relative to it
EACH_LAYER = 0.42  # seconds from one layer to the one before it
SETTLES = 5.0  # seconds after which nothing of a jolt is left
GLOWS = 0.5  # a changed link of at least that strength glows
PIECE_ALPHA = 0.3  # of threads from the pieces, beside the board
ROOM = Box(BOARD_EDGE, 0.0, 440.0, HEIGHT)


@dataclass(frozen=True)
class PolicyNetwork:
    """The network's opacity, its share that has read the board, and the time since which credit runs back."""

    alpha: float = 1.0
    read: float = COLUMNS
    hit: float = -1.0  # seconds since credit came to the last layer; before that, below 0
    pace: float = 1.0  # the time that credit takes, relative to the slow step's
    key: float = 0.0  # of the scale's words
    over: float = 0.0  # how clear the threads from the pieces are over the board itself


def jolted(state: PolicyNetwork) -> bool:
    """True if anything of a jolt is to be seen."""
    return 0 < state.hit < SETTLES * state.pace


def since(state: PolicyNetwork, index: int) -> float:
    """The seconds since credit came to a layer, in the slow step's time."""
    return state.hit / state.pace - EACH_LAYER * (2 - index)


def size(step: Step, index: int) -> NDArray[np.floating]:
    """The jolt of each unit of a layer, relative to the largest of the slow step."""
    return np.asarray(np.minimum(step.change[index] / step.data.largest_change, MOST))


def columns(step: Step, state: PolicyNetwork) -> list[list[Point]]:
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


def draw(pen: Pen, step: Step, state: PolicyNetwork) -> None:
    """The network of one moment."""
    with pen.faded(state.alpha) as visible:
        if not visible:
            return
        places, top = columns(step, state), float(step.activation.max())
        lit = [min(max(state.read - index - 0.5, 0.0), 1.0) for index in range(3)]
        if state.read >= COLUMNS and not jolted(state):
            pen.cached(_at_rest, (step,), ROOM)
        else:
            _threads(pen, step, places, state.read, PIECE_ALPHA, BOARD_EDGE)
            network.links(pen, places[1:], step.links[1:], 0.62, 2.0, state.read - 1)
            if jolted(state):
                _credit(pen, step, places, state)
            for index in range(3):
                network.layer(pen, places[index + 1], step.activation[index], top, lit[index], UNIT)
        _threads(pen, step, places, state.read, state.over, 0.0)
        for index in range(3):
            network.shine(pen, places[index + 1], step.activation[index], top, lit[index], UNIT)
            if jolted(state):
                network.jolts(pen, places[index + 1], size(step, index), since(state, index))
        ready = min(max(state.read - 3.4, 0.0) / 0.6, 1.0)
        pen.glow(*ORIGIN, 58, theme.BELIEF, 0.9 * ready)
        pen.ball(*ORIGIN, 12, theme.BELIEF, 0.25 + 0.75 * ready)
    _key(pen, step, state)


def _at_rest(pen: Pen, step: Step) -> None:
    """The part that does not move of a network that has read the board."""
    places = columns(step, PolicyNetwork())
    _threads(pen, step, places, 1.0, PIECE_ALPHA, BOARD_EDGE)
    network.links(pen, places[1:], step.links[1:], 0.62, 2.0, COLUMNS)
    for index in range(3):
        network.layer(pen, places[index + 1], step.activation[index], float(step.activation.max()), 1.0, UNIT)


def _threads(pen: Pen, step: Step, places: list[list[Point]], share: float, alpha: float, left: float) -> None:
    """Threads from the pieces to the first layer, right of `left`."""
    share = min(max(share, 0.0), 1.0)
    if share <= 0 or alpha <= 0.01:
        return
    with pen.clipped(left, 0, (BOARD_EDGE if left < BOARD_EDGE else LAYERS_X[0] + 200) - left, HEIGHT):
        for start, end, strength in step.links[0]:
            pen.curve(cut(swing(places[0][start], places[1][end]), share))
            pen.stroke(theme.BELIEF, 1.0 + 1.8 * abs(strength), alpha * (0.4 + 0.6 * abs(strength)))


def _credit(pen: Pen, step: Step, places: list[list[Point]], state: PolicyNetwork) -> None:
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
            network.link(pen, path, colour, width, clear, strength > GLOWS and moved > 0.2, dash)
            if share < 1:
                pen.glow(*path[3], 26, colour, 0.8 * abs(strength) * min(moved, 1.0))


def _key(pen: Pen, step: Step, state: PolicyNetwork) -> None:
    """The scale: how far the largest throw is, and what it stands for."""
    if state.key <= 0:
        return
    left = LAYERS_X[0] - THROW
    pen.line((left, KEY_Y - 12), (left + THROW, KEY_Y - 12), theme.ATTENTION, 4, state.key)
    for x in (left, left + THROW):
        pen.line((x, KEY_Y - 22), (x, KEY_Y - 2), theme.ATTENTION, 4, state.key)
    words = f"= its weights moved {100 * step.data.largest_change:.1f} %"
    pen.text(words, left + THROW + 16, KEY_Y, theme.FLOOR, theme.QUIET, alpha=state.key)
