"""The way back: is what is published what its recording gives?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from stagelight.engines import recording
from stagelight.render import theme
from stagelight.render.pipeline import InputError, cache, compare, encode, executor, plan
from stagelight.render.pipeline import manifest as manifests
from stagelight.render.pipeline.compare import Difference, Published
from stagelight.render.pipeline.environment import environment
from stagelight.render.pipeline.load import load_scene
from stagelight.render.pipeline.make import Watching
from stagelight.render.pipeline.perceptual import TOLERANCE
from stagelight.render.pipeline.plan import Inputs, Places
from stagelight.render.scene import Section
from stagelight.render.theme import Quality

R = TypeVar("R")


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
    manifest = manifests.read(places, name)
    if manifest is None:
        raise InputError(f"{places.manifest(name)}: nothing is published of {name}; run `click render {name}`")
    return manifest


def files(places: Places, name: str) -> Iterator[Finding]:
    """Check that the recording is the one that was drawn, and that every published file is what the manifest says.

    Raises:
        InputError: nothing is published.
        RecordingError: the recording cannot be used.
    """
    manifest = published(places, name)
    recording.load(places.recordings, name)
    for kind, key in (("npz", "recording_sha256"), ("json", "head_sha256")):
        path = places.recordings / f"{name}.{kind}"
        same = recording.sha256(path) == manifest["provenance"][key]
        yield Finding(str(path), same, "" if same else "not the recording that was drawn")
    wrong = set(manifests.damaged(places, manifest))
    for file in dict.fromkeys(manifests.named(manifest)):
        same = file not in wrong
        yield Finding(str(places.assets / file), same, "" if same else "missing, or not what its name says")


def sections(
    places: Places, name: str, workers: Executor, watching: Watching, only: Sequence[str], every: int
) -> list[Finding]:
    """Draw published sections again and compare them with what was published.

    Where every frame is drawn in the environment of the first time, the frames' hashes have to be the same; elsewhere
    they have to look the same (see `perceptual`). What differs is shown in a picture in the cache, named in the note.

    Args:
        only: these sections; all where empty.
        every: compare every n-th frame.

    Raises:
        InputError: an unknown section.
        RenderError: drawing failed.
    """
    whole = published(places, name)
    for section in only:
        plan.pick(f"section of {name}", section, [entry["name"] for entry in whole["sections"]])
    cuts = whole, manifests.upright(whole)
    return [finding for cut in cuts for finding in _cut(places, cut, workers, watching, only, every)]


def _cut(
    places: Places, manifest: dict[str, Any], workers: Executor, watching: Watching, only: Sequence[str], every: int
) -> list[Finding]:
    """The sections of one cut, of which `manifest` speaks."""
    name, entries = manifest["scene"], {entry["name"]: entry for entry in manifest["sections"]}
    chosen = list(only) or list(entries)
    drawn = {section.name: section for section in load_scene(places, name).sections()}
    findings = {section: _incomparable(places, manifest, entries[section], drawn.get(section)) for section in chosen}
    units = [_unit(places, manifest, entries[section], every) for section in chosen if findings[section] is None]
    elsewhere = f"one frame in {every}" if every > 1 else _elsewhere(plan.inputs(places, name), manifest)
    if not elsewhere:
        hashes = _run(workers, watching, units, encode.digests)
        for section, digests in hashes.items():
            if cache.over(digests) == entries[section]["frame_hash"]:
                findings[section] = Finding(section, True)
        units = [replace(unit, report_above=0.0) for unit in units if findings[unit.section] is None]
    for section, difference in _run(workers, watching, units, compare.compare).items():
        findings[section] = _verdict(section, difference, elsewhere)
    cut = " upright" if _quality(manifest).upright else ""
    return [replace(found, what=found.what + cut) for found in findings.values() if found is not None]


def _quality(manifest: dict[str, Any]) -> Quality:
    """The quality in which a cut is published."""
    quality = theme.QUALITIES[manifest["quality"]]
    return quality.turned() if manifest["height"] > manifest["width"] else quality


def _incomparable(
    places: Places, manifest: dict[str, Any], entry: dict[str, Any], section: Section | None
) -> Finding | None:
    """A difference that is known without drawing anything; None if there is none."""
    if section is None:
        return Finding(entry["name"], False, "the scene has no such section any more")
    quality = _quality(manifest)
    then = (entry["frames"], manifest["width"], manifest["height"], manifest["fps"])
    now = (section.frames(quality), quality.width, quality.height, quality.fps)
    if then != now:
        said = ["{} frames of {}x{} at {} fps".format(*numbers) for numbers in (now, then)]
        return Finding(entry["name"], False, f"{said[0]}, published are {said[1]}")
    gone = [
        file for file in (manifest["video"]["file"], entry["still"]["file"]) if not (places.assets / file).is_file()
    ]
    return Finding(entry["name"], False, f"{gone[0]} is missing") if gone else None


def _unit(places: Places, manifest: dict[str, Any], entry: dict[str, Any], every: int) -> Published:
    name, section, quality = manifest["scene"], entry["name"], _quality(manifest)
    report = places.cache / name / "check" / f"{section}{'-upright' if quality.upright else ''}.png"
    report.unlink(missing_ok=True)
    return Published(
        places=places,
        scene=name,
        section=section,
        quality=quality,
        frames=entry["frames"],
        slot=cache.Slot(places.cache / name / quality.name, section, entry["key"]),
        spare=0,
        video=places.assets / manifest["video"]["file"],
        start=entry["start"],
        still=places.assets / entry["still"]["file"],
        every=every,
        report_above=TOLERANCE,
        report=report,
    )


def _elsewhere(inputs: Inputs, manifest: dict[str, Any]) -> str:
    """The differences of this environment from the one in which the scene was drawn; empty if there are none."""
    here, then = environment(inputs), manifest["provenance"]["versions"]
    names = [name for name in {**here, **then} if here.get(name) != then.get(name)]
    return ", ".join(f"{name} {here.get(name, 'none')} here, {then.get(name, 'unknown')} then" for name in names)


def _run(
    workers: Executor, watching: Watching, units: list[Published], work: Callable[[Published, Callable[[int], None]], R]
) -> dict[str, R]:
    """Section -> result."""
    results: dict[str, R] = {}

    def keep(unit: Published, result: R) -> None:
        results[unit.section] = result

    if units:
        with watching([unit.label for unit in units], [unit.frames for unit in units]) as watch:
            executor.run(workers, units, work, watch, keep, units[0].places.cache)
    return results


def _verdict(section: str, difference: Difference, elsewhere: str) -> Finding:
    """The finding of a comparison by eye; in the environment of the first time, hashes have differed already."""
    worst = f"at worst {difference.window.distance:.1f} levels of {TOLERANCE:g} in {difference.worst}"
    if difference.wrong:
        count = f"{len(difference.wrong)} of {difference.frames + 1} pictures"
        note = f"{count} look different, from {difference.wrong[0]} on; {worst}"
    elif elsewhere:
        return Finding(section, True, f"{difference.frames} frames and the still look the same ({elsewhere}); {worst}")
    else:
        note = f"other bits, though no picture looks different; {worst}"
    return Finding(section, False, f"{note}: {difference.report}")
