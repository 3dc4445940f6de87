"""03: rewards stand as bars, their mean is drawn, the bars re-hang from it."""

from __future__ import annotations

from functools import partial

from stagelight.render import theme
from stagelight.render.components import bars, board
from stagelight.render.motion import ease, mix, px, py
from stagelight.render.pen import Pen
from stagelight.render.scenes.rollout.shown import END, SMALL, Shown, count_words
from stagelight.render.stage import Cue, Section

BAR_X, BAR_STEP, BAR_WIDTH, BAR_BASE, BAR_ONE = px(35.4), px(7.56), 92.0, py(71.5), 385.0


def section(shown: Shown) -> Section:
    """Build the section: its captions, marks, still and description."""
    up, down = (bars.signed(float(value)) for value in (shown.advantage.max(), shown.advantage.min()))
    return Section(
        name="advantage",
        step="03",
        title="Advantage: better than the group?",
        seconds=15.0,
        paint=partial(paint, shown),
        backdrop=partial(backdrop, shown),
        captions=(
            Cue(0.4, 4.4, f"{count_words(len(shown.group))} rewards, side by side."),
            Cue(4.6, 8.0, f"Their mean is {shown.mean:g}: what this group managed on average."),
            Cue(8.2, 11.8, "Hang each bar from the mean. Above: do it more. Below: less."),
            Cue(12.0, 15.0, "Had all been equal, there would be nothing to learn."),
        ),
        marks=(Cue(8.0, 15.0, "bar"),),
        still=11.4,
        alt=f"{len(shown.group)} bars hang from a line at the group's mean, {shown.mean:g}. "
        + (
            f"Mates rise above it in teal, {up} each; the others hang below in dashed rose, {down} each. "
            if up != down
            else "All are flat: the rewards tie, and nothing is to be learnt. "
        )
        + "They sum to zero.",
    )


def backdrop(shown: Shown, pen: Pen) -> None:
    """The board, and the moves' names at the feet of the bars."""
    board.board(pen, shown.start, *SMALL)
    for lane, move in enumerate(shown.group):
        x, mate = _bar_x(lane), bool(shown.reward[lane])
        font, colour = (theme.MONO_BOLD, theme.TEXT) if mate else (theme.MONO, theme.QUIET)
        pen.text(shown.san[move], x, py(82.6), theme.FLOOR, colour, font=font, anchor="middle")


def paint(shown: Shown, pen: Pen, t: float) -> None:
    """Bars rise to the rewards, the mean is drawn through them, they re-hang from it."""
    line, turned = BAR_BASE - BAR_ONE * shown.mean, ease(t, 8.2, 1.2)
    axis = ease(t, 0.6) * (1 - turned)
    pen.text("reward", px(29.5), py(20), 44, theme.QUIET, alpha=axis)
    pen.text("advantage = reward − mean", px(29.5), py(20), 44, theme.TEXT, alpha=ease(t, 9.5))
    for level, words in ((0, "0"), (1, "1")):
        y = BAR_BASE - level * BAR_ONE
        pen.text(words, px(32), y + 14, theme.FLOOR, theme.QUIET, font=theme.MONO, anchor="end", alpha=axis)
        pen.line((px(33), y), (px(96), y), theme.HAIRLINE, 2, axis)
    for lane, move in enumerate(shown.group):
        x, height = _bar_x(lane), BAR_ONE * float(shown.reward[lane]) * ease(t, 0.8 + 0.12 * lane, 0.8)
        bars.rehang(pen, x, BAR_BASE, line, BAR_WIDTH, height, turned)
        cap = mix(BAR_BASE - height, line - BAR_ONE * max(float(shown.advantage[lane]), 0.0), turned)
        with pen.faded(ease(t, 0.4 + 0.12 * lane, 0.6)) as seen:
            if seen:
                shown.thumbnail(pen, move, x, cap - END * 0.62)
        value, said = float(shown.advantage[lane]), ease(t, 9.2 + 0.1 * lane, 0.5)
        place = line - value * BAR_ONE + (-END * 1.24 - 16 if value > 0 else 46)
        colour = theme.KEPT if value > 0 else theme.LOST
        pen.text(bars.signed(value), x, place, theme.FLOOR, colour, font=theme.MONO_BOLD, anchor="middle", alpha=said)
    drawn = ease(t, 4.7, 1.2)
    if drawn > 0:
        pen.line((px(29.5), line), (mix(px(29.5), px(96), drawn), line), theme.TEXT, 4.5)
        said = ease(t, 5.6, 0.5)
        pen.text("mean", px(29.5), line - 60, 40, theme.TEXT, font=theme.SANS_STRONG, alpha=said)
        pen.text(f"{shown.mean:g}", px(29.5), line - 16, 40, theme.TEXT, font=theme.MONO_BOLD, alpha=said)
    total = f"all {count_words(len(shown.group)).lower()} sum to {float(shown.advantage.sum()):.0f}"
    pen.text(total, px(96), py(20), 44, theme.QUIET, anchor="end", alpha=ease(t, 10.4, 0.6))


def _bar_x(lane: int) -> float:
    return BAR_X + BAR_STEP * (lane + 0.5)
