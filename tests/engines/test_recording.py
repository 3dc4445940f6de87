"""The recording format: what is saved comes back to the byte, and nothing else is let in."""

import contextlib
import io
import json
import os
import resource
import signal
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.extra.numpy as npst
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagelight.engines import npz, recording
from stagelight.engines.recording import Recording, RecordingError
from support.paths import PACKAGE

HALF = """
import os, pathlib, signal, sys
from stagelight.engines.recording import atomic
with atomic(pathlib.Path(sys.argv[1])) as file:
    file.write(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)
NUMBERS = st.one_of(
    npst.boolean_dtypes(),
    npst.integer_dtypes(endianness="?"),
    npst.unsigned_integer_dtypes(endianness="?"),
    npst.floating_dtypes(endianness="?", sizes=(16, 32, 64)),
)
ARRAYS = npst.arrays(NUMBERS, npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
EVENTS = st.fixed_dictionaries({"step": st.integers(0, 10**6), "kind": WORDS}, optional={"words": JSON})
RECORDINGS = st.builds(
    Recording,
    name=st.just("run"),
    seed=st.integers(0, 2**63),
    config=st.dictionaries(WORDS, JSON, max_size=4),
    code_version=WORDS,
    facts=st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*", fullmatch=True),
        st.integers(-(10**18), 10**18) | st.floats(allow_nan=False, allow_infinity=False),
        max_size=4,
    ),
    events=st.lists(EVENTS, max_size=3).map(tuple),
    arrays=st.dictionaries(NAMES, ARRAYS, max_size=4),
)


def example() -> Recording:
    """A recording with a little of everything."""
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.zeros(4, bool), "c": np.arange(3)}
    return Recording("run", 3, {"steps": 5}, "v", {"rate": 0.5}, ({"step": 0, "kind": "said", "words": "ä"},), arrays)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    recording.save(example(), tmp_path)
    return tmp_path


def refused(folder: Path) -> str:
    """Loading fails with one line that names the file and the next step; returns the line."""
    with pytest.raises(RecordingError) as caught:
        recording.load(folder, "run")
    line = str(caught.value)
    assert "\n" not in line
    assert "run.npz" in line or "run.json" in line
    assert "click record run" in line
    assert len(line) < 600
    return line


# --- laws ---------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(RECORDINGS)
def test_what_is_saved_comes_back_and_saves_to_the_same_bytes(run: Recording) -> None:
    with_folder = Path(os.environ["PYTEST_TMP"])
    recording.save(run, with_folder)
    first = [(with_folder / f"run.{kind}").read_bytes() for kind in ("npz", "json")]
    loaded = recording.load(with_folder, "run")
    assert recording.same(run, loaded) == []
    assert loaded.facts == run.facts
    assert loaded.events == run.events
    for name, array in run.arrays.items():
        found = loaded.arrays[name]
        assert (found.dtype, found.shape, found.tobytes()) == (array.dtype, array.shape, array.tobytes())
        assert not found.flags.writeable
    recording.save(loaded, with_folder)
    assert first == [(with_folder / f"run.{kind}").read_bytes() for kind in ("npz", "json")]


@pytest.fixture(autouse=True)
def _folder_for_hypothesis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_TMP", str(tmp_path))


@settings(deadline=None)
@given(data=st.data())
def test_a_changed_file_is_refused_or_keeps_its_arrays(data: st.DataObject) -> None:
    folder = Path(os.environ["PYTEST_TMP"])
    recording.save(example(), folder)
    path = folder / data.draw(st.sampled_from(["run.npz", "run.json"]))
    whole = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        del whole[data.draw(st.integers(0, len(whole) - 1)) :]
    else:
        for _ in range(data.draw(st.integers(1, 4))):
            whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(whole)
    try:
        loaded = recording.load(folder, "run")
    except RecordingError as error:
        assert "\n" not in str(error)
    else:
        for name, array in example().arrays.items():
            assert loaded.arrays[name].tobytes() == array.tobytes()


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["run.npz", "run.json"]))
def test_a_foreign_file_is_refused(junk: bytes, name: str) -> None:
    folder = Path(os.environ["PYTEST_TMP"])
    recording.save(example(), folder)
    (folder / name).write_bytes(junk)
    refused(folder)


# --- hostile archives ---------------------------------------------------------------------------------


def npy(dtype: str = "<f8", shape: str = "(2,)", body: bytes = bytes(16), more: str = "") -> bytes:
    """An npy file with any header one likes."""
    head = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, {more}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + body


def archive(folder: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Put an npz of any members in place of the right one; returns its bytes."""
    with zipfile.ZipFile(folder / "run.npz", "w", method) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return (folder / "run.npz").read_bytes()


