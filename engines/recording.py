"""The one format in which an engine's run is kept and from which everything else is drawn.

A recording is two files: `<name>.npz`, numeric arrays whose first axis is the step unless said otherwise,
and `<name>.json`, its head: what made it, every word as an event, and `facts`, a flat mapping of dotted
names to numbers that pages and checks read. Saving the same recording twice gives the same bytes. Loading
trusts nothing: files are read up to a bound and no further, pickle is off, an archive's index is bounded before
it is parsed and its arrays before they are unpacked, npy headers are matched and never evaluated, every array is
hashed. Loaded arrays are read-only.
"""

from __future__ import annotations

import fnmatch
import hashlib
import io
import json
import math
import os
import re
import struct
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
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
MAX_WORDS = 300  # of an error
MAX_INDEX_BYTES = 256 << 10  # of the archive's directory
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
FACT = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")
# How numpy begins an array of plain numbers of at most eight bytes.
NPY = re.compile(
    rb"\x93NUMPY\x01\x00(?P<length>..)"
    rb"\{'descr': '(?P<dtype>\|b1|\|[iu]1|[<>][iu][248]|[<>]f[248])', 'fortran_order': False, "
    rb"'shape': \((?P<shape>|\d{1,18},|\d{1,18}(?:, \d{1,18})+)\), \} *\n",
    re.DOTALL,
)
_EPOCH = (1980, 1, 1, 0, 0, 0)
_HEAD_KEYS = {"schema", "name", "seed", "config", "code_version", "facts", "events", "arrays"}

Array = NDArray[Any]


class RecordingError(ValueError):
    """A recording cannot be used; the message names the file, what was found and what to do next."""


