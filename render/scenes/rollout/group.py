"""The group: rollouts run along their rays into lanes, are judged there, become bars, and go back as credit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from stagelight.render import theme
from stagelight.render.components import bars
from stagelight.render.components import fan as rays_of
from stagelight.render.motion import along, cut, mix, swing
from stagelight.render.pen import Pen
from stagelight.render.scenes.rollout import fan
from stagelight.render.scenes.rollout.layout import (
    ABOVE_Y,
    LANE_X,
    LANES_BOTTOM,
    LANES_RIGHT,
    LANES_TOP,
    NUMBER_Y,
    ONE,
    ORIGIN,
    VERDICT_X,
    ZERO,
    lane_pitch,
    lane_x,
    lane_y,
)
from stagelight.render.scenes.rollout.step import Step
from stagelight.render.wording import MINUS, percent, signed

BEAD, BEAD_GLOW = 9, 38
TEXT_MOST = 48.0  # size of a lane's words, where lanes are high enough
DISC_GLOW, DISC_LEAST, DISC_MOST = 90, 30.0, 40.0
COUNTER_SIZE = 60


@dataclass(frozen=True)
class Group:
    """The progress of each rollout, and of the group as a whole; shares from 0 to 1."""

    runs: tuple[float, ...] = ()  # (G,) by draw: 1 at the tip of its ray, 2 in its lane
    alpha: float = 1.0
    dots: float = 1.0  # of the beads at rest in the lanes
    judged: tuple[float, ...] = ()  # (G,) by lane: how clear the verdict is
    disc: tuple[float, float] = (0.0, 0.0)  # the verifier: lane, alpha
    rows: float = 0.0  # how far the lanes are on their way to being rows
    bars: float = 0.0
    mean: float = 0.0
    rehung: float = 0.0
    values: float = 0.0
    clear: float = 1.0  # of bars, mean and values
    total: float = 0.0  # of the sum of all
    credit: float = -1.0  # how far the credit is on its way back to the network; below 0, not begun


def counter(pen: Pen, words: str) -> None:
    """Training steps done, at the right of the headline."""
    pen.text(words, LANES_RIGHT, NUMBER_Y, COUNTER_SIZE, theme.TEXT, font=theme.MONO_BOLD, anchor="end")


def draw(pen: Pen, step: Step, state: Group) -> None:
    """The group at one moment."""
    if not state.runs or state.alpha <= 0:
        return
    count = len(state.runs)
    with pen.faded(state.alpha) as visible:
        if visible:
            for number, draw_ in enumerate(step.draws):
                _lane(pen, step, state, number, count, min(max(state.runs[draw_] * 4 - 7, 0.0), 1.0))
            if state.mean > 0:
                _mean(pen, step, state)
    _runs(pen, step, state)
    lane, alpha = state.disc
    if alpha > 0:
        y, radius = lane_y(lane, count), min(max(lane_pitch(count) * 0.55, DISC_LEAST), DISC_MOST)
        pen.glow(VERDICT_X, y, DISC_GLOW, theme.TEXT, 0.3 * alpha)
        pen.disc(VERDICT_X, y, radius, theme.TEXT, 0.15 * alpha)
        pen.ring(VERDICT_X, y, radius, theme.TEXT, 4, 0.9 * alpha)
    if state.credit >= 0:
        _credit(pen, step, state)


def _size(count: int) -> float:
    return max(min(lane_pitch(count) * 0.98, TEXT_MOST), theme.FLOOR)


def _lane(pen: Pen, step: Step, state: Group, lane: int, count: int, filled: float) -> None:
    """One rollout's move, how likely it was, what it was paid."""
    if filled <= 0:
        return
    y, x, size = lane_y(lane, count), lane_x(state.rows), _size(count)
    paid, move = float(step.reward[lane]), step.group[lane]
    judged = state.judged[lane] if state.judged else 0.0
    lit = paid > 0 and judged > 0.5
    colour = theme.TEXT if lit or judged < 0.5 else theme.QUIET
    base = y + size * 0.34
    pen.text(step.name(step.rays.uci[move]), x + 24, base, size, colour, font=theme.MONO_BOLD, alpha=filled)
    odds = (1 - state.rows * 12) * filled
    smaller = max(size * 0.86, theme.FLOOR)
    pen.text(percent(float(step.rays.before[move])), VERDICT_X - 62, base, smaller, theme.QUIET, font=theme.MONO,
             anchor="end", alpha=odds)  # fmt: skip
    if state.bars > 0 and state.clear > 0:
        with pen.faded(state.clear):
            mean, end = ZERO + ONE * float(step.reward.mean()), ZERO + ONE * paid * state.bars
            bars.bar(pen, ZERO, mean, end, y, lane_pitch(count) * 0.66, state.rehung)
    _verdict(pen, state, paid, judged, y, size)
    if state.values > 0:
        value = float(step.advantage[lane])
        colour = theme.KEPT if value > 0 else theme.LOST if value < 0 else theme.QUIET
        pen.text(_advantage(step, value), LANES_RIGHT, base, size, colour, font=theme.MONO_BOLD, anchor="end",
                 alpha=state.values * state.clear)  # fmt: skip


