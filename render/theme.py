"""Palette by meaning, type sizes, times and qualities. Every colour, size and duration of a scene is named here.

One meaning a colour on all scenes; each also has a shape or a place of its own, and reads on NIGHT.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

ASSETS = Path(__file__).resolve().parent.parent / "site_assets"
FONTS = ASSETS / "fonts"

# The stage is laid out in pixels of a 1920 x 1080 frame, y down; a quality scales it.
WIDTH, HEIGHT = 1920, 1080
UPRIGHT = 1080, 1620  # width and height of the stage for a telephone held upright

NIGHT, NIGHT_HIGH, NIGHT_DEEP = "#0D111C", "#151B2B", "#070A12"  # the background, its light and its corners
TEXT, QUIET, HAIRLINE = "#F3EEDE", "#A9B4D0", "#3A4460"  # ivory words; secondary words (9:1); thin lines
ATTENTION = "#FFB648"  # amber: look here now; measured; the verifier's word
KEPT = "#35D0B2"  # teal: good, reinforced; solid, upwards
ATTENTION_DEEP, KEPT_DEEP = "#A8641A", "#14705F"  # the same in their own shade
LOST = "#E8486B"  # rose: bad, suppressed; dashed, downwards
BELIEF = "#7DA7FF"  # blue: what the model believes
PANE_HIGH, PANE_LOW = "#1D2540", "#131A2D"  # a pane of glass, above and below
MEASURED, UNMEASURED = ATTENTION, "#39456A"  # of k-space: taken by the scanner; never taken
TISSUE = TEXT  # what lies in a volume
CORE = "#EAF1FF"  # the hot middle of what is lit
SQUARE_LIGHT, SQUARE_DARK = "#7C8498", "#565E73"

# What the village is made of: muted, so that nothing of it outshines a colour that means something.
OUTLINE = "#0A0E17"  # round everything that is cut out
SOIL, SOIL_DEEP, SHOOT, STRAW, STRAW_DEEP = "#4A3B34", "#2E2623", "#6F8F5A", "#C9B37E", "#8F7C4E"
STONE, STONE_DEEP, PLASTER, PLASTER_DEEP = "#A39A8C", "#5B5966", "#B5AC9B", "#7F796F"
TILE, TILE_DEEP, TIMBER, TIMBER_DEEP = "#8A5445", "#5C3A35", "#7B5740", "#4A3428"
FLOUR, FLOUR_DEEP, CRUST, CRUST_DEEP = "#EDE5D2", "#B5A98F", "#A86F3F", "#6E4526"
FUR, FUR_DEEP, BLUSH = "#9A8A7C", "#6B5E56", "#D98A7E"
LAMP, DARK_PANE = "#F5E3A8", "#232B3D"  # a window with somebody fed behind it, and one without
# Sky and land, dark enough for words at any hour: high and low sky by night, at dawn, by day; hills; the meadow.
SKY_NIGHT, SKY_DAWN, SKY_DAY = ("#0A0E19", "#161B2E"), ("#1A2036", "#9A6150"), ("#1B2F4F", "#4F6E96")
HILLS_FAR, HILLS, MEADOW, MEADOW_DEEP = "#1C2540", "#182235", "#1C2A2C", "#0E161B"
HILLS_DAY, MEADOW_DAY, MEADOW_DAY_DEEP = "#3A5468", "#47624A", "#22362B"
SKINS = ("#E7B98F", "#C98B62", "#8E5B3C")
HAIRS = ("#4A342A", "#2A2326", "#7A5538")
CLOTHS = (
    ("#6E8C4C", "#4C6338"),
    ("#8A84A8", "#5C5A74"),
    ("#A1553F", "#6F3A2E"),
    ("#7A5A88", "#523F60"),
    ("#5E7387", "#3F4E5E"),
    ("#93743E", "#624D2A"),
)

HEADLINE, MUST_READ, FLOOR, HERO = 68, 48, 36, 96

SANS, SANS_STRONG, SANS_BOLD = "Inter-Regular.otf", "Inter-SemiBold.otf", "Inter-Bold.otf"
MONO, MONO_BOLD = "JetBrainsMono-Regular.ttf", "JetBrainsMono-Bold.ttf"

MOVE = 0.75  # seconds a thing takes to travel
SNAP = 0.25  # seconds a believed value takes to become the measured one
WORD_TRAVEL = 0.7  # seconds a word takes to reach the network
SWAY = 8.0  # degrees a solid turns to either side, so that its depth is seen


@cache
def rgb(colour: str) -> tuple[float, float, float]:
    """A hex colour as red, green, blue in 0..1."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


@cache
def swap(colour: str) -> tuple[float, float, float]:
    """A hex colour in the order that cairo takes: a frame's memory is RGBA where cairo expects BGRA."""
    red, green, blue = rgb(colour)
    return blue, green, red


@dataclass(frozen=True)
class Quality:
    """The size, frame rate and encoder settings with which a scene is rendered."""

    name: str
    width: int
    height: int
    fps: int
    crf: int  # of H.264, as the preset
    preset: str
    av1: tuple[int, int] | None = None  # preset and CRF of AV1; None: H.264 alone
    slow: tuple[int, int] | None = None  # height and CRF of a second H.264, for slow lines; None: without

    @property
    def upright(self) -> bool:
        """True if the stage is the upright one."""
        return self.height > self.width

    def turned(self) -> Quality:
        """The quality of the upright cut: as fine."""
        width, height = (self.height * side // HEIGHT for side in UPRIGHT)
        slow = self.slow and (height // 2, self.slow[1])
        return replace(self, name=f"{self.name}-upright", width=width, height=height, slow=slow)

    def at_most(self, height: int) -> Quality:
        """The same, made smaller where it is higher; both sides are even."""
        share = min(1.0, height / self.height)
        return replace(self, width=2 * round(self.width * share / 2), height=2 * round(self.height * share / 2))


QUALITIES = {
    quality.name: quality
    for quality in (
        Quality("draft", 640, 360, 15, 30, "ultrafast"),
        Quality("web", 1920, 1080, 30, 21, "veryfast", av1=(10, 45), slow=(720, 28)),
        Quality("final", 3840, 2160, 30, 14, "medium", av1=(8, 23)),
    )
}
