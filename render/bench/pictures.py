"""The three pictures as numbers: places in stage pixels, y down; times in seconds; all from formulas.

* network: a chess board with a rook that moves, 400 edges, 60 nodes and 8 bars, each of which changes on every frame
* slices: a stack of 120 grey slices of 256 x 256, one a frame at 30 a second, shown large
* cube: 2,000 points, turning

They are flat and their ground is of one colour, because that is what plain Manim draws without further work.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from stagelight.render import theme
from stagelight.render.components import board
from stagelight.render.motion import Point, mix

Numbers = NDArray[np.floating]

NAMES = ("network", "slices", "cube")
GROUND = theme.NIGHT

# --- network ------------------------------------------------------------------------------------------

BOARD = (90.0, 240.0, 600.0)  # left, top, side
SQUARE = BOARD[2] / 8
MEN = board.placement("6k1/5ppp/8/8/8/8/5PPP/6K1")
ROOK, ROOK_FROM, ROOK_TO = "R", 0, 56  # it goes from a1 to a8
MAN_EDGE = 2.4  # width of a man's outline
LAYERS, UNITS, EDGES = 5, 12, 400
NODE_RADIUS, NODE_EDGE = 17.0, 2.0
EDGE_THIN, EDGE_THICK = 0.8, 4.0
EDGE_FAINT, EDGE_CLEAR = 0.1, 0.7
NODE_COLOURS = (theme.HAIRLINE, theme.BELIEF)  # of a node that is off and on
EDGE_COLOUR = theme.BELIEF
BARS, BAR_WIDTH, BAR_BASE, BAR_TALLEST = 8, 30.0, 840.0, 560.0
BAR_COLOUR = theme.ATTENTION


@cache
def nodes() -> Numbers:
    """The middles of the nodes, (60, 2), layer by layer."""
    x, y = np.linspace(790, 1430, LAYERS), np.linspace(260, 820, UNITS)
    middles: Numbers = np.stack(np.meshgrid(x, y, indexing="ij"), -1).reshape(-1, 2)
    return middles


@cache
def edges() -> Numbers:
    """The ends of the edges between neighbouring layers, (400, 2, 2): edge, end, x and y."""
    a_gap = EDGES // (LAYERS - 1)
    pairs = np.arange(a_gap) * UNITS**2 // a_gap
    starts, ends = pairs // UNITS, pairs % UNITS + UNITS
    first = np.stack([starts, ends], -1)
    places: Numbers = nodes()[np.concatenate([first + gap * UNITS for gap in range(LAYERS - 1)])]
    return places


def strokes(t: float) -> tuple[Numbers, Numbers]:
    """Each edge's width and alpha, (400,) both."""
    strength = _waves(EDGES, 2.4, t)
    return EDGE_THIN + (EDGE_THICK - EDGE_THIN) * strength, EDGE_FAINT + (EDGE_CLEAR - EDGE_FAINT) * strength


def activation(t: float) -> Numbers:
    """The activation of each node, (60,), 0 to 1."""
    return _waves(LAYERS * UNITS, 1.7, t)


def heights(t: float) -> Numbers:
    """The bars' heights, (8,)."""
    return (0.05 + 0.95 * _waves(BARS, 1.1, t)) * BAR_TALLEST


def bar_x(index: int) -> float:
    """The middle of a bar."""
    return 1540.0 + index * (BAR_WIDTH + 12)


def rook(t: float) -> Point:
    """The rook's position."""
    (x0, y0), (x1, y1) = (board.centre(square, *BOARD) for square in (ROOK_FROM, ROOK_TO))
    share = 0.5 - 0.5 * np.cos(t * np.pi / 4)
    return mix(x0, x1, share), mix(y0, y1, share)


def _waves(count: int, speed: float, t: float) -> Numbers:
    index = np.arange(count)
    waves: Numbers = 0.5 + 0.5 * np.sin(index * 2.399963 + t * speed * (1 + index % 7 / 7))
    return waves


# --- slices -------------------------------------------------------------------------------------------

SIDE, SLICES = 256, 120
SLICE_BOX = (510.0, 90.0, 900.0)  # left, top, side


def slice_at(t: float) -> NDArray[np.uint8]:
    """The slice shown at a time, (256, 256)."""
    shown: NDArray[np.uint8] = _volume()[round(t * 30) % SLICES]
    return shown


@cache
def _volume() -> NDArray[np.uint8]:
    """A head-like stack: a bright rim, folded tissue and two dark hollows, (120, 256, 256)."""
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j].astype(np.float32)
    stack = np.empty((SLICES, SIDE, SIDE), np.uint8)
    for index in range(SLICES):
        z = (index / (SLICES - 1) - 0.5) * 1.5
        inside = np.sqrt(max(1 - z * z, 0.05))
        radius = np.hypot(x / (0.72 * inside), y / (0.9 * inside))
        folds = np.sin(27 * x + 5 * z + 3 * np.sin(9 * y)) * np.sin(25 * y - 4 * z + 3 * np.sin(11 * x))
        tissue = 0.5 + 0.24 * folds * np.clip(radius * 1.6 - 0.3, 0, 1)
        hollow = np.hypot((np.abs(x) - 0.13) / 0.09, (y + 0.05) / 0.26) + abs(z) * 1.5
        grey = np.clip(tissue * np.clip((hollow - 0.8) * 5, 0.2, 1), 0, 1) * np.clip((0.93 - radius) * 30, 0, 1)
        grey = grey + 0.9 * np.clip(1 - np.abs(radius - 0.97) * 28, 0, 1)
        stack[index] = (grey * 255).clip(0, 255)
    return stack


# --- cube ---------------------------------------------------------------------------------------------

POINTS, POINT_RADIUS = 2000, 5.0
MEASURED = POINTS // 5  # the first so many points are amber, the others blue
POINT_COLOURS = (theme.ATTENTION, theme.BELIEF)
CUBE_MIDDLE, CUBE_HALF = (960.0, 540.0), 270.0


@cache
def _cloud() -> Numbers:
    return np.random.default_rng(3).uniform(-1, 1, (POINTS, 3))


def places(t: float) -> Numbers:
    """The projected points, (2000, 2), the cube turned about its upright axis and tilted towards the eye."""
    turn, tilt = 0.4 + 0.5 * t, 0.45
    x, y, z = _cloud().T
    across, depth = x * np.cos(turn) + z * np.sin(turn), z * np.cos(turn) - x * np.sin(turn)
    return CUBE_HALF * np.stack([across, y * np.cos(tilt) + depth * np.sin(tilt)], -1) + CUBE_MIDDLE
