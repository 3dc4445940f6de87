"""Damage to files: bytes, heads of recordings, archives and weights, each kind a function of the bytes and a generator.

Which damage is done depends on the generator alone, so a mutation can be made again from its number.
"""

from __future__ import annotations

import io
import json
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import numpy as np

Rng = np.random.Generator
Mutation = Callable[[bytes, Rng], bytes]
LINE = re.compile(rb'^ +"(?:[^"\\]|\\.)*": (?:[^\[{\n]*[^\[{,\n]),?$', re.M)  # of one value, in a head as it is saved
NUMBER = re.compile(rb"(?<=[ \[])-?\d+(?:\.\d+)?(?:e[+-]\d+)?(?=[,\n])")


# --- bytes --------------------------------------------------------------------------------------------


def flipped(data: bytes, rng: Rng) -> bytes:
    """One bit is another."""
    at = int(rng.integers(len(data)))
    return data[:at] + bytes([data[at] ^ 1 << int(rng.integers(8))]) + data[at + 1 :]


def lost(data: bytes, rng: Rng) -> bytes:
    """A few bytes are gone."""
    at = int(rng.integers(len(data)))
    return data[:at] + data[at + int(rng.integers(1, 9)) :]


def inserted(data: bytes, rng: Rng) -> bytes:
    """A few bytes are there that were not."""
    at = int(rng.integers(len(data) + 1))
    return data[:at] + rng.bytes(int(rng.integers(1, 9))) + data[at:]


def truncated(data: bytes, rng: Rng) -> bytes:
    """The end is gone."""
    return data[: int(rng.integers(len(data)))]


def appended(data: bytes, rng: Rng) -> bytes:
    """Something follows."""
    return data + (rng.bytes(int(rng.integers(1, 40))) if rng.random() < 0.5 else data[-int(rng.integers(1, 40)) :])


def preceded(data: bytes, rng: Rng) -> bytes:
    """Something comes first."""
    return rng.bytes(int(rng.integers(1, 40))) + data


