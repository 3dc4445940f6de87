"""The uncertainty of the mean of several samples."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy")
pytestmark = pytest.mark.engine

from stagelight.engines.scan import uncertainty  # noqa: E402

SHAPE = (30, 30, 30)


def pairs(count: int, spread: float, seed: int = 0) -> tuple[list[np.ndarray], np.ndarray]:
    """Pairs of opposite deviations from a mean, and a truth that deviates alike."""
    rng = np.random.default_rng(seed)
    mean = rng.random(SHAPE).astype(np.float32)
    volumes = []
    for _ in range(count):
        away = spread * rng.standard_normal(SHAPE).astype(np.float32)
        volumes += [mean + away, mean - away]
    return volumes, mean + spread * rng.standard_normal(SHAPE).astype(np.float32)


@pytest.mark.parametrize("count", [1, 2, 4])
def test_right_samples_cover_as_students_t_says(count: int) -> None:
    volumes, truth = pairs(count, 0.1)
    found = uncertainty.coverage(volumes, truth, np.ones(SHAPE, bool), "r16")
    assert found["coverage.two_sigma.r16"] == pytest.approx(found["coverage.wanted"], abs=0.01)


def test_samples_that_are_too_sure_cover_less() -> None:
    volumes, truth = pairs(4, 0.1)
    mean = np.mean(volumes, 0)
    closer = [mean + (volume - mean) / 2 for volume in volumes]
    found = uncertainty.coverage(closer, truth, np.ones(SHAPE, bool), "r16")
    assert found["coverage.two_sigma.r16"] < found["coverage.wanted"] - 0.15


def test_one_sample_says_nothing_and_an_odd_number_is_refused() -> None:
    volumes, truth = pairs(2, 0.1)
    assert not uncertainty.expected(volumes[:1]).any()
    assert uncertainty.coverage(volumes[:1], truth, np.ones(SHAPE, bool), "r16") == {}
    with pytest.raises(ValueError, match="3 samples, wanted an even number: they come in pairs"):
        uncertainty.expected(volumes[:3])