@dataclass(frozen=True)
class Recording:
    """The record of one run."""

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
    try:
        _check_parts(recording)
    except ValueError as error:
        raise RecordingError(f"{recording.name}: {error}") from error
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
    try:
        text = (json.dumps(head, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise RecordingError(f"{recording.name}.json: cannot be written as JSON ({error})") from error
    packed = _pack(recording.arrays)
    for kind, size, most in (("json", len(text), MAX_HEAD_BYTES), ("npz", len(packed), MAX_FILE_BYTES)):
        if size > most:
            raise RecordingError(f"{recording.name}.{kind}: {size} bytes, at most {most}; record less")
    folder.mkdir(parents=True, exist_ok=True)
    data, words = folder / f"{recording.name}.npz", folder / f"{recording.name}.json"
    with atomic(data) as file:
        file.write(packed)
    with atomic(words) as file:
        file.write(text)
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
    with _refusing(path, name):
        data = _bounded(path, MAX_FILE_BYTES)
        _check_index(data)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            _check_members(members)
            arrays = {member.filename.removesuffix(".npy"): _read_array(archive, member) for member in members}
        found = {key: _describe(array) for key, array in arrays.items()}
        if found != head["arrays"]:
            keys = found.keys() | head["arrays"].keys()
            wrong = sorted(key for key in keys if found.get(key) != head["arrays"].get(key))
            raise ValueError(f"{', '.join(wrong)} differ from {name}.json")
    recording = Recording(
        name, head["seed"], head["config"], head["code_version"], head["facts"], tuple(head["events"]), arrays
    )
    with _refusing(folder / f"{name}.json", name):
        _check_parts(recording)
    return recording


def load_head(folder: Path, name: str) -> dict[str, Any]:
    """Read and check the json half only: enough for a page.

    Raises:
        RecordingError: as `load`.
    """
    path = folder / f"{name}.json"
    with _refusing(path, name):
        head = json.loads(_bounded(path, MAX_HEAD_BYTES).decode("utf-8"), parse_constant=_refuse_constant)
        if not isinstance(head, dict) or "schema" not in head:
            raise ValueError("not a recording's head")
        if head["schema"] != SCHEMA or isinstance(head["schema"], bool):
            raise ValueError(f"schema {head['schema']!r}, wanted {SCHEMA}")
        if set(head) != _HEAD_KEYS or head["name"] != name:
            raise ValueError(f"wanted the keys {', '.join(sorted(_HEAD_KEYS))} and the name {name!r}")
        kinds = {"seed": int, "config": dict, "code_version": str, "facts": dict, "events": list, "arrays": dict}
        for key, kind in kinds.items():
            if not isinstance(head[key], kind) or isinstance(head[key], bool):
                raise ValueError(f"{key} is {type(head[key]).__name__}, wanted {kind.__name__}")
    return cast("dict[str, Any]", head)


def same(left: Recording, right: Recording) -> list[str]:
    """The names of the parts in which two recordings of one run differ; empty if they are the same."""
    found = [
        key
        for key in ("name", "seed", "config", "code_version")
        if _plain(getattr(left, key)) != _plain(getattr(right, key))
    ]
    found += [
        f"facts.{k}"
        for k in sorted(left.facts.keys() | right.facts.keys())
        if left.facts.get(k) != right.facts.get(k) and not varies(left, k)
    ]
    found += ["events"] if _plain(list(left.events)) != _plain(list(right.events)) else []
    for key in sorted(left.arrays.keys() | right.arrays.keys()):
        if varies(left, key):
            continue
        pair = left.arrays.get(key), right.arrays.get(key)
        if pair[0] is None or pair[1] is None or _describe(pair[0]) != _describe(pair[1]):
            found.append(f"arrays.{key}")
    return found


def varies(recording: Recording, name: str) -> bool:
    """True if a fact or array is a timing or the like, by the engine's own word, and not the same every time."""
    patterns = recording.config.get("varies", [])
    return isinstance(patterns, list) and any(fnmatch.fnmatchcase(name, str(pattern)) for pattern in patterns)


def sha256(path: Path) -> str:
    """The hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(*parts: Any) -> str:
    """A short name for a combination of JSON values."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def source_version(package: Path) -> str:
    """The code version of an engine: a hash over the names and bytes of its modules."""
    return version_of(package.rglob("*.py"), package)


def version_of(paths: Iterable[Path], root: Path | None = None) -> str:
    """A hash over the names, below `root` or alone, and the bytes of some modules."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        name = path.relative_to(root).as_posix() if root else path.name
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
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
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)  # a full disk does not say whose
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


def _plain(value: Any) -> Any:
    """A JSON value as it comes back from a file: a tuple is a list."""
    return json.loads(json.dumps(value))


def _refuse_constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


@contextmanager
def _refusing(path: Path, name: str) -> Iterator[None]:
    """Whatever makes a file unusable is said in one line, with the file and the way out."""
    try:
        yield
    except FileNotFoundError:
        raise RecordingError(f"{path}: missing; make it with `click record {name}`") from None
    except (
        ArithmeticError, EOFError, MemoryError, NotImplementedError, OSError, RuntimeError, ValueError, struct.error,
        zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error,
    ) as error:  # fmt: skip
        why = " ".join(str(error).split())
        why = why if len(why) <= MAX_WORDS else why[:MAX_WORDS] + "..."
        raise RecordingError(f"{path}: not a recording: {why}; make it again with `click record {name}`") from error


def _bounded(path: Path, most: int) -> bytes:
    """A regular file's bytes, read to the bound and no further whatever the file system says of its size."""
    if path.exists() and not path.is_file():
        raise ValueError("not a file")
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise ValueError(f"more than {most} bytes")
    return data


def _check_index(data: bytes) -> None:
    """Refuse an archive whose directory is too large to parse, as its last 22 bytes give it."""
    end = data[-22:]
    if len(end) < 22 or end[:4] != b"PK\x05\x06" or end[-2:] != b"\0\0":
        raise ValueError("it does not end as an npz does")
    entries, size = struct.unpack("<10xHL6x", end)
    if data[-42:-38] == b"PK\x06\x07" or entries > MAX_ARRAYS or size > MAX_INDEX_BYTES:
        raise ValueError(
            f"{entries} entries in a directory of {size} bytes, at most {MAX_ARRAYS} and {MAX_INDEX_BYTES}"
        )


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    """Refuse an archive by what its directory says, before a byte is unpacked."""
    if sum(member.file_size for member in members) > MAX_ARRAY_BYTES:
        raise ValueError(f"it unpacks to more than {MAX_ARRAY_BYTES} bytes")
    names = [member.filename for member in members]
    if len(set(names)) != len(names):
        raise ValueError("an array is there twice")
    for member in members:
        name = member.filename.removesuffix(".npy")
        if name == member.filename or not NAME.fullmatch(name):
            raise ValueError(f"{member.filename!r} is not an array's name")
        if member.compress_type not in {zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED}:
            raise ValueError(f"{member.filename}: compression {member.compress_type} is not used here")


def _read_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Array:
    """One array, read-only; never reads past the size its directory entry gave."""
    with archive.open(member) as file:
        raw = file.read(member.file_size + 1)
    if len(raw) != member.file_size:
        raise ValueError(f"{member.filename} is not as long as it says")
    head = NPY.match(raw)
    if head is None or head.end() != 10 + int.from_bytes(head["length"], "little"):
        raise ValueError(f"{member.filename} is not an array of plain numbers")
    dtype, shape = np.dtype(head["dtype"].decode()), tuple(int(size) for size in head["shape"].split(b",") if size)
    if math.prod(shape) * dtype.itemsize != len(raw) - head.end():
        raise ValueError(f"{member.filename}: shape {shape} does not fit its {len(raw)} bytes")
    return np.frombuffer(raw, dtype, offset=head.end()).reshape(shape)


def _describe(array: Array) -> dict[str, Any]:
    plain = np.asarray(array, order="C")
    return {
        "dtype": plain.dtype.str,
        "shape": list(plain.shape),
        "sha256": hashlib.sha256(plain.tobytes()).hexdigest(),
    }


def _check_parts(recording: Recording) -> None:
    """Check the rules that hold for every recording, on its way out and on its way in."""
    if not NAME.fullmatch(recording.name):
        raise ValueError(f"name {recording.name!r}, wanted lower-case letters, digits and _")
    if len(recording.arrays) > MAX_ARRAYS:
        raise ValueError(f"{len(recording.arrays)} arrays, at most {MAX_ARRAYS}")
    for name, array in recording.arrays.items():
        if not NAME.fullmatch(name) or array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
            raise ValueError(f"array {name!r} of {array.dtype}, wanted a plain name and plain numbers")
    if sum(array.nbytes for array in recording.arrays.values()) > MAX_ARRAY_BYTES - 4096 * MAX_ARRAYS:
        raise ValueError(f"arrays of more than {MAX_ARRAY_BYTES >> 20} MB")
    for fact, value in recording.facts.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not FACT.fullmatch(fact) or not number or not abs(value) <= sys.float_info.max:
            raise ValueError(f"fact {fact!r} is {value!r}, wanted a dotted name and a finite number")
    for event in recording.events:
        step, kind = (event.get("step"), event.get("kind")) if isinstance(event, Mapping) else (None, None)
        if not isinstance(step, int) or isinstance(step, bool) or not isinstance(kind, str):
            raise ValueError("an event lacks its integer `step` or its `kind`")
