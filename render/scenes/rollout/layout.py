"""Places in the rollout's picture, for the whole film: the board, then network, fan and lanes."""

from __future__ import annotations

from stagelight.render.motion import Box, Point, mix, px, py

# The board, which never leaves.
BOARD = Box(100, 184, 656, 656)
BOARD_PLACE = (BOARD.x, BOARD.y, BOARD.width)
BOARD_EDGE = BOARD.x + BOARD.width + 16  # where its frame ends
FINALE = (566.0, 190.0, 690.0)  # its place at the very end: left, top, size

# The network: three layers of units, then the point at which all of it becomes one distribution.
LAYERS_X = (872.0, 972.0, 1072.0)
NETWORK_TOP, NETWORK_BOTTOM = 196.0, 856.0
ORIGIN = (1158.0, 526.0)
UNIT = 12.0

# The fan: a ray for each move.
TIPS_X, FAN_TOP, FAN_BOTTOM = 1384.0, 206.0, 846.0
NAME_X, NAME_PITCH = TIPS_X + 28, 62.0  # moves named beside their rays

# Group, one for each rollout of the group; in the third step they become rows that carry bars.
LANE_X, ROW_X, LANES_RIGHT = 1408.0, 800.0, px(96)
LANES_TOP, LANES_BOTTOM = 194.0, 890.0
VERDICT_X = LANES_RIGHT - 38
ZERO, ONE = 1010.0, 560.0  # where a bar stands, and how long one of reward 1 is
ABOVE_Y = 178.0  # words above network, fan or rows

NUMBER_Y = py(8.4)  # the counter, above the headline's line
KEY_Y = 902.0  # words below the network

# The ruler of the curriculum.
RULER_LEFT, RULER_RIGHT, RULER_Y = 1262.0, 1812.0, 770.0
SIDE_X = 1250.0  # of large numbers, to the right of the network


def layer(index: int, count: int) -> list[Point]:
    """The points of a layer's units at rest."""
    pitch = (NETWORK_BOTTOM - NETWORK_TOP) / count
    return [(LAYERS_X[index], NETWORK_TOP + pitch * (unit + 0.5)) for unit in range(count)]


def lane_pitch(count: int) -> float:
    """The height of a lane."""
    return (LANES_BOTTOM - LANES_TOP) / count


def lane_y(lane: float, count: int) -> float:
    """The height of a lane's middle."""
    return LANES_TOP + lane_pitch(count) * (lane + 0.5)


def lane_x(rows: float) -> float:
    """The left end of lanes that are a share of the way to being rows."""
    return mix(LANE_X, ROW_X, rows)
