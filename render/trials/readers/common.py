"""Pieces of several readers: a generator for each mutation, and a file written and read."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np

from stagelight.render.trials.answers import Case
from stagelight.render.trials.mutations import Mutation, Rng


def generator(name: str, seed: int, number: int) -> Rng:
    """The chance of one mutation of a reader."""
    return np.random.default_rng([zlib.crc32(name.encode()), seed, number])


def damaged(data: bytes, kinds: Sequence[Mutation], rng: Rng, number: int) -> tuple[str, bytes]:
    """Bytes with one damage, of the kind whose turn it is, and now and then a second one; and what was done."""
    kind = kinds[number % len(kinds)]
    try:
        found, name = kind(data, rng), kind.__name__
    except Exception:  # noqa: BLE001  # there is nothing of that kind in what is so short
        found, name = data[: int(rng.integers(len(data)))], "cut short"
    if rng.random() < 0.25 and len(found) > 8:
        second = kinds[int(rng.integers(len(kinds)))]
        with suppress(Exception):  # of a damage to what is no longer whole
            found, name = second(found, rng), f"{name}, {second.__name__}"
    return name, found


def from_file(path: Path, name: str, data: bytes, answer: Callable[[Path], str]) -> Case:
    """A case in which a file holds certain bytes; it is as it was afterwards."""
    return Case(name, partial(_written, path, data, answer))


def _written(path: Path, data: bytes, answer: Callable[[Path], str]) -> str:
    before = path.read_bytes() if path.exists() else None
    path.write_bytes(data)
    try:
        return answer(path)
    finally:
        path.unlink() if before is None else path.write_bytes(before)
