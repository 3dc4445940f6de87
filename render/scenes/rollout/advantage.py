"""03: rewards stand as bars, their mean is drawn, the bars re-hang from it."""

from __future__ import annotations

from functools import partial

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.components import bars, board
from stagelight.render.motion import ease, mix, px, py
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, reads
from stagelight.render.scenes.rollout import drawing
from stagelight.render.scenes.rollout.data import Data
from stagelight.render.scenes.rollout.drawing import END_SIZE, SIDE_BOARD
from stagelight.render.wording import in_words, signed

# Beats, in seconds; what is there for each lane comes a little later in the next one.
AXIS = 0.6
END_POSITIONS, BARS, EACH_BAR = 0.4, 0.8, 0.12
MEAN, MEAN_NAMED = 4.7, 5.6
REHANG, REHANGS = 8.2, 1.2
VALUES, EACH_VALUE = 9.2, 0.1
FORMULA, TOTAL = 9.5, 10.4
SECONDS = 15.0

# Layout.
BARS_LEFT, BAR_PITCH, BAR_WIDTH = px(35.4), px(7.56), 92.0
BASE_Y, ONE = py(71.5), 385.0  # where bars stand; the height of a reward of 1
AXIS_LEFT, AXIS_RIGHT, TICK_X, MEAN_LEFT = px(33), px(96), px(32), px(29.5)
TITLE_Y, TITLE_SIZE = py(20), 44
MEAN_RISE, MEAN_VALUE_RISE, MEAN_SIZE = 60, 16, 40
MOVES_Y = py(82.6)
ABOVE, BELOW = -END_SIZE * 1.24 - 16, 46  # from a bar's end to its number


@reads(
    "arrays.watch_advantage",
    "arrays.watch_after",
    "arrays.watch_move",
    "arrays.watch_reward",
    "events.spotlight.0",
    "facts.spotlight.reward_mean",
)
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    up, down = (signed(float(value)) for value in (data.advantage.max(), data.advantage.min()))
    return Section(
        name="advantage",
        step="03",
        title="Advantage: better than the group?",
        seconds=SECONDS,
        paint=partial(paint, data),
        backdrop=partial(backdrop, data),
        captions=(
            Cue(0.4, 4.4, f"{in_words(len(data.group)).capitalize()} rewards, side by side."),
            Cue(4.6, 8.0, f"Their mean is {data.mean_reward:g}: what this group managed on average."),
            Cue(8.2, 11.8, "Hang each bar from the mean. Above: do it more. Below: less."),
            Cue(12.0, SECONDS, "Had all been equal, there would be nothing to learn."),
        ),
        marks=(Cue(8.0, SECONDS, "bar"),),
        still=11.4,
        alt=f"{len(data.group)} bars hang from a line at the group's mean, {data.mean_reward:g}. "
        + (
            f"Mates rise above it in teal, {up} each; the others hang below in dashed rose, {down} each. "
            if up != down
            else "All are flat: the rewards tie, and nothing is to be learnt. "
        )
        + "They sum to zero.",
    )


def backdrop(data: Data, pen: Pen) -> None:
    """The board, and the moves' names at the feet of the bars."""
    board.board(pen, data.start, *SIDE_BOARD)
    for lane, move in enumerate(data.group):
        font, colour = (theme.MONO_BOLD, theme.TEXT) if data.reward[lane] else (theme.MONO, theme.QUIET)
        pen.text(data.san[move], _bar_x(lane), MOVES_Y, theme.FLOOR, colour, font=font, anchor="middle")


def paint(data: Data, pen: Pen, t: float) -> None:
    """Bars rise to the rewards, the mean is drawn through them, they re-hang from it."""
    line, turned = BASE_Y - ONE * data.mean_reward, ease(t, REHANG, REHANGS)
    _axis(pen, ease(t, AXIS) * (1 - turned), ease(t, FORMULA))
    for lane in range(len(data.group)):
        _bar(data, pen, t, lane, line, turned)
    drawn = ease(t, MEAN, 1.2)
    if drawn > 0:
        pen.line((MEAN_LEFT, line), (mix(MEAN_LEFT, AXIS_RIGHT, drawn), line), theme.TEXT, 4.5)
        named = ease(t, MEAN_NAMED, 0.5)
        value = f"{data.mean_reward:g}"
        pen.text("mean", MEAN_LEFT, line - MEAN_RISE, MEAN_SIZE, theme.TEXT, font=theme.SANS_STRONG, alpha=named)
        pen.text(value, MEAN_LEFT, line - MEAN_VALUE_RISE, MEAN_SIZE, theme.TEXT, font=theme.MONO_BOLD, alpha=named)
    total = f"all {in_words(len(data.group))} sum to {float(data.advantage.sum()):.0f}"
    pen.text(total, AXIS_RIGHT, TITLE_Y, TITLE_SIZE, theme.QUIET, anchor="end", alpha=ease(t, TOTAL, 0.6))


def _axis(pen: Pen, alpha: float, formula: float) -> None:
    """The scale of rewards and its name, which gives way to the formula."""
    pen.text("reward", MEAN_LEFT, TITLE_Y, TITLE_SIZE, theme.QUIET, alpha=alpha)
    pen.text("advantage = reward − mean", MEAN_LEFT, TITLE_Y, TITLE_SIZE, theme.TEXT, alpha=formula)
    for level, words in ((0, "0"), (1, "1")):
        y = BASE_Y - level * ONE
        pen.text(words, TICK_X, y + 14, theme.FLOOR, theme.QUIET, font=theme.MONO, anchor="end", alpha=alpha)
        pen.line((AXIS_LEFT, y), (AXIS_RIGHT, y), theme.HAIRLINE, 2, alpha)


def _bar(data: Data, pen: Pen, t: float, lane: int, line: float, turned: float) -> None:
    """A lane's bar, the position that earned it, and its advantage."""
    x, value = _bar_x(lane), float(data.advantage[lane])
    height = ONE * float(data.reward[lane]) * ease(t, BARS + EACH_BAR * lane, 0.8)
    bars.rehang(pen, x, BASE_Y, line, BAR_WIDTH, height, turned)
    cap = mix(BASE_Y - height, line - ONE * max(value, 0.0), turned)
    with pen.faded(ease(t, END_POSITIONS + EACH_BAR * lane, 0.6)) as visible:
        if visible:
            drawing.thumbnail(pen, data, data.group[lane], x, cap - END_SIZE * 0.62)
    place = line - value * ONE + (ABOVE if value > 0 else BELOW)
    colour = theme.KEPT if value > 0 else theme.LOST
    alpha = ease(t, VALUES + EACH_VALUE * lane, 0.5)
    pen.text(signed(value), x, place, theme.FLOOR, colour, font=theme.MONO_BOLD, anchor="middle", alpha=alpha)


def _bar_x(lane: int) -> float:
    return BARS_LEFT + BAR_PITCH * (lane + 0.5)
