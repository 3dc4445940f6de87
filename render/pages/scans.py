"""Pictures of the scan's page: reconstructions to choose from by acceleration and method, and where each is off.

Without a script the choice is a table of pictures, one row an acceleration, one column a method, each with its PSNR.
`keep` takes the bytes of a picture that the page needs and says under which address it will be found.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.render.pages.figures import number, traced
from stagelight.render.pages.markup import Html, el, framed, join
from stagelight.render.pages.published import Scene, fail, pick

NAMES = {"zero_filled": "Zero-filled", "variation": "Total variation", "wavelet": "Wavelets", "mean": "Mean of both",
         "ours": "The network, three rounds", "sample": "Diffusion, one sample",
         "samples": "Diffusion, mean"}  # fmt: skip
WHITE = 255  # of a picture
SHOWN = ("grid_", "error_", "reference_axial", "seen")  # how arrays begin that pages show
LAZY = {"loading": "lazy", "decoding": "async"}
Keep = Callable[[bytes], str]


def choose(scene: Scene, page: str, keep: Keep) -> Html:
    """Pictures of the same slice by every method at every acceleration; `js/scan.js` shows one at a time, with its
    error map."""
    rates, methods = scene.head["config"]["grid"], _methods(scene, page)
    arrays = _arrays(scene)
    rows = []
    for rate in rates:
        cells = [_cell(scene, arrays, rate, name, page, keep) for name in methods]
        rows.append(el("tr", {}, el("th", {"scope": "row"}, _said(rate)), *cells))
    columns = ("Measured", *(NAMES.get(name, name) for name in methods))
    first = arrays[f"grid_r{rates[-1]:g}_{methods[-1]}"]  # what the script chooses first
    picture, off = (keep(png(each)) for each in (first, _off(scene, arrays, first)))
    return el(
        "div", {"class": "try", "data-try": "scan"},
        el("div", {"class": "scans__choice", "hidden": True}, _slider(rates), _select(methods)),
        el("div", {"class": "scans__pair"},
           el("figure", {"class": "scans__shown", "hidden": True},
              _image(picture, first, ""), el("figcaption", {"aria-live": "polite"})),
           el("figure", {"class": "scans__shown", "hidden": True},
              _image(off, first, "Its error map"), el("figcaption", {}, _scale(scene))),
           _whole(arrays, keep)),
        framed("try__table", "scans", "Reconstructions", columns, rows),
    )  # fmt: skip


def _methods(scene: Scene, page: str) -> list[str]:
    event = next((each for each in scene.head["events"] if each["kind"] == "methods"), None)
    if event is None:
        fail(f"docs/{page}: site_assets/recordings/{scene.name}.json names no methods: run `click record {scene.name}`")
    return [str(name) for name in event["grid"]]


def _arrays(scene: Scene) -> dict[str, NDArray[Any]]:
    path = scene.assets / "recordings" / f"{scene.name}.npz"
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files if name.startswith(SHOWN)}
    except (OSError, ValueError) as error:
        fail(f"{path.name} cannot be read ({error}): run `click record {scene.name}`")


def errors(scene: Scene, page: str, keep: Keep) -> Html:
    """Error maps of each method at the headline's acceleration, in the recording's axial slice."""
    arrays, found = _arrays(scene), next(each for each in scene.head["events"] if each["kind"] == "methods")
    figures = []
    for name in found["names"]:
        off = np.abs(pick(arrays, f"error_{name}", f"{scene.name}.npz", page).astype(int)) * 2
        image = _image(keep(png(off.astype(np.uint8))), off, f"Error map: {NAMES.get(name, name)}")
        words = el("figcaption", {}, f"{NAMES.get(name, name)}, ", _decibels(scene, f"{name}.brain.psnr", page))
        figures.append(el("figure", {}, image, words))
    return join((el("div", {"class": "maps"}, *figures), el("p", {"class": "maps__scale"}, _scale(scene))))


def seen(scene: Scene, page: str, keep: Keep) -> Html:
    """Brains such as the network learns from, each with the sentence that it is told and where it comes from."""
    told = [event for event in scene.head["events"] if event["kind"] == "seen"]
    if not told:
        fail(f"docs/{page}: {scene.name}.json shows no training data: run `click record {scene.name}`")
    pictures = pick(_arrays(scene), "seen", f"{scene.name}.npz", page)
    figures = []
    for picture, event in zip(pictures, told, strict=True):
        origin = "A real scan, displaced" if event["real"] else "Imagined from a label map"
        words = el("figcaption", {}, el("q", {}, event["sentence"]), " ", el("small", {}, origin))
        figures.append(el("figure", {}, _image(keep(png(picture)), picture, "A slice of a brain"), words))
    return el("div", {"class": "seen"}, *figures)


def _scale(scene: Scene) -> str:
    return f"Error: black none, white {scene.head['config']['error_most']:g} of the brightest tissue or more"


def _cell(scene: Scene, arrays: dict[str, NDArray[Any]], rate: float, name: str, page: str, keep: Keep) -> Html:
    """One picture, how near it is in the brain, and for the script the address of its error map."""
    picture = pick(arrays, f"grid_r{rate:g}_{name}", f"{scene.name}.npz", page)
    data = {"data-rate": f"{rate:g}", "data-method": name, "data-name": f"{NAMES.get(name, name)}, {_said(rate)}",
            "data-error": keep(png(_off(scene, arrays, picture)))}  # fmt: skip
    image = _image(keep(png(picture)), picture, "", data)  # its row and column say what it is
    return el("td", {}, image, _decibels(scene, f"grid.r{rate:g}.{name}.brain.psnr", page))


def _off(scene: Scene, arrays: dict[str, NDArray[Any]], picture: NDArray[Any]) -> NDArray[np.uint8]:
    """The absolute error of a picture against the reference, on the scale of all error maps."""
    off = np.abs(picture.astype(float) - arrays["reference_axial"]) / scene.head["config"]["error_most"]
    shown: NDArray[np.uint8] = np.minimum(off, WHITE).astype(np.uint8)
    return shown


def _decibels(scene: Scene, fact: str, page: str) -> Html:
    value = pick(scene.head["facts"], fact, f"site_assets/recordings/{scene.name}.json (facts)", page)
    return traced(scene.name, fact, value, f"{number(value, 1)} dB")


def _image(address: str, picture: NDArray[Any], words: str, data: dict[str, str] | None = None) -> Html:
    rows, columns = picture.shape
    return el("img", {"src": address, "alt": words, "width": columns, "height": rows, **LAZY,
                      **(data or {})})  # fmt: skip


def _whole(arrays: dict[str, NDArray[Any]], keep: Keep) -> Html:
    """A figure of the full scan, with which all others are compared."""
    picture = arrays["reference_axial"]
    image = _image(keep(png(picture)), picture, "The full scan")
    return el("figure", {"class": "scans__shown"}, image, el("figcaption", {}, "The full scan"))


def _said(rate: float) -> str:
    return f"1 in {rate:g}"


def _slider(rates: list[float]) -> Html:
    return el(
        "div", {"class": "scans__field"}, el("label", {"for": "try-measured"}, "Measured"),
        el("input", {"id": "try-measured", "type": "range", "min": 0, "max": len(rates) - 1, "step": 1,
                     "value": len(rates) - 1, "data-rates": " ".join(f"{rate:g}" for rate in rates)}),
        el("output", {"for": "try-measured", "aria-live": "off"}, _said(rates[-1])),
    )  # fmt: skip


def _select(methods: list[str]) -> Html:
    options = [
        el("option", {"value": name, "selected": name == methods[-1]}, NAMES.get(name, name)) for name in methods
    ]
    return el(
        "div", {"class": "scans__field"}, el("label", {"for": "try-method"}, "Method"),
        el("select", {"id": "try-method"}, *options),
    )  # fmt: skip


def png(grey: NDArray[np.uint8]) -> bytes:
    """A grey picture (H, W) as a PNG of 64 levels, which the eye does not tell from 256."""
    rows, columns = grey.shape
    coarse = (grey.astype(np.uint16) * 63 + 127) // 255 * 255 // 63
    up = np.diff(coarse.astype(np.int16), axis=0, prepend=0).astype(np.uint8)  # each row less the one above: filter 2
    lines = np.concatenate([np.full((rows, 1), 2, np.uint8), up], axis=1)
    body = [(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)),
            (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b"")]  # fmt: skip
    chunks = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in body
    )
    return b"\x89PNG\r\n\x1a\n" + chunks
