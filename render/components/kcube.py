"""The cube of k-space: one rod for each line that a scanner reads out, or a cloud of points.

The cube is seen from afar, so parallel stays parallel. Turned end-on, along the readout axis kx, every rod is a point
of the ky-kz plane, exactly where the mask has it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stagelight.render import theme
from stagelight.render.components import phantom
from stagelight.render.motion import ease, mix, px, py
from stagelight.render.pen import Pen

Numbers = NDArray[np.floating]
Mask = NDArray[np.bool_]
PARTS = 6  # a rod's alpha steps so often along its depth
ROD = 3.4  # width
BEHIND = 0.28  # alpha at the far side relative to the near one
LIGHT = 0.34  # the most that crowded rods glow, so that no core turns white


class Pose(NamedTuple):
    """The cube's place and rotation: degrees from end-on, and degrees seen from above."""

    x: float
    y: float
    half: float  # half an edge, px
    turn: float
    tilt: float

    def project(self, places: Numbers) -> tuple[Numbers, Numbers]:
        """Places (..., 3) in -1..1, kx, ky, kz: where they are on the stage (..., 2), and how near (...), -1 to 1."""
        turn, tilt = math.radians(self.turn), math.radians(self.tilt)
        kx, ky, kz = places[..., 0], places[..., 1], places[..., 2]
        right = ky * math.cos(turn) + kx * math.sin(turn)
        ahead = kx * math.cos(turn) - ky * math.sin(turn)
        up = kz * math.cos(tilt) - ahead * math.sin(tilt)
        near = (ahead * math.cos(tilt) + kz * math.sin(tilt)) / math.sqrt(3)
        return np.stack([self.x + self.half * right, self.y - self.half * up], -1), near

    @property
    def end_on(self) -> float:
        """1 where the rods are seen end-on, 0 where they clearly have a length."""
        along = math.cos(math.radians(self.turn)) * math.cos(math.radians(self.tilt))
        return min(max((along - 0.9) / 0.1, 0.0), 1.0) ** 2


def swaying(x: float, y: float, half: float, t: float, turn: float = 58, tilt: float = 20) -> Pose:
    """A cube that sways gently about a turn, so that its depth is seen."""
    return Pose(x, y, half, turn + theme.SWAY * math.sin(t * math.pi / 4), tilt)


def outward(shape: tuple[int, int], t: float, start: float, spread: float, each: float = theme.SNAP) -> Numbers:
    """Progress of each place of a plane at time t, 0 to 1: the centre begins at `start`, corners `spread` later."""
    rows, columns = (np.linspace(-1, 1, count) for count in shape)
    far = np.hypot(rows[:, None], columns[None]) / math.sqrt(2)
    x = np.clip((t - start - spread * far) / each, 0, 1)
    return np.asarray(np.where(x < 0.5, 4 * x**3, 1 - (2 - 2 * x) ** 3 / 2))


def edges(pen: Pen, pose: Pose, alpha: float = 1.0) -> None:
    """The wires of the cube, the far ones fainter."""
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
    places, near = pose.project(corners)
    wires = np.array([(a, b) for a in range(8) for b in range(a) if (a ^ b).bit_count() == 1])
    clear = alpha * np.clip(0.55 + 0.45 * near[wires].mean(1), 0.1, 1)
    pen.lines(places[wires], theme.QUIET, np.full(12, 2.2), 0.8 * clear)


def axes(pen: Pen, pose: Pose, alpha: float = 1.0) -> None:
    """The names of the axes, below and at the left: for turns between 0 and 80 degrees, seen from above."""
    for name, ends, dx, dy in (("kx", ((-1, -1, -1), (1, -1, -1)), -16, 40), ("ky", ((1, -1, -1), (1, 1, -1)), 58, 46),
                               ("kz", ((-1, -1, -1), (-1, -1, 1)), -30, 12)):  # fmt: skip
        (a, b), _ = pose.project(np.array(ends, float))
        x, y = (a + b) / 2
        clear = min(max(float(np.hypot(*(b - a))) / pose.half / 0.6 - 0.5, 0.0), 1.0)
        pen.text(name, float(x) + dx, float(y) + dy, theme.FLOOR, theme.QUIET, font=theme.MONO, anchor="end",
                 alpha=alpha * clear)  # fmt: skip


def rods(pen: Pen, pose: Pose, mask: Mask, measured: Numbers | float = 1.0, alpha: float = 1.0) -> None:
    """A rod along kx for each place of a mask, ky by kz, blue, then amber; what is never measured is a dark dot.

    Args:
        measured: how far each has come from what is believed to what was measured, 0 to 1, as the mask or one for all.
    """
    share = np.broadcast_to(np.asarray(measured, float), mask.shape)
    _bare(pen, pose, ~mask, alpha)
    _light(pen, pose, mask, share * alpha)
    _bundle(pen, pose, mask, theme.BELIEF, (1 - share) * alpha)
    _bundle(pen, pose, mask, theme.MEASURED, share * alpha)


