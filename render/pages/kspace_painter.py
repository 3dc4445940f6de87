"""The mask that a reader can paint on the scan's page: k-space of its slice, tools, and the inverse FFT's picture.

All of it is hidden until `js/kspace.js` brings it to life. The slice and the recorded mask travel within the page: from
a copy on a disk a script may not read the pixels of a picture.
"""

from __future__ import annotations

import base64
import zlib

import numpy as np
from numpy.typing import NDArray

from stagelight.render.pages.markup import Html, el
from stagelight.render.pages.scene_files import Scene, pick

BRUSHES = (1, 5, 15)  # points wide
PRESETS = {"scene": "The scene's mask", "centre": "The centre", "rows": "Every {}th row", "random": "At random",
           "fourth": "Every 4th row", "second": "Every 2nd row", "all": "All", "none": "None"}  # fmt: skip
KEYS = ("On k-space, paint with the pointer or a finger. By keyboard the arrow keys move the brush, with Shift 8 "
        "points at a time; Space paints, + and \N{MINUS SIGN} change the brush.")  # fmt: skip


def tools(scene: Scene) -> list[Html]:
    """Masks to begin with, and the brush."""
    rate = f"{scene.head['config']['acceleration']:g}"
    widths = [el("option", {"value": wide, "selected": wide == BRUSHES[1]}, f"{wide} wide") for wide in BRUSHES]
    buttons = [el("button", {"type": "button", "value": name}, each.format(rate)) for name, each in PRESETS.items()]
    return [
        el("div", {"class": "scans__choice paint", "hidden": True},
           el("div", {"class": "paint__presets", "role": "group", "aria-label": "A mask to begin with"}, *buttons),
           el("div", {"class": "scans__field"}, el("label", {"for": "paint-brush"}, "Brush"),
              el("select", {"id": "paint-brush"}, *widths)),
           el("div", {"class": "scans__field"}, el("input", {"id": "paint-erase", "type": "checkbox"}),
              el("label", {"for": "paint-erase"}, "Erase"))),
        el("p", {"class": "paint", "id": "paint-keys", "hidden": True}, KEYS),
    ]  # fmt: skip


def words() -> list[Html]:
    """Lines that the script writes: the view and the brush's place."""
    return [el("p", {"class": f"paint {kind}", "aria-live": "polite", "hidden": True})
            for kind in ("try__note", "paint__place")]  # fmt: skip


def canvases(scene: Scene, page: str) -> list[Html]:
    """k-space under the mask, and the picture of what is measured."""
    reference, mask = (pick(scene.arrays, name, f"{scene.name}.npz", page) for name in ("reference_axial", "mask"))
    rows, columns = reference.shape
    size = {"width": columns, "height": rows}
    plane = {"role": "application", "tabindex": 0, "aria-label": "k-space of the slice, to paint on",
             "aria-describedby": "paint-keys", "data-rate": f"{scene.head['config']['acceleration']:g}",
             "data-slice": packed(reference, mask)}  # fmt: skip
    picture = {"role": "img", "aria-label": "The slice by inverse FFT"}
    return [
        el(
            "figure",
            {"class": "scans__shown paint", "hidden": True},
            el("canvas", {**size, **each}),
            el("figcaption", {}),
        )
        for each in (plane, picture)
    ]


def packed(picture: NDArray[np.uint8], mask: NDArray[np.bool_]) -> str:
    """A picture (Y, X) in 64 levels, and after it a bit for each point of its k-space: base64 of a zlib stream.

    The mask (X, Y) is that of the recording. It is turned as the picture is, rows upwards; the zero frequency stays in
    its place.
    """
    turned = np.roll(mask.T[::-1], 1 - mask.shape[1] % 2, axis=0)
    return base64.b64encode(zlib.compress(levels(picture).tobytes() + np.packbits(turned).tobytes(), 9)).decode()


def levels(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A grey picture in 64 levels, 0 to 63, which the eye does not tell from 256."""
    return ((grey.astype(np.uint16) * 63 + 127) // 255).astype(np.uint8)
