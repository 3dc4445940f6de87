"""Every recording and every file of weights, changed in hundreds of ways: refused in one line, or the same in meaning.

What a head means is read here without the engine's own code. A head is accepted exactly if it means what it meant; an
archive or a file of weights only if its arrays are the same to the bit. Each mutation depends on its number alone.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stagelight.engines import recording
from stagelight.engines.npz import Array
from stagelight.engines.recording import RecordingError
from stagelight.render.trials.mutations import ARCHIVES, BYTES, FILES, HEADS, meaning, mutated
from support.paths import RECORDINGS, ROOT

SCENES = ("rollout", "village", "scan")
WEIGHTS = sorted([*(ROOT / "engines").rglob("*.safetensors"), *RECORDINGS.glob("*.safetensors")])
# --- laws ---------------------------------------------------------------------------------------------


def refused(error: BaseException, name: str) -> None:
    """The refusal is one line that names the file and what to do."""
    line = str(error)
    assert line.startswith(f"{RECORDINGS / name}: "), line
    assert "\n" not in line
    assert "click record" in line
    assert len(line) < 600


def counts(few: int) -> list[Any]:
    """The numbers of mutations: a few always, and three hundred."""
    return [few, pytest.param(300, marks=pytest.mark.slow)]


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Files by name that are read in place of those on the disk."""
    files: dict[str, bytes] = {}
    plain = recording.bounded

    def bounded(path: Path, most: int) -> bytes:
        return files[path.name] if path.name in files else plain(path, most)

    for module in ("recording", "experiment.weights"):
        with contextlib.suppress(ImportError):  # weights need torch
            monkeypatch.setattr(f"stagelight.engines.{module}.bounded", bounded)
    return files


@pytest.mark.parametrize("count", counts(len(HEADS)))
@pytest.mark.parametrize("scene", SCENES)
def test_a_head_is_accepted_exactly_if_it_means_the_same(held: dict[str, bytes], scene: str, count: int) -> None:
    name, tally = f"{scene}.json", Counter[tuple[str, bool]]()
    whole = (RECORDINGS / name).read_bytes()
    wanted = meaning(whole)
    for number in range(count):
        kind, held[name] = mutated(whole, HEADS, name, number)
        try:
            same = meaning(held[name]) == wanted
        except ValueError:
            same = False
        try:
            loaded = recording.load_head(RECORDINGS, scene)
        except RecordingError as error:
            assert not same, (number, kind, error)
            refused(error, name)
        else:
            assert same, (number, kind)
            assert meaning(json.dumps(loaded).encode()) == wanted, (number, kind)
        tally[kind, same] += 1
    assert tally["shuffled", True] == tally["laid_out", True] == count // len(HEADS)


@pytest.mark.parametrize("count", counts(len(ARCHIVES)))
@pytest.mark.parametrize("scene", SCENES)
def test_arrays_are_accepted_only_if_they_are_the_same(held: dict[str, bytes], scene: str, count: int) -> None:
    name, tally = f"{scene}.npz", Counter[tuple[str, bool]]()
    whole = (RECORDINGS / name).read_bytes()
    wanted = {key: (array.dtype, array.shape, array.tobytes()) for key, array in load(scene).items()}
    for number in range(count):
        kind, held[name] = mutated(whole, ARCHIVES, name, number)
        try:
            loaded = load(scene)
        except RecordingError as error:
            refused(error, name)
            tally[kind, False] += 1
        else:
            assert {key: (array.dtype, array.shape, array.tobytes()) for key, array in loaded.items()} == wanted, number
            tally[kind, True] += 1
    assert tally["packed_again", True] >= count // len(ARCHIVES)
    assert tally["packed_again", False] == 0


def load(scene: str) -> Mapping[str, Array]:
    return recording.load(RECORDINGS, scene).arrays


@pytest.mark.parametrize("count", counts(len(FILES)))
@pytest.mark.parametrize("shipped", WEIGHTS, ids=lambda path: path.name)
def test_weights_are_accepted_only_as_they_were_sealed(held: dict[str, bytes], shipped: Path, count: int) -> None:
    pytest.importorskip("torch")
    from stagelight.engines.experiment import weights

    beside = shipped.with_name(f"{shipped.name}.sha256")
    for file, kinds in ((shipped, FILES), (beside, BYTES)):
        whole = file.read_bytes()
        for number in range(count):
            kind, held[file.name] = mutated(whole, kinds, file.name, number)
            try:
                weights.check(shipped)
            except (OSError, ValueError) as error:
                assert "\n" not in str(error)
            else:
                assert file == beside or held[file.name] == whole, (number, kind)
        held[file.name] = whole
    weights.check(shipped)
