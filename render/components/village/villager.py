"""Villagers: a rig of joints that a recorded hunger, a load and a walk move; a hat shows the role."""

from __future__ import annotations

import math

from stagelight.render import theme
from stagelight.render.components.village import goods
from stagelight.render.components.village.cutout import Part, cutout, oval
from stagelight.render.components.village.goods import Good
from stagelight.render.components.village.head import Look, Role, parts
from stagelight.render.motion import Box, Point, mix, px, py
from stagelight.render.pen import Pen

CARRIES: dict[Role, Good] = {"farmer": "sheaf", "miller": "sack", "baker": "loaf"}
LIMB = 8.4  # one of a limb's two segments
CHILD = 0.74  # a child's height over an adult's
POSTURES = 24  # between fed and starving
HOPS = 40  # heights of a hop: a frame moves further than from one to the next
ROOM = Box(-40, -84, 80, 94)  # what somebody takes up at most, at size 1
# Joints facing right, feet on the ground: hip, neck, head, near and far hand, near and far foot; and the head's turn.
STANDS = ((0, -15), (0.6, -34), (2, -44), (3.4, -19), (6, -19), (-3, -1.6), (4, -1.6), (0, 0))
SITS = ((-6, -4), (-3, -22), (1, -32), (3.6, -10), (5, -9.4), (10.5, -1.6), (12.5, -1.6), (0.2, 0))
CURLS = ((-8, -4.4), (-1, -17), (6.6, -22), (10.4, -6.5), (11, -5.6), (7.6, -1.6), (10.4, -1.6), (0.75, 0))


LOOKS: dict[Role, Look] = {
    "farmer": Look("farmer", 1, 0, 0),
    "miller": Look("miller", 0, 2, 1),
    "baker": Look("baker", 2, 1, 2),
}
CHILDREN = (Look("child", 0, 0, 3), Look("child", 2, 1, 5), Look("child", 0, 2, 0), Look("child", 1, 0, 4))


def villager(
    pen: Pen,
    x: float,
    y: float,
    look: Look,
    *,
    hunger: float = 0.0,
    walked: float = 0.0,
    load: float = 0.0,
    joy: float = 0.0,
    size: float = 1.0,
    left: bool = False,
    good: Good | None = None,
) -> None:
    """Somebody on the ground at (x, y), 60 px tall at size 1, a child 44.

    Args:
        hunger: 0 fed, on their feet; 0.5 seated, hands on the belly; 1 curled up.
        walked: strides made, two steps each; whole numbers stand still.
        load: what both hands hold, in armfuls; it bends the back.
        joy: how many hops were made; at whole numbers both feet are on the ground. The hungry do not hop.
        left: faces left.
        good: what the load is; their own craft's if None.
    """
    hunger = round(POSTURES * min(max(hunger, 0.0), 1.0)) / POSTURES
    hop = round(HOPS * abs(math.sin(math.pi * joy)) * max(1 - 3 * hunger, 0.0)) / HOPS
    arguments = (look, hunger, walked, load, hop, left, good or CARRIES.get(look.role))
    with pen.moved(x, y, size * (CHILD if look.role == "child" else 1.0)):
        if walked:
            _drawn(pen, *arguments)
        else:
            pen.cached(_drawn, arguments, ROOM)


def _drawn(
    pen: Pen, look: Look, hunger: float, walked: float, load: float, hop: float, left: bool, good: Good | None
) -> None:
    """Their shadow and they."""
    with pen.moved(mirrored=left):
        pen.context.save()
        pen.context.scale(1, 0.24)
        pen.disc(1 + 3 * hunger, 0, 15 - 4 * hop, theme.NIGHT_DEEP, 0.55)
        pen.context.restore()
        with pen.moved(0, -8 * hop):
            rim = theme.ATTENTION if load > 0 else theme.TEXT
            cutout(pen, _figure(look, hunger, walked, load, hop, good), rim, 1.0 if load > 0 else 0.75)


def _figure(look: Look, hunger: float, walked: float, load: float, hop: float, good: Good | None) -> list[Part]:
    """Everything of somebody, back to front."""
    hip, neck, head, near, far, foot, other, (nod, _) = _joints(hunger)
    stride = math.sin(math.tau * walked)
    foot, other = _stepped(foot, stride), _stepped(other, -stride)
    if load > 0:
        bend = min(0.5 + 0.5 * load, 1.6)
        neck, head = (neck[0] + 2.4 * bend, neck[1] + 0.6 * bend), (head[0] + 3.4 * bend, head[1] + 1.2 * bend)
        near, far = (11.0, -23.0), (15.0, -22.0)
    near, far = _mixed(near, (-12, -41), hop), _mixed(far, (18, -41), hop)
    (cloth, shade), skin = theme.CLOTHS[look.cloth], theme.SKINS[look.skin]
    breeches = theme.STONE_DEEP
    torso = Part(_bean(hip, neck), cloth, shade)
    held = goods.parts(good, load, (15.5, -25)) if load > 0 and good else []
    shoulder = (neck[0] + 0.2, neck[1] + 3.4)
    return [
        *_arm((shoulder[0] + 3, shoulder[1]), far, shade, skin),
        *_leg((hip[0] + 1.6, hip[1]), other, breeches),
        *_leg((hip[0] - 1.6, hip[1]), foot, breeches),
        torso,
        *_dress(look, hip, neck),
        *parts(look, head, nod, hunger),
        *held,
        *_arm((shoulder[0] - 2.4, shoulder[1]), near, cloth, skin),
    ]