def _verdict(pen: Pen, state: Group, paid: float, judged: float, y: float, size: float) -> None:
    """A ring and +1, or a quiet 0; where lanes become rows it goes to the end of its bar, and fades there."""
    if judged <= 0:
        return
    x = mix(VERDICT_X, ZERO + ONE * paid * state.bars, state.rows)
    alpha, smaller = judged * (1 - state.mean), max(size * 0.86, theme.FLOOR)
    if paid > 0:
        radius = min(size * 0.54, 30)
        pen.glow(x, y, 3 * radius, theme.ATTENTION, 0.35 * alpha)
        pen.disc(x, y, radius, theme.NIGHT, 0.6 * alpha)
        pen.ring(x, y, radius, theme.ATTENTION, 4.5, alpha)
        words = "1" if paid == 1 else f"{paid:.2f}".lstrip("0")
        pen.text(words, x, y + smaller * 0.36, smaller, theme.ATTENTION, font=theme.MONO_BOLD, anchor="middle",
                 alpha=alpha)  # fmt: skip
    else:
        pen.text("0", x + 26 * state.rows, y + smaller * 0.36, smaller, theme.QUIET, font=theme.MONO, anchor="middle",
                 alpha=alpha)  # fmt: skip


def _mean(pen: Pen, step: Step, state: Group) -> None:
    """The line at the mean of the rewards, its name above it, and what the bars sum to."""
    x, count = ZERO + ONE * float(step.reward.mean()), len(step.reward)
    with pen.faded(state.clear):
        bottom = mix(LANES_TOP - 4, LANES_BOTTOM, state.mean)
        pen.line((x, LANES_TOP - 4), (x, bottom), theme.TEXT, 4.5, state.rows)
        words = f"mean {_share(step, float(step.reward.sum()), count)}"
        pen.text(words, x - 4, ABOVE_Y, 44, theme.TEXT, font=theme.MONO_BOLD, alpha=state.mean * state.rows)
        pen.text("all add up to 0", LANES_RIGHT, ABOVE_Y, 40, theme.QUIET, anchor="end", alpha=state.total * state.rows)


def _share(step: Step, value: float, count: int) -> str:
    """A sum of rewards over the group: in parts of it where rewards are 0 or 1."""
    return f"{value:.0f}/{count}" if _whole(step) else f"{value / count:.2f}"


def _whole(step: Step) -> bool:
    return bool(np.all(np.isin(step.reward, (0.0, 1.0))))


def _advantage(step: Step, value: float) -> str:
    count = len(step.reward)
    if not _whole(step):
        return signed(value)
    parts = round(value * count)
    return "0" if parts == 0 else f"{'+' if parts > 0 else MINUS}{abs(parts)}/{count}"


def _runs(pen: Pen, step: Step, state: Group) -> None:
    """Rollouts on their way along the rays into the lanes, and at rest at the lanes' left."""
    ends, count = fan.tips(step.rays), len(state.runs)
    for lane, number in enumerate(step.draws):
        share = state.runs[number]
        if share <= 0:
            continue
        tip, goal = ends[step.group[lane]], (LANE_X, lane_y(lane, count))
        trail = state.alpha * (1 - state.rows) * state.dots
        first = min(share, 1.0)
        moving = share < 2
        if trail > 0.01:
            with pen.faded(trail):
                path = partial(rays_of.ray_path, pen, ORIGIN, tip, first)
                if moving:
                    pen.beam(path, theme.ATTENTION, 3.0, 0.9)
                else:
                    path()
                    pen.stroke(theme.ATTENTION, 2.2, 0.55)
                if share > 1:
                    pen.curve(cut(swing(tip, goal), share - 1))
                    pen.stroke(theme.ATTENTION, 2.2, 0.55)
                here = rays_of.on_ray(ORIGIN, tip, first) if share < 1 else rays_of.on_ray(tip, goal, share - 1)
                if moving:
                    pen.glow(*here, BEAD_GLOW, theme.ATTENTION, 0.9)
                pen.disc(*here, BEAD, theme.ATTENTION)


def _credit(pen: Pen, step: Step, state: Group) -> None:
    """Each advantage goes back the way that its rollout came: along its ray, into the network."""
    ends, count = fan.tips(step.rays), len(state.runs)
    for lane in range(count):
        value = float(step.advantage[lane])
        share = min(max(state.credit * 1.35 - 0.35 * lane / count, 0.0), 1.0)
        tip, start = ends[step.group[lane]], (LANE_X, lane_y(lane, count))
        here = along(start, tip, share * 3) if share < 1 / 3 else rays_of.on_ray(ORIGIN, tip, 1.5 - 1.5 * share)
        colour = theme.KEPT if value > 0 else theme.LOST
        alpha = min(share * 12, 1.0, (1 - share) * 12)
        if value == 0 or alpha <= 0:
            continue
        trail = max(share - 0.3, 0.0)
        back = along(start, tip, trail * 3) if trail < 1 / 3 else rays_of.on_ray(ORIGIN, tip, 1.5 - 1.5 * trail)
        pen.line(back, here, colour, 3 + 3 * abs(value), 0.6 * alpha, () if value > 0 else (9, 7))
        pen.glow(*here, 22 + 40 * abs(value), colour, 0.95 * alpha)
        pen.disc(*here, 5 + 9 * abs(value), colour, alpha)
