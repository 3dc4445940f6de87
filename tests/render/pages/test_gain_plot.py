"""The plot of gains: drawn where they were measured, and nowhere else."""

from __future__ import annotations

import pytest

from stagelight.render.pages import gain_plot
from support.scan_recording import RATES, Made


def test_gains_are_drawn_where_they_were_measured_and_the_rest_is_absent(made: Made) -> None:
    facts = {f"headline.gain.patient.r{rate:g}.draw_{n}": 0.1 * rate + 0.01 * n for rate in RATES for n in (1, 2, 3)}
    facts |= {f"headline.gain.patient.r{rate:g}": 0.1 * rate + 0.02 for rate in RATES}
    facts |= {"headline.gain.colin27.r16": -0.3, "unrolled.gain.colin27.r4": 5.0, "headline.gain.patient.r16.c4": 9.0}
    html = gain_plot.plot(made(facts=facts), "headline", "Gain", "scan.md")
    assert html.count("<circle") == 7  # three masks twice, and one where there was one
    assert "+0.42</data> (+0.41 to +0.43)" in html
    assert "\N{MINUS SIGN}0.30</data></td>" in html
    assert "not measured" in html
    assert "Its lesion" not in html


def test_a_page_without_gains_ends_the_build(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        gain_plot.plot(made(), "headline", "Gain", "scan.md")
    assert "click score scan" in capsys.readouterr().err
