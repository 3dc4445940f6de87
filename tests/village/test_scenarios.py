"""Scenarios by their names."""

from __future__ import annotations

import pytest

from stagelight.engines.village import scenarios


def test_an_unknown_scenario_is_refused_in_one_line() -> None:
    with pytest.raises(ValueError, match=r"scenario 'flood': no such scenario; choose one of calm, std"):
        scenarios.named("flood")
