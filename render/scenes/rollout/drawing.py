"""Pictures that several sections of the rollout share: lanes of the group, end positions, the policy network."""

from __future__ import annotations

from stagelight.render import theme
from stagelight.render.components import board, fan, network
from stagelight.render.motion import Point, px, py
from stagelight.render.pen import Pen
from stagelight.render.scenes.rollout.data import Data
from stagelight.render.wording import percent

# What `policy_network` reads of the recording.
NETWORK_READS = (
    "arrays.man",
    "arrays.watch_activation",
    "arrays.watch_after",
    "arrays.watch_before",
    "arrays.watch_edge",
    "arrays.watch_from_piece",
    "arrays.watch_to_move",
    "events.spotlight.0",
)

# Boards: left, top, size.
HERO_BOARD = (px(5), py(17.2), 660.0)
SIDE_BOARD = (px(4), py(30), 430.0)

# Lanes, one a rollout of the group.
LANES_TOP, LANE_HEIGHT = py(16.3), py(8.55)
PANE_LEFT, PANE_WIDTH, PANE_SHARE, PANE_EDGE = px(66), px(30), 0.9, 7  # the glass; its share of a lane's height
BEAD_X = px(68)
MOVE_X, MOVE_DROP, MOVE_SIZE = BEAD_X + 30, 15, 44
PROBABILITY_DROP, PROBABILITY_SIZE = 14, 40
END_X, END_SIZE = px(88.3), 68.0  # end positions: middle, size

PIECES = "PNBRQKpnbrqk"
PIECE_SIZE = 46.0  # of the network's inputs, at most
NARROW, UNIT, NARROW_UNIT = 300, 13, 11  # a network narrower than that has smaller units
MOVE_DOT, MOVE_GROWTH = 3.5, 60  # radius of a move of probability 0; what a sure one's has more


def ray_tips(data: Data, x: float, top: float, bottom: float) -> list[Point]:
    """The end of each move's ray."""
    ends = fan.tips(len(data.san), x, top, bottom)
    return [ends[place] for place in data.fan_order]


def network_columns(data: Data, place: network.Place, moves: bool = True) -> list[list[Point]]:
    """The points of pieces, of three layers of units and of the moves, these in the order of the fan."""
    pieces, units = len(data.pieces), data.activation.shape[1]
    columns = network.units(place, [pieces, units, units, units, *([len(data.san)] if moves else [])])
    if moves:
        columns[-1] = [columns[-1][at] for at in data.fan_order]
    return columns


def policy_network(
    pen: Pen, data: Data, place: network.Place, reach: float, alpha: float = 1.0, moves: bool = True
) -> None:
    """The untrained network on the position, lit up to `reach` columns."""
    columns = network_columns(data, place, moves)
    with pen.faded(alpha) as visible:
        if not visible:
            return
        network.links(pen, columns, data.links[: len(columns) - 1], 0.75, 2.2, reach)
        size = min(PIECE_SIZE, place.height / len(data.pieces) * 1.05)
        for (x, y), (kind, _) in zip(columns[0], data.pieces, strict=True):
            pen.disc(x, y + 1, size * 0.56, theme.SQUARE_LIGHT, 0.9)
            board.man(pen, PIECES[int(kind)], (x, y), size)
        radius = NARROW_UNIT if place.width < NARROW else UNIT
        for layer in range(3):
            lit = min(max(reach - layer - 0.5, 0.0), 1.0)
            network.layer(pen, columns[layer + 1], data.activation[layer], float(data.activation.max()), lit, radius)
        if moves:
            lit = min(max(reach - 3.5, 0.0), 1.0)
            for (x, y), p in zip(columns[4], data.before, strict=True):
                pen.disc(x, y, MOVE_DOT + MOVE_GROWTH * float(p) * lit, theme.BELIEF, 0.4 + 0.6 * lit)


def lane_y(lane: int) -> float:
    """The height of a lane's middle."""
    return LANES_TOP + LANE_HEIGHT * (lane + 0.5)


def lane_pane(pen: Pen, lane: int, alpha: float) -> None:
    """The glass on which a lane is written, with a coloured edge."""
    top, height = lane_y(lane) - LANE_HEIGHT * PANE_SHARE / 2, LANE_HEIGHT * PANE_SHARE
    pen.panel(PANE_LEFT, top, PANE_WIDTH, height, alpha)
    lane_edge(pen, lane, theme.HAIRLINE, alpha)


def lane_edge(pen: Pen, lane: int, colour: str, alpha: float) -> None:
    """The left edge of a lane's glass."""
    top, height = lane_y(lane) - LANE_HEIGHT * PANE_SHARE / 2, LANE_HEIGHT * PANE_SHARE
    pen.box(PANE_LEFT, top, PANE_EDGE, height, PANE_EDGE / 2)
    pen.fill(colour, alpha)


def lane_words(pen: Pen, data: Data, lane: int, alpha: float, right: float) -> None:
    """A rollout's move and how likely it was, up to `right`."""
    y, move = lane_y(lane), data.group[lane]
    words, odds = data.unjudged(move), percent(data.before[move])
    pen.text(words, MOVE_X, y + MOVE_DROP, MOVE_SIZE, theme.TEXT, font=theme.MONO_BOLD, alpha=alpha)
    pen.text(odds, right, y + PROBABILITY_DROP, PROBABILITY_SIZE, theme.QUIET, font=theme.MONO, anchor="end",
             alpha=alpha)  # fmt: skip


def thumbnail(pen: Pen, data: Data, move: int, x: float, y: float) -> None:
    """The position after a move, small about (x, y), the moved piece's square lit."""
    place = (x - END_SIZE / 2, y - END_SIZE / 2, END_SIZE)
    board.squares(pen, *place)
    board.light(pen, board.parse_square(data.uci[move][2:4]), *place, theme.TEXT, 1.6)
    board.men(pen, data.ends[move], *place)
