"""A group's rewards as bars, which re-hang from their mean as advantages."""

from __future__ import annotations

from render import theme
from render.motion import mix
from render.pen import Pen


def reward_bar(pen: Pen, x: float, base: float, width: float, height: float, alpha: float = 1.0) -> None:
    """A bar standing on the base line."""
    if height > 1:
        pen.box(x - width / 2, base - height, width, height, 8)
        pen.fill(theme.ATTENTION, 0.85 * alpha)
    pen.line((x - width / 2, base), (x + width / 2, base), theme.QUIET, 4, alpha)


def advantage_bar(pen: Pen, x: float, line: float, width: float, height: float, alpha: float = 1.0) -> None:
    """A bar hanging from the mean's line: solid teal upwards, dashed rose downwards. height < 0 is down."""
    top = line - max(height, 0)
    pen.box(x - width / 2, top, width, abs(height), 8)
    if height >= 0:
        pen.fill(theme.KEPT, 0.9 * alpha)
    else:
        pen.fill(theme.LOST, 0.3 * alpha)
        pen.box(x - width / 2, top, width, abs(height), 8)
        pen.stroke(theme.LOST, 3.5, alpha, (12, 9))


def rehang(pen: Pen, x: float, base: float, line: float, width: float, height: float, share: float) -> None:
    """From a reward bar on the base to an advantage bar on the line."""
    if share <= 0:
        reward_bar(pen, x, base, width, height)
        return
    reward_bar(pen, x, base, width, height, alpha=1 - share)
    rise = height - (base - line)
    advantage_bar(pen, x, line, width, mix(0.0, rise, share), alpha=share)


def signed(value: float) -> str:
    """A number with its sign, with a true minus, to three digits."""
    return f"{value:+.3g}".replace("-", "−")
