"""A villager's head: a face that hunger changes, and the hat that tells the role."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from stagelight.render import theme
from stagelight.render.components.village.cutout import Part, cutout, oval
from stagelight.render.motion import Point, px, py
from stagelight.render.pen import Pen

Role = Literal["farmer", "miller", "baker", "child"]
LARGE = 1.3  # a child's head, in proportion


@dataclass(frozen=True)
class Look:
    """The looks of a person."""

    role: Role
    skin: int = 0
    hair: int = 0
    cloth: int = 0


def parts(look: Look, at: Point, nod: float, hunger: float) -> list[Part]:
    """A head about a point, turned by `nod`; it smiles until about a third of the way to starving."""
    big = LARGE if look.role == "child" else 1.0

    def part(
        points: tuple[Point, ...], colour: str, low: str | None = None, width: float = 0.0, inlaid: bool = False
    ) -> Part:
        return Part(tuple((big * x, big * y) for x, y in points), colour, low, at, nod, big * width, inlaid)

    skin, hair = theme.SKINS[look.skin], theme.HAIRS[look.hair]
    sad = min(max(2 * hunger - 0.3, -0.6), 1.0)
    face = [
        part(oval(0.6, 0, 8.4, 8.6), skin),
        part(oval(-2.6, 1.6, 1.7, 2.2), skin, inlaid=True),
        *(part(oval(x, -0.4, 1.0, 1.5), theme.OUTLINE, inlaid=True) for x in (3.0, 6.8)),
        *(
            part(((x - 1.2, -3.3 - s * max(sad, 0)), (x + 1.2, -3.3 + s * max(sad, 0))), hair, width=0.9, inlaid=True)
            for x, s in ((2.8, -0.8), (6.8, 0.8))
        ),
        part(
            ((3.2, 4.4 + 0.4 * sad), (4.9, 4.9 - 0.7 * sad), (6.6, 4.4 + 0.4 * sad)),
            theme.OUTLINE,
            width=0.8,
            inlaid=True,
        ),
        part(oval(1.6, 3.0, 1.3, 0.9), theme.BLUSH, inlaid=True),
    ]
    locks = part(
        (
            (-7.8, 3.6),
            (-8.6, -3),
            (-4.6, -8.8),
            (2, -9.4),
            (7.4, -6),
            (3.4, -5.4),
            (-1.2, -4.4),
            (-3.4, 0.4),
            (-4.6, 4.2),
        ),
        hair,
    )
    return [*face, locks, *(part(*each) for each in _hat(look))]


@cache
def _hat(look: Look) -> list[tuple[tuple[Point, ...], str, str | None, float, bool]]:
    """The hat of a role."""
    if look.role == "farmer":
        return [
            (((-4.6, -7), (-3.6, -12.4), (1, -13.6), (5.4, -12), (6.4, -7)), theme.STRAW, theme.STRAW_DEEP, 0, False),
            (oval(0.8, -6.6, 13.6, 2.6), theme.STRAW, theme.STRAW_DEEP, 0, False),
            (((-4.2, -8.6), (6.0, -8.6)), theme.TIMBER, None, 1.6, True),
        ]
    if look.role == "miller":
        return [
            (
                ((-7.4, -5), (-7.8, -11.6), (-7, -12), (8.2, -12.6), (8.8, -12), (8.2, -5.4)),
                theme.FLOUR,
                theme.FLOUR_DEEP,
                0,
                False,
            ),
            (((-7.2, -6), (8, -6.4)), theme.CLOTHS[1][0], None, 2.0, True),
        ]
    if look.role == "baker":
        return [
            (
                ((-6.6, -5.4), (-8.8, -12), (-6, -16.6), (0.6, -18), (7, -16.6), (9.6, -12), (7.4, -5.4)),
                theme.FLOUR,
                theme.FLOUR_DEEP,
                0,
                False,
            ),
            (((-6.4, -6.4), (7.2, -6.4)), theme.FLOUR, None, 3.4, False),
        ]
    tuft = [
        ((-7.5, 1), (-11.6, 3.4), (-10.6, 8), (-7.2, 6.4)),
        ((-3, -8), (-2, -12.4), (1, -9.6), (4, -12), (4.6, -8)),
    ][look.hair % 2]
    return [(tuft, theme.HAIRS[look.hair], None, 0, False)]


def exhibit(pen: Pen, _: float) -> None:
    """Each role's hat, and below, one face from fed to starving."""
    roles: tuple[Role, ...] = ("farmer", "miller", "baker", "child")
    for column, role in enumerate(roles):
        for row, (look, hunger) in enumerate(((Look(role, column % 3, column % 3), 0.0), (Look("child"), column / 3))):
            with pen.moved(px(17 + 22 * column), py(33 + 43 * row), 10 if row == 0 else 8):
                cutout(pen, parts(look, (0, 0), 0.0, hunger))
