"""The same position through the whole run; the fan collapses, first on a wrong move where the run did."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from stagelight.render import theme
from stagelight.render.components import board, curve, fan, frame, network
from stagelight.render.motion import Point, between, ease, mix, px, py
from stagelight.render.pen import Pen
from stagelight.render.scenes.rollout.shown import Shown, percent
from stagelight.render.stage import Cue, Section


def section(shown: Shown) -> Section:
    """What is said and when."""
    solved, untrained = (shown.recording.fact(f"{name}.solve_rate") for name in ("mate_in_one", "untrained"))
    last = percent(float(shown.a["watch_after"][-1][shown.best]))
    ring = (Cue(15.2, 17.5, "ring"),) if shown.a["mate"][shown.best] else ()
    said = [Cue(0.4, 5.0, "The same step, over and over, on a board it trains on.")]
    if shown.wrong:
        sure, san = percent(shown.wrong["probability"]), shown.wrong["san"]
        said.append(Cue(5.3, 8.9, f"Step {shown.wrong['step']}: {sure} sure of {san}. Wrong: it is not mate."))
        if shown.a["mate"][shown.best]:
            said.append(Cue(9.1, 12.3, "Only mates are paid, so that ray fades."))
    else:
        said.append(Cue(5.3, 12.3, "The probabilities sharpen."))
    said.append(Cue(12.5, 17.5, f"Positions never trained on: {untrained:.0%} solved before, {solved:.0%} after."))
    return Section(
        name="training",
        step=None,
        title="It learns",
        seconds=17.5,
        paint=partial(paint, shown),
        backdrop=partial(backdrop, shown),
        captions=tuple(said),
        marks=(Cue(0.0, 17.5, "counter"), Cue(0.0, 14.0, "ray"), Cue(0.0, 14.0, "jolt"), *ring),
        still=16.8,
        alt=f"One thick ray, {shown.san[shown.best]} at {last}, over the ghost of the first fan; the move is on the "
        f"board. A curve of unseen positions solved has climbed from {untrained:.0%} to {solved:.0%}.",
    )


def backdrop(shown: Shown, pen: Pen) -> None:
    """Names of the parts, axes, and the first fan as a ghost."""
    curve.axes(pen, *_axes(), int(shown.a["solve_step"][-1]), len(shown.a["solve_rate"]))
    with pen.faded(0.28):
        fan.fan(pen, _fan_origin(), _fan_tips(shown), shown.before)
    frame.label(pen, "jolts: weights moved", px(4), py(70))


def paint(shown: Shown, pen: Pen, t: float) -> None:
    """The watched steps in order, log-spaced; then the best move is played."""
    steps, chances = shown.a["watch_step"], np.concatenate([shown.a["watch_before"][:1], shown.a["watch_after"]])
    clock = _clock(shown, t)
    low = min(int(clock), len(steps) - 1)
    share = ease(clock - low, 0.5, 0.5)
    moment = chances[low] + (chances[low + 1] - chances[low]) * share
    printed = low + (share > 0.5)  # numbers are those of a recorded step, never a blend of two
    counted = [0, *map(int, steps)]
    now = mix(float(counted[low]), float(counted[low + 1]), share)
    played = ease(t, 14.0, 1.0)
    left, top, size = px(4), py(18), 470.0
    board.move(pen, shown.start, shown.uci[shown.best], left, top, size, played, shown.ends[shown.best])
    if played < 1:
        leader = int(moment.argmax())
        board.arrow(
            pen,
            shown.uci[leader],
            left,
            top,
            size,
            theme.BELIEF,
            float(moment[leader]) ** 0.7 * (1 - played),
        )
    if shown.a["mate"][shown.best]:
        board.mated(pen, shown.ends[shown.best], "k", left, top, size, ease(t, 15.1, 0.4))
    origin, ends = _fan_origin(), _fan_tips(shown)
    fan.fan(pen, origin, ends, moment)
    if shown.wrong:
        move, blush = int(shown.wrong["move"]), between(t, 5.2, 8.9, 0.5)
        path = partial(fan.ray_path, pen, origin, ends[move])
        path()
        pen.stroke(theme.LOST, fan.THICK * 0.55 * float(moment[move]), 0.85 * blush)
    pen.ball(*origin, 13, theme.BELIEF)
    _fan_words(shown, pen, chances[printed], ends)
    with pen.faded(1 - ease(t, 13.6, 0.8) * 0.7):
        change = shown.a["watch_change"][min(low, len(steps) - 1)]
        network.strip(pen, px(4.8), py(74), change, shown.jolt_scale())
    _score(shown, pen, counted[printed])
    curve.curves(pen, *_axes(), [int(s) for s in shown.a["solve_step"]], shown.a["solve_rate"], now)


def _clock(shown: Shown, t: float) -> float:
    """How many watched steps are done at a time: the surest mistake is reached at 5.4 s and held to 8.2 s."""
    last = float(len(shown.a["watch_step"]))
    pause = 1.0 + float(np.flatnonzero(shown.a["watch_step"] == shown.wrong["step"])[0]) if shown.wrong else last * 0.4
    times = (0.0, 1.0, 5.4, 8.2 if shown.wrong else 5.4, 13.2)
    return float(np.interp(t, times, (0.0, 0.0, pause, pause, last)))


def _score(shown: Shown, pen: Pen, step: int) -> None:
    """Training steps done, as the hero number."""
    pen.text("training step", px(74), py(21), theme.FLOOR, theme.QUIET)
    pen.text(f"{step:,}".replace(",", " "), px(74), py(30), 84, theme.TEXT, font=theme.MONO_BOLD)
    rate = shown.recording.fact(f"curve.{step}.solve_rate")
    pen.text("unseen positions solved", px(74), py(39), theme.FLOOR, theme.QUIET)
    pen.text(f"{100 * rate:.0f} %", px(74), py(48), 84, theme.ATTENTION, font=theme.MONO_BOLD)


def _fan_words(shown: Shown, pen: Pen, chances: Any, ends: list[Point]) -> None:
    """Name the move that ends as the likeliest, and others that matter now, never two on top of each other."""
    used: list[float] = []
    likely = [int(k) for k in np.argsort(-chances, kind="stable")[:4] if chances[k] >= 0.035]
    for index in dict.fromkeys([shown.best, *likely]):
        p, (x, y) = float(chances[index]), ends[index]
        if any(abs(y - other) < 50 for other in used):
            y = used[0] + (50 if y > used[0] else -50)
        if any(abs(y - other) < 50 for other in used):
            continue
        used.append(y)
        best, lost = index == shown.best, p > 0.5 and not shown.a["mate"][index]
        colour = theme.TEXT if best else theme.LOST if lost else theme.QUIET
        font = theme.MONO_BOLD if best or lost else theme.MONO
        seen = 1.0 if best else min(1.0, (p - 0.035) * 60)
        pen.text(f"{shown.san[index]} {percent(p)}", x + 26, y + 13, 40, colour, font=font, alpha=seen)


def _axes() -> tuple[float, float, float, float]:
    return px(74.5), py(55), px(21.5), py(20)


def _fan_origin() -> Point:
    return px(30.5), py(49.5)


def _fan_tips(shown: Shown) -> list[Point]:
    return shown.tips(px(53), py(18), py(81))
