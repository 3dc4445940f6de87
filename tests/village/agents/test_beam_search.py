"""The search that keeps what promises most, and the forecast by which it judges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from stagelight.engines.village import constants as r
from stagelight.engines.village import kernels, scenarios
from stagelight.engines.village.agents import beam_search, fitted, forecast, oracle
from stagelight.engines.village.agents.scripted import BatchPlanned
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.batch_episode import play
from stagelight.engines.village.exogenous import Tape, draw, stack

pytestmark = pytest.mark.engine
NUMBERS = np.array(beam_search.FOUND)


def promised(tape: Tape, **changed: float) -> float:
    """The forecast at the first dawn, with some of the village's numbers changed."""
    start = Villages(stack([tape])).numbers[0].copy()
    for name, value in changed.items():
        start[getattr(kernels, name)] = value
    weather = forecast.steps(tape.wind, tape.price, tape.rabbits, tape.rain, NUMBERS)
    return float(forecast.forecast(start, 0, weather, NUMBERS, np.empty(r.PLOTS))) / r.NORM


@pytest.mark.parametrize("name", ["calm", "windless", "illness"])
def test_a_plan_is_really_played_and_a_wider_beam_finds_better(name: str) -> None:
    tape = draw(scenarios.named(name), 7)
    narrow, wide = beam_search.plan(tape, 0, 2, 2)[0], beam_search.plan(tape, 0, 48, 12)
    assert narrow < wide[0] == beam_search.plan(tape, 0, 48, 12)[0]
    assert play(Villages(stack([tape])), BatchPlanned(wide[1][None])).returns[0] == wide[0]


def test_it_finds_in_little_wind_what_lists_fitted_to_the_tape_do_not() -> None:
    tape = draw(scenarios.WINDLESS, 1000)
    lists = oracle.fit(tape, fitted.parameters(scenario="windless"), np.random.default_rng(0), rounds=10)
    assert beam_search.plan(tape, 0, 96, 12)[0] > oracle._play(oracle._rows(tape), lists) / r.NORM


def test_the_forecast_knows_what_is_good_for_a_village() -> None:
    tape = draw(scenarios.CALM, 3)
    assert promised(tape) < promised(tape, COIN=50.0) <= 2.375
    assert promised(tape, STORE=0.0) < promised(tape) < promised(tape, LEVEL=2.0)
    still = np.where((np.arange(r.TICKS) // r.DAY >= 25) & (np.arange(r.TICKS) // r.DAY < 32), 0.0, tape.wind)
    assert promised(replace(tape, wind=still)) < promised(tape)
    need = forecast.steps(still, tape.price, tape.rabbits, tape.rain, NUMBERS)[:, forecast.NEED]
    assert need[2 * 25 - 1] == pytest.approx(7), "a week's food before a week without wind"
    assert need[2 * 23] < need[2 * 25 - 1], "and less the longer the mill still turns"


def test_its_numbers_are_searched_for_in_their_range() -> None:
    tapes = [draw(scenarios.STD, 1000)]
    found = beam_search.fit(tapes, np.random.default_rng(0), rounds=2, count=4, width=4, children=4)
    assert ((found >= beam_search.LEAST) & (found <= beam_search.MOST)).all()
    before, after = (beam_search.plan(tapes[0], 0, 4, 4, numbers)[0] for numbers in (NUMBERS, found))
    assert after >= before
