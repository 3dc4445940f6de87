"""The card of a page where others link to it: a PNG, for some of those who show cards read no WebP."""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

SIZE = (1200, 630)  # what those who show cards ask for
MARGIN = 80
NIGHT, IVORY, MIST, AMBER = "#0D111C", "#F3EEDE", "#A9B4D0", "#FFB648"  # as css/base.css has them
COLOURS = 256  # in the palette: a third of the bytes


@lru_cache(maxsize=256)
def written(fonts: Path, site: str, title: str, description: str) -> bytes:
    """A card of words: the site, the page's title, and as many lines of its description as there is room for."""
    image = Image.new("RGB", SIZE, NIGHT)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 12, SIZE[1]), fill=AMBER)
    y = float(MARGIN)
    for words, name, size, colour, space in (
        (site, "Inter-SemiBold.otf", 34, AMBER, 30),
        (title, "Inter-Bold.otf", 68, IVORY, 24),
        (description, "Inter-Regular.otf", 36, MIST, 0),
    ):
        font = ImageFont.truetype(str(fonts / name), size)
        for line in _lines(words, font):
            if y + 1.3 * size > SIZE[1] - MARGIN / 2:
                break
            pen.text((MARGIN, y), line, colour, font)
            y += 1.3 * size
        y += space
    return _png(image)


@lru_cache(maxsize=16)
def pictured(poster: Path) -> bytes:
    """A card of a scene: its poster, with night above and below where the shape of a card leaves room."""
    image = Image.new("RGB", SIZE, NIGHT)
    with Image.open(poster) as opened:
        scale = min(SIZE[0] / opened.width, SIZE[1] / opened.height)
        small = opened.convert("RGB").resize((round(opened.width * scale), round(opened.height * scale)))
    image.paste(small, ((SIZE[0] - small.width) // 2, (SIZE[1] - small.height) // 2))
    return _png(image)


def _lines(words: str, font: ImageFont.FreeTypeFont) -> list[str]:
    """The words in lines that fit between the margins."""
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > SIZE[0] - 2 * MARGIN:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _png(image: Image.Image) -> bytes:
    """A PNG of few colours; the same picture gives the same bytes."""
    file = io.BytesIO()
    image.quantize(COLOURS, dither=Image.Dither.FLOYDSTEINBERG).save(file, "PNG", optimize=True)
    return file.getvalue()
