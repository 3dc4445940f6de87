"""Recordings: accepted exactly if they mean what they meant, which is read here without the engine's code."""

from __future__ import annotations

import io
import json
import os
import shutil
import zipfile
from functools import partial
from pathlib import Path

import numpy as np

from stagelight.engines import recording
from stagelight.engines.recording import RecordingError
from stagelight.render import theme
from stagelight.render.trials.answers import Bench, Case, Wrong, answered
from stagelight.render.trials.mutations import ARCHIVES, HEADS, archived, meaning
from stagelight.render.trials.readers.common import damaged, from_file, generator

SCENES = ("rollout", "village", "scan")
FOLDER = theme.ASSETS / "recordings"


def heads(folder: Path) -> Bench:
    """The json files."""
    whole = {scene: (FOLDER / f"{scene}.json").read_bytes() for scene in SCENES}
    wanted = {scene: meaning(data) for scene, data in whole.items()}
    for scene in SCENES:
        recording.load_head(FOLDER, scene)

    def answer(scene: str, data: bytes, path: Path) -> str:
        try:
            same = len(data) <= recording.MAX_HEAD_BYTES and meaning(data) == wanted[scene]
        except (ValueError, RecursionError):
            same = False
        found = answered(lambda: recording.load_head(path.parent, scene), (RecordingError,), lambda _: same, path.name)
        if same and found != "read":
            raise Wrong("the same in meaning, and refused", data[:80].decode("utf-8", "replace"))
        return found

    def case(scene: str, name: str, data: bytes) -> Case:
        return from_file(folder / f"{scene}.json", name, data, partial(answer, scene, data))

    def mutated(seed: int, number: int) -> Case:
        scene, rng = SCENES[number % 3], generator("heads", seed, number)
        return case(scene, *damaged(whole[scene], HEADS, rng, number // 3))

    text = whole["village"]
    by_hand = {
        "empty": b"",
        "an object of nothing": b"{}",
        "a list": b"[]",
        "null": b"null",
        "a text": b'"head"',
        "deep lists": b"[" * 200_000,
        "deep objects": b'{"a":' * 100_000,
        "nine megabytes": b" " * (9 << 20) + text,
        "UTF-16": text.decode().encode("utf-16"),
        "a mark of byte order": b"\xef\xbb\xbf" + text,
        "half of a pair": text.replace(b'"village"', b'"village\\ud800"', 1),
        "NUL": text + b"\0",
        "a number of 5,000 digits": text.replace(b'"seed": ', b'"seed": ' + b"9" * 5000, 1),
        "schema true": text.replace(b'"schema": 2', b'"schema": true'),
        "schema 2.0": text.replace(b'"schema": 2', b'"schema": 2.0'),
        "no seal": b"\n".join(line for line in text.split(b"\n") if b'"seal"' not in line),
        "Latin-1": text[:-3] + b'"\xe9"}',
    }
    return Bench(mutated, tuple(case("village", name, data) for name, data in by_hand.items()))


def arrays(folder: Path) -> Bench:
    """The npz files."""
    whole = {scene: (FOLDER / f"{scene}.npz").read_bytes() for scene in SCENES}
    wanted = {scene: recording.load(FOLDER, scene).arrays for scene in SCENES}
    for scene in SCENES:
        shutil.copy(FOLDER / f"{scene}.json", folder)

    def answer(scene: str, path: Path) -> str:
        def same(found: recording.Recording) -> bool:
            return {key: (one.dtype, one.shape, one.tobytes()) for key, one in found.arrays.items()} == {
                key: (one.dtype, one.shape, one.tobytes()) for key, one in wanted[scene].items()
            }

        return answered(lambda: recording.load(path.parent, scene), (RecordingError,), same, path.name)

    def case(scene: str, name: str, data: bytes) -> Case:
        return from_file(folder / f"{scene}.npz", name, data, partial(answer, scene))

    def mutated(seed: int, number: int) -> Case:
        scene, rng = SCENES[number % 3], generator("arrays", seed, number)
        return case(scene, *damaged(whole[scene], ARCHIVES, rng, number // 3))

    made = {name: case("village", name, data) for name, data in _archives().items()}
    return Bench(mutated, (*made.values(), *_odd_files(folder, partial(answer, "village"))))


def _archives() -> dict[str, bytes]:
    """Archives that no recording is, by hand."""
    pickled, bomb = io.BytesIO(), io.BytesIO()
    np.savez(pickled, wind=np.array([{"a": 1}], dtype=object))
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("wind.npy", bytes(400 << 20))
    return {
        "empty": b"",
        "no archive": b"PK",
        "an archive of nothing": archived([]),
        "a pickled object": pickled.getvalue(),
        "400 megabytes of zeros": bomb.getvalue(),
        "a path": archived([("../wind.npy", b"x")]),
        "300 members": archived((f"a{number}.npy", b"x") for number in range(300)),
        "a name of 70,000 letters": archived([("a" * 60_000 + ".npy", b"x")]),
        "a header of text": archived([("wind.npy", b"\x93NUMPY\x01\x00\x10\x00__import__('os')\n")]),
        "33 megabytes": bytes(33 << 20),
        "JSON": json.dumps({"wind": [1]}).encode(),
    }


def _odd_files(folder: Path, answer: partial[str]) -> tuple[Case, ...]:
    """A folder, a pipe, a device and a link to itself in place of a file."""
    path = folder / "village.npz"

    def odd(make: str) -> str:
        path.unlink(missing_ok=True)
        if make == "folder":
            path.mkdir()
        elif make == "pipe":
            os.mkfifo(path)
        else:
            path.symlink_to("/dev/zero" if make == "device" else path.name)
        try:
            return str(answer(path))
        finally:
            path.rmdir() if make == "folder" else path.unlink()

    return tuple(Case(f"a {name} in its place", partial(odd, name)) for name in ("folder", "pipe", "device", "link"))
