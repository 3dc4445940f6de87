"""The one format in which an engine's run is kept and from which everything else is drawn.

A recording is two files: `<name>.npz`, numeric arrays whose first axis is the step unless said otherwise,
and `<name>.json`, its head: what made it, every word as an event, and `facts`, a flat mapping of dotted
names to numbers that pages and checks read. Saving the same recording twice gives the same bytes. Loading
trusts nothing: files are read up to a bound and no further, every array is hashed, and the head is sealed.

The seal is the SHA-256 of the head in canonical form, which is its parsed value without the seal, written by
`json.dumps` in UTF-8 with its keys sorted by code point, no white space, no escape but those that JSON demands, and
every float as Python's `repr` has it. So white space, escapes and the order of keys are free, and 0.5 may be 5e-1, but
1 is not 1.0, -0.0 is not 0.0, and a letter is not another of the same look. What has no canonical form is refused: a
key twice in one object, half of a surrogate pair, a number beyond a float. A seal notices damage and a slip of the
hand; it is no signature, for anyone can compute it.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
import platform
import re
import struct
import sys
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Any, cast

from stagelight.engines import npz
from stagelight.engines.npz import Array

SCHEMA = 2
MAX_HEAD_BYTES = 8 << 20
MAX_FILE_BYTES = 32 << 20
MAX_WORDS = 300  # of an error
NAME = npz.NAME
FACT = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")
_KINDS = {
    "schema": int, "seal": str, "name": str, "seed": int, "config": dict, "code_version": str, "facts": dict,
    "events": list, "arrays": dict,
}  # fmt: skip


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
    data, words = folder / f"{recording.name}.npz", folder / f"{recording.name}.json"
    try:
        packed = npz.pack(recording.arrays)
        text = _write(recording)
        for path, content, most in ((words, text, MAX_HEAD_BYTES), (data, packed, MAX_FILE_BYTES)):
            if len(content) > most:
                raise ValueError(f"{path.name} of {len(content)} bytes, at most {most}; record less")
    except (TypeError, ValueError, RecursionError) as error:
        raise RecordingError(f"{recording.name}: cannot be recorded: {_line(error)}") from error
    folder.mkdir(parents=True, exist_ok=True)
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
        arrays = npz.unpack(bounded(path, MAX_FILE_BYTES))
        found = {key: npz.describe(array) for key, array in arrays.items()}
        if found != head["arrays"]:
            keys = found.keys() | head["arrays"].keys()
            wrong = sorted(key for key in keys if found.get(key) != head["arrays"].get(key))
            raise ValueError(f"{', '.join(wrong)} differ from {name}.json")
    return Recording(
        name, head["seed"], head["config"], head["code_version"], head["facts"], tuple(head["events"]), arrays
    )


def load_head(folder: Path, name: str) -> dict[str, Any]:
    """Read and check the json half only: enough for a page.

    Raises:
        RecordingError: as `load`.
    """
    path = folder / f"{name}.json"
    with _refusing(path, name):
        head = _parse(bounded(path, MAX_HEAD_BYTES).decode("utf-8"))
        if not isinstance(head, dict) or "schema" not in head:
            raise ValueError("not a recording's head")
        if head["schema"] != SCHEMA or isinstance(head["schema"], bool):
            raise ValueError(f"schema {head['schema']!r}, wanted {SCHEMA}")
        if set(head) != set(_KINDS) or head["name"] != name:
            raise ValueError(f"wanted the keys {', '.join(sorted(_KINDS))} and the name {name!r}")
        if head["seal"] != (wanted := seal(head)):
            raise ValueError(
                f"sealed {str(head['seal'])[:16]!r}, wanted {wanted[:16]!r} for what it holds, so it was changed"
            )
        _check(head)
        head["facts"] = dict(sorted(head["facts"].items()))  # whoever goes through them finds the order of `save`
    return cast("dict[str, Any]", head)


def seal(head: Mapping[str, Any]) -> str:
    """The hash of all that a head holds but its seal, in the canonical form that the module describes.

    Raises:
        ValueError: something has no such form.
    """
    plain = {key: value for key, value in head.items() if key != "seal"}
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


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
        if pair[0] is None or pair[1] is None or npz.describe(pair[0]) != npz.describe(pair[1]):
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


@contextmanager
def atomic(path: Path) -> Iterator[IO[bytes]]:
    """A file that appears under its name whole, or not at all: same folder, synced, renamed.

    What a process that was killed left of the same file is removed.
    """
    _clear(path)
    prefix = f".{path.name}.{_here()}-{os.getpid()}."
    handle, temporary = tempfile.mkstemp(prefix=prefix, suffix=".part", dir=path.parent)
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


@cache
def _here() -> str:
    """A short name for this machine: a process's number means something on its own alone."""
    return f"{zlib.crc32(platform.node().encode()):08x}"