def claim(folder: Path, size: int) -> None:
    """Let every directory entry of the npz say that its member unpacks to `size` bytes."""
    data = bytearray((folder / "run.npz").read_bytes())
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        struct.pack_into("<L", data, at + 24, size)
        at = data.find(b"PK\x01\x02", at + 1)
    (folder / "run.npz").write_bytes(data)


def test_a_bomb_that_claims_to_be_small_is_not_unpacked(saved: Path) -> None:
    archive(saved, {"a.npy": npy("|u1", f"({300 << 20},)", bytes(300 << 20))})
    claim(saved, 100)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused(saved)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10  # kB


@pytest.mark.parametrize("size", [1 << 30, 0xFFFFFFFE])
def test_a_file_that_claims_to_be_huge_is_refused_by_its_claim(saved: Path, size: int) -> None:
    archive(saved, {"a.npy": npy()})
    claim(saved, size)
    assert "unpacks to more than" in refused(saved)


def test_a_bomb_of_many_arrays_is_refused_by_the_sum(saved: Path) -> None:
    archive(saved, {f"a{index}.npy": npy() for index in range(200)})
    claim(saved, 1 << 20)
    assert "unpacks to more than" in refused(saved)


def test_a_directory_of_many_entries_is_not_parsed(saved: Path) -> None:
    archive(saved, {f"a{index}.npy": b"" for index in range(3000)})
    assert "3000 entries" in refused(saved)


def test_a_zip64_archive_is_refused(saved: Path) -> None:
    data = archive(saved, {"a.npy": npy()})
    end = data[-22:]
    (saved / "run.npz").write_bytes(data[:-22] + b"PK\x06\x07" + bytes(16) + end)
    refused(saved)


HOSTILE: dict[str, dict[str, bytes]] = {
    "pickle": {"a.npy": npy("|O", "(1,)", b"cos\nsystem\n(S'touch /tmp/owned'\ntR.")},
    "text": {"a.npy": npy("<U4", "(1,)")},
    "structured": {"a.npy": npy("<f8').__class__('", "(2,)")},
    "huge shape": {"a.npy": npy(shape=f"({10**15},)")},
    "shape beyond any integer": {"a.npy": npy(shape=f"({10**30},)")},
    "huge empty shape": {"a.npy": npy(shape=f"(0, {10**17}, {10**17})", body=b"")},
    "negative shape": {"a.npy": npy(shape="(-1,)")},
    "shape that multiplies out": {"a.npy": npy(shape=f"({2**32}, {2**32})", body=b"")},
    "deep header": {"a.npy": npy(more="'x': " + "(" * 9000)},
    "long header": {"a.npy": npy(more=" " * 60_000)},
    "signs without end": {"a.npy": npy(shape="-" * 9000 + "1")},
    "half a header": {"a.npy": npy()[:20]},
    "no header": {"a.npy": b""},
    "npy version 3": {"a.npy": b"\x93NUMPY\x03\x00" + npy()[8:]},
    "a path": {"../a.npy": npy()},
    "not an array": {"a.txt": b"hello"},
    "capitals": {"A.npy": npy()},
    "nothing": {},
}