def _joints(hunger: float) -> list[Point]:
    """The joints between the three postures."""
    before, after, share = (STANDS, SITS, 2 * hunger) if hunger < 0.5 else (SITS, CURLS, 2 * hunger - 1)
    return [_mixed(a, b, share) for a, b in zip(before, after, strict=True)]


def _mixed(a: Point, b: Point, share: float) -> Point:
    return mix(a[0], b[0], share), mix(a[1], b[1], share)


def _stepped(foot: Point, stride: float) -> Point:
    return foot[0] + 6 * stride, foot[1] - max(0.0, 2.4 * stride)


def _bent(start: Point, end: Point, way: float) -> tuple[Point, Point, Point]:
    """A limb of two segments from joint to joint, its middle to one side; a reach too far is straight."""
    between, along = math.dist(start, end), ((end[0] - start[0]), (end[1] - start[1]))
    off = way * math.sqrt(max(LIMB**2 - between**2 / 4, 0.0)) / max(between, 1e-6)
    return start, (start[0] + along[0] / 2 - off * along[1], start[1] + along[1] / 2 + off * along[0]), end


def _arm(shoulder: Point, hand: Point, cloth: str, skin: str) -> list[Part]:
    limb = _bent(shoulder, hand, 1)
    return [Part(limb, cloth, width=4.6), Part(oval(*hand, 2.3, 2.3), skin)]


def _leg(hip: Point, foot: Point, cloth: str) -> list[Part]:
    limb = _bent(hip, (foot[0], foot[1] - 1), -1)
    boot = tuple(
        (foot[0] + x, foot[1] + y) for x, y in ((-3, 1.6), (-3.2, -1.6), (0, -3), (4, -1.8), (6, 0.4), (5.2, 1.6))
    )
    return [Part(limb, cloth, width=5.0), Part(boot, theme.TIMBER, theme.TIMBER_DEEP)]


def _bean(hip: Point, neck: Point) -> tuple[Point, ...]:
    """The torso about the line from hip to neck, wider below."""
    return _along(
        hip,
        neck,
        (
            (-0.22, -5.5),
            (-0.26, 0),
            (-0.22, 5.5),
            (0.2, 7.2),
            (0.62, 5.8),
            (0.98, 3.6),
            (1.08, 0),
            (0.98, -3.6),
            (0.62, -5.8),
            (0.2, -7.2),
        ),
    )


def _along(hip: Point, neck: Point, places: tuple[Point, ...]) -> tuple[Point, ...]:
    """Points by their share of the way from hip to neck, and how far they lie in front of it."""
    length = math.dist(hip, neck)
    up = ((neck[0] - hip[0]) / length, (neck[1] - hip[1]) / length)
    return tuple((hip[0] + s * length * up[0] - f * up[1], hip[1] + s * length * up[1] + f * up[0]) for s, f in places)


def _dress(look: Look, hip: Point, neck: Point) -> list[Part]:
    """The mark of a role on the body: a belt, floury shoulders, an apron."""
    if look.role == "farmer":
        return [Part(_along(hip, neck, ((0.26, -6.6), (0.26, 6.6))), theme.TIMBER_DEEP, width=2.0, inlaid=True)]
    if look.role == "miller":
        return [
            Part(
                _along(hip, neck, ((0.9, -3.6), (1.02, 0), (0.9, 3.6), (0.74, 3.8), (0.8, 0), (0.74, -4.2))),
                theme.FLOUR,
                inlaid=True,
            )
        ]
    if look.role == "baker":
        return [
            Part(
                _along(hip, neck, ((-0.18, 0.5), (-0.18, 5.4), (0.2, 6.8), (0.8, 4.6), (0.8, 1.6))),
                theme.FLOUR,
                theme.FLOUR_DEEP,
                inlaid=True,
            )
        ]
    return []


def exhibit(pen: Pen, t: float) -> None:
    """Roles with their loads, then children from fed to starving; small, as in the square, at the right."""
    for column, look in enumerate(LOOKS.values()):
        villager(pen, px(14 + 16 * column), py(47), look, walked=t / 2, load=1.0, size=5)
        for step in range(4):
            villager(pen, px(60 + 10 * step), py(12 + 16 * column), look, hunger=step / 3, walked=0.2, size=1.4)
    for column in range(6):
        villager(pen, px(10 + 16 * column), py(90), CHILDREN[column % 4], hunger=column / 5, joy=t, size=5)
