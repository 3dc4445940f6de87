"""Tables of the scan's page: each score in its own cell, and a cell that was not run says so."""

from __future__ import annotations

import re

import pytest

from stagelight.render.pages import scan_tables
from support.scan_recording import Made


def test_what_was_not_run_says_so_in_its_cell(made: Made) -> None:
    facts = {"stroke_t1.poisson.r16.c1.ours.brain.psnr": 24.715, "stroke_t1.poisson.r16.c1.ours.seconds": 19.4,
             "draws.patient.r16.ours.brain.psnr": 24.5, "draws.colin27.r16.ours.brain.psnr": 26.3,
             "gain.patient.r16": 0.63, "gain.patient.r4": -0.1, "gain.patient.r16.draw_1": 0.6,
             "words.patient.brain.silent.r16": 0.01}  # fmt: skip
    page = made(facts=facts)
    html = scan_tables.methods(page, 16, "scan.md")
    row = re.search(r"<tr><th[^>]*>Network, three rounds</th>(.*?)</tr>", html)
    assert row
    assert re.findall(r">([^<>]+)<", row[1]) == ["24.71", "not run", "not run", "19"]
    assert html.count("not run") == 4 * len(scan_tables.METHODS) - 2
    drawn = scan_tables.by_acceleration(page, "scan.md")
    assert "+0.63" in drawn
    assert "\N{MINUS SIGN}0.10" in drawn
    assert "+0.60" in scan_tables.other_scanners(page, 16, "scan.md")
    assert "+0.010" in scan_tables.prompts(page, "scan.md")


def test_other_measures_stand_in_their_own_tables(made: Made) -> None:
    start = "stroke_t1.poisson.r16.c1.ours"
    facts = {f"{start}.brain.ssim": 0.8541, f"{start}.evaluations": 6.0, f"{start}.brain.band_4": 0.825}
    page = made(facts=facts)
    for table, values in (
        (scan_tables.other_measures, ["0.854", *["not run"] * 3, "6", "not run"]),
        (scan_tables.error_bands, [*["not run"] * 3, "0.82"]),
    ):
        row = re.search(r"<tr><th[^>]*>Network, three rounds</th>(.*?)</tr>", table(page, 16, "scan.md"))
        assert row and re.findall(r">([^<>]+)<", row[1]) == values


def test_a_page_without_scores_ends_the_build(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        scan_tables.methods(made(), 16, "scan.md")
    assert "click score scan" in capsys.readouterr().err
