"""Tables of the scan's page: each score in its own cell, and a cell that was not run says so."""

from __future__ import annotations

import re

import pytest

from stagelight.render.pages import scan_tables
from support.scan_recording import Made

DIFFUSION = "Reverse diffusion (mean of 6)"


def cells(html: str, label: str) -> list[list[str]]:
    """The texts in each row of a label."""
    rows = re.findall(rf"<tr><th[^>]*>{re.escape(label)}</th>(.*?)</tr>", html)
    return [re.findall(r">([^<>]+)<", row) for row in rows]


def test_what_was_not_run_says_so_in_its_cell(made: Made) -> None:
    facts = {"stroke_t1.poisson.r16.c1.diffusion.brain.psnr": 24.715,
             "stroke_t1.poisson.r16.c1.diffusion.seconds": 19.4}  # fmt: skip
    html = scan_tables.methods(made(facts=facts), 16, "scan.md")
    assert cells(html, DIFFUSION) == [["24.71", "not run", "not run", "19"]]
    assert html.count("not run") == 4 * len(scan_tables.METHODS) - 2


def test_a_gain_names_its_network(made: Made) -> None:
    facts = {"draws.patient.r16.diffusion.brain.psnr": 24.5, "draws.colin27.r16.unrolled.brain.psnr": 26.3,
             "headline.gain.patient.r16": 0.63, "headline.gain.patient.lesion.r32": 0.4,
             "unrolled.gain.colin27.r4": -0.1}  # fmt: skip
    html = scan_tables.by_acceleration(made(facts=facts), "scan.md")
    absent = ["not run"] * 4
    assert cells(html, DIFFUSION) == [[*absent[:3], "24.50", "not run"], [*absent, "not run"]]
    assert cells(html, "Gain of reverse diffusion") == [[*absent[:3], "+0.63", "not run"]]
    assert cells(html, "Gain of reverse diffusion in the lesion") == [[*absent, "+0.40"]]
    assert cells(html, "Gain of the unrolled network") == [["\N{MINUS SIGN}0.10", *absent]]


def test_other_scanners_have_both_networks_gains(made: Made) -> None:
    facts = {"headline.gain.patient.r16.draw_1": 0.6, "unrolled.gain.patient.r16.draw_1": 1.2,
             "headline.gain.colin27.r8.c4": -0.8, "stroke_t1.lines.r4.c1.mean.brain.psnr": 33.5,
             "headline.gain.colin27.r16": -0.6}  # fmt: skip
    html = scan_tables.other_scanners(made(facts=facts), "scan.md")
    absent, at = ["not run"] * 6, "R\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}"
    assert cells(html, f"Poisson disc, one coil, {at}16") == [
        ["not run", "+0.60", "+1.20", "not run", "\N{MINUS SIGN}0.60", "not run"]  # of one draw there is but the mean
    ]
    assert cells(html, f"Poisson disc, four coils, {at}8") == [[*absent[:4], "\N{MINUS SIGN}0.80", "not run"]]
    assert cells(html, f"Whole lines, one coil, {at}4") == [["33.50", *absent[:5]]]


def test_a_prompt_has_its_effect_at_each_acceleration(made: Made) -> None:
    facts = {"words.patient.brain.nonsense.r32": 0.01, "words.colin27.brain.silent.r8": -0.02,
             "words.lesion_change.wrong_side.r16": 0.25}  # fmt: skip
    html = scan_tables.prompts(made(facts=facts), "scan.md")
    at = "R\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}"
    assert cells(html, f"nonsense, {at}32") == [["+0.010", *["not run"] * 3]]
    assert cells(html, f"nothing, {at}8") == [["not run", "not run", "\N{MINUS SIGN}0.020", "not run"]]
    assert cells(html, f"the wrong side, {at}16") == [[*["not run"] * 3, "0.25"]]


def test_other_measures_stand_in_their_own_tables(made: Made) -> None:
    start = "stroke_t1.poisson.r16.c1.diffusion"
    facts = {f"{start}.brain.ssim": 0.8541, f"{start}.evaluations": 6.0, f"{start}.brain.band_4": 0.825}
    page = made(facts=facts)
    for table, values in (
        (scan_tables.other_measures, ["0.854", *["not run"] * 3, "6", "not run"]),
        (scan_tables.error_bands, [*["not run"] * 3, "0.82"]),
    ):
        assert cells(table(page, 16, "scan.md"), DIFFUSION) == [values]


def test_the_runs_of_the_scene_stand_together(made: Made) -> None:
    html = scan_tables.errors(made(facts={"free.lesion.psnr": 15.25, "dream.residual": 80.0}), "scan.md")
    assert cells(html, DIFFUSION) == [["24.25", *["not run"] * 3]]
    assert cells(html, "One sample, held to no measurement") == [["not run", "15.25", "not run", "not run"]]
    assert cells(html, "The dream: words and noise, no data") == [[*["not run"] * 3, "80.00"]]


def test_a_measured_head_has_a_table_of_its_own(made: Made) -> None:
    facts = {"raw.heldout.classical": 1.1, "raw.heldout.classical.draw_2": 1.125, "raw.misfit.diffusion": 1.5}
    html = scan_tables.measured(made(facts=facts), "scan.md")
    assert cells(html, "Mean of complex total variation and wavelets") == [["1.10", "not run", "1.12", "not run"]]
    assert cells(html, "Reverse diffusion with the fine network") == [[*["not run"] * 3, "1.50"]]
    assert "dB" not in html and "imulated" not in html


def test_a_page_without_scores_ends_the_build(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        scan_tables.methods(made(), 16, "scan.md")
    assert "click score scan" in capsys.readouterr().err
