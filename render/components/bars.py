"""A group's rewards as bars, which re-hang from their mean as advantages."""

from __future__ import annotations

from stagelight.render import theme
from stagelight.render.motion import ease, mix, px, py
from stagelight.render.pen import Pen
from stagelight.render.wording import signed


def reward_bar(pen: Pen, x: float, base: float, width: float, height: float, alpha: float = 1.0) -> None:
    """A bar standing on the base line."""
    if height > 1:
        _standing(pen, x, base, width, height, theme.ATTENTION, theme.ATTENTION_DEEP, alpha)
    pen.line((x - width / 2, base), (x + width / 2, base), theme.QUIET, 4, alpha)


def advantage_bar(pen: Pen, x: float, line: float, width: float, height: float, alpha: float = 1.0) -> None:
    """A bar hanging from the mean's line: solid teal upwards, dashed rose downwards. height < 0 is down."""
    if height >= 0:
        _standing(pen, x, line, width, height, theme.KEPT, theme.KEPT_DEEP, alpha)
    else:
        pen.box(x - width / 2, line, width, -height, 8)
        pen.shade(line, line - height, theme.LOST, theme.LOST, 0.5 * alpha, low_alpha=0.3)
        pen.box(x - width / 2, line, width, -height, 8)
        pen.stroke(theme.LOST, 3.5, alpha, (12, 9))


def _standing(pen: Pen, x: float, base: float, width: float, height: float, high: str, low: str, alpha: float) -> None:
    """A lit bar that stands on `base`: deep at its foot, bright at its top, its edge catching the light."""
    pen.glow(x, base - height, width * 1.1, high, 0.5 * alpha * min(height / width, 1))
    pen.box(x - width / 2, base - height, width, height, 8)
    pen.shade(base - height, base, high, low, alpha)
    if height > 12:
        pen.line(
            (x - width / 2 + 9, base - height + 2.5),
            (x + width / 2 - 9, base - height + 2.5),
            theme.CORE,
            2,
            0.6 * alpha,
        )


def rehang(pen: Pen, x: float, base: float, line: float, width: float, height: float, share: float) -> None:
    """From a reward bar on the base to an advantage bar on the line."""
    if share <= 0:
        reward_bar(pen, x, base, width, height)
        return
    reward_bar(pen, x, base, width, height, alpha=1 - share)
    rise = height - (base - line)
    advantage_bar(pen, x, line, width, mix(0.0, rise, share), alpha=share)


def exhibit(pen: Pen, t: float) -> None:
    """Eight rewards, three of them 1, re-hang from their mean."""
    rewards = (1, 0, 0, 1, 0, 0, 0, 1)
    base, one, mean, turned = py(76), 500.0, sum(rewards) / len(rewards), ease(t, 1.0, 1.2)
    line = base - mean * one
    for index, reward in enumerate(rewards):
        x = px(24 + 9 * index)
        rehang(pen, x, base, line, 110, one * reward, turned)
        value = reward - mean
        colour, place = (theme.KEPT, -20) if value > 0 else (theme.LOST, 46)
        pen.text(signed(value), x, line - value * one + place, theme.FLOOR, colour,
                 font=theme.MONO_BOLD, anchor="middle", alpha=turned)  # fmt: skip
    pen.line((px(18), line), (px(94), line), theme.TEXT, 4.5)
    pen.text(f"mean {mean:g}", px(16.5), line + 14, 44, theme.TEXT, font=theme.SANS_STRONG, anchor="end")
