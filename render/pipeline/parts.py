"""The parts of a recording, each with a hash, and which of them a section reads while it is drawn.

A part is named by where it stands: `arrays.watch_before`, `facts.krk.win_rate`, `config.steps`, `seed`,
`events.spotlight.0` (the first event of that kind). `arrays`, `facts` and `config` alone are the names these have;
`events` is the step and kind of each event. A part that is not there is a part too: its hash is NONE. Whether one is
there, without what it holds, is a part with a question mark: `arrays.slide_depth?`.

`observed` gives a recording that notes what is read of it. It notes every way in which code can learn something:
a value, that there is none, how many there are, in which order. So what drawing does next depends, besides the
sources, on nothing but the parts noted so far. By induction over the reads of one drawing: where each part it noted
is the same in another recording, drawing from that one reads the same parts in the same order and gives the same
frames. A part outside the noted ones cannot be asked for unless a source, or one of the noted, has changed.

What several sections share is read for all of them. A read is another section's alone, and not noted, only where it
is made by that section's own module, in its function `section`, called by the scene's package itself. This rests on
what `plan` rests on for sources: such a function leaves nothing behind but the section it returns.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, cast

from stagelight.engines.recording import Recording

NONE, THERE = "none", "there"
ACCESS = {__name__, Recording.__module__, "collections.abc", "_collections_abc"}  # modules that read for who calls them
MAPPINGS = ("arrays", "facts", "config")
OUTLINE = ("step", "kind")  # of an event: what `events` stands for


def parts(head: Mapping[str, Any]) -> dict[str, str]:
    """Each part of a recording, by name, with its hash: from its json half, which has every array's."""
    found = {name: _hash(head[name]) for name in ("seed", "code_version")}
    for kind in MAPPINGS:
        values = dict(sorted(head[kind].items())) if kind == "arrays" else head[kind]
        found[kind] = _hash(list(values))
        found |= {f"{kind}.{name}": _hash(value) for name, value in values.items()}
    events = [event if isinstance(event, dict) else {} for event in head["events"]]
    found["events"] = _hash([[event.get(key) for key in OUTLINE] for event in events])
    return found | {name: _hash(event) for name, event in zip(_names(events), events, strict=True)}


def look(recorded: Mapping[str, str], name: str) -> str:
    """The present state of a part: its hash, or NONE; of a question, the answer."""
    if name.endswith("?"):
        return THERE if name[:-1] in recorded else NONE
    return recorded.get(name, NONE)


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]


def _names(events: Sequence[Mapping[str, Any]]) -> list[str]:
    """The name of each event: its kind, and its number among those of its kind."""
    counts: dict[str, int] = {}
    names = []
    for event in events:
        kind = str(event.get("kind"))
        names.append(f"events.{kind}.{counts.setdefault(kind, 0)}")
        counts[kind] += 1
    return names


# --- who reads ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Reader:
    """One section while it is drawn."""

    scene: str  # the scene's module
    section: str
    apart: frozenset[str]  # sections that are drawn by a module of their own
    names: set[str] = field(default_factory=set)

    def passes(self, frame: FrameType) -> bool:
        """True if a read, made in `frame`, is another section's alone."""
        module = _module(frame)
        other = module.removeprefix(f"{self.scene}.")
        if other == self.section or other not in self.apart:
            return False
        outermost, caller = frame, frame.f_back
        while caller is not None and _module(caller) == module:
            outermost, caller = caller, caller.f_back
        return outermost.f_code.co_qualname == "section" and caller is not None and _module(caller) == self.scene


_READERS: list[_Reader] = []  # of this process; a list, so that a read in any thread is noted


@contextmanager
def reading(scene: str, section: str, apart: frozenset[str]) -> Iterator[set[str]]:
    """Note, until the end, the parts that are read of any observed recording for one section.

    Args:
        scene: the scene's module.
        section: the section being drawn. Its scene must be made anew inside, or what an earlier section left there
            is read unseen.
        apart: the sections that a module of their own draws.
    """
    reader = _Reader(scene, section, apart)
    _READERS.append(reader)
    try:
        yield reader.names
    finally:
        _READERS.remove(reader)


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__"))


def _note(name: str) -> None:
    for reader in _READERS:
        if name not in reader.names:
            frame = sys._getframe(1)
            while frame.f_back and _module(frame) in ACCESS:
                frame = frame.f_back
            if not reader.passes(frame):
                reader.names.add(name)


# --- what is read -------------------------------------------------------------------------------------


class _Whole(Mapping[str, Any]):
    """Values by name. Who counts them, or goes through them, reads the whole."""

    def __init__(self, name: str, values: Mapping[str, Any]) -> None:
        self._name, self._values = name, values

    def __iter__(self) -> Iterator[str]:
        _note(self._name)
        return iter(self._values)

    def __len__(self) -> int:
        _note(self._name)
        return len(self._values)


class _Named(_Whole):
    """Each value is noted as it is asked for."""

    def __getitem__(self, name: str) -> Any:
        _note(f"{self._name}.{name}")
        return self._values[name]

    def __contains__(self, name: object) -> bool:
        _note(f"{self._name}.{name}?")
        return name in self._values


class _Event(_Whole):
    """One event. What is in the outline was noted when it was reached."""

    def __getitem__(self, key: str) -> Any:
        if key not in OUTLINE:
            _note(self._name)
        return self._values[key]


class _Events(Sequence[_Event]):
    """Events in order."""

    def __init__(self, events: Sequence[Mapping[str, Any]]) -> None:
        self._events = tuple(_Event(*each) for each in zip(_names(events), events, strict=True))

    def __getitem__(self, index: Any) -> Any:
        _note("events")
        return self._events[index]

    def __len__(self) -> int:
        _note("events")
        return len(self._events)


class Observed(Recording):
    """A recording that notes what is read of it. Its name is the scene's own."""

    def __getattribute__(self, name: str) -> Any:
        if name in {"seed", "code_version"}:
            _note(name)
        return super().__getattribute__(name)


def observed(recording: Recording) -> Observed:
    """The same recording, observed. Arrays are in the order of their names."""
    values = {kind: _Named(kind, dict(getattr(recording, kind))) for kind in ("facts", "config")}
    return Observed(
        name=recording.name,
        seed=recording.seed,
        config=values["config"],
        code_version=recording.code_version,
        facts=values["facts"],
        events=cast("tuple[Mapping[str, Any], ...]", _Events(recording.events)),
        arrays=_Named("arrays", dict(sorted(recording.arrays.items()))),
    )
