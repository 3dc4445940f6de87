"""Statistics over seeds: exact where they can be, and intervals that cover."""

from __future__ import annotations

import numpy as np
import pytest

from stagelight.engines.experiment import statistics


def test_a_summary_has_mean_deviation_and_each_value() -> None:
    assert statistics.summary("rate", [1.0, 2.0, 6.0], ["seed_0", "seed_1", "seed_7"]) == {
        "rate": 3.0, "rate.sd": pytest.approx(7**0.5), "rate.seed_0": 1.0, "rate.seed_1": 2.0, "rate.seed_7": 6.0,
    }  # fmt: skip
    assert statistics.summary("rate", [1.5], ["seed_0"]) == {"rate": 1.5}
    assert statistics.summary("rate", [], []) == {}


def test_intervals_are_those_of_the_percentile_bootstrap_written_out() -> None:
    values, other = np.random.default_rng(1).normal(size=37), np.random.default_rng(2).normal(3, size=37)
    index = np.random.default_rng(0).integers(0, 37, (statistics.RESAMPLES, 37))
    wanted = np.quantile(values[index].mean(1), (0.025, 0.975))
    assert statistics.mean_interval(values) == pytest.approx(tuple(wanted), abs=1e-12)
    wanted = np.quantile(values[index].mean(1) / other[index].mean(1), (0.025, 0.975))
    assert statistics.ratio_interval(values, other) == pytest.approx(tuple(wanted), abs=1e-12)


def test_one_value_is_its_own_interval() -> None:
    assert statistics.mean_interval(np.array([0.25])) == (0.25, 0.25)


def test_an_interval_covers_the_mean_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    samples = rng.normal(size=(200, 40))
    covered = [low <= 0 <= high for low, high in map(statistics.mean_interval, samples)]
    assert 0.88 <= np.mean(covered) <= 0.99
