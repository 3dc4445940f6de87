"""The noise levels of methods of diffusion."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytestmark = pytest.mark.engine

from stagelight.engines.scan.methods.noise_schedule import karras  # noqa: E402


@given(st.integers(2, 60), st.floats(1.0, 80.0), st.floats(1e-3, 0.5), st.floats(1.0, 9.0))
def test_levels_fall_from_the_highest_to_the_lowest_and_then_to_nothing(
    steps: int, highest: float, lowest: float, rho: float
) -> None:
    found = karras(steps, highest, lowest, rho)
    assert len(found) == steps + 1
    assert found == sorted(found, reverse=True)
    assert found[0] == pytest.approx(highest) and found[-2] == pytest.approx(lowest) and found[-1] == 0


def test_one_step_is_from_the_highest_to_nothing() -> None:
    assert karras(1, 5.0, 0.005, 7.0) == pytest.approx([5.0, 0.0])
