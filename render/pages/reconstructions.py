"""Pictures of the scan's pages: reconstructions to choose from, error maps, and examples of the training data.

Without a script the choice is a table of pictures, one row an acceleration, one column a method, each with its PSNR.
`keep` takes the bytes of a picture and returns the address it will have.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.render.pages import kspace_painter
from stagelight.render.pages.markup import Html, el, framed, join
from stagelight.render.pages.scene_files import Arrays, Scene, fail, pick
from stagelight.render.pages.values import number, traced

NAMES = {"zero_filled": "Zero-filled", "variation": "Total variation", "wavelet": "Wavelets", "mean": "Their mean",
         "unrolled": "Unrolled network (starts from the classical mean)", "diffusion": "Reverse diffusion (mean of {})",
         "sample": "One sample", "alone": "Words and noise alone"}  # fmt: skip
WHITE = 255  # of a picture
LAZY = {"loading": "lazy", "decoding": "async"}
Keep = Callable[[bytes], str]


def named(scene: Scene, method: str) -> str:
    """A method's name for readers; its own where there is no other."""
    return NAMES.get(method, method).format(scene.head["config"]["samples"])


def choose(scene: Scene, page: str, keep: Keep) -> Html:
    """Pictures of the same slice by every method at every acceleration; `js/scan.js` shows one at a time, with its
    error map, beside what a reader's own mask gives."""
    rates, methods = scene.head["config"]["grid"], _methods(scene, page)["grid"]
    pictures = scene.arrays
    rows = []
    for rate in rates:
        cells = [_cell(scene, pictures, rate, name, page, keep) for name in methods]
        rows.append(el("tr", {}, el("th", {"scope": "row"}, _share(rate)), *cells))
    columns = ("Lines read", *(named(scene, name) for name in methods))
    first = pictures[f"grid_r{rates[-1]:g}_{methods[-1]}"]  # the script's first choice
    picture, error = (keep(png(each)) for each in (first, _error(scene, pictures, first)))
    return el(
        "div", {"class": "try", "data-try": "scan"},
        *kspace_painter.tools(scene),
        el("div", {"class": "scans__choice", "hidden": True}, _slider(rates), _select(scene, methods)),
        el("div", {"class": "scans__pair"},
           *kspace_painter.canvases(scene, page),
           el("figure", {"class": "scans__shown", "hidden": True},
              _image(picture, first, ""), el("figcaption", {"aria-live": "polite"})),
           el("figure", {"class": "scans__shown", "hidden": True},
              _image(error, first, "Its error map"), el("figcaption", {}, _scale(scene))),
           _reference(pictures, keep)),
        *kspace_painter.words(),
        framed("try__table", "scans", "Reconstructions", columns, rows),
    )  # fmt: skip


def _methods(scene: Scene, page: str) -> dict[str, list[str]]:
    """The event that lists the methods: `names` of the error maps, `grid` of the choice."""
    event = next((each for each in scene.head["events"] if each["kind"] == "methods"), None)
    if event is None:
        fail(f"docs/{page}: site_assets/recordings/{scene.name}.json names no methods: run `click record {scene.name}`")
    return {key: [str(name) for name in event[key]] for key in ("names", "grid")}


def error_maps(scene: Scene, page: str, keep: Keep) -> Html:
    """The error of each method at the headline's acceleration, in the recording's axial slice."""
    pictures, figures = scene.arrays, []
    for name in _methods(scene, page)["names"]:
        error = np.abs(pick(pictures, f"error_{name}", f"{scene.name}.npz", page).astype(int)) * 2
        image = _image(keep(png(error.astype(np.uint8))), error, f"Error map: {named(scene, name)}")
        words = el("figcaption", {}, f"{named(scene, name)}, ", _decibels(scene, f"{name}.brain.psnr", page))
        figures.append(el("figure", {}, image, words))
    return join((el("div", {"class": "maps"}, *figures), el("p", {"class": "maps__scale"}, _scale(scene))))


def training_examples(scene: Scene, page: str, keep: Keep) -> Html:
    """Slices of the training data, each with its sentence and its origin."""
    events = [event for event in scene.head["events"] if event["kind"] == "seen"]
    if not events:
        fail(f"docs/{page}: {scene.name}.json shows no training data: run `click record {scene.name}`")
    figures = []
    for picture, event in zip(pick(scene.arrays, "seen", f"{scene.name}.npz", page), events, strict=True):
        origin = "A real scan, displaced" if event["real"] else "Imagined from a label map"
        words = el("figcaption", {}, el("q", {}, event["sentence"]), " ", el("small", {}, origin))
        figures.append(el("figure", {}, _image(keep(png(picture)), picture, "A slice of a brain"), words))
    return el("div", {"class": "seen"}, *figures)


