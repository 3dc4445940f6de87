"""The market: a stall where bread is bought and sold at the day's price."""

from __future__ import annotations

from stagelight.render import theme
from stagelight.render.components.village import goods
from stagelight.render.components.village.cutout import Part, cutout
from stagelight.render.motion import Box, px, py
from stagelight.render.pen import Pen

STRIPES, SHELF = 6, 5  # of the awning; loaves that the counter shows


def market(pen: Pen, x: float, y: float, loaves: int, price: float | None, size: float = 1.0) -> None:
    """A stall on the ground at (x, y), 130 px wide at size 1.

    Args:
        loaves: for sale; the first five lie on the counter, the rest are counted.
        price: of one, printed on its board; None: the board is bare.
    """
    with pen.moved(x, y, size):
        pen.cached(_stall, (), Box(-71, -117, 142, 122))
    large = max(27 * size, theme.FLOOR)
    if price is not None:
        pen.text(f"{price:.2f}", x, y - 17.5 * size + 0.36 * large, large, font=theme.MONO_BOLD, anchor="middle")
    count = min(loaves, SHELF)
    for at in range(count):
        goods.good(pen, "loaf", x + size * 22 * (at - (count - 1) / 2), y - 40 * size, 1.0, 0.95 * size)
    if loaves > SHELF:
        pen.text(f"+{loaves - SHELF}", x + 70 * size, y - 36 * size, max(18 * size, theme.FLOOR), theme.QUIET)


def _stall(pen: Pen) -> None:
    """Posts, table, awning and board."""
    posts = [Part(((at, 0), (at, -92)), theme.TIMBER, width=5) for at in (-52, 52)]
    table = Part(((-60, 0), (-60, -34), (60, -34), (60, 0)), theme.TIMBER, theme.TIMBER_DEEP, sharp=True)
    cutout(pen, [*posts, table], glow=0.4)
    wide = 132 / STRIPES
    cutout(pen, [
        Part(((-66 + wide * k, -88), (-56 + wide * k * 112 / 132, -112), (-56 + wide * (k + 1) * 112 / 132, -112),
              (-66 + wide * (k + 1), -88), (-66 + wide * (k + 0.5), -80)),
             theme.FLOUR if k % 2 else theme.TILE, theme.FLOUR_DEEP if k % 2 else theme.TILE_DEEP, sharp=True)
        for k in range(STRIPES)
    ], glow=0.4)  # fmt: skip
    pen.box(-52, -32, 104, 29, 3)
    pen.fill(theme.NIGHT)


def exhibit(pen: Pen, t: float) -> None:
    """Plenty at a low price; a crash's other side, one loaf, dear."""
    market(pen, px(28), py(76), 8, 0.75, 4.6)
    market(pen, px(74), py(76), 1, 3.2, 4.6)
