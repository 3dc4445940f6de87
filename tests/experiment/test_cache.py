"""The cache of arrays: computed once, and again where the file cannot be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stagelight.engines.experiment import cache


class Counted:
    """A computation that counts how often it is made."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> dict[str, NDArray[Any]]:
        self.times += 1
        return {"a": np.arange(5.0), "words": cache.pack_words({"said": "ja", "n": [1, 2.5]})}


def test_arrays_are_computed_once(tmp_path: Path) -> None:
    compute = Counted()
    for _ in range(2):
        found = cache.get_or_compute(tmp_path / "deep" / "a.npz", compute, "a")
        assert found["a"].tolist() == [0, 1, 2, 3, 4]
        assert cache.unpack_words(found["words"]) == {"said": "ja", "n": [1, 2.5]}
    assert compute.times == 1


@pytest.mark.parametrize("length", [0, 1, 30, -1, -40])
def test_a_file_that_was_cut_off_is_made_again(tmp_path: Path, length: int) -> None:
    compute, path = Counted(), tmp_path / "a.npz"
    cache.get_or_compute(path, compute)
    path.write_bytes(path.read_bytes()[:length])
    assert cache.read(path) is None
    assert cache.get_or_compute(path, compute)["a"].tolist() == [0, 1, 2, 3, 4]
    assert compute.times == 2


def test_flipped_bytes_are_noticed_or_harmless(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    cache.write(path, {"a": np.arange(1000.0)})
    whole, rng = path.read_bytes(), np.random.default_rng(1)
    for place in rng.integers(0, len(whole), 200):
        changed = bytearray(whole)
        changed[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed)
        found = cache.read(path, "a")
        assert found is None or found["a"].tolist() == list(range(1000))


def test_a_file_without_a_wanted_array_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    cache.write(path, {"b": np.zeros(1)})
    assert cache.read(path, "a") is None
    assert set(cache.get_or_compute(path, Counted(), "a")) == {"a", "words"}


def test_no_pickle_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, a=np.array([{"x": 1}], object))
    assert cache.read(path) is None
