"""A stretch of a run compared with its recording: what is the same, what is near, what is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stagelight.engines.experiment.stretch import Stretch, compare
from stagelight.engines.recording import Recording

ARRAYS: dict[str, NDArray[Any]] = {
    "loss": np.linspace(1, 0.5, 6, dtype=np.float32),
    "mask": np.eye(4, dtype=np.bool_),
    "picture": np.arange(24, dtype=np.uint8).reshape(6, 2, 2),
    "total": np.array(3, np.int16),
}
RECORDED = Recording("run", 1, {}, "version", {}, (), ARRAYS)


def compared(tolerance: float = 0.0, /, **arrays: NDArray[Any]) -> list[str]:
    return compare(RECORDED, Stretch(arrays, "the beginning", "the end"), tolerance)


def test_the_whole_and_a_leading_block_are_the_same() -> None:
    assert compared(**ARRAYS) == []
    assert compared(loss=ARRAYS["loss"][:2], picture=ARRAYS["picture"][:3]) == []
    assert compared(picture=ARRAYS["picture"][:3, :1], mask=ARRAYS["mask"][:2, :3]) == []


def test_one_number_that_differs_is_told_with_its_array() -> None:
    changed = ARRAYS["picture"][:3].copy()
    changed[2, 1, 1] += 2
    assert compared(picture=changed, loss=ARRAYS["loss"]) == ["picture: 1 of 12 numbers differ, the largest by 0.087"]


def test_a_tolerance_is_a_share_of_the_largest_recorded_number() -> None:
    near = ARRAYS["loss"][:2] + np.float32(0.01)
    assert compared(0.02, loss=near) == []
    assert len(compared(0.005, loss=near)) == 1
    assert len(compared(0.0, loss=near)) == 1


def test_rounded_numbers_may_be_levels_apart_on_another_processor() -> None:
    near = ARRAYS["picture"][:3] + np.uint8(2)
    for levels, tolerance, differ in (({}, 0.5, True), ({"picture": 2}, 0.5, False), ({"picture": 1}, 0.5, True),
                                      ({"picture": 2}, 0.0, True)):  # fmt: skip
        stretch = Stretch({"picture": near}, "", "", levels=levels)
        assert bool(compare(RECORDED, stretch, tolerance)) == differ


@pytest.mark.parametrize("tolerance", [0.0, 0.5])
def test_nothing_excuses_another_truth_value_shape_type_or_nan(tolerance: float) -> None:
    assert len(compared(tolerance, mask=~ARRAYS["mask"])) == 1
    wide = compared(tolerance, picture=np.zeros((6, 3, 2), np.uint8))
    assert wide == ["picture: uint8 (6, 3, 2) was run again, uint8 (6, 2, 2) is recorded"]
    assert len(compared(tolerance, loss=ARRAYS["loss"].astype(np.float64))) == 1
    assert len(compared(tolerance, loss=np.full(6, np.nan, np.float32))) == 1
    assert len(compared(tolerance, total=np.array(9, np.int16))) == 1
    assert compared(tolerance, other=np.zeros(2)) == ["other: not in the recording"]
    assert len(compared(tolerance, loss=np.zeros(7, np.float32))) == 1  # more than was recorded


def test_zero_has_two_signs_to_the_bit() -> None:
    zero = Recording("run", 1, {}, "version", {}, (), {"x": np.zeros(2, np.float32)})
    assert len(compare(zero, Stretch({"x": -np.zeros(2, np.float32)}, "", ""), 0.0)) == 1


def test_an_empty_stretch_shows_nothing() -> None:
    with pytest.raises(ValueError, match="run: nothing was run again"):
        compared()
    with pytest.raises(ValueError, match="nothing was run again"):
        compared(loss=ARRAYS["loss"][:0])
