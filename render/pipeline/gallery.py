"""The gallery: every component's own example, one still each and all of them on one sheet."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from stagelight.engines.recording import atomic
from stagelight.render import components, theme
from stagelight.render.pen import Pen
from stagelight.render.pipeline import InputError
from stagelight.render.pipeline.plan import Places
from stagelight.render.scene import Section
from stagelight.render.stage import Film, Frame
from stagelight.render.theme import Quality

Exhibit = Callable[[Pen, float], None]

SECONDS, MOMENT = 4.0, 2.5  # how long an exhibit moves, and when it is shown
TILE, GAP, LABEL = 640, 24, 28  # pixels: a tile's width, what is between tiles, the size of a name
COLUMNS = 3


def exhibits() -> Iterator[tuple[str, Exhibit]]:
    """Each module below `render.components` that has an `exhibit`, by its name there, in alphabetical order."""
    prefix = f"{components.__name__}."
    for module in sorted(pkgutil.walk_packages(components.__path__, prefix), key=lambda module: module.name):
        exhibit = getattr(importlib.import_module(module.name), "exhibit", None)
        if exhibit is not None:
            yield module.name.removeprefix(prefix), exhibit


def section(name: str, exhibit: Exhibit) -> Section:
    """An exhibit as a section: on the empty stage, its still at MOMENT."""
    return Section(name, None, name, SECONDS, exhibit, lambda pen: None, (), (), MOMENT, "")


def picture(name: str, exhibit: Exhibit, quality: Quality, t: float = MOMENT) -> Frame:
    """An exhibit at a moment."""
    return Film(section(name, exhibit), quality).at(t)


def make(places: Places, quality: Quality, out: Path | None = None) -> Path:
    """Draw every exhibit to a still of its own and all of them to a sheet.

    Args:
        out: the sheet, a .png or .webp; by default in the cache. The stills go beside it.

    Returns:
        The sheet.

    Raises:
        InputError: the file is of another kind.
    """
    path = out or places.cache / "gallery" / "sheet.png"
    if path.suffix not in {".png", ".webp"}:
        raise InputError(f"{path}: wanted a name that ends in .png or .webp")
    path.parent.mkdir(parents=True, exist_ok=True)
    stills = {}
    for name, exhibit in exhibits():
        stills[name] = Image.fromarray(picture(name, exhibit, quality)[..., :3].copy())
        _save(stills[name], path.with_name(f"{name}{path.suffix}"))
    _save(_sheet(stills), path)
    return path


def _sheet(stills: dict[str, Image.Image]) -> Image.Image:
    """The stills in rows, each above its name."""
    height = TILE * theme.HEIGHT // theme.WIDTH
    step = height + 2 * GAP + LABEL
    rows = -(-len(stills) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * (TILE + GAP) + GAP, rows * step + GAP), theme.NIGHT_DEEP)
    pen, font = ImageDraw.Draw(sheet), ImageFont.truetype(str(theme.FONTS / theme.MONO), LABEL)
    for index, (name, still) in enumerate(stills.items()):
        x, y = GAP + index % COLUMNS * (TILE + GAP), GAP + index // COLUMNS * step
        sheet.paste(still.resize((TILE, height), Image.Resampling.LANCZOS), (x, y))
        pen.text((x, y + height + GAP // 3), name, theme.QUIET, font)
    return sheet


def _save(image: Image.Image, path: Path) -> None:
    with atomic(path) as file:
        image.save(file, path.suffix[1:], quality=90)
