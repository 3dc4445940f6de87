"""The same position through the whole run; the fan collapses, first on a wrong move where the run did."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.recording import Recording
from stagelight.render import theme
from stagelight.render.components import board, curve, fan, frame, network
from stagelight.render.motion import Point, between, ease, mix, px, py
from stagelight.render.pen import Pen
from stagelight.render.scene import Cue, Section, reads
from stagelight.render.scenes.rollout import drawing
from stagelight.render.scenes.rollout.data import Data
from stagelight.render.wording import percent

# Beats, in seconds.
BEGINS, ENDS = 1.0, 13.2  # the first watched step; the last
MISTAKE, MISTAKE_HELD = 5.4, 8.2  # the surest mistake is reached, and left
BLUSH, BLUSH_ENDS = 5.2, 8.9  # its ray is tinted
STRIP_DIMS = 13.6
PLAYED, MATED = 14.0, 15.1  # the best move
SECONDS = 17.5

# Layout.
BOARD = (px(4), py(18), 470.0)
FAN_ORIGIN, FAN_X, FAN_TOP, FAN_BOTTOM = (px(30.5), py(49.5)), px(53), py(18), py(81)
CURVE = (px(74.5), py(55), px(21.5), py(20))
STRIP, STRIP_NAME = (px(4.8), py(74)), (px(4), py(70))
SCORE_X, STEP_NAME_Y, STEP_Y, RATE_NAME_Y, RATE_Y, SCORE_SIZE = px(74), py(21), py(30), py(39), py(48), 84
GHOST = 0.28  # alpha of the first fan
NAMED, LEAST = 4, 0.035  # moves named beside the best one, at most; the least likely of them
NAME_HEIGHT, NAME_GAP, NAME_DROP, NAME_SIZE = 50, 26, 13, 40


@reads(
    "arrays.mate",
    "arrays.solve_rate",
    "arrays.solve_step",
    "arrays.watch_after",
    "arrays.watch_before",
    "arrays.watch_change",
    "arrays.watch_step",
    "events.spotlight.0",
    "events.surest_mistake.0",
    "facts.curve.*",
    "facts.mate_in_one.solve_rate",
    "facts.untrained.solve_rate",
)
def section(recording: Recording) -> Section:
    """The words and their times."""
    data = Data(recording)
    solved, untrained = (recording.fact(f"{name}.solve_rate") for name in ("mate_in_one", "untrained"))
    last = percent(float(data.last[data.best]))
    ring = (Cue(15.2, SECONDS, "ring"),) if data.mates[data.best] else ()
    return Section(
        name="training",
        step=None,
        title="It learns",
        seconds=SECONDS,
        paint=partial(paint, data),
        backdrop=partial(backdrop, data),
        captions=(
            Cue(0.4, 5.0, "The same step, over and over, on a board it trains on."),
            *_course(data),
            Cue(12.5, SECONDS, f"Positions never trained on: {untrained:.0%} solved before, {solved:.0%} after."),
        ),
        marks=(Cue(0.0, SECONDS, "counter"), Cue(0.0, 14.0, "ray"), Cue(0.0, 14.0, "jolt"), *ring),
        still=16.8,
        alt=f"One thick ray, {data.san[data.best]} at {last}, over the ghost of the first fan; the move is on the "
        f"board. A curve of unseen positions solved has climbed from {untrained:.0%} to {solved:.0%}.",
    )


def _course(data: Data) -> Iterator[Cue]:
    """The captions on the run's course: the mistake that it made, if it made one."""
    mistake = data.surest_mistake
    if mistake is None:
        yield Cue(5.3, 12.3, "The probabilities sharpen.")
        return
    sure, san = percent(mistake["probability"]), mistake["san"]
    yield Cue(5.3, 8.9, f"Step {mistake['step']}: {sure} sure of {san}. Wrong: it is not mate.")
    if data.mates[data.best]:
        yield Cue(9.1, 12.3, "Only mates are paid, so that ray fades.")


def backdrop(data: Data, pen: Pen) -> None:
    """Names of the parts, axes, and the first fan as a ghost."""
    arrays = data.recording.arrays
    curve.axes(pen, *CURVE, int(arrays["solve_step"][-1]), len(arrays["solve_rate"]))
    with pen.faded(GHOST):
        fan.fan(pen, FAN_ORIGIN, _fan_tips(data), data.before)
    frame.label(pen, "jolts: weights moved", *STRIP_NAME)


