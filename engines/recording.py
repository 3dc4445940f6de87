"""The one format in which an engine's run is kept and from which everything else is drawn.

A recording is two files: `<name>.npz`, numeric arrays whose first axis is the step unless said otherwise,
and `<name>.json`, its head: what made it, every word as an event, and `facts`, a flat mapping of dotted
names to numbers that pages and checks read. Saving the same recording twice gives the same bytes. Loading
trusts nothing: pickle is off, sizes are bounded before anything is unpacked, every array is hashed.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import re
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

SCHEMA = 1
MAX_HEAD_BYTES = 8 << 20
MAX_FILE_BYTES = 32 << 20
MAX_ARRAY_BYTES = 128 << 20  # unpacked, all arrays together
MAX_ARRAYS = 256
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
FACT = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_HEAD_KEYS = {"schema", "name", "seed", "config", "code_version", "facts", "events", "arrays"}

Array = NDArray[Any]


class RecordingError(ValueError):
    """A recording cannot be used; the message names the file, what was found and what to do next."""


@dataclass(frozen=True)
class Recording:
    """What a run left behind."""

    name: str
    seed: int
    config: Mapping[str, Any]  # the engine's Config, as JSON
    code_version: str  # sha256 of the engine's sources
    facts: Mapping[str, float]  # dotted name -> number
    events: tuple[Mapping[str, Any], ...]  # words, in order, each with the `step` it belongs to
    arrays: Mapping[str, Array] = field(repr=False)

    def fact(self, name: str) -> float:
        """One measured number.

        Raises:
            RecordingError: the run did not measure it.
        """
        try:
            return self.facts[name]
        except KeyError:
            raise RecordingError(
                f"{self.name}.json: no fact {name!r}; it has {', '.join(sorted(self.facts))}"
            ) from None


def save(recording: Recording, folder: Path) -> tuple[Path, Path]:
    """Write `<name>.npz` and then, last, `<name>.json` that names its hash; both atomically.

    Raises:
        RecordingError: the recording breaks the schema; nothing is written.
    """
    _check_parts(recording, recording.name)
    folder.mkdir(parents=True, exist_ok=True)
    packed = _pack(recording.arrays)
    if len(packed) > MAX_FILE_BYTES:
        raise RecordingError(f"{recording.name}.npz: {len(packed)} bytes, at most {MAX_FILE_BYTES}; record less")
    head = {
        "schema": SCHEMA,
        "name": recording.name,
        "seed": recording.seed,
        "config": recording.config,
        "code_version": recording.code_version,
        "facts": dict(sorted(recording.facts.items())),
        "events": list(recording.events),
        "arrays": {name: _describe(array) for name, array in sorted(recording.arrays.items())},
    }
    text = json.dumps(head, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    data, words = folder / f"{recording.name}.npz", folder / f"{recording.name}.json"
    with atomic(data) as file:
        file.write(packed)
    with atomic(words) as file:
        file.write(text.encode())
    return data, words


def load(folder: Path, name: str) -> Recording:
    """Read and verify a recording.

    Raises:
        RecordingError: missing, truncated, foreign, too large, or of another schema.
    """
    if not NAME.fullmatch(name):
        raise RecordingError(f"{name!r} is not a recording's name, wanted lower-case letters, digits and _")
    head = load_head(folder, name)
    path = folder / f"{name}.npz"
    arrays = {}
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise RecordingError(f"{path}: {path.stat().st_size} bytes, at most {MAX_FILE_BYTES}")
        with zipfile.ZipFile(path) as archive:
            _check_archive(archive, path)
            for member in archive.infolist():
                arrays[member.filename.removesuffix(".npy")] = _read_array(archive, member, path)
    except FileNotFoundError:
        raise RecordingError(f"{path}: missing; make it with `click record {name}`") from None
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        OSError,
        EOFError,
        ValueError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        if isinstance(error, RecordingError):
            raise
        raise RecordingError(f"{path}: not a recording ({error}); make it again with `click record {name}`") from error
    found = {key: _describe(array) for key, array in sorted(arrays.items())}
    if found != head["arrays"]:
        wrong = sorted(key for key in found.keys() | head["arrays"].keys() if found.get(key) != head["arrays"].get(key))
        raise RecordingError(
            f"{path}: {', '.join(wrong)} differ from {name}.json; record again with `click record {name}`"
        )
    recording = Recording(
        name, head["seed"], head["config"], head["code_version"], head["facts"], tuple(head["events"]), arrays
    )
    _check_parts(recording, str(folder / f"{name}.json"))
    return recording


def load_head(folder: Path, name: str) -> dict[str, Any]:
    """Read and check the json half only: enough for a page.

    Raises:
        RecordingError: as `load`.
    """
    path = folder / f"{name}.json"
    try:
        if path.stat().st_size > MAX_HEAD_BYTES:
            raise RecordingError(f"{path}: {path.stat().st_size} bytes, at most {MAX_HEAD_BYTES}")
        head = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise RecordingError(f"{path}: missing; make it with `click record {name}`") from None
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, RecordingError):
            raise
        raise RecordingError(f"{path}: not JSON ({error}); make it again with `click record {name}`") from error
    if not isinstance(head, dict) or "schema" not in head:
        raise RecordingError(f"{path}: not a recording's head; make it with `click record {name}`")
    if head["schema"] != SCHEMA:
        raise RecordingError(
            f"{path}: schema {head['schema']!r}, wanted {SCHEMA}; record again with `click record {name}`"
        )
    if set(head) != _HEAD_KEYS or head["name"] != name:
        raise RecordingError(f"{path}: wanted the keys {', '.join(sorted(_HEAD_KEYS))} and the name {name!r}")
    kinds = {"seed": int, "config": dict, "code_version": str, "facts": dict, "events": list, "arrays": dict}
    for key, kind in kinds.items():
        if not isinstance(head[key], kind):
            raise RecordingError(f"{path}: {key} is {type(head[key]).__name__}, wanted {kind.__name__}")
    return cast("dict[str, Any]", head)


def same(left: Recording, right: Recording) -> list[str]:
    """What differs between two recordings of one run; empty if nothing does."""
    found = [key for key in ("name", "seed", "config", "code_version") if getattr(left, key) != getattr(right, key)]
    found += [
        f"facts.{k}" for k in sorted(left.facts.keys() | right.facts.keys()) if left.facts.get(k) != right.facts.get(k)
    ]
    found += ["events"] if list(left.events) != list(right.events) else []
    for key in sorted(left.arrays.keys() | right.arrays.keys()):
        pair = left.arrays.get(key), right.arrays.get(key)
        if pair[0] is None or pair[1] is None or _describe(pair[0]) != _describe(pair[1]):
            found.append(f"arrays.{key}")
    return found


def sha256(path: Path) -> str:
    """The hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(*parts: Any) -> str:
    """A short name for a combination of JSON values."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def source_version(package: Path) -> str:
    """The code version of an engine: a hash over the names and bytes of its modules."""
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


@contextmanager
def atomic(path: Path) -> Iterator[IO[bytes]]:
    """A file that appears under its name whole, or not at all: same folder, synced, renamed."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _pack(arrays: Mapping[str, Array]) -> bytes:
    """An npz whose bytes depend on the arrays only: sorted, with a fixed date."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in sorted(arrays.items()):
            inner = io.BytesIO()
            np.lib.format.write_array(inner, np.asarray(array, order="C"), version=(1, 0), allow_pickle=False)
            member = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            member.compress_type, member.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(member, inner.getvalue(), compresslevel=9)
    return buffer.getvalue()


def _check_archive(archive: zipfile.ZipFile, path: Path) -> None:
    """Refuse an archive by what its directory says, before a byte is unpacked."""
    members = archive.infolist()
    if len(members) > MAX_ARRAYS:
        raise RecordingError(f"{path}: {len(members)} arrays, at most {MAX_ARRAYS}")
    if sum(member.file_size for member in members) > MAX_ARRAY_BYTES:
        raise RecordingError(f"{path}: unpacks to more than {MAX_ARRAY_BYTES} bytes")
    for member in members:
        name = member.filename.removesuffix(".npy")
        if name == member.filename or not NAME.fullmatch(name):
            raise RecordingError(f"{path}: {member.filename!r} is not an array's name")
        if member.compress_type not in {zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED}:
            raise RecordingError(f"{path}: {member.filename}: compression {member.compress_type} is not used here")


def _read_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> Array:
    """One array; never reads past the size its directory entry gave."""
    with archive.open(member) as file:
        raw = file.read(member.file_size + 1)
    if len(raw) != member.file_size:
        raise RecordingError(f"{path}: {member.filename} is not as long as it says")
    stream = io.BytesIO(raw)
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise RecordingError(f"{path}: {member.filename}: npy version {version}, wanted (1, 0)")
    shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    if dtype.kind not in "biuf" or dtype.hasobject:
        raise RecordingError(f"{path}: {member.filename}: dtype {dtype}, wanted plain numbers")
    if math.prod(shape) * dtype.itemsize != len(raw) - stream.tell():
        raise RecordingError(f"{path}: {member.filename}: shape {shape} does not fit its {len(raw)} bytes")
    stream.seek(0)
    return np.lib.format.read_array(stream, allow_pickle=False)


def _describe(array: Array) -> dict[str, Any]:
    plain = np.asarray(array, order="C")
    return {
        "dtype": plain.dtype.str,
        "shape": list(plain.shape),
        "sha256": hashlib.sha256(plain.tobytes()).hexdigest(),
    }


def _check_parts(recording: Recording, where: str) -> None:
    if not NAME.fullmatch(recording.name):
        raise RecordingError(f"{where}: name {recording.name!r}, wanted lower-case letters, digits and _")
    if len(recording.arrays) > MAX_ARRAYS:
        raise RecordingError(f"{where}: {len(recording.arrays)} arrays, at most {MAX_ARRAYS}")
    for name, array in recording.arrays.items():
        if not NAME.fullmatch(name) or array.dtype.kind not in "biuf":
            raise RecordingError(f"{where}: array {name!r} of {array.dtype}, wanted a plain name and plain numbers")
    for fact, value in recording.facts.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not FACT.fullmatch(fact) or not number or not math.isfinite(value):
            raise RecordingError(f"{where}: fact {fact!r} is {value!r}, wanted a dotted name and a finite number")
    for event in recording.events:
        if (
            not isinstance(event, Mapping)
            or not isinstance(event.get("step"), int)
            or not isinstance(event.get("kind"), str)
        ):
            raise RecordingError(f"{where}: an event lacks its integer `step` or its `kind`")
