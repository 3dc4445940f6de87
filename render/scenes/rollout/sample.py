"""01: every legal move as a ray, wide as it is probable; beads run along them into lanes."""

from __future__ import annotations

from functools import partial

from stagelight.render import theme
from stagelight.render.components import board, fan, network
from stagelight.render.motion import cut, ease, px, py, swing
from stagelight.render.pen import Pen
from stagelight.render.scenes.rollout.shown import LANE_X, SMALL, Shown, percent
from stagelight.render.stage import Cue, Section

NET = network.Place(px(30.5), py(22), px(9), py(55))
ORIGIN = (px(43), py(49))  # where the rays start
FAN_X = px(59)


def section(shown: Shown) -> Section:
    """Build the section: its captions, marks, still and description."""
    size = len(shown.group)
    lanes = ", ".join(f"{shown.bare(k)} at {percent(shown.before[k])}" for k in shown.group)
    return Section(
        name="sample",
        step="01",
        title="Sample: a group of moves",
        seconds=12.0,
        paint=partial(paint, shown),
        backdrop=partial(backdrop, shown),
        captions=(
            Cue(0.4, 4.6, f"{len(shown.san)} legal moves. Untrained, it has no idea which is best."),
            Cue(4.8, 12.0, f"Draw {size} moves by chance. Here one move is a whole rollout."),
        ),
        marks=(Cue(0.0, 12.0, "ray"),),
        still=11.6,
        alt=f"A fan of {len(shown.san)} thin rays, one a legal move, all of small probability. {size} beads have "
        f"run along them into {size} lanes: {lanes}.",
    )


def backdrop(shown: Shown, pen: Pen) -> None:
    """Board, narrow network."""
    board.board(pen, shown.start, *SMALL)
    board.coordinates(pen, *SMALL)
    with pen.faded(0.55):
        shown.network(pen, NET, reach=9, moves=False)


def paint(shown: Shown, pen: Pen, t: float) -> None:
    """The fan opens; beads run along it, two slowly and six quickly, into their lanes."""
    ends = shown.tips(FAN_X, py(18), py(83))
    for lane in range(len(shown.group)):
        shown.lane_pane(pen, lane, 0.35 * ease(t, 4.4 + 0.05 * lane, 0.5) + 0.65 * _arrived(shown, lane, t))
    pen.glow(*ORIGIN, 70, theme.BELIEF, 0.9 * ease(t, 0.2))
    pen.ball(*ORIGIN, 13, theme.BELIEF, ease(t, 0.2))
    opened = ease(t, 0.5, 1.4)
    fan.fan(pen, ORIGIN, ends, shown.before, opened)
    for index, (x, y) in enumerate(ends):
        pen.disc(x, y, 3 + 40 * float(shown.before[index]), theme.BELIEF, 0.9 * ease(t, 1.7, 0.4))
    for draw in range(len(shown.group)):
        lane = shown.lanes.index(draw)
        move = shown.group[lane]
        start, travel = _journey(draw)
        at, goal = ends[move], (LANE_X, shown.lane(lane))
        share = ease(t, start, travel)
        if share > 0:
            pen.beam(partial(fan.ray_path, pen, ORIGIN, at, min(share * 2, 1)), theme.ATTENTION, 3.4, 0.9)
            if share > 0.5:
                pen.curve(cut(swing(at, goal), share * 2 - 1))
                pen.stroke(theme.ATTENTION, 2.4, 0.55)
            here = fan.on_ray(ORIGIN, at, share * 2) if share < 0.5 else fan.on_ray(at, goal, share * 2 - 1)
            pen.glow(*here, 44, theme.ATTENTION, 0.9 * (1 - ease(t, start + travel, 0.5) * 0.6))
            pen.disc(*here, 10, theme.ATTENTION)
            last = start + travel + (0.9 if draw < 2 else 0.2)
            board.arrow(pen, shown.uci[move], *SMALL, theme.ATTENTION, share * (1 - 0.35 * ease(t, last, 0.5)))
        shown.lane_words(pen, lane, ease(t, start + travel - 0.15, 0.4), px(94.3))


def _journey(draw: int) -> tuple[float, float]:
    """A bead's departure and the length of its journey: two are slow, the others quick."""
    return 4.9 + (1.7 * draw if draw < 2 else 3.4 + 0.45 * (draw - 2)), 1.3 if draw < 2 else 0.75


def _arrived(shown: Shown, lane: int, t: float) -> float:
    start, travel = _journey(shown.lanes[lane])
    return ease(t, start + travel - 0.3, 0.5)
