"""Pictures of the scan's pages: the choice of reconstructions, error maps and training examples."""

from __future__ import annotations

import re
import struct
import zlib
from typing import Any

import numpy as np
import pytest

from stagelight.render.pages import reconstructions
from support.scan_recording import CHOICE, METHODS, RATES, Made


class Kept:
    """Pictures that a page asked to be kept."""

    def __init__(self) -> None:
        self.pictures: list[bytes] = []

    def __call__(self, picture: bytes) -> str:
        """Its address: its number."""
        self.pictures.append(picture)
        return str(len(self.pictures) - 1)

    def __getitem__(self, address: str) -> np.ndarray[Any, Any]:
        """The picture that a browser would show at an address, (H, W)."""
        data = self.pictures[int(address)]
        columns, rows = struct.unpack(">II", data[16:24])
        at = data.index(b"IDAT")
        raw = zlib.decompress(data[at + 4 : at + 4 + struct.unpack(">I", data[at - 4 : at])[0]])
        lines = np.frombuffer(raw, np.uint8).reshape(rows, columns + 1)
        assert (lines[:, 0] == 2).all()
        return np.cumsum(lines[:, 1:], axis=0, dtype=np.uint8)


def test_every_reconstruction_is_on_the_page(made: Made) -> None:
    kept = Kept()
    html = reconstructions.choose(made(), "scan.md", kept)
    count = len(RATES) * len(CHOICE)
    assert html.count("<img") == count + 3  # and the full scan, the chosen one, its error map
    assert len(kept.pictures) == 2 * (count + 1) + 1
    assert html.count("24.0 dB") == html.count("36.0 dB") == len(CHOICE)
    assert ">Reverse diffusion (mean of 6)</option>" in html


def test_a_reconstruction_has_its_psnr_in_the_slice_where_white_is_one(made: Made) -> None:
    reference = np.full((7, 5), 100, np.uint8)
    changed = {"reference_axial": reference, "grid_r4_mean": reference + 51, "grid_r4_diffusion": reference}
    html = reconstructions.choose(made(arrays=changed), "scan.md", Kept())
    found = dict(re.findall(r'data-rate="4" data-method="(\w+)" data-name="[^"]+" data-slice="([^"]+)"', html))
    assert (found["mean"], found["diffusion"]) == ("14.0", "inf")  # a fifth off everywhere


def test_a_png_holds_the_picture() -> None:
    picture, kept = np.random.default_rng(1).integers(0, 256, (7, 5), np.uint8), Kept()
    assert np.abs(kept[kept(reconstructions.png(picture))].astype(int) - picture).max() <= 3


def test_an_error_map_is_black_where_a_picture_is_right_and_white_at_the_most(made: Made) -> None:
    reference = np.full((7, 5), 100, np.uint8)
    off = np.zeros((7, 5), np.int8)
    off[0, 0] = -127
    changed = {"reference_axial": reference, "error_diffusion": off, "grid_r4_diffusion": reference,
               "grid_r4_mean": reference + 64}  # fmt: skip
    page, kept = made(arrays=changed), Kept()
    html = reconstructions.error_maps(page, "scan.md", kept)
    assert html.count("<figure") == len(METHODS)
    shown = kept[str(METHODS.index("diffusion"))]
    assert shown[0, 0] > 250
    assert not shown.ravel()[1:].any()
    found = dict(
        re.findall(
            r'data-rate="4" data-method="(\w+)" data-name="[^"]+" data-slice="[^"]+" data-error="(\d+)"',
            reconstructions.choose(page, "scan.md", kept),
        )
    )
    assert not kept[found["diffusion"]].any()
    assert kept[found["mean"]].min() > 250  # a quarter of the brightest tissue, and the scale ends there


def test_a_page_without_its_picture_ends_the_build(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        reconstructions.choose(made(less="grid_r4_mean"), "scan.md", Kept())
    assert "grid_r4_mean" in capsys.readouterr().err


def test_what_was_learnt_from_is_shown_with_its_words(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    words = [("T1, <b>no</b> lesion.", True), ("FLAIR.", False)]
    events = tuple({"step": 0, "kind": "seen", "sentence": said, "real": real} for said, real in words)
    page, kept = made(arrays={"seen": np.zeros((2, 7, 5), np.uint8)}, events=events), Kept()
    html = reconstructions.training_examples(page, "learnt-from.md", kept)
    assert html.count("<img") == len(kept.pictures) == 2
    assert "T1, &lt;b&gt;no" in html and "<b>" not in html
    assert html.index("A real scan") < html.index("Imagined")
    with pytest.raises(SystemExit):
        reconstructions.training_examples(made(), "learnt-from.md", kept)
    assert "click record scan" in capsys.readouterr().err


def test_a_dream_stands_beside_its_nearest_training_volume(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    rng, kept = np.random.default_rng(0), Kept()
    names = ["dreamt_axial", "nearest_axial"]
    arrays = {name: rng.integers(0, 256, (2, 7, 5), np.uint8) for name in names}
    facts = {"dream.0.nearest": 0.512, "dream.1.nearest": 0.738}
    events = tuple(
        {"step": 0, "kind": "dream", "sentence": f"{said}.", "nearest": "labels_13"} for said in ("T1", "T2")
    )
    html = reconstructions.dreams(made(arrays=arrays, facts=facts, events=events), "dreams.md", kept)
    assert html.index("T1.") < html.index(">0.51<") < html.index("T2.") < html.index(">0.74<")
    assert html.count("<figure") == 2 and html.count("labels_13") == 2
    shown = [array[index] for index in range(2) for array in arrays.values()]
    for address, picture in enumerate(shown):
        assert np.abs(kept[str(address)].astype(int) - picture).max() <= 3
    with pytest.raises(SystemExit):
        reconstructions.dreams(made(arrays=arrays, events=events), "dreams.md", kept)
    assert "dream.0.nearest" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        reconstructions.dreams(made(), "dreams.md", kept)
    assert "click record scan" in capsys.readouterr().err
