"""A group's rewards as level bars, which re-hang from their mean as advantages."""

from __future__ import annotations

from stagelight.render import theme
from stagelight.render.motion import ease, mix, px, py
from stagelight.render.pen import Pen
from stagelight.render.wording import signed


def bar(pen: Pen, zero: float, mean: float, end: float, y: float, height: float, hung: float) -> None:
    """A reward's bar from `zero` to `end`; `hung`, 0 to 1, lets it hang from `mean` instead.

    What reaches beyond the mean is solid and teal, what falls short of it dashed and rose.
    """
    top, foot = y - height / 2, mix(zero, mean, hung)
    if end > zero + 1 and hung < 1:
        _solid(pen, zero, end, top, height, theme.ATTENTION, theme.ATTENTION_DEEP, 1 - hung)
    if hung <= 0:
        return
    if end > foot + 1:
        pen.glow(end, y, height * 1.5, theme.KEPT, 0.4 * hung)
        _solid(pen, foot, end, top, height, theme.KEPT, theme.KEPT_DEEP, hung)
    elif end < foot - 1:
        pen.box(end, top, foot - end, height, 4)
        pen.fill(theme.LOST, 0.4 * hung)
        pen.box(end, top, foot - end, height, 4)
        pen.stroke(theme.LOST, 2.5, hung, (9, 6))


def _solid(pen: Pen, start: float, end: float, top: float, height: float, high: str, low: str, alpha: float) -> None:
    """A lit bar, deep at its lower edge."""
    pen.box(start, top, end - start, height, 6)
    pen.shade(top, top + height, high, low, alpha)


def exhibit(pen: Pen, t: float) -> None:
    """Eight rewards, three of them 1, re-hang from their mean."""
    rewards = (1, 0, 0, 1, 0, 0, 0, 1)
    zero, one, share, turned = px(26), 900.0, sum(rewards) / len(rewards), ease(t, 1.0, 1.2)
    mean = zero + share * one
    for index, reward in enumerate(rewards):
        y = py(18 + 9.6 * index)
        bar(pen, zero, mean, zero + one * reward, y, 62, turned)
        value = reward - share
        pen.text(signed(value), px(88), y + 15, 44, theme.KEPT if value > 0 else theme.LOST, font=theme.MONO_BOLD,
                 anchor="end", alpha=turned)  # fmt: skip
    pen.line((mean, py(12)), (mean, py(92)), theme.TEXT, 4.5)
    pen.text(f"mean {share:g}", mean, py(9), 44, theme.TEXT, font=theme.SANS_STRONG, anchor="middle")
