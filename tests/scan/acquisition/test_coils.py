"""Sensitivities of coils and the phase of an object."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytestmark = pytest.mark.engine

from stagelight.engines.scan.acquisition import coils  # noqa: E402
from support.scan import SHAPE, quickly, seeds  # noqa: E402


def test_no_coils_map_jumps_within_the_head() -> None:
    for seed in range(6):
        sens = coils.maps(4, (8, 64, 80), np.random.default_rng(seed))
        steps = [np.abs(sens[:, :, 1:] - sens[:, :, :-1]), np.abs(sens[..., 1:] - sens[..., :-1])]
        assert max(float(step[..., 8:-8, 10:-10].max()) for step in steps) < 0.12


@quickly
@given(st.sampled_from([1, 2, 4, 8]), seeds)
def test_coils_together_see_everything_alike(count: int, seed: int) -> None:
    sens = coils.maps(count, SHAPE, np.random.default_rng(seed))
    assert sens.shape == (count, *SHAPE)
    assert np.allclose((np.abs(sens) ** 2).sum(0), 1, atol=1e-5)
    turn = coils.phase(SHAPE, np.random.default_rng(seed))
    assert np.allclose(np.abs(turn), 1, atol=1e-5)
    steps = np.abs(np.angle(turn[:, 1:] * turn[:, :-1].conj()))
    assert steps.max() < 1.0  # radians between neighbours: smooth