def ignite(pen: Pen, pose: Pose, mask: Mask, lit: Numbers | float = 1.0, alpha: float = 1.0, every: int = 3) -> None:
    """The rods of a mask, ky by kz, each as bright as it is lit, 0 to 1; dark dots where nothing is ever measured.

    Args:
        lit: how far each has been measured, as the mask or one for all.
        every: of the dark dots, one in so many along each axis is drawn.
    """
    share = np.broadcast_to(np.asarray(lit, float), mask.shape) * alpha
    thinned = np.zeros_like(mask)
    thinned[every // 2 :: every, every // 2 :: every] = True
    _bare(pen, pose, thinned & ~mask, alpha)
    _light(pen, pose, mask, share)
    _bundle(pen, pose, mask, theme.MEASURED, share)


def _bare(pen: Pen, pose: Pose, mask: Mask, alpha: float) -> None:
    """Dots on the near face where no rod ends."""
    at, strength = _places(mask, np.full(mask.shape, alpha))
    places, _ = pose.project(_chain(at, np.ones(1))[:, 0])
    pen.discs(
        places, theme.UNMEASURED, np.full(len(at), mix(1.8, 0.3 * pose.half / max(mask.shape), pose.end_on)), strength
    )


def _bundle(pen: Pen, pose: Pose, mask: Mask, colour: str, alpha: Numbers) -> None:
    """The rods of a mask in one colour."""
    at, strength = _places(mask & (alpha > 0.004), alpha)
    if not len(at):
        return
    places, near = pose.project(_chain(at, np.linspace(-1, 1, PARTS + 1)))
    ends = np.stack([places[:, :-1], places[:, 1:]], 2).reshape(-1, 2, 2)
    deep = (near[:, :-1] + near[:, 1:]) / 2
    clear = strength[:, None] * (BEHIND + (1 - BEHIND) * np.clip(deep + 0.5, 0, 1) ** 1.5)
    side_on = 1 - pose.end_on
    wide = min(ROD, 0.9 * pose.half / max(mask.shape))  # crowded rods are thinner, and fainter
    if side_on > 0.004:
        faint = 0.62 * (wide / ROD) ** 0.7
        pen.lines(ends, colour, np.full(len(ends), wide), (faint * side_on * clear).ravel())
    size = mix(0.75 * wide, 0.75 * pose.half / max(mask.shape), pose.end_on)
    pen.discs(places[:, -1], colour, np.full(len(at), size), strength * mix(0.8, 1.0, pose.end_on))


def _places(mask: Mask, values: Numbers) -> tuple[Numbers, Numbers]:
    """The ky and kz (N, 2) of what a mask holds, and its values (N,)."""
    rows, columns = np.nonzero(mask)
    at = np.stack([(rows + 0.5) / mask.shape[0], (columns + 0.5) / mask.shape[1]], -1) * 2 - 1
    return at, values[rows, columns]


def _chain(at: Numbers, kx: Numbers) -> Numbers:
    """Places along kx (K,) for each ky and kz (N, 2): (N, K, 3)."""
    return np.stack(np.broadcast_arrays(kx, at[:, :1], at[:, 1:]), -1)


def _light(pen: Pen, pose: Pose, mask: Mask, alpha: Numbers) -> None:
    """The light that measured rods give, strongest in the middle, where most of a picture's strength lies."""
    at, strength = _places(mask, alpha)
    chain = _chain(at, np.linspace(-0.8, 0.8, 5))
    places, _ = pose.project(chain)
    heart = np.exp(-2.5 * (chain**2).sum(-1)) * strength[:, None]
    pen.glows(places.reshape(-1, 2), theme.MEASURED, pose.half * 0.24, 0.09 * heart.ravel(), LIGHT)


def points(pen: Pen, pose: Pose, cloud: Numbers, measured: Numbers, alpha: float = 1.0) -> None:
    """Points (N, 3) in -1..1, small and faint where they are far; `measured` (N,) 0 to 1 turns each amber."""
    places, near = pose.project(cloud)
    front = np.clip(near + 0.5, 0, 1)
    size, clear = 1.6 + 2.6 * front, alpha * (BEHIND + (1 - BEHIND) * front)
    for colour, share in ((theme.UNMEASURED, 1 - measured), (theme.MEASURED, measured)):
        some = share > 0.004
        pen.discs(places[some], colour, size[some], (clear * share)[some])


def exhibit(pen: Pen, t: float) -> None:
    """Rods snap from belief to measurement, then turn end-on; beside them a cloud turns."""
    mask = phantom.mask()
    away = ease(t, 2.6, 1.2)
    start = swaying(px(28), py(50), py(26), t)
    pose = start._replace(turn=mix(start.turn, 0, away), tilt=mix(start.tilt, 0, away))
    edges(pen, pose)
    axes(pen, pose)
    rods(pen, pose, mask, outward(mask.shape, t, 0.4, 1.2))
    turning = Pose(px(74), py(50), py(26), 30 + 30 * t, 20)
    edges(pen, turning)
    points(pen, turning, *phantom.cloud())
