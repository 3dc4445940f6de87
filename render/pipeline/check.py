"""The way back: is what is published what its recording gives?"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from engines import recording
from render import theme
from render.pipeline import InputError, cache, encode, executor, manifest, plan
from render.pipeline.load import load_scene
from render.pipeline.make import Watching
from render.pipeline.plan import Places


@dataclass(frozen=True)
class Finding:
    """One thing compared."""

    what: str
    same: bool
    note: str = ""


def published(places: Places, name: str) -> dict[str, Any]:
    """The manifest of a scene.

    Raises:
        InputError: nothing is published.
    """
    found = manifest.read(places, name)
    if found is None:
        raise InputError(f"{places.manifest(name)}: nothing is published of {name}; run `click render {name}`")
    return found


def files(places: Places, name: str) -> Iterator[Finding]:
    """Whether the recording is the one that was drawn, and every published file what the manifest says.

    Raises:
        InputError: nothing is published.
        RecordingError: the recording cannot be used.
    """
    told = published(places, name)
    recording.load(places.recordings, name)
    for kind, key in (("npz", "recording_sha256"), ("json", "head_sha256")):
        path = places.recordings / f"{name}.{kind}"
        same = recording.sha256(path) == told["provenance"][key]
        yield Finding(str(path), same, "" if same else "not the recording that was drawn")
    wrong = set(manifest.damaged(places, told))
    for file in dict.fromkeys(manifest.named(told)):
        same = file not in wrong
        yield Finding(str(places.assets / file), same, "" if same else "missing, or not what its name says")


def sections(
    places: Places, name: str, workers: Executor, watching: Watching, only: Sequence[str], every: int
) -> list[Finding]:
    """Draw published sections again and compare their frames' hashes.

    Args:
        only: these sections; all where empty.
        every: compare every n-th frame. For more than 1 the cache must still know the hashes of single frames.

    Raises:
        InputError: an unknown section, or no hashes of single frames.
        RenderError: drawing failed.
    """
    told = published(places, name)
    quality = theme.QUALITIES[told["quality"]]
    entries = {entry["name"]: entry for entry in told["sections"]}
    chosen = [plan.pick(f"section of {name}", section, entries) for section in only] or list(entries)
    drawable = {section.name: section for section in load_scene(places, name).sections()}
    units, before = [], {}
    for section in chosen:
        slot = cache.Slot(places.cache / name / quality.name, section, entries[section]["key"])
        kept = cache.find(slot)
        if kept is not None and kept.frame_hash == entries[section]["frame_hash"]:
            before[section] = kept.digests[::every]
        elif every > 1:
            raise InputError(f"{name}/{section}: the cache no longer has its frames; check it without --every")
        if section in drawable:
            frames = drawable[section].frames(quality)
            units.append(encode.Unit(places, name, section, quality, frames, slot))
    found: dict[str, list[str]] = {}

    def keep(unit: encode.Unit, digests: list[str]) -> None:
        found[unit.section] = digests

    with watching([f"{name}/{unit.section}" for unit in units], [unit.frames for unit in units]) as watch:
        executor.run(workers, units, functools.partial(encode.digests, every=every), watch, keep)
    return [_compare(entries[section], found.get(section), before.get(section), every) for section in chosen]


def _compare(entry: dict[str, Any], found: Sequence[str] | None, before: Sequence[str] | None, every: int) -> Finding:
    name = entry["name"]
    if found is None:
        return Finding(name, False, "the scene has no such section any more")
    if every == 1 and cache.over(found) == entry["frame_hash"]:
        return Finding(name, True)
    if before is None:
        return Finding(name, False, f"{len(found)} frames, {entry['frames']} before; which of them differ is not known")
    wrong = [index for index, pair in enumerate(zip(found, before, strict=False)) if pair[0] != pair[1]]
    if not wrong and len(found) == len(before):
        return Finding(name, True, f"{len(found)} of {entry['frames']} frames compared")
    first = every * (wrong[0] if wrong else min(len(found), len(before)))
    return Finding(name, False, f"from frame {first} on, {max(len(wrong), 1)} of {len(found)} frames compared")
