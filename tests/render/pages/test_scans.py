"""The pictures, gains and tables on the page of the scan, made from a recording that is made up here."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from stagelight.engines import recording
from stagelight.engines.recording import Recording
from stagelight.render import macros
from stagelight.render.pages import gains, scans, scored
from stagelight.render.pages.published import Scene

RATES = (4.0, 16.0)
CHOICE = ("zero_filled", "mean", "ours")
METHODS = (*CHOICE, "samples")
Made = Callable[..., Scene]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A recording in a folder of its own, some of its arrays or facts changed or left out."""
    rng = np.random.default_rng(0)
    arrays = {f"grid_r{rate:g}_{name}": rng.integers(0, 256, (7, 5), np.uint8) for rate in RATES for name in CHOICE}
    arrays |= {f"error_{name}": rng.integers(-127, 128, (7, 5), np.int8) for name in METHODS}
    arrays["reference_axial"] = rng.integers(0, 256, (7, 5), np.uint8)
    facts = {f"grid.r{rate:g}.{name}.brain.psnr": 20 + rate for rate in RATES for name in CHOICE}
    facts |= {f"{name}.brain.psnr": 24.25 for name in METHODS}

    def make(less: str = "", **changed: Any) -> Scene:
        kept = {name: array for name, array in {**arrays, **changed.get("arrays", {})}.items() if name != less}
        found = Recording(
            "scan", 1, {"grid": list(RATES), "error_most": 0.25}, "v", {**facts, **changed.get("facts", {})},
            ({"step": 0, "kind": "methods", "names": list(METHODS), "grid": list(CHOICE)}, *changed.get("events", ())),
            kept,
        )  # fmt: skip
        recording.save(found, tmp_path / "recordings")
        return Scene("scan", recording.load_head(tmp_path / "recordings", "scan"), {}, tmp_path)

    return make


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
    html = scans.choose(made(), "scan.md", kept)
    count = len(RATES) * len(CHOICE)
    assert html.count("<img") == count + 3  # and the full scan, the chosen one, its error map
    assert len(kept.pictures) == 2 * (count + 1) + 1
    assert html.count("24.0 dB") == html.count("36.0 dB") == len(CHOICE)


def test_a_png_holds_the_picture() -> None:
    picture, kept = np.random.default_rng(1).integers(0, 256, (7, 5), np.uint8), Kept()
    assert np.abs(kept[kept(scans.png(picture))].astype(int) - picture).max() <= 3


def test_an_error_map_is_black_where_a_picture_is_right_and_white_at_the_most(made: Made) -> None:
    reference = np.full((7, 5), 100, np.uint8)
    off = np.zeros((7, 5), np.int8)
    off[0, 0] = -127
    changed = {"reference_axial": reference, "error_ours": off, "grid_r4_ours": reference,
               "grid_r4_mean": reference + 64}  # fmt: skip
    page, kept = made(arrays=changed), Kept()
    html = scans.errors(page, "scan.md", kept)
    assert html.count("<figure") == len(METHODS)
    shown = kept[str(METHODS.index("ours"))]
    assert shown[0, 0] > 250
    assert not shown.ravel()[1:].any()
    found = dict(
        re.findall(
            r'data-rate="4" data-method="(\w+)" data-name="[^"]+" data-error="(\d+)"',
            scans.choose(page, "scan.md", kept),
        )
    )
    assert not kept[found["ours"]].any()
    assert kept[found["mean"]].min() > 250  # a quarter of the brightest tissue, and the scale ends there


