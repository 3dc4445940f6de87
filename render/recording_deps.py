"""The parts of a recording that a drawing depends on: their hashes, and excerpts that hold the declared ones alone.

A part is named by where it stands: `arrays.watch_before`, `facts.krk.win_rate`, `config.steps`, `seed`, `code_version`,
`events.spotlight.0` (the first event of that kind). A reader declares the parts that it reads. A declared name is a
part's, or a beginning with a `*` for all parts that begin so (`facts.curve.*`), or a part's name with a question mark
for whether there is such a part, without what it holds (`arrays.slide_depth?`).

An `Excerpt` is the same recording without everything else: what is not declared cannot be read, and trying raises
`UndeclaredReadError`, which says what to declare. Its names are sorted, its events stand by step, kind and number, so
that not even an order can be learnt that no declared part holds. Drawing from an excerpt therefore depends, besides
the sources, on the declared parts alone: where these are the same in another recording, the frames are the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from stagelight.engines.recording import Recording

NONE, THERE = "none", "there"  # in place of a hash: of a part that is not there; of the question whether one is
SCALARS = ("seed", "code_version")
MAPPINGS = ("arrays", "facts", "config")
OUTLINE = ("step", "kind")  # of an event: how it is found


class UndeclaredReadError(RuntimeError):
    """A part was read that the reader does not declare; the message says which and what to add."""


def parts(head: Mapping[str, Any]) -> dict[str, str]:
    """Each part of a recording, by name, with its hash: from its json half, which has every array's."""
    hashes = {name: _hash(head[name]) for name in SCALARS}
    for kind in MAPPINGS:
        hashes |= {f"{kind}.{name}": _hash(value) for name, value in head[kind].items()}
    events = [event if isinstance(event, dict) else {} for event in head["events"]]
    return hashes | {name: _hash(event) for name, event in zip(_event_names(events), events, strict=True)}


def declared_parts(recorded: Mapping[str, str], reads: Sequence[str]) -> dict[str, str]:
    """The parts of a recording that declared names stand for: part -> hash, or NONE or THERE."""
    hashes: dict[str, str] = {}
    for name in reads:
        if name.endswith("*"):
            hashes |= {part: digest for part, digest in recorded.items() if covers(name, part)} or {name: NONE}
        elif name.endswith("?"):
            hashes[name] = THERE if name[:-1] in recorded else NONE
        else:
            hashes[name] = recorded.get(name, NONE)
    return hashes


def covers(declared: str, part: str) -> bool:
    """True if a declared name allows a part to be read; `part` may end in the question mark too."""
    asked = part.removesuffix("?")
    if declared.endswith("*"):
        return asked.startswith(declared[:-1])
    return declared in {part, asked}


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]


def _event_names(events: Sequence[Mapping[str, Any]]) -> list[str]:
    """An event is called by its kind and its number among those of its kind."""
    counts: dict[str, int] = {}
    names = []
    for event in events:
        kind = str(event.get("kind"))
        names.append(f"events.{kind}.{counts.setdefault(kind, 0)}")
        counts[kind] += 1
    return names


class Excerpt(Recording):
    """A recording that holds the declared parts alone, and knows which of them have been read."""

    _whole: Recording
    _notes: _Notes

    def __init__(self, recording: Recording, reads: Sequence[str], reader: str) -> None:
        """Declare what is read.

        Args:
            recording: the whole, or an excerpt of it, whose declared names are taken over.
            reads: declared names.
            reader: named where something else is read.
        """
        shared = recording.reads if isinstance(recording, Excerpt) else ()
        whole = recording._whole if isinstance(recording, Excerpt) else recording
        notes = _Notes((*shared, *(name for name in reads if name not in shared)), reader)
        values = {kind: _Values(kind, getattr(whole, kind), notes) for kind in MAPPINGS}
        vars(self).update(_whole=whole, _notes=notes)
        super().__init__(
            name=whole.name,
            seed=whole.seed,
            config=values["config"],
            code_version=whole.code_version,
            facts=values["facts"],
            events=cast("tuple[Mapping[str, Any], ...]", tuple(_events(whole.events, notes))),
            arrays=values["arrays"],
        )

    def __getattribute__(self, name: str) -> Any:
        if name in SCALARS:
            object.__getattribute__(self, "_notes").read(name)
        return object.__getattribute__(self, name)

    @property
    def reads(self) -> tuple[str, ...]:
        """The declared names."""
        return self._notes.declared

    def unread(self) -> list[str]:
        """The declared names for which nothing has been read so far, but for events that the recording lacks."""
        events = _event_names(self._whole.events)
        return [
            name
            for name in self.reads
            if name not in self._notes.used
            and (not name.startswith("events.") or any(covers(name, event) for event in events))
        ]


class _Notes:
    """The declared names of a reader, and the parts that it has read."""

    def __init__(self, declared: tuple[str, ...], reader: str) -> None:
        self.declared, self.reader = declared, reader
        self.asked: set[str] = set()  # parts
        self.used: set[str] = set()  # declared names

    def covered(self, part: str) -> list[str]:
        """The declared names that allow a part."""
        return [name for name in self.declared if covers(name, part)]

    def read(self, part: str) -> None:
        """Note a read; raises UndeclaredReadError where nothing declared allows it."""
        if part in self.asked:
            return
        names = self.covered(part)
        if not names:
            raise UndeclaredReadError(
                f'{self.reader} reads {part}, which it does not declare: add "{part}" to its reads'
            )
        self.asked.add(part)
        self.used.update(names)


class _Values(Mapping[str, Any]):
    """The declared values of one kind, by name."""

    def __init__(self, kind: str, values: Mapping[str, Any], notes: _Notes) -> None:
        self._kind, self._values, self._notes = kind, values, notes

    def __getitem__(self, name: str) -> Any:
        self._notes.read(f"{self._kind}.{name}")
        return self._values[name]

    def __contains__(self, name: object) -> bool:
        self._notes.read(f"{self._kind}.{name}?")
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return (name for name in sorted(self._values) if self._notes.covered(f"{self._kind}.{name}"))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Event(Mapping[str, Any]):
    """A declared event."""

    def __init__(self, name: str, event: Mapping[str, Any], notes: _Notes) -> None:
        self._name, self._event, self._notes = name, event, notes

    def __getitem__(self, key: str) -> Any:
        if key not in OUTLINE:
            self._notes.read(self._name)
        return self._event[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._event)

    def __len__(self) -> int:
        return len(self._event)


def _events(events: Sequence[Mapping[str, Any]], notes: _Notes) -> list[_Event]:
    """The declared events, by step, kind and number: an order that they hold themselves."""
    declared = [name for name in notes.declared if name.startswith("events.")]
    named = [
        (name, event)
        for name, event in zip(_event_names(events), events, strict=True)
        if any(covers(each, name) for each in declared)
    ]
    named.sort(key=lambda each: (each[1]["step"], each[1]["kind"], int(each[0].rpartition(".")[2])))
    return [_Event(name, event, notes) for name, event in named]
