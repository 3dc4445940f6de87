"""The ky-kz plane as a picture: bright where k-space is strong, amber where measured, blue where believed."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from stagelight.render import theme
from stagelight.render.components import kcube, phantom
from stagelight.render.motion import Box, px, py
from stagelight.render.pen import Pen

Numbers = NDArray[np.floating]
KSpace = NDArray[np.complexfloating[Any, Any]]
DARK_SHARE, BRIGHT_SHARE = 40.0, 99.9  # percentiles shown as dark and as bright
GAMMA = 0.6
BRIGHTEST = 0.85  # no core turns white


class Scale(NamedTuple):
    """The map from strength to brightness; taken from one k-space and kept for all that are compared with it."""

    unit: float  # a strength that counts as weak
    low: float
    high: float

    @classmethod
    def of(cls, values: KSpace) -> Self:
        """The scale that suits a k-space."""
        strength = np.abs(values)
        unit = max(float(np.percentile(strength, DARK_SHARE)), 1e-12)
        low, high = np.percentile(np.log1p(strength / unit), (DARK_SHARE, BRIGHT_SHARE))
        return cls(unit, float(low), max(float(high), float(low) + 1e-12))

    def level(self, values: KSpace) -> Numbers:
        """Brightness, 0 to BRIGHTEST."""
        share = (np.log1p(np.abs(values) / self.unit) - self.low) / (self.high - self.low)
        return np.asarray(BRIGHTEST * share.clip(0, 1) ** GAMMA)


def brightness(recorded: NDArray[np.uint8]) -> Numbers:
    """Brightness, 0 to BRIGHTEST, of strengths that were recorded on a scale like `Scale`'s, 0 to 255."""
    return np.asarray(BRIGHTEST * (recorded.astype(np.float32) / 255) ** GAMMA)


def plane(pen: Pen, level: Numbers, measured: Numbers, box: Box, alpha: float = 1.0) -> None:
    """Brightness (H, W), amber where `measured` (H, W) is 1 and blue where it is 0."""
    blue, amber = (np.array(theme.rgb(colour), np.float32) for colour in (theme.BELIEF, theme.MEASURED))
    colour = blue + (amber - blue) * measured[..., None]
    pen.raster((255 * level[..., None] * colour + 0.5).astype(np.uint8), *box, alpha)
    pen.box(*box, 0)
    pen.stroke(theme.HAIRLINE, 2, alpha)


def exhibit(pen: Pen, t: float) -> None:
    """Measured places of a believed plane snap to what was measured, from the centre outward."""
    values = phantom.echoes()
    level = Scale.of(values).level(values)
    side = len(values)
    mask = phantom.mask(side)
    for x, measured, lit in (
        (px(5), np.ones_like(level), mask),
        (px(53), kcube.outward((side, side), t, 0.4, 1.6) * mask, 1),
    ):
        plane(pen, level * lit, measured, Box(x, py(10), px(42), px(42)))
    pen.text("measured", px(26), py(92), theme.FLOOR, theme.MEASURED, anchor="middle")
    pen.text("believed, then kept to what was measured", px(74), py(92), theme.FLOOR, theme.BELIEF, anchor="middle")
