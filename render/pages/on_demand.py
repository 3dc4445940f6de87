"""Files that a page loads only when it is asked to: the button, which `js/load.js` brings to life, and weights."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

from stagelight.render.pages.markup import Html, el
from stagelight.render.pages.scene_files import Scene, fail
from stagelight.render.pages.values import size


def button(words: str, files: Sequence[str], count: int, part: str | None = None) -> Html:
    """A button that loads files in their order, and says how many bytes they are; hidden where there is no script."""
    return el(
        "p", {"class": "try__ask", "data-load": " ".join(files), "data-part": part, "hidden": True},
        el("button", {"type": "button"}, f"{words} (loads {size(count)})"), " ",
        el("span", {"role": "status"}),
    )  # fmt: skip


def policy(scene: Scene, taker: str, way_out: str) -> bytes:
    """The script that hands a scene's published weights to a function: their file, sealed as it is, in base64.

    `taker` is the function's name in JavaScript, `way_out` what to do where the file is not as it was published.
    """
    path = scene.assets / "recordings" / f"{scene.name}_policy.safetensors"
    try:
        data, seal = path.read_bytes(), path.with_name(f"{path.name}.sha256").read_text(encoding="utf-8")
    except OSError as error:
        fail(f"{path.name} cannot be read ({error.strerror}): {way_out}")
    if hashlib.sha256(data).hexdigest() != seal[:64]:
        fail(f"{path.name} is not as it was sealed: {way_out}")
    return taker.encode() + b'("' + base64.b64encode(data) + b'");\n'