def paint(data: Data, pen: Pen, t: float) -> None:
    """The watched steps in order, log-spaced; then the best move is played."""
    clock = _clock(data, t)
    low = min(int(clock), len(data.steps) - 1)
    share = ease(clock - low, 0.5, 0.5)
    probabilities = data.probabilities[low] + (data.probabilities[low + 1] - data.probabilities[low]) * share
    printed = low + (share > 0.5)  # numbers are those of a recorded step, never a blend of two
    counted = [0, *map(int, data.steps)]
    _board(data, pen, probabilities, t)
    _fan(data, pen, probabilities, t)
    _fan_words(data, pen, data.probabilities[printed])
    with pen.faded(1 - ease(t, STRIP_DIMS, 0.8) * 0.7):
        network.strip(pen, *STRIP, data.unit_change[low], data.largest_change)
    _score(data, pen, counted[printed])
    arrays, now = data.recording.arrays, mix(float(counted[low]), float(counted[low + 1]), share)
    curve.curves(pen, *CURVE, [int(step) for step in arrays["solve_step"]], arrays["solve_rate"], now)


def _clock(data: Data, t: float) -> float:
    """The watched steps done at a time; the surest mistake is held."""
    last, mistake = float(len(data.steps)), data.surest_mistake
    pause = 1.0 + float(np.flatnonzero(data.steps == mistake["step"])[0]) if mistake else last * 0.4
    times = (0.0, BEGINS, MISTAKE, MISTAKE_HELD if mistake else MISTAKE, ENDS)
    return float(np.interp(t, times, (0.0, 0.0, pause, pause, last)))


def _board(data: Data, pen: Pen, probabilities: NDArray[np.floating], t: float) -> None:
    """The leading move as an arrow; in the end the best move is made."""
    played, best = ease(t, PLAYED, 1.0), data.best
    board.move(pen, data.start, data.uci[best], *BOARD, played, data.ends[best])
    if played < 1:
        leader = int(probabilities.argmax())
        alpha = float(probabilities[leader]) ** 0.7 * (1 - played)
        board.arrow(pen, data.uci[leader], *BOARD, theme.BELIEF, alpha)
    if data.mates[best]:
        board.mated(pen, data.ends[best], "k", *BOARD, ease(t, MATED, 0.4))


def _fan(data: Data, pen: Pen, probabilities: NDArray[np.floating], t: float) -> None:
    """The fan; the surest mistake's ray is tinted while it leads."""
    ends, mistake = _fan_tips(data), data.surest_mistake
    fan.fan(pen, FAN_ORIGIN, ends, probabilities)
    if mistake:
        move, blush = int(mistake["move"]), between(t, BLUSH, BLUSH_ENDS, 0.5)
        fan.ray_path(pen, FAN_ORIGIN, ends[move])
        pen.stroke(theme.LOST, fan.THICK * 0.55 * float(probabilities[move]), 0.85 * blush)
    pen.ball(*FAN_ORIGIN, 13, theme.BELIEF)


def _fan_words(data: Data, pen: Pen, probabilities: NDArray[np.floating]) -> None:
    """Name the move that ends as the likeliest, and others that matter now, never two on top of each other."""
    ends, used = _fan_tips(data), list[float]()
    likely = [int(move) for move in np.argsort(-probabilities, kind="stable")[:NAMED] if probabilities[move] >= LEAST]
    for move in dict.fromkeys([data.best, *likely]):
        p, (x, y) = float(probabilities[move]), ends[move]
        if any(abs(y - other) < NAME_HEIGHT for other in used):
            y = used[0] + (NAME_HEIGHT if y > used[0] else -NAME_HEIGHT)
        if any(abs(y - other) < NAME_HEIGHT for other in used):
            continue
        used.append(y)
        best, wrong = move == data.best, p > 0.5 and not data.mates[move]
        colour = theme.TEXT if best else theme.LOST if wrong else theme.QUIET
        font = theme.MONO_BOLD if best or wrong else theme.MONO
        alpha = 1.0 if best else min(1.0, (p - LEAST) * 60)
        words = f"{data.san[move]} {percent(p)}"
        pen.text(words, x + NAME_GAP, y + NAME_DROP, NAME_SIZE, colour, font=font, alpha=alpha)


def _score(data: Data, pen: Pen, step: int) -> None:
    """Training steps done, and how many unseen positions are solved."""
    rate = data.recording.fact(f"curve.{step}.solve_rate")
    pen.text("training step", SCORE_X, STEP_NAME_Y, theme.FLOOR, theme.QUIET)
    pen.text(f"{step:,}".replace(",", " "), SCORE_X, STEP_Y, SCORE_SIZE, theme.TEXT, font=theme.MONO_BOLD)
    pen.text("unseen positions solved", SCORE_X, RATE_NAME_Y, theme.FLOOR, theme.QUIET)
    pen.text(f"{100 * rate:.0f} %", SCORE_X, RATE_Y, SCORE_SIZE, theme.ATTENTION, font=theme.MONO_BOLD)


def _fan_tips(data: Data) -> list[Point]:
    return drawing.ray_tips(data, FAN_X, FAN_TOP, FAN_BOTTOM)