@pytest.mark.parametrize("members", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_array_is_refused(saved: Path, members: dict[str, bytes]) -> None:
    archive(saved, members)
    refused(saved)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_refused(saved: Path, method: int) -> None:
    archive(saved, {"a.npy": npy()}, method)
    assert "compression" in refused(saved)


def test_the_same_name_twice_is_refused(saved: Path) -> None:
    with zipfile.ZipFile(saved / "run.npz", "w") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("a.npy", npy())
        file.writestr("a.npy", npy())
    assert "twice" in refused(saved)


def test_an_array_that_was_changed_is_named(saved: Path) -> None:
    run = example()
    other = Recording(run.name, run.seed, run.config, run.code_version, run.facts, run.events,
                      {**run.arrays, "c": np.arange(3) + 1})  # fmt: skip
    head = (saved / "run.json").read_bytes()
    recording.save(other, saved)
    (saved / "run.json").write_bytes(head)
    assert "c differ from run.json" in refused(saved)


# --- hostile heads ------------------------------------------------------------------------------------


def test_a_head_that_is_not_utf8_is_refused(saved: Path) -> None:
    (saved / "run.json").write_bytes(b'{"schema": "\xff\xfe"}')
    refused(saved)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_a_deep_head_is_refused(saved: Path, opening: str) -> None:
    (saved / "run.json").write_text(opening * 100_000)
    refused(saved)


def with_head(**changes: Any) -> Callable[[Path], None]:
    """Change the head and seal it again where that can be done, as someone would who means to."""

    def change(folder: Path) -> None:
        head = {**json.loads((folder / "run.json").read_text("utf-8")), **changes}
        with contextlib.suppress(ValueError):  # NaN cannot be sealed
            head["seal"] = changes.get("seal", recording.seal(head))
        (folder / "run.json").write_text(json.dumps(head), "utf-8")

    return change


HEADS = {
    "another schema": with_head(schema=3),
    "the schema as a float": with_head(schema=2.0),
    "another's seal": with_head(seal="0" * 64),
    "a seal that is no word": with_head(seal=None),
    "a schema that is true": with_head(schema=True),
    "another name": with_head(name="walk"),
    "one key more": with_head(more=1),
    "no seed": with_head(seed=None),
    "a seed that is no number": with_head(seed=True),
    "facts in a list": with_head(facts=[1]),
    "a fact that is a word": with_head(facts={"rate": "high"}),
    "a fact that is not finite": with_head(facts={"rate": float("nan")}),
    "a fact beyond any float": with_head(facts={"rate": 10**400}),
    "a fact that is true": with_head(facts={"rate": True}),
    "a fact with a space in its name": with_head(facts={"solve rate": 1}),
    "an event that is a word": with_head(events=["said"]),
    "an event without a step": with_head(events=[{"kind": "said"}]),
    "an event that is at no step": with_head(events=[{"kind": "said", "step": True}]),
    "arrays in a list": with_head(arrays=[]),
    "an array more": with_head(arrays={"a": {}, "b": {}, "c": {}, "d": {}}),
}


@pytest.mark.parametrize("change", HEADS.values(), ids=HEADS.keys())
def test_a_head_that_breaks_the_schema_is_refused(saved: Path, change: Callable[[Path], None]) -> None:
    change(saved)
    refused(saved)


def test_a_recording_of_the_first_schema_is_refused_with_the_command_that_makes_it_anew(saved: Path) -> None:
    head = json.loads((saved / "run.json").read_text("utf-8"))
    del head["seal"]
    (saved / "run.json").write_text(json.dumps({**head, "schema": 1}))
    assert "schema 1, wanted 2; make it again with `click record run`" in refused(saved)


def text(folder: Path, old: str, new: str) -> None:
    """Change the words of the head without sealing it again."""
    path = folder / "run.json"
    words = path.read_text("utf-8")
    assert old in words
    path.write_text(words.replace(old, new, 1), "utf-8")


UNSEALED = {
    "a fact": ('"rate": 0.5', '"rate": 0.6'),
    "a sign": ('"rate": 0.5', '"rate": -0.5'),
    "an integer that was a float": ('"rate": 0.5', '"rate": 1'),
    "a float that was an integer": ('"seed": 3', '"seed": 3.0'),
    "a setting": ('"steps": 5', '"steps": 6'),
    "a word of an event": ('"ä"', '"a"'),
    "the same letter in two parts": ('"ä"', '"a\u0308"'),
    "the code version": ('"v"', '"w"'),
    "a shape": ("3\n", "4\n"),
}


@pytest.mark.parametrize(("old", "new"), UNSEALED.values(), ids=UNSEALED.keys())
def test_a_head_that_was_changed_is_refused_by_its_seal(saved: Path, old: str, new: str) -> None:
    text(saved, old, new)
    said = refused(saved)
    assert "sealed '" in said
    assert "so it was changed" in said


@pytest.mark.parametrize("name", ["rate", r"\u0072ate"])
def test_a_key_that_is_there_twice_is_refused(saved: Path, name: str) -> None:
    text(saved, '"rate": 0.5', f'"rate": 0.5, "{name}": 0.5')
    assert "the key 'rate' is there twice" in refused(saved)
    text(saved, f', "{name}": 0.5', "")
    text(saved, '"words": "ä"', '"words": {"a": [{"b": 1, "b": 1}]}')
    assert "the key 'b' is there twice" in refused(saved)


@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "Infinity", r'"\ud800"'])
def test_what_has_no_canonical_form_is_refused(saved: Path, number: str) -> None:
    text(saved, '"steps": 5', f'"steps": {number}')
    refused(saved)


