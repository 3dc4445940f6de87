"""Weights: a sealed file is read only as it was sealed; one that was sealed damaged plays, or is refused."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from stagelight.render import theme
from stagelight.render.trials.answers import Bench, Case, answered
from stagelight.render.trials.mutations import BYTES, FILES
from stagelight.render.trials.readers.common import damaged, from_file, generator

FOLDER = theme.ASSETS / "recordings"
NAMES = ("rollout_policy.safetensors", "village_policy.safetensors")


def sealed(folder: Path) -> Bench:
    """Damage to a file of weights or to its seal, which has to be noticed."""
    loaders, whole = _readers(folder), {path.name: path.read_bytes() for path in folder.iterdir()}

    def answer(name: str, file: str, data: bytes, path: Path) -> str:
        same = file.endswith(".sha256") or data == whole[file]
        return answered(lambda: loaders[name](path.with_name(name)), (ValueError,), lambda _: same, name)

    def case(name: str, file: str, what: str, data: bytes) -> Case:
        return from_file(folder / file, what, data, partial(answer, name, file, data))

    def mutated(seed: int, number: int) -> Case:
        name, rng = NAMES[number % 2], generator("sealed", seed, number)
        file, kinds = (f"{name}.sha256", BYTES) if number % 4 > 1 else (name, FILES)
        return case(name, file, *damaged(whole[file], kinds, rng, number // 4))

    seal, name = whole[f"{NAMES[0]}.sha256"], NAMES[0]
    by_hand = {
        "no line": b"",
        "capitals": seal.upper(),
        "another's": whole[f"{NAMES[1]}.sha256"],
        "two lines": seal + seal,
        "Windows' line ends": seal.replace(b"\n", b"\r\n"),
        "a path": seal.replace(b"  ", b"  ../../"),
        "a file that is missing": seal + b"0" * 64 + b"  missing\n",
        "5 kB": seal + b"#" * 5000,
        "Latin-1": b"\xe9" + seal,
    }
    return Bench(mutated, tuple(case(name, f"{name}.sha256", what, data) for what, data in by_hand.items()))


def resealed(folder: Path) -> Bench:
    """Damage that was sealed: as weights from elsewhere, which somebody vouches for."""
    loaders, whole = _readers(folder), {path.name: path.read_bytes() for path in folder.iterdir()}

    def answer(name: str, path: Path) -> str:
        seal = path.with_name(f"{name}.sha256")
        seal.write_text(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}\n")
        try:
            return answered(lambda: loaders[name](path), (ValueError,), _plays, name)
        finally:
            seal.write_bytes(whole[seal.name])

    def case(name: str, what: str, data: bytes) -> Case:
        return from_file(folder / name, what, data, partial(answer, name))

    def mutated(seed: int, number: int) -> Case:
        name, rng = NAMES[number % 2], generator("resealed", seed, number)
        return case(name, *damaged(whole[name], FILES, rng, number // 2))

    made = [case(NAMES[0], what, data) for what, data in _by_hand(whole[NAMES[0]]).items()]
    return Bench(mutated, tuple(made))


def _by_hand(whole: bytes) -> dict[str, bytes]:
    size = int.from_bytes(whole[:8], "little")
    head, body = json.loads(whole[8 : 8 + size]), whole[8 + size :]

    def put(words: Any) -> bytes:
        text = json.dumps(words).encode()
        return struct.pack("<Q", len(text)) + text + body

    said = head["__metadata__"]
    other = {
        f"width {width}": put({**head, "__metadata__": {**said, "width": width}})
        for width in ("NaN", "1e3", "0", "-128", "99999999", "", "\u0661\u0662\u0668", " 128", "9" * 5000)
    }
    return other | {
        "empty": b"",
        "eight bytes": bytes(8),
        "a head of 2^63 bytes": struct.pack("<Q", 1 << 63) + whole[8:],
        "a head of 90 MB": struct.pack("<Q", 90 << 20) + b" " * (90 << 20),
        "no words": put({**head, "__metadata__": {}}),
        "a list": put([]),
        "a tensor of 2^60": put({**head, "x": {"dtype": "F16", "shape": [1 << 60], "data_offsets": [0, 2]}}),
        "all ones": whole[: 8 + size] + b"\xff" * len(body),
        "infinite": whole[: 8 + size] + b"\x00\x7c" * (len(body) // 2),
    }


def _readers(folder: Path) -> dict[str, Callable[[Path], Any]]:
    from stagelight.engines.rollout import inference  # noqa: PLC0415  # brings in torch
    from stagelight.engines.village.training import networks  # noqa: PLC0415

    for name in NAMES:
        shutil.copy(FOLDER / name, folder)
        shutil.copy(FOLDER / f"{name}.sha256", folder)
    loaders: dict[str, Callable[[Path], Any]] = dict(
        zip(NAMES, (inference.load, lambda path: networks.load(path)[0]), strict=True)
    )
    for name, load in loaders.items():
        _plays(load(folder / name))
    return loaders


def _plays(policy: Any) -> bool:
    """Tell whether all its weights are numbers, so that its choices are."""
    network = getattr(policy, "actor", policy)
    return all(bool(np.isfinite(value.detach().float().numpy()).all()) for value in network.state_dict().values())