def dreams(scene: Scene, page: str, keep: Keep) -> Html:
    """Each dream with its sentence, beside the training volume that is nearest, and their correlation."""
    events = [event for event in scene.head["events"] if event["kind"] == "dream"]
    if not events:
        fail(f"docs/{page}: {scene.name}.json holds no dreams: run `click record {scene.name}`")
    kinds = {"dreamt": "Dream", "nearest": "Nearest training volume"}
    columns = {f"{kind}_axial": words for kind, words in kinds.items()}
    pictures = {name: pick(scene.arrays, name, f"{scene.name}.npz", page) for name in columns}
    figures = []
    for index, event in enumerate(events):
        images = [_image(keep(png(pictures[name][index])), pictures[name][index], f"{words}: {event['sentence']}")
                  for name, words in columns.items()]  # fmt: skip
        fact = f"dream.{index}.nearest"
        value = pick(scene.head["facts"], fact, f"site_assets/recordings/{scene.name}.json (facts)", page)
        words = el("figcaption", {}, el("q", {}, event["sentence"]), " ",
                   el("small", {}, "The dream, and its nearest training volume: ", event["nearest"], ", correlation ",
                      traced(scene.name, fact, value, number(value, 2))))  # fmt: skip
        figures.append(el("figure", {}, el("div", {"class": "dreams__pair"}, *images), words))
    return el("div", {"class": "seen dreams"}, *figures)


def _scale(scene: Scene) -> str:
    return f"Error: black none, white {scene.head['config']['error_most']:g} of the brightest tissue or more"


def _cell(scene: Scene, pictures: Arrays, rate: float, name: str, page: str, keep: Keep) -> Html:
    """One picture, its PSNR in the brain, and for the script its PSNR in the slice and the address of its error map."""
    picture = pick(pictures, f"grid_r{rate:g}_{name}", f"{scene.name}.npz", page)
    data = {"data-rate": f"{rate:g}", "data-method": name, "data-name": f"{named(scene, name)}, {_share(rate)}",
            "data-slice": number(_psnr(picture, pictures["reference_axial"]), 1),
            "data-error": keep(png(_error(scene, pictures, picture)))}  # fmt: skip
    image = _image(keep(png(picture)), picture, "", data)  # its row and column say what it is
    return el("td", {}, image, _decibels(scene, f"grid.r{rate:g}.{name}.brain.psnr", page))


def _psnr(picture: NDArray[Any], reference: NDArray[Any]) -> float:
    """The PSNR of a picture, its background included, where the brightest tissue is white."""
    mse = float(np.mean(np.square((picture.astype(float) - reference) / WHITE)))
    return 10 * math.log10(1 / mse) if mse else math.inf


def _error(scene: Scene, pictures: Arrays, picture: NDArray[Any]) -> NDArray[np.uint8]:
    """The absolute error of a picture against the reference, on the scale of all error maps."""
    error = np.abs(picture.astype(float) - pictures["reference_axial"]) / scene.head["config"]["error_most"]
    scaled: NDArray[np.uint8] = np.minimum(error, WHITE).astype(np.uint8)
    return scaled


def _decibels(scene: Scene, fact: str, page: str) -> Html:
    value = pick(scene.head["facts"], fact, f"site_assets/recordings/{scene.name}.json (facts)", page)
    return traced(scene.name, fact, value, f"{number(value, 1)} dB")


def _image(address: str, picture: NDArray[Any], words: str, data: dict[str, str] | None = None) -> Html:
    rows, columns = picture.shape
    return el("img", {"src": address, "alt": words, "width": columns, "height": rows, **LAZY,
                      **(data or {})})  # fmt: skip


def _reference(pictures: Arrays, keep: Keep) -> Html:
    """The full scan, which they are all compared with."""
    picture = pictures["reference_axial"]
    image = _image(keep(png(picture)), picture, "The full scan")
    return el("figure", {"class": "scans__shown"}, image, el("figcaption", {}, "The full scan"))


def _share(rate: float) -> str:
    return f"1 in {rate:g}"


def _slider(rates: list[float]) -> Html:
    return el(
        "div", {"class": "scans__field"}, el("label", {"for": "try-measured"}, "Recorded at"),
        el("input", {"id": "try-measured", "type": "range", "min": 0, "max": len(rates) - 1, "step": 1,
                     "value": len(rates) - 1, "data-rates": " ".join(f"{rate:g}" for rate in rates)}),
        el("output", {"for": "try-measured", "aria-live": "off"}, _share(rates[-1])),
    )  # fmt: skip


def _select(scene: Scene, methods: list[str]) -> Html:
    options = [el("option", {"value": name, "selected": name == methods[-1]}, named(scene, name)) for name in methods]
    return el(
        "div", {"class": "scans__field"}, el("label", {"for": "try-method"}, "Method"),
        el("select", {"id": "try-method", "name": "method"}, *options),
    )  # fmt: skip


def png(grey: NDArray[np.uint8]) -> bytes:
    """A grey picture (H, W) as a PNG of 64 levels, which the eye does not tell from 256."""
    rows, columns = grey.shape
    coarse = kspace_painter.levels(grey).astype(np.uint16) * 255 // 63
    up = np.diff(coarse.astype(np.int16), axis=0, prepend=0).astype(np.uint8)  # each row less the one above: filter 2
    lines = np.concatenate([np.full((rows, 1), 2, np.uint8), up], axis=1)
    body = [(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)),
            (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b"")]  # fmt: skip
    chunks = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in body
    )
    return b"\x89PNG\r\n\x1a\n" + chunks