def _clear(path: Path) -> None:
    """Remove half-made files of a name whose processes are gone."""
    whose = re.compile(rf"\.{re.escape(path.name)}\.{_here()}-(\d+)\.\w+\.part")
    with os.scandir(path.parent) as entries:
        found = [(entry.path, int(match[1])) for entry in entries if (match := whose.fullmatch(entry.name))]
    for left, process in found:
        if not alive(process):
            Path(left).unlink(missing_ok=True)


def alive(process: int) -> bool:
    """Tell whether this machine has a process of that number."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # somebody else's
    return True


def _write(recording: Recording) -> bytes:
    """A recording's head, sealed, one line for each value so that it reads well in a diff."""
    head = {
        "name": recording.name,
        "seed": recording.seed,
        "config": recording.config,
        "code_version": recording.code_version,
        "facts": dict(sorted(recording.facts.items())),
        "events": list(recording.events),
        "arrays": {name: npz.describe(array) for name, array in sorted(recording.arrays.items())},
    }
    plain = _parse(json.dumps({"schema": SCHEMA, "seal": "", **head}))  # as it comes back: a tuple is a list
    _check(plain)
    plain["seal"] = seal(plain)
    return (json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _parse(text: str) -> Any:
    """JSON as its standard has it: no NaN, and no key twice in one object."""
    return json.loads(text, object_pairs_hook=_once, parse_constant=_refuse_constant)


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        key, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise ValueError(f"the key {key!r} is there twice")
    return found


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
        raise RecordingError(
            f"{path}: not a recording: {_line(error)}; make it again with `click record {name}`"
        ) from error


def _line(error: BaseException) -> str:
    """An error's message in one line that is not too long."""
    words = " ".join(str(error).split())
    return words if len(words) <= MAX_WORDS else words[:MAX_WORDS] + "..."


def bounded(path: Path, most: int) -> bytes:
    """A regular file's bytes, read to the bound and no further whatever the file system says of its size.

    Raises:
        ValueError: larger, or not a regular file.
    """
    if path.exists() and not path.is_file():
        raise ValueError("not a file")
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise ValueError(f"more than {most} bytes")
    return data


def _check(head: Mapping[str, Any]) -> None:
    """Check the rules that hold for every head, on its way out and on its way in."""
    for key, kind in _KINDS.items():
        if not isinstance(head[key], kind) or isinstance(head[key], bool):
            raise ValueError(f"{key} is {type(head[key]).__name__}, wanted {kind.__name__}")
    if not NAME.fullmatch(head["name"]):
        raise ValueError(f"name {head['name']!r}, wanted lower-case letters, digits and _")
    for fact, value in head["facts"].items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not FACT.fullmatch(fact) or not number or not abs(value) <= sys.float_info.max:
            raise ValueError(f"fact {fact!r} is {value!r}, wanted a dotted name and a finite number")
    for event in head["events"]:
        step, about = (event.get("step"), event.get("kind")) if isinstance(event, dict) else (None, None)
        if not isinstance(step, int) or isinstance(step, bool) or not isinstance(about, str):
            raise ValueError("an event lacks its integer `step` or its `kind`")
