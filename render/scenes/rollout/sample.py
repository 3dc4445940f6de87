"""01: every legal move as a ray, wide as it is probable; beads run along them into lanes."""

from __future__ import annotations

from functools import partial

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.components import board, fan, network
from stagelight.render.motion import cut, ease, px, py, swing
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, reads
from stagelight.render.scenes.rollout import drawing
from stagelight.render.scenes.rollout.data import Data
from stagelight.render.scenes.rollout.drawing import BEAD_X, NETWORK_READS, SIDE_BOARD
from stagelight.render.wording import percent

# Beats, in seconds.
START, FAN, OPENS, DOTS = 0.2, 0.5, 1.4, 1.7  # their origin; the rays grow; for how long; their ends appear
LANES, EACH_LANE = 4.4, 0.05  # empty lanes appear, one after the other
SLOW = 2  # beads that are followed; then the others come quickly
FIRST_BEAD, SLOW_PITCH, FAST_AFTER, FAST_PITCH = 4.9, 1.7, 3.4, 0.45  # the first leaves; the pitches; the fast ones
SLOW_TRAVEL, FAST_TRAVEL = 1.3, 0.75
SLOW_REST, FAST_REST = 0.9, 0.2  # for how long an arrow stays bright after its bead has arrived
SECONDS = 12.0

# Layout.
NETWORK_PLACE = network.Place(px(30.5), py(22), px(9), py(55))
ORIGIN = (px(43), py(49))  # of the rays
FAN_X, FAN_TOP, FAN_BOTTOM = px(59), py(18), py(83)
PROBABILITY_RIGHT = px(94.3)
BEAD, BEAD_GLOW = 10, 44
ORIGIN_BALL, ORIGIN_GLOW = 13, 70


@reads(*NETWORK_READS, "arrays.watch_move")
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    size = len(data.group)
    lanes = ", ".join(f"{data.unjudged(move)} at {percent(data.before[move])}" for move in data.group)
    return Section(
        name="sample",
        step="01",
        title="Sample: a group of moves",
        seconds=SECONDS,
        paint=partial(paint, data),
        backdrop=partial(backdrop, data),
        captions=(
            Cue(0.4, 4.6, f"{len(data.san)} legal moves. Untrained, it has no idea which is best."),
            Cue(4.8, SECONDS, f"Draw {size} moves by chance. Here one move is a whole rollout."),
        ),
        marks=(Cue(0.0, SECONDS, "ray"),),
        still=11.6,
        alt=f"A fan of {len(data.san)} thin rays, one a legal move, all of small probability. {size} beads have "
        f"run along them into {size} lanes: {lanes}.",
    )


def backdrop(data: Data, pen: Pen) -> None:
    """Board, narrow network."""
    board.board(pen, data.start, *SIDE_BOARD)
    board.coordinates(pen, *SIDE_BOARD)
    with pen.faded(0.55):
        drawing.policy_network(pen, data, NETWORK_PLACE, reach=9, moves=False)


def paint(data: Data, pen: Pen, t: float) -> None:
    """The fan opens; beads run along it, two slowly and the others quickly, into their lanes."""
    ends = drawing.ray_tips(data, FAN_X, FAN_TOP, FAN_BOTTOM)
    for lane in range(len(data.group)):
        empty = 0.35 * ease(t, LANES + EACH_LANE * lane, 0.5)
        drawing.lane_pane(pen, lane, empty + 0.65 * _arrived(data, lane, t))
    pen.glow(*ORIGIN, ORIGIN_GLOW, theme.BELIEF, 0.9 * ease(t, START))
    pen.ball(*ORIGIN, ORIGIN_BALL, theme.BELIEF, ease(t, START))
    fan.fan(pen, ORIGIN, ends, data.before, ease(t, FAN, OPENS))
    for move, (x, y) in enumerate(ends):
        pen.disc(x, y, 3 + 40 * float(data.before[move]), theme.BELIEF, 0.9 * ease(t, DOTS, 0.4))
    for draw in range(len(data.group)):
        lane = data.draws.index(draw)
        start, travel = _journey(draw)
        _bead(data, pen, t, draw, ends[data.group[lane]])
        drawing.lane_words(pen, data, lane, ease(t, start + travel - 0.15, 0.4), PROBABILITY_RIGHT)


def _bead(data: Data, pen: Pen, t: float, draw: int, ray_end: tuple[float, float]) -> None:
    """A sampled move: its bead along the ray and on into its lane, its arrow on the board."""
    lane = data.draws.index(draw)
    start, travel = _journey(draw)
    goal, share = (BEAD_X, drawing.lane_y(lane)), ease(t, start, travel)
    if share <= 0:
        return
    pen.beam(partial(fan.ray_path, pen, ORIGIN, ray_end, min(share * 2, 1)), theme.ATTENTION, 3.4, 0.9)
    if share > 0.5:
        pen.curve(cut(swing(ray_end, goal), share * 2 - 1))
        pen.stroke(theme.ATTENTION, 2.4, 0.55)
    here = fan.on_ray(ORIGIN, ray_end, share * 2) if share < 0.5 else fan.on_ray(ray_end, goal, share * 2 - 1)
    pen.glow(*here, BEAD_GLOW, theme.ATTENTION, 0.9 * (1 - ease(t, start + travel, 0.5) * 0.6))
    pen.disc(*here, BEAD, theme.ATTENTION)
    dims = start + travel + (SLOW_REST if draw < SLOW else FAST_REST)
    arrow = share * (1 - 0.35 * ease(t, dims, 0.5))
    board.arrow(pen, data.uci[data.group[lane]], *SIDE_BOARD, theme.ATTENTION, arrow)


def _journey(draw: int) -> tuple[float, float]:
    """The time at which a bead leaves, and for how long it travels."""
    if draw < SLOW:
        return FIRST_BEAD + SLOW_PITCH * draw, SLOW_TRAVEL
    return FIRST_BEAD + (FAST_AFTER + FAST_PITCH * (draw - SLOW)), FAST_TRAVEL


def _arrived(data: Data, lane: int, t: float) -> float:
    """The share of a lane that is filled, 0 to 1."""
    start, travel = _journey(data.draws[lane])
    return ease(t, start + travel - 0.3, 0.5)