SAME = {
    "spaces": ('"seed": 3', '"seed"\n:\t3'),
    "an escape": ('"ä"', '"\\u00e4"'),
    "a longer float": ('"rate": 0.5', '"rate": 0.500'),
    "a float with an exponent": ('"rate": 0.5', '"rate": 5e-1'),
}


@pytest.mark.parametrize(("old", "new"), SAME.values(), ids=SAME.keys())
def test_the_same_head_in_other_words_is_the_same(saved: Path, old: str, new: str) -> None:
    text(saved, old, new)
    assert recording.same(example(), recording.load(saved, "run")) == []


def test_the_order_of_keys_is_free(saved: Path) -> None:
    head = json.loads((saved / "run.json").read_text("utf-8"), object_pairs_hook=lambda pairs: dict(pairs[::-1]))
    (saved / "run.json").write_text(json.dumps(head))
    assert recording.same(example(), recording.load(saved, "run")) == []


def test_an_integer_of_many_digits_is_refused(saved: Path) -> None:
    (saved / "run.json").write_text('{"schema": ' + "9" * 10_000 + "}")
    refused(saved)


# --- what is not a file -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["npz", "json"])
def test_missing_too_large_and_special_files_are_refused(saved: Path, kind: str) -> None:
    path = saved / f"run.{kind}"
    path.unlink()
    assert "missing" in refused(saved)
    path.symlink_to("/dev/zero")
    refused(saved)
    path.unlink()
    os.mkfifo(path)
    refused(saved)
    path.unlink()
    path.mkdir()
    refused(saved)
    path.rmdir()
    with path.open("wb") as file:
        file.truncate(recording.MAX_FILE_BYTES + 1)
    assert "more than" in refused(saved)


@pytest.mark.parametrize("name", ["", "../run", "Run", "run.npz", "a" * 65])
def test_a_name_that_is_a_path_is_refused(saved: Path, name: str) -> None:
    with pytest.raises(RecordingError, match="not a recording's name"):
        recording.load(saved, name)


# --- saving -------------------------------------------------------------------------------------------


def changed(**changes: Any) -> Recording:
    run = example()
    fields = {
        name: getattr(run, name) for name in ("name", "seed", "config", "code_version", "facts", "events", "arrays")
    }
    return Recording(**{**fields, **changes})


def nested(depth: int) -> Any:
    found: Any = []
    for _ in range(depth):
        found = [found]
    return found


