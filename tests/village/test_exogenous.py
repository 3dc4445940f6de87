"""The village's chance: drawn from a seed, within its range, at the scenario's rates."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings

from stagelight.engines.village import constants as r
from stagelight.engines.village import scenarios
from stagelight.engines.village.exogenous import Tape, draw, stack
from support.village import SCENARIO, SEED


@given(SCENARIO, SEED)
@settings(max_examples=30, deadline=None)
def test_a_tape_is_its_seed_and_within_range(name: str, seed: int) -> None:
    scenario = scenarios.named(name)
    first, second = draw(scenario, seed), draw(scenario, seed)
    for field in fields(Tape):
        np.testing.assert_array_equal(getattr(first, field.name), getattr(second, field.name))
    assert set(np.unique(first.wind)) <= {0.0, 0.5, 1.0}
    assert np.all((first.price >= 0.5) & (first.price <= 1.6))
    stalls = first.omen.reshape(r.DAYS, r.DAY)
    assert np.all(stalls == stalls[:, :1])
    assert stacked(first).wind.shape == (2, r.TICKS)


def stacked(tape: Tape) -> Tape:
    return stack([tape, tape])


@given(SEED)
@settings(max_examples=20, deadline=None)
def test_a_scenario_changes_only_the_chance_it_names(seed: int) -> None:
    calm, crash = draw(scenarios.CALM, seed), draw(scenarios.CRASH, seed)
    np.testing.assert_array_equal(calm.plots, crash.plots)
    np.testing.assert_array_equal(calm.ill, crash.ill)
    assert np.all(calm.wind >= crash.wind)
    assert crash.price.mean() < calm.price.mean()


def test_rates_are_those_of_the_scenario() -> None:
    tapes = [draw(scenarios.RABBITS, seed) for seed in range(200)]
    assert np.mean([tape.rabbits.mean() for tape in tapes]) == pytest.approx(0.015, rel=0.05)
    assert {draw(scenarios.CALM, seed).rabbits.any() for seed in range(20)} == {False}
    still = [(draw(scenarios.COMPOUND, seed).wind.reshape(r.DAYS, r.DAY) == 0).all(1).sum() for seed in range(50)]
    assert min(still) >= 4
    chain = np.mean([draw(scenarios.CALM, seed).wind.mean() for seed in range(50)])
    assert chain == pytest.approx(0.80, abs=0.05)
