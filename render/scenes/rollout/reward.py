"""02: the verifier, a glass disc, passes the end positions: checkmate pays 1, all else 0."""

from __future__ import annotations

from functools import partial

from stagelight.render import theme
from stagelight.render.components import board
from stagelight.render.motion import ease, px, py
from stagelight.render.pen import Pen
from stagelight.render.scenes.rollout.shown import BIG, END, END_X, LANE, PANE, Shown, count_words
from stagelight.render.stage import Cue, Section


def section(shown: Shown) -> Section:
    """Build the section: its captions, marks, still and description."""
    size, paid = len(shown.group), int(shown.reward.sum())
    return Section(
        name="reward",
        step="02",
        title="Reward: only checkmate pays",
        seconds=12.5,
        paint=partial(paint, shown),
        backdrop=partial(backdrop, shown),
        captions=(
            Cue(0.4, 4.4, "The rules of chess look at each end position."),
            Cue(4.6, 9.2, "Checkmate, written #, pays 1. Everything else pays 0."),
            Cue(9.4, 12.5, f"{count_words(paid)} of {size} paid."),
        ),
        marks=(Cue(1.0, 12.5, "ring"),),
        still=12.0,
        alt=f"{size} end positions in lanes. "
        + (f"{shown.bare(shown.first_mate)} is checkmate: ringed in amber, plus one. " if paid else "None is mate. ")
        + "Moves that do not mate get zero.",
    )


def backdrop(shown: Shown, pen: Pen) -> None:
    """Lanes and their end positions, the large board's coordinates."""
    board.coordinates(pen, *BIG)
    for lane in range(len(shown.group)):
        shown.lane_pane(pen, lane, 1)
        shown.lane_words(pen, lane, 1, px(84.3))
        shown.end_board(pen, lane, 1)


def paint(shown: Shown, pen: Pen, t: float) -> None:
    """The disc goes down the end positions; the large board shows the one it touches."""
    times = _touches(shown)
    lane = max((k for k, at in enumerate(times) if t >= at - 0.2), default=0)
    after = t > times[-1] + 1.1
    if after:
        lane = shown.group.index(shown.first_mate)
    move = shown.group[lane]
    began = times[-1] + 1.1 if after else times[lane] - 0.2
    left, top, size = BIG[0], BIG[1], BIG[2]
    played = ease(t, began, 0.9 if lane in _slow(shown) else 0.3)
    board.move(pen, shown.start, shown.uci[move], left, top, size, played, shown.ends[move])
    if played >= 1 and shown.reward[lane]:
        board.mated(pen, shown.ends[move], "k", left, top, size, ease(t, began + 0.9, 0.4))
    _spoken(shown, pen, lane, began, t)
    for k, at in enumerate(times):
        _verdict(shown, pen, k, ease(t, at + (0.75 if k in _slow(shown) else 0.2), 0.3))
    y = _disc_height(shown, t, times)
    seen = ease(t, 0.2, 0.5) * (1 - ease(t, times[-1] + 1.2, 0.6))
    pen.glow(END_X, y, 120, theme.TEXT, 0.28 * seen)
    pen.disc(END_X, y, 48, theme.TEXT, 0.13 * seen)
    pen.ring(END_X, y, 48, theme.TEXT, 4, 0.9 * seen)


def _spoken(shown: Shown, pen: Pen, lane: int, began: float, t: float) -> None:
    """Write the verifier's verdict on the move on the board, which began to be played at `began`."""
    move, x = shown.group[lane], px(53.5)
    said = ease(t, began + (0.95 if lane in _slow(shown) else 0.35), 0.25)
    name = shown.san[move] if said > 0.5 else shown.bare(move)
    here = ease(t, began, 0.2)
    pen.text(name, x, py(44), theme.HERO, theme.TEXT, font=theme.SANS_BOLD, anchor="middle", alpha=here)
    verdict, worth = ("checkmate", "+1") if shown.reward[lane] else ("not mate", "0")
    colour = theme.ATTENTION if shown.reward[lane] else theme.QUIET
    pen.text(verdict, x, py(53), theme.MUST_READ, colour, font=theme.SANS_STRONG, anchor="middle", alpha=said)
    pen.text(worth, x, py(66), theme.HERO, colour, font=theme.MONO_BOLD, anchor="middle", alpha=said)


def _touches(shown: Shown) -> list[float]:
    """The times at which the disc rests on each lane: long where a case is seen for the first time, short elsewhere."""
    times, now = [], 1.6
    for lane in range(len(shown.group)):
        times.append(now)
        now += 2.1 if lane in _slow(shown) else 0.62
    return times


def _slow(shown: Shown) -> set[int]:
    """The lanes that are played clearly: the first, and the first that is paid."""
    return {0, shown.group.index(shown.first_mate)}


def _disc_height(shown: Shown, t: float, times: list[float]) -> float:
    y = shown.lane(0) - 150 * (1 - ease(t, 0.2, 0.9))
    for lane, at in enumerate(times[1:], start=1):
        gap = at - times[lane - 1]
        y += (shown.lane(lane) - shown.lane(lane - 1)) * ease(t, at - min(0.6, gap * 0.7), min(0.6, gap * 0.7))
    return y


def _verdict(shown: Shown, pen: Pen, lane: int, share: float) -> None:
    """+1 in an amber ring, or a quiet 0."""
    y, words = shown.lane(lane), px(91.7)
    if shown.reward[lane]:
        pen.box(PANE[0], y - LANE * 0.45, PANE[1], LANE * 0.9, 16)
        pen.stroke(theme.ATTENTION, 2.5, 0.9 * share)
        pen.box(PANE[0], y - LANE * 0.45, 7, LANE * 0.9, 3.5)
        pen.fill(theme.ATTENTION, share)
        pen.glow(END_X, y, 90, theme.ATTENTION, 0.2 * share)
        pen.ring(END_X, y, 45, theme.ATTENTION, 5, share)
        pen.text("+1", words, y + 17, theme.MUST_READ, theme.ATTENTION, font=theme.MONO_BOLD, alpha=share)
    else:
        pen.box(END_X - END / 2, y - END / 2, END, END, 4)
        pen.fill(theme.NIGHT, 0.55 * share)
        pen.text("0", words, y + 17, theme.MUST_READ, theme.QUIET, font=theme.MONO, alpha=share)