UNFIT: dict[str, Callable[[], dict[str, Any]]] = {
    "an object array": lambda: {"arrays": {"a": np.array([{}])}},
    "a text array": lambda: {"arrays": {"a": np.array(["a"])}},
    "a long double": lambda: {"arrays": {"a": np.zeros(1, np.longdouble)}},
    "a complex array": lambda: {"arrays": {"a": np.zeros(1, complex)}},
    "an array called .": lambda: {"arrays": {".": np.zeros(1)}},
    "arrays too large to load": lambda: {"arrays": {"a": np.zeros(npz.MAX_ARRAY_BYTES + 1, np.uint8)}},
    "noise too large to load": lambda: {"arrays": {"a": np.frombuffer(os.urandom(recording.MAX_FILE_BYTES), "u1")}},
    "a fact that is not finite": lambda: {"facts": {"rate": float("inf")}},
    "a config that is no JSON": lambda: {"config": {"path": Path()}},
    "a config that is not finite": lambda: {"config": {"rate": float("nan")}},
    "half a character": lambda: {"events": ({"step": 0, "kind": "said", "words": "\ud800"},)},
    "words too long to load": lambda: {"config": {"words": "a" * recording.MAX_HEAD_BYTES}},
    "a name that is a path": lambda: {"name": "../run"},
    "a config without end": lambda: {"config": {"deep": nested(5000)}},
    "two keys that JSON writes alike": lambda: {"config": {"sizes": {1: "a", "1": "b"}}},
}


@pytest.mark.parametrize("changes", UNFIT.values(), ids=UNFIT.keys())
def test_what_could_not_be_loaded_is_not_saved(tmp_path: Path, changes: Callable[[], dict[str, Any]]) -> None:
    with pytest.raises(RecordingError) as caught:
        recording.save(changed(**changes()), tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_full_disk_leaves_what_was_there(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path.name: path.read_bytes() for path in saved.iterdir()}

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left.*run\.npz"):
        recording.save(changed(seed=9), saved)
    assert {path.name: path.read_bytes() for path in saved.iterdir()} == before


def test_same_names_what_differs() -> None:
    other = changed(
        seed=4, facts={"rate": 0.5, "more": 1}, events=(), arrays={"a": np.zeros(3), "b": np.zeros(4, bool)}
    )
    assert recording.same(example(), other) == ["seed", "facts.more", "events", "arrays.a", "arrays.c"]
    assert recording.same(example(), changed(config={"steps": 5})) == []
    assert recording.same(changed(config={"size": (1, 2)}), changed(config={"size": [1, 2]})) == []


def test_a_fact_that_was_not_measured_names_those_that_were() -> None:
    assert example().fact("rate") == 0.5
    with pytest.raises(RecordingError, match="no fact 'speed'; it has rate"):
        example().fact("speed")


def test_an_array_reads_as_numpy_reads_it(saved: Path) -> None:
    with np.load(io.BytesIO((saved / "run.npz").read_bytes()), allow_pickle=False) as arrays:
        for name, array in example().arrays.items():
            np.testing.assert_array_equal(arrays[name], array)


# --- files that appear whole ------------------------------------------------------------------------------


def test_what_a_killed_process_left_of_a_file_goes_with_the_next_and_what_a_living_one_writes_stays(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a [1].png"
    killed = subprocess.run(
        [sys.executable, "-c", HALF, str(path)], env=os.environ | {"PYTHONPATH": str(PACKAGE)}, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert len(list(tmp_path.glob(".a*.part"))) == 1
    other = tmp_path / ".b.png.00000000-1.x.part"
    other.touch()
    with recording.atomic(path) as first:
        first.write(b"first")
        assert len(list(tmp_path.glob(".a*.part"))) == 1, "what was left is gone"
        with recording.atomic(path) as second:
            second.write(b"second")
            assert len(list(tmp_path.glob(".a*.part"))) == 2
    assert path.read_bytes() == b"first"
    assert sorted(each.name for each in tmp_path.iterdir()) == [other.name, path.name]
