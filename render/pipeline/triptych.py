"""Before, after and difference side by side, the whole picture above and its worst window below, as one PNG."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from stagelight.engines.recording import atomic
from stagelight.render import theme
from stagelight.render.pipeline.perceptual import SIDE, Window

Picture = NDArray[np.uint8]  # (height, width, 3), RGB

PANEL = 640  # the width of a panel
GAP = 24
TITLE, LABEL = 30, 24  # sizes of type
CLOSE = 5  # windows that the close-up spans
AMPLIFIED = 3  # the difference is drawn this much stronger
NAMES = ("before, as published", "after, as drawn now", f"difference, {AMPLIFIED} times")


def write(path: Path, before: Picture, after: Picture, window: Window, title: str) -> None:
    """Write the report of two pictures of one size that differ most in a window."""
    difference = np.abs(before.astype(np.int16) - after) * AMPLIFIED
    pictures = [before, after, difference.clip(0, 255).astype(np.uint8)]
    height = PANEL * before.shape[0] // before.shape[1]
    top = 2 * GAP + TITLE + LABEL + GAP // 2
    sheet = Image.new("RGB", (3 * PANEL + 4 * GAP, top + height + GAP + PANEL + GAP), theme.NIGHT)
    pen = ImageDraw.Draw(sheet)
    words = f"{title}: worst at x {window.x}, y {window.y}, off by {window.distance:.1f} levels"
    pen.text((GAP, GAP // 2), words, theme.TEXT, _type(theme.SANS_STRONG, TITLE))
    for column, (picture, name) in enumerate(zip(pictures, NAMES, strict=True)):
        x = GAP + column * (PANEL + GAP)
        pen.text((x, GAP + TITLE), name, theme.QUIET, _type(theme.SANS, LABEL))
        sheet.paste(_whole(picture, window, height), (x, top))
        sheet.paste(_close(picture, window), (x, top + height + GAP))
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as file:
        sheet.save(file, "PNG")


def _whole(picture: Picture, window: Window, height: int) -> Image.Image:
    """The picture at a panel's size with the window boxed."""
    panel = Image.fromarray(picture).resize((PANEL, height), Image.Resampling.BOX)
    return _boxed(panel, window.x, window.y, PANEL / picture.shape[1])


def _close(picture: Picture, window: Window) -> Image.Image:
    """The window and what is round it, every pixel enlarged."""
    span = min(CLOSE * SIDE, *picture.shape[:2])
    x, y = (
        min(max(at - (span - SIDE) // 2, 0), length - span)
        for at, length in ((window.x, picture.shape[1]), (window.y, picture.shape[0]))
    )
    part = Image.fromarray(picture[y : y + span, x : x + span])
    return _boxed(part.resize((PANEL, PANEL), Image.Resampling.NEAREST), window.x - x, window.y - y, PANEL / span)


def _boxed(panel: Image.Image, x: int, y: int, scale: float) -> Image.Image:
    corners = (x * scale - 3, y * scale - 3, (x + SIDE) * scale + 3, (y + SIDE) * scale + 3)
    ImageDraw.Draw(panel).rectangle(corners, outline=theme.ATTENTION, width=3)
    return panel


def _type(font: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(theme.FONTS / font), size)
