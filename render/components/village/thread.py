"""A thread from waiting hands to the one who supplies them."""

from __future__ import annotations

import math

from stagelight.render import theme
from stagelight.render.motion import Point, mix, px, py
from stagelight.render.pen import Pen

SAG, DASH = 0.24, (16.0, 11.0)  # how deep a slack thread hangs, in its own length; the dashes of a taut one


def thread(pen: Pen, waiting: Point, supplier: Point, pull: float, alpha: float = 1.0) -> None:
    """A thread between two pairs of hands. `pull` 0: supplied, it hangs slack; 1: waiting, it is taut and dashed."""
    length = math.dist(waiting, supplier)
    sag = SAG * length * (1 - pull) ** 1.5
    third = [(mix(waiting[0], supplier[0], s), mix(waiting[1], supplier[1], s) + sag * 4 / 3) for s in (1 / 3, 2 / 3)]
    path = (waiting, third[0], third[1], supplier)
    taut = pull > 0.5
    pen.curve(path)
    pen.stroke(theme.OUTLINE, 9, 0.6 * alpha)
    pen.curve(path)
    pen.stroke(
        theme.TEXT if taut else theme.QUIET, mix(3.0, 4.5, pull), alpha * mix(0.75, 1.0, pull), DASH if taut else ()
    )
    for end in (waiting, supplier):
        pen.disc(*end, 8, theme.OUTLINE, alpha)
        pen.disc(*end, 5, theme.TEXT if taut else theme.QUIET, alpha)


def exhibit(pen: Pen, t: float) -> None:
    """Slack, and pulled taut."""
    thread(pen, (px(15), py(30)), (px(85), py(26)), 0.0)
    thread(pen, (px(15), py(70)), (px(85), py(66)), min(t / 2, 1.0))