def test_a_page_without_its_picture_ends_the_build(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        scans.choose(made(less="grid_r4_mean"), "scan.md", Kept())
    assert "grid_r4_mean" in capsys.readouterr().err


def test_gains_are_drawn_where_they_were_measured_and_the_rest_is_absent(made: Made) -> None:
    facts = {f"gain.patient.r{rate:g}.draw_{n}": 0.1 * rate + 0.01 * n for rate in RATES for n in (1, 2, 3)}
    facts |= {f"gain.colin27.r16.draw_{n}": -0.3 for n in (1, 2, 3)}
    html = gains.plot(made(facts=facts), "Gain", "scan.md")
    assert html.count("<circle") == 9
    assert "+0.42</data> (+0.41 to +0.43)" in html
    assert "not measured" in html
    assert "Its lesion" not in html


def test_a_page_without_gains_or_scores_ends_the_build(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        gains.plot(made(), "Gain", "scan.md")
    assert "click score scan" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        scored.tried(made(), 16, "scan.md")
    assert "click score scan" in capsys.readouterr().err


def test_what_was_not_run_says_so_in_its_cell(made: Made) -> None:
    facts = {"stroke_t1.poisson.r16.c1.ours.brain.psnr": 24.715, "stroke_t1.poisson.r16.c1.ours.seconds": 19.4,
             "draws.patient.r16.ours.brain.psnr": 24.5, "draws.colin27.r16.ours.brain.psnr": 26.3,
             "gain.patient.r16": 0.63, "gain.patient.r4": -0.1, "gain.patient.r16.draw_1": 0.6,
             "words.patient.brain.silent.r16": 0.01}  # fmt: skip
    page = made(facts=facts)
    html = scored.tried(page, 16, "scan.md")
    row = re.search(r"<tr><th[^>]*>Network, three rounds</th>(.*?)</tr>", html)
    assert row
    assert re.findall(r">([^<>]+)<", row[1]) == ["24.71", "not run", "not run", "19"]
    assert html.count("not run") == 4 * len(scored.TRIED) - 2
    drawn = scored.by_rate(page, "scan.md")
    assert "+0.63" in drawn
    assert "\N{MINUS SIGN}0.10" in drawn
    assert "+0.60" in scored.scanners(page, 16, "scan.md")
    assert "+0.010" in scored.words(page, "scan.md")


def test_other_measures_stand_in_their_own_tables(made: Made) -> None:
    start = "stroke_t1.poisson.r16.c1.ours"
    facts = {f"{start}.brain.ssim": 0.8541, f"{start}.evaluations": 6.0, f"{start}.brain.band_4": 0.825}
    page = made(facts=facts)
    for table, values in (
        (scored.otherwise, ["0.854", *["not run"] * 3, "6", "not run"]),
        (scored.bands, [*["not run"] * 3, "0.82"]),
    ):
        row = re.search(r"<tr><th[^>]*>Network, three rounds</th>(.*?)</tr>", table(page, 16, "scan.md"))
        assert row and re.findall(r">([^<>]+)<", row[1]) == values


def test_what_was_learnt_from_is_shown_with_its_words(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    words = [("T1, <b>no</b> lesion.", True), ("FLAIR.", False)]
    events = tuple({"step": 0, "kind": "seen", "sentence": said, "real": real} for said, real in words)
    page, kept = made(arrays={"seen": np.zeros((2, 7, 5), np.uint8)}, events=events), Kept()
    html = scans.seen(page, "learnt-from.md", kept)
    assert html.count("<img") == len(kept.pictures) == 2
    assert "T1, &lt;b&gt;no" in html and "<b>" not in html
    assert html.index("A real scan") < html.index("Imagined")
    with pytest.raises(SystemExit):
        scans.seen(made(), "learnt-from.md", kept)
    assert "click record scan" in capsys.readouterr().err


def test_pictures_that_pages_asked_for_are_written_beside_them(tmp_path: Path) -> None:
    conf = {"site_dir": str(tmp_path), "extra": {"pictures": {"pictures/one.png": b"a picture"}}}
    macros.on_post_build(SimpleNamespace(conf=conf))
    assert (tmp_path / "pictures" / "one.png").read_bytes() == b"a picture"
    macros.on_post_build(SimpleNamespace(conf={"site_dir": str(tmp_path), "extra": {}}))  # no page asked
