"""02: the verifier, a glass disc, passes the end positions: checkmate pays 1, all else 0."""

from __future__ import annotations

from functools import partial

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.components import board
from stagelight.render.motion import ease, px, py
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, reads
from stagelight.render.scenes.rollout import drawing
from stagelight.render.scenes.rollout.data import Data
from stagelight.render.scenes.rollout.drawing import END_SIZE, END_X, HERO_BOARD, LANE_HEIGHT
from stagelight.render.wording import in_words

# Beats, in seconds.
DISC, FIRST_TOUCH = 0.2, 1.6  # the disc appears; it rests on the first lane
SLOW_REST, FAST_REST = 2.1, 0.62  # on a lane whose case is seen for the first time; on another
PLAYS_BEFORE = 0.2  # a lane's move begins on the large board so long before the disc rests there
SLOW_MOVE, FAST_MOVE = 0.9, 0.3
SLOW_WORDS, FAST_WORDS = 0.95, 0.35  # the verdict is said, after the move has begun
SLOW_VERDICT, FAST_VERDICT = 0.75, 0.2  # and stands in the lane, after the disc has come
RETURN = 1.1  # after the last lane: the first mate is played once more
STEP = 0.6  # from one lane to the next
SECONDS = 12.5

# Layout.
PROBABILITY_RIGHT, VERDICT_X, VERDICT_DROP = px(84.3), px(91.7), 17
SPOKEN_X, MOVE_Y, SAID_Y, WORTH_Y = px(53.5), py(44), py(53), py(66)
DISC_RADIUS, DISC_GLOW, DISC_ABOVE = 48, 120, 150  # and how far above the first lane it starts
RING = 45


@reads(
    "arrays.watch_after",
    "arrays.watch_before",
    "arrays.watch_move",
    "arrays.watch_reward",
    "events.spotlight.0",
)
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    size, paid = len(data.group), int(data.reward.sum())
    how_many = in_words(paid).capitalize() if paid else "None"
    return Section(
        name="reward",
        step="02",
        title="Reward: only checkmate pays",
        seconds=SECONDS,
        paint=partial(paint, data),
        backdrop=partial(backdrop, data),
        captions=(
            Cue(0.4, 4.4, "The rules of chess look at each end position."),
            Cue(4.6, 9.2, "Checkmate, written #, pays 1. Everything else pays 0."),
            Cue(9.4, SECONDS, f"{how_many} of {size} paid."),
        ),
        marks=(Cue(1.0, SECONDS, "ring"),),
        still=12.0,
        alt=f"{size} end positions in lanes. "
        + (f"{data.unjudged(data.first_mate)} is checkmate: ringed in amber, plus one. " if paid else "None is mate. ")
        + "Moves that do not mate get zero.",
    )


def backdrop(data: Data, pen: Pen) -> None:
    """Lanes and their end positions, the large board's coordinates."""
    board.coordinates(pen, *HERO_BOARD)
    for lane, move in enumerate(data.group):
        drawing.lane_pane(pen, lane, 1)
        drawing.lane_words(pen, data, lane, 1, PROBABILITY_RIGHT)
        drawing.thumbnail(pen, data, move, END_X, drawing.lane_y(lane))


def paint(data: Data, pen: Pen, t: float) -> None:
    """The disc goes down the end positions; the large board shows the one it touches, and the first mate at last."""
    times = _touches(data)
    lane = max((k for k, at in enumerate(times) if t >= at - PLAYS_BEFORE), default=0)
    start = times[lane] - PLAYS_BEFORE
    if t > times[-1] + RETURN:
        lane, start = data.group.index(data.first_mate), times[-1] + RETURN
    _play(data, pen, lane, start, t)
    _speak(data, pen, lane, start, t)
    for k, at in enumerate(times):
        _verdict(data, pen, k, ease(t, at + (SLOW_VERDICT if k in _slow(data) else FAST_VERDICT), 0.3))
    y, alpha = _disc_y(t, times), ease(t, DISC, 0.5) * (1 - ease(t, times[-1] + 1.2, 0.6))
    pen.glow(END_X, y, DISC_GLOW, theme.TEXT, 0.28 * alpha)
    pen.disc(END_X, y, DISC_RADIUS, theme.TEXT, 0.13 * alpha)
    pen.ring(END_X, y, DISC_RADIUS, theme.TEXT, 4, 0.9 * alpha)