def swapped(data: bytes, rng: Rng) -> bytes:
    """Two stretches of the same length have changed places."""
    size = int(rng.integers(1, min(65, len(data) // 2)))
    low, high = sorted(int(at) for at in rng.choice(len(data) // size, 2, replace=False) * size)
    between = data[low + size : high]
    return data[:low] + data[high : high + size] + between + data[low : low + size] + data[high + size :]


def zeroed(data: bytes, rng: Rng) -> bytes:
    """A block was never written."""
    at = int(rng.integers(len(data)))
    return data[:at] + bytes(min(512, len(data) - at)) + data[at + 512 :]


BYTES: tuple[Mutation, ...] = (flipped, lost, inserted, truncated, appended, preceded, swapped, zeroed)


# --- texts --------------------------------------------------------------------------------------------

ODD = (
    "\0",
    "\x1b[31m",
    "\x9b31m",
    "\u202e",
    "\u2066",
    "\u200b",
    "\ufeff",
    "\u2028",
    "\r",
    "\n",
    "\t",
    "\x07",
    "\x7f",
    "\u0663",
    "\uff11",
    "é",
    "\U0001f600",
    "-",
    "+",
    "_",
    "e308",
    "NaN",
    "0x",
    "9" * 30,
    "\\",
    '"',
    "'",
    "{",
    "}",
    "[",
    "]",
    "<",
    "&",
    "%s",
)


def odd_inserted(data: bytes, rng: Rng) -> bytes:
    """A character that a reader may trip over."""
    at, text = int(rng.integers(len(data) + 1)), ODD[int(rng.integers(len(ODD)))]
    return data[:at] + text.encode() + data[at:]


def word_swapped(data: bytes, rng: Rng) -> bytes:
    """Two words that have changed places."""
    words = data.split(b" ")
    one, other = rng.integers(len(words), size=2)
    words[one], words[other] = words[other], words[one]
    return b" ".join(words)


def word_repeated(data: bytes, rng: Rng) -> bytes:
    """A word that is there many times."""
    words = data.split(b" ")
    at = int(rng.integers(len(words)))
    return b" ".join([*words[:at], *[words[at]] * int(rng.choice([2, 3, 50, 5000])), *words[at + 1 :]])


def word_dropped(data: bytes, rng: Rng) -> bytes:
    """A word that is gone."""
    words = data.split(b" ")
    del words[int(rng.integers(len(words)))]
    return b" ".join(words)


def number_changed(data: bytes, rng: Rng) -> bytes:
    """Another number, one that may be far out."""
    found = re.search(rb"\d+", data[int(rng.integers(max(1, len(data)))) :]) or re.search(rb"\d+", data)
    if found is None:
        return data + b"7"
    ways = (b"0", b"9", b"-1", b"999", b"99999999999999999999", b"1.5", b"", b"08")
    return data.replace(found[0], ways[int(rng.integers(len(ways)))], 1)


TEXTS: tuple[Mutation, ...] = (
    *BYTES,
    odd_inserted,
    odd_inserted,
    word_swapped,
    word_repeated,
    word_dropped,
    number_changed,
)


# --- heads --------------------------------------------------------------------------------------------


def picked(pattern: re.Pattern[bytes], data: bytes, rng: Rng) -> re.Match[bytes]:
    """A match, the first from somewhere on."""
    found = pattern.search(data, int(rng.integers(len(data)))) or pattern.search(data)
    assert found is not None
    return found


def replaced(found: re.Match[bytes], words: bytes) -> bytes:
    """The whole text with other words in place of a match."""
    return found.string[: found.start()] + words + found.string[found.end() :]


def digit(data: bytes, rng: Rng) -> bytes:
    """Another digit in a number."""
    found = picked(NUMBER, data, rng)
    return replaced(found, re.sub(rb"\d", b"%d" % rng.integers(10), found[0], count=1))


def digits_swapped(data: bytes, rng: Rng) -> bytes:
    """Two digits of a number that have changed places."""
    found = picked(re.compile(rb"\d\d"), data, rng)
    return replaced(found, found[0][::-1])


def rewritten(data: bytes, rng: Rng) -> bytes:
    """A number written otherwise, which may or may not be the same."""
    found = picked(NUMBER, data, rng)
    ways = (b"%b.0", b"%b0", b"%b.00", b"%be0", b"%be1", b"-%b", b"0%b", b"+%b", b'"%b"', b"[%b]", b"%be999")
    return replaced(found, ways[int(rng.integers(len(ways)))] % found[0])


def other_kind(data: bytes, rng: Rng) -> bytes:
    """Another kind of value in place of a number."""
    ways = (b"true", b"false", b"null", b"NaN", b"-Infinity", b"-0.0", b"0", b"{}", b"[]", b'""', b"1" + b"0" * 400)
    return replaced(picked(NUMBER, data, rng), ways[int(rng.integers(len(ways)))])


def letter(data: bytes, rng: Rng) -> bytes:
    """A letter in another case, or written as an escape."""
    found = picked(re.compile(rb"[A-Za-z]"), data, rng)
    return replaced(found, found[0].swapcase() if rng.random() < 0.5 else b"\\u%04x" % ord(found[0]))


def renamed(data: bytes, rng: Rng) -> bytes:
    """A key that is called otherwise."""
    found = picked(re.compile(rb'"(?=: )'), data, rng)
    return replaced(found, b'x"' if rng.random() < 0.5 else b"")


def doubled(data: bytes, rng: Rng) -> bytes:
    """A key and its value that are there twice, in one object."""
    found = picked(LINE, data, rng)
    return replaced(found, found[0].rstrip(b",") + b",\n" + found[0])


def doubled_with_another(data: bytes, rng: Rng) -> bytes:
    """A key that is there twice, first with another value."""
    found = picked(LINE, data, rng)
    key = re.match(rb' +"(?:[^"\\]|\\.)*"', found[0])
    assert key is not None
    return replaced(found, key[0] + b": 0,\n" + found[0])


def dropped(data: bytes, rng: Rng) -> bytes:
    """A line that is gone."""
    return replaced(picked(re.compile(rb"^.*\n", re.M), data, rng), b"")


def lines_swapped(data: bytes, rng: Rng) -> bytes:
    """Two neighbouring lines that have changed places."""
    lines = data.split(b"\n")
    at = int(rng.integers(len(lines) - 1))
    lines[at : at + 2] = lines[at + 1], lines[at]
    return b"\n".join(lines)


def values_swapped(data: bytes, rng: Rng) -> bytes:
    """Two facts that have each other's value."""
    head = json.loads(data)
    one, other = rng.choice(sorted(head["facts"]), 2, replace=False)
    head["facts"] |= {one: head["facts"][other], other: head["facts"][one]}
    return json.dumps(head).encode()


def arrays_swapped(data: bytes, rng: Rng) -> bytes:
    """Two arrays that have each other's description."""
    head = json.loads(data)
    one, other = rng.choice(sorted(head["arrays"]), 2, replace=False)
    head["arrays"] |= {one: head["arrays"][other], other: head["arrays"][one]}
    return json.dumps(head).encode()


def events_swapped(data: bytes, rng: Rng) -> bytes:
    """Two events in each other's place."""
    head = json.loads(data)
    one, other = rng.choice(len(head["events"]), 2, replace=False)
    head["events"][one], head["events"][other] = head["events"][other], head["events"][one]
    return json.dumps(head).encode()


def shuffled(data: bytes, rng: Rng) -> bytes:
    """Keys in another order at every depth: the same in meaning."""

    def mixed(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return {pairs[at][0]: pairs[at][1] for at in rng.permutation(len(pairs))}

    return json.dumps(json.loads(data, object_pairs_hook=mixed)).encode()


def laid_out(data: bytes, rng: Rng) -> bytes:
    """Other white space and escapes: the same in meaning."""
    indent = (None, 0, 3, "\t")[rng.integers(4)]
    return b"\n" + json.dumps(json.loads(data), indent=indent, ensure_ascii=bool(rng.integers(2))).encode() + b" \r\n"


HEADS: tuple[Mutation, ...] = (
    *(flipped, lost, inserted, truncated, appended, preceded, swapped),
    digit,
    digits_swapped,
    rewritten,
    other_kind,
    letter,
    renamed,
    doubled,
    doubled_with_another,
    dropped,
    lines_swapped,
    values_swapped,
    arrays_swapped,
    events_swapped,
    shuffled,
    laid_out,
)


def meaning(data: bytes) -> str:
    """The content of JSON, a number with its kind and its sign, a key as often as it is there, in whatever order."""
    found = json.loads(
        data.decode("utf-8"), object_pairs_hook=lambda pairs: ("object", sorted(pairs, key=lambda pair: pair[0]))
    )
    return repr(found)


# --- archives -----------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def members(data: bytes) -> dict[str, bytes]:
    """An archive's members, by name."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archived(found: Iterable[tuple[str, bytes]]) -> bytes:
    """An archive of these members, written today and not packed."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a name that is there twice
        for name, data in found:
            archive.writestr(name, data)
    return out.getvalue()


def with_members(change: Callable[[dict[str, bytes], Rng], dict[str, bytes]]) -> Mutation:
    """A mutation of an archive that changes its members."""

    def mutation(data: bytes, rng: Rng) -> bytes:
        return archived(change(members(data), rng).items())

    mutation.__name__ = change.__name__
    return mutation


def one_of(found: dict[str, bytes], rng: Rng) -> str:
    """The name of one of the members."""
    return sorted(found)[int(rng.integers(len(found)))]


@with_members
def packed_again(found: dict[str, bytes], rng: Rng) -> dict[str, bytes]:
    """The same members in another order: the same in meaning."""
    names = sorted(found)
    return {names[at]: found[names[at]] for at in rng.permutation(len(names))}


@with_members
def member_swapped(found: dict[str, bytes], rng: Rng) -> dict[str, bytes]:
    """A member has another's content."""
    one, other = one_of(found, rng), one_of(found, rng)
    return {**found, one: found[other], other: found[one]}


@with_members
def member_renamed(found: dict[str, bytes], rng: Rng) -> dict[str, bytes]:
    """A member is called otherwise."""
    old = one_of(found, rng)
    return {("x" + name if name == old else name): data for name, data in found.items()}


@with_members
def member_dropped(found: dict[str, bytes], rng: Rng) -> dict[str, bytes]:
    """A member is gone."""
    gone = one_of(found, rng)
    return {name: data for name, data in found.items() if name != gone}


@with_members
def member_mutated(found: dict[str, bytes], rng: Rng) -> dict[str, bytes]:
    """An array or its header is another, and the archive is in order."""
    name = one_of(found, rng)
    return {**found, name: BYTES[int(rng.integers(len(BYTES)))](found[name], rng)}


def member_doubled(data: bytes, rng: Rng) -> bytes:
    """A member is there twice."""
    found = members(data)
    name = one_of(found, rng)
    return archived([*found.items(), (name, found[name])])


ARCHIVES: tuple[Mutation, ...] = (
    *BYTES,
    packed_again,
    member_swapped,
    member_renamed,
    member_dropped,
    member_mutated,
    member_doubled,
)


# --- weights ------------------------------------------------------------------------------------------


def with_head(change: Callable[[dict[str, Any], Rng], None]) -> Mutation:
    """A mutation of weights that changes the file's head in place."""

    def mutation(data: bytes, rng: Rng) -> bytes:
        size = int.from_bytes(data[:8], "little")
        head = json.loads(data[8 : 8 + size])
        change(head, rng)
        text = json.dumps(head).encode()
        return struct.pack("<Q", len(text)) + text + data[8 + size :]

    mutation.__name__ = change.__name__
    return mutation


def tensor(head: dict[str, Any], rng: Rng) -> str:
    """The name of one of the tensors."""
    names = sorted(set(head) - {"__metadata__"})
    return names[int(rng.integers(len(names)))]


@with_head
def tensors_swapped(head: dict[str, Any], rng: Rng) -> None:
    """Two tensors have each other's name."""
    one, other = tensor(head, rng), tensor(head, rng)
    head[one], head[other] = head[other], head[one]


@with_head
def tensor_renamed(head: dict[str, Any], rng: Rng) -> None:
    """A tensor is called otherwise."""
    name = tensor(head, rng)
    head[name + "x"] = head.pop(name)


@with_head
def tensor_reshaped(head: dict[str, Any], rng: Rng) -> None:
    """A tensor has another shape."""
    found = head[tensor(head, rng)]
    found["shape"] = [*found["shape"][::-1], 1]


@with_head
def words_changed(head: dict[str, Any], rng: Rng) -> None:
    """The file says another width of itself."""
    head["__metadata__"] = {**head.get("__metadata__", {}), "width": str(rng.integers(1, 512))}


FILES: tuple[Mutation, ...] = (*BYTES, tensors_swapped, tensor_renamed, tensor_reshaped, words_changed)


def mutated(data: bytes, kinds: tuple[Mutation, ...], name: str, number: int) -> tuple[str, bytes]:
    """The mutation of a number, of the kind whose turn it is."""
    kind = kinds[number % len(kinds)]
    return kind.__name__, kind(data, np.random.default_rng([zlib.crc32(name.encode()), number]))
