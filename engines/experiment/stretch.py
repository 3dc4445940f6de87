"""A short stretch of a recorded run, run again: a check that a reviewer can afford.

Every engine that records has a module `stretch` with one function,

    stretch(before: Recording, cache: Path, progress: Progress) -> Stretch

that runs the beginning of the run again, from its seed or from published weights, in two minutes or less on two cores.
It trusts nothing that is cached about the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.recording import Recording


@dataclass(frozen=True)
class Stretch:
    """Arrays that were run again, and what they show."""

    arrays: Mapping[str, NDArray[Any]] = field(repr=False)  # named as in the recording; whole, or a leading block
    proves: str  # a sentence about what equality shows
    leaves_open: str  # and about what it does not, with the command that does
    tolerance: float = 0.0  # within which real numbers agree on another processor, see `compare`
    levels: Mapping[str, int] = field(
        default_factory=dict
    )  # and whole numbers that are rounded real ones: name -> apart


def compare(before: Recording, stretch: Stretch, tolerance: float) -> list[str]:
    """The differences between a recording and a stretch run again, a line for each array; empty if there are none.

    A line says how many numbers differ, and by how much at most, as a share of the recorded array's largest magnitude.

    Args:
        before: the recording.
        stretch: of the same run.
        tolerance: how far two real numbers may be apart, as such a share; 0 for the same to the bit. Truth values and
            whole numbers have to be the same in any case, but for those that `stretch.levels` names.

    Raises:
        ValueError: the stretch holds nothing, so it shows nothing.
    """
    if not any(array.size for array in stretch.arrays.values()):
        raise ValueError(f"{before.name}: nothing was run again")
    found = []
    for name, array in sorted(stretch.arrays.items()):
        apart = stretch.levels.get(name, 0) if tolerance else 0
        if line := _difference(before.arrays.get(name), array, tolerance, apart):
            found.append(f"{name}: {line}")
    return found


def _difference(recorded: NDArray[Any] | None, again: NDArray[Any], tolerance: float, apart: int) -> str:
    """The difference between an array and the leading block of the recorded one, in words."""
    if recorded is None:
        return "not in the recording"
    part = recorded[tuple(slice(size) for size in again.shape)] if recorded.ndim == again.ndim else recorded
    if part.shape != again.shape or part.dtype != again.dtype:
        return f"{again.dtype} {again.shape} was run again, {recorded.dtype} {recorded.shape} is recorded"
    wrong = (_bytes(part) != _bytes(again)).any(1)
    largest = max(float(np.abs(recorded.astype(np.float64)).max(initial=0)), np.finfo(np.float64).tiny)
    off = np.abs(again.astype(np.float64) - part.astype(np.float64)).ravel() / largest
    if most := tolerance if part.dtype.kind == "f" else apart / largest:
        wrong &= ~(off <= most)  # nan is not within any
    count = int(wrong.sum())
    return f"{count} of {part.size} numbers differ, the largest by {off[wrong].max():.2g}" if count else ""


def _bytes(array: NDArray[Any]) -> NDArray[np.uint8]:
    """(size, itemsize): what tells two zeros apart, and knows the same nan."""
    return np.ascontiguousarray(array).reshape(-1, 1).view(np.uint8)
