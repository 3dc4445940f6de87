"""The fan: a ray for each move, wide as it is likely, and the likeliest moves named at its tips."""

from __future__ import annotations

from dataclasses import dataclass

from stagelight.render import theme
from stagelight.render.components import fan
from stagelight.render.motion import Point, spread
from stagelight.render.pen import Pen
from stagelight.render.scenes.rollout.layout import FAN_BOTTOM, FAN_TOP, LANES_RIGHT, NAME_PITCH, NAME_X, ORIGIN, TIPS_X
from stagelight.render.scenes.rollout.rays import Rays
from stagelight.render.scenes.rollout.step import Step
from stagelight.render.typeset import advance
from stagelight.render.wording import percent

MISSED_Y = ORIGIN[1] + 170
NAMED = 5  # moves, at most
LEAST = 0.03  # of these, the least likely
NUMBER_GAP = 28  # from the names to the numbers
SIZE, QUIET_SIZE, LARGE_SIZE = 50, 40, 60  # of their words; the last where few moves are shown


@dataclass(frozen=True)
class Missed:
    """A mate that was to be had: its name, its probability after the step and at the end of training, in words."""

    name: str
    now: str
    final: str
    clear: float = 0.0
    later: float = 0.0  # how clear the last number is


@dataclass(frozen=True)
class Fan:
    """The fan's opening, its way to what it is after the step, and the opacity of its names."""

    open: float = 0.0
    alpha: float = 1.0
    shift: float = 0.0
    few: tuple[float, ...] = ()  # probabilities of the likeliest moves by rank, instead of all moves'
    names: float = 0.0
    named: int = NAMED  # moves named, at most
    wrong: float = 0.0  # how far the likeliest move is shown as a mistake
    missed: Missed | None = None


def tips(rays: Rays) -> list[Point]:
    """The end of each move's ray, the likeliest level with the origin."""
    pitch, middle = (FAN_BOTTOM - FAN_TOP) / len(rays), (len(rays) - 1) // 2
    return fan.tips([place - middle for place in rays.places], TIPS_X, ORIGIN[1], pitch)


def draw(pen: Pen, step: Step, state: Fan) -> None:
    """The fan of one moment."""
    if state.open <= 0 or state.alpha <= 0:
        return
    rays = step.likeliest if state.few else step.rays
    with pen.faded(state.alpha) as visible:
        if not visible:
            return
        ends, odds = tips(rays), rays.at(state.shift)
        if state.few:
            odds = odds.copy()
            odds[rays.order] = state.few[: len(rays)]
        fan.fan(pen, ORIGIN, ends, odds, state.open)
        if state.wrong > 0:
            worst = rays.order[0]
            fan.ray_path(pen, ORIGIN, ends[worst])
            pen.stroke(theme.LOST, fan.THICK * 0.55 * float(odds[worst]), 0.85 * state.wrong)
        if state.open > 0.9:
            for (x, y), p in zip(ends, odds, strict=True):
                pen.disc(x, y, 3 + 14 * float(p), theme.BELIEF, (state.open - 0.9) * 9)
    if state.names > 0:
        _names(pen, step, rays, state)
    if state.missed:
        _missed(pen, state.missed)


def _missed(pen: Pen, missed: Missed) -> None:
    """The mate that it missed, below the move that it is sure of."""
    x = NAME_X + 14
    with pen.faded(missed.clear):
        width = pen.text(f"{missed.name} ", x, MISSED_Y, LARGE_SIZE, theme.ATTENTION, font=theme.MONO_BOLD)
        pen.text(missed.now, x + width, MISSED_Y, LARGE_SIZE, theme.ATTENTION, font=theme.MONO_BOLD)
        y = MISSED_Y + 1.6 * LARGE_SIZE
        width = pen.text("in the end ", x, y, theme.FLOOR, theme.QUIET, alpha=missed.later)
        pen.text(missed.final, x + width, y, SIZE, theme.KEPT, font=theme.MONO_BOLD, alpha=missed.later)


def _names(pen: Pen, step: Step, rays: Rays, state: Fan) -> None:
    """The likeliest moves, each with its probability; numbers are recorded ones, never a blend of two."""
    ends, left = tips(rays), NAME_X + 14
    chosen = [move for move in rays.order[: state.named] if max(rays.before[move], rays.after[move]) >= LEAST]
    heights = spread([ends[move][1] for move in chosen], NAME_PITCH)
    names = [step.name(rays.uci[move]) for move in chosen]
    sizes = [_size(name, move == rays.order[0], bool(state.few)) for name, move in zip(names, chosen, strict=True)]
    widths = (advance(name, theme.MONO_BOLD) * size for name, size in zip(names, sizes, strict=True))
    column = left + max(widths, default=0.0) + NUMBER_GAP
    odds = rays.after if state.shift > 0.5 else rays.before
    for move, name, size, y in zip(chosen, names, sizes, heights, strict=True):
        best, tip = move == rays.order[0], ends[move]
        colour = theme.LOST if best and state.wrong > 0.5 else theme.TEXT if best else theme.QUIET
        font = theme.MONO_BOLD if best else theme.MONO
        pen.line((tip[0] + 12, tip[1]), (left - 8, y), theme.HAIRLINE, 2, state.names)
        pen.text(name, left, y + size * 0.34, size, colour, font=font, alpha=state.names)
        pen.text(percent(odds[move]), column, y + size * 0.34, size, colour, font=font, alpha=state.names)


def _size(name: str, best: bool, few: bool) -> float:
    """The size of a move's words: the best one's is large, as far as there is room for it and any number."""
    if not best:
        return QUIET_SIZE
    room = LANES_RIGHT - NAME_X - 14 - NUMBER_GAP
    fits = room / (advance(name, theme.MONO_BOLD) + advance(percent(1.0), theme.MONO_BOLD))
    return min(LARGE_SIZE if few else SIZE, fits)