def _play(data: Data, pen: Pen, lane: int, start: float, t: float) -> None:
    """A lane's move on the large board, from `start` on; a mated king is ringed."""
    move = data.group[lane]
    played = ease(t, start, SLOW_MOVE if lane in _slow(data) else FAST_MOVE)
    board.move(pen, data.start, data.uci[move], *HERO_BOARD, played, data.ends[move])
    if played >= 1 and data.reward[lane]:
        board.mated(pen, data.ends[move], "k", *HERO_BOARD, ease(t, start + SLOW_MOVE, 0.4))


def _speak(data: Data, pen: Pen, lane: int, start: float, t: float) -> None:
    """The verifier's words on a lane's move, which begins at `start`."""
    move, x = data.group[lane], SPOKEN_X
    said = ease(t, start + (SLOW_WORDS if lane in _slow(data) else FAST_WORDS), 0.25)
    name = data.san[move] if said > 0.5 else data.unjudged(move)
    verdict, worth = ("checkmate", "+1") if data.reward[lane] else ("not mate", "0")
    colour = theme.ATTENTION if data.reward[lane] else theme.QUIET
    pen.text(name, x, MOVE_Y, theme.HERO, theme.TEXT, font=theme.SANS_BOLD, anchor="middle", alpha=ease(t, start, 0.2))
    pen.text(verdict, x, SAID_Y, theme.MUST_READ, colour, font=theme.SANS_STRONG, anchor="middle", alpha=said)
    pen.text(worth, x, WORTH_Y, theme.HERO, colour, font=theme.MONO_BOLD, anchor="middle", alpha=said)


def _touches(data: Data) -> list[float]:
    """The times at which the disc rests on each lane."""
    times, now = [], FIRST_TOUCH
    for lane in range(len(data.group)):
        times.append(now)
        now += SLOW_REST if lane in _slow(data) else FAST_REST
    return times


def _slow(data: Data) -> set[int]:
    """The lanes that are played clearly: the first, and the first that is paid."""
    return {0, data.group.index(data.first_mate)}


def _disc_y(t: float, times: list[float]) -> float:
    """The height of the disc, which goes from lane to lane."""
    y = drawing.lane_y(0) - DISC_ABOVE * (1 - ease(t, DISC, 0.9))
    for lane, at in enumerate(times[1:], start=1):
        step = min(STEP, (at - times[lane - 1]) * 0.7)
        y += (drawing.lane_y(lane) - drawing.lane_y(lane - 1)) * ease(t, at - step, step)
    return y


def _verdict(data: Data, pen: Pen, lane: int, alpha: float) -> None:
    """+1 in an amber ring, or a quiet 0."""
    y = drawing.lane_y(lane)
    if data.reward[lane]:
        pen.box(drawing.PANE_LEFT, y - LANE_HEIGHT * 0.45, drawing.PANE_WIDTH, LANE_HEIGHT * 0.9, 16)
        pen.stroke(theme.ATTENTION, 2.5, 0.9 * alpha)
        drawing.lane_edge(pen, lane, theme.ATTENTION, alpha)
        pen.glow(END_X, y, 2 * RING, theme.ATTENTION, 0.2 * alpha)
        pen.ring(END_X, y, RING, theme.ATTENTION, 5, alpha)
        pen.text("+1", VERDICT_X, y + VERDICT_DROP, theme.MUST_READ, theme.ATTENTION, font=theme.MONO_BOLD, alpha=alpha)
    else:
        pen.box(END_X - END_SIZE / 2, y - END_SIZE / 2, END_SIZE, END_SIZE, 4)
        pen.fill(theme.NIGHT, 0.55 * alpha)
        pen.text("0", VERDICT_X, y + VERDICT_DROP, theme.MUST_READ, theme.QUIET, font=theme.MONO, alpha=alpha)
