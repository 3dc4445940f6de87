"""The whole way for one scene: what is missing is drawn, then all of it is published."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path

from PIL import Image

from stagelight.engines.recording import atomic
from stagelight.render.pipeline import InputError, RenderError, cache, document, encode, parts, plan, publish
from stagelight.render.pipeline import executor as workers
from stagelight.render.pipeline.load import load_scene
from stagelight.render.pipeline.plan import Inputs, Places
from stagelight.render.pipeline.progress import Show
from stagelight.render.stage import Film
from stagelight.render.theme import Quality

Watching = Callable[[Sequence[str], Sequence[int]], AbstractContextManager[Show]]


def slot(places: Places, found: Inputs, section: str, quality: Quality, reads: Iterable[str]) -> cache.Slot:
    """The slot of a section that reads those parts of the recording."""
    return cache.Slot(_folder(places, found, quality), section, found.key(section, quality, reads))


def _folder(places: Places, found: Inputs, quality: Quality) -> Path:
    return places.cache / found.scene / quality.name


def kept(places: Places, found: Inputs, section: str, quality: Quality) -> tuple[cache.Slot, cache.Segment] | None:
    """A section that is drawn already; None where it has to be drawn.

    Each way in which it was drawn before says what it then read. Where that is the same now, as are the sources, it
    would be drawn the same way again.
    """
    for before in cache.drawn_before(_folder(places, found, quality), section):
        place = slot(places, found, section, quality, before.reads)
        if segment := cache.find(place):
            return place, segment
    return None


def draw(apart: frozenset[str], unit: encode.Unit, tell: Callable[[int], None]) -> cache.Segment:
    """In a worker: draw a section, and note what it reads of the recording.

    Args:
        apart: the sections that a module of their own draws.
    """
    encode.forget()  # what another section left in the scene would be read unseen
    with parts.reading(f"{unit.places.scenes}.{unit.scene}", unit.section, apart) as names:
        segment = encode.draw(unit, tell)
    return replace(segment, reads=tuple(sorted(names)))


def render(
    places: Places,
    found: Inputs,
    quality: Quality,
    executor: Executor,
    watching: Watching,
    only: str | None = None,
    told: Callable[[cache.Slot], None] = lambda _: None,
) -> str:
    """Draw what is not in the cache and publish. Call it with the cache locked.

    Args:
        found: what the pictures depend on, taken before the executor's first worker started.
        only: draw this section alone; publish if that completes the scene.
        told: called with each section as it is finished.

    Returns:
        What was done, in one line.

    Raises:
        InputError: there is no such section.
        RenderError: drawing failed, or a source changed meanwhile.
        RecordingError: the recording cannot be used.
    """
    name = found.scene
    scene = load_scene(places, name)
    sections = scene.sections()
    if only is not None:
        plan.pick(f"section of {name}", only, [section.name for section in sections])
    finished = {section.name: kept(places, found, section.name, quality) for section in sections}
    poster = document.poster(scene)
    if (before := finished[poster]) and "preview.webp" not in before[1].files:  # another was the poster then
        finished[poster] = None
    everything = [part for part, _ in found.parts]  # until it is known what is read
    absent = [section for section in sections if finished[section.name] is None and only in {None, section.name}]
    spare = max(workers.usable_cores() - len(absent), 0)
    units = [
        encode.Unit(places, name, section.name, quality, section.frames(quality), place, spare)
        for section in absent
        for place in [slot(places, found, section.name, quality, everything)]
    ]

    def keep(unit: encode.Unit, segment: cache.Segment) -> None:
        if plan.inputs(places, name) != found:
            raise RenderError(f"{name}: the recording or a source changed while it was drawn; render it again")
        place = slot(places, found, unit.section, quality, segment.reads)
        cache.admit(unit.slot, place, segment, found.made_of(unit.section, quality, segment.reads))
        finished[unit.section] = place, segment
        told(place)

    if units:
        apart = frozenset(section for section, _ in found.apart)
        with watching([f"{name}/{unit.section}" for unit in units], [unit.frames for unit in units]) as watch:
            workers.run(executor, units, partial(draw, apart), watch, keep)
    missing = [section for section, each in finished.items() if each is None]
    if missing:
        return f"{name}: {only} is drawn; to publish, {quality.name} still lacks {', '.join(missing)}"
    whole = [each for each in finished.values() if each is not None]
    path = publish.publish(places, scene, found, quality, whole)
    live = {place.file(kind) for place, segment in whole for kind in (*segment.files, "json")}
    cache.sweep(_folder(places, found, quality), live.__contains__)
    return f"{name}: drew {len(units)} of {len(whole)} sections; published {path}"


def outlook(places: Places, found: Inputs, quality: Quality) -> list[tuple[str, str]]:
    """Each section of a scene, with "cached" or why it is not. Draws nothing.

    Raises:
        RecordingError: the recording cannot be used.
    """
    sections = [section.name for section in load_scene(places, found.scene).sections()]
    return [(section, _state(places, found, section, quality)) for section in sections]


def _state(places: Places, found: Inputs, section: str, quality: Quality) -> str:
    if kept(places, found, section, quality):
        return "cached"
    newest = next(cache.drawn_before(_folder(places, found, quality), section), None)
    if newest is None:
        return "to draw: not drawn yet"
    before, now = newest.made_of, found.made_of(section, quality, newest.reads)
    changed = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return f"to draw: {', '.join(changed)} changed" if changed else "to draw: its files are missing or damaged"


def still(places: Places, name: str, section: str | None, quality: Quality, t: float, path: Path) -> None:
    """Draw one moment, t seconds into the scene or into one section, to a .png or .webp file.

    Raises:
        InputError: there is no such section or moment, or the file is of another kind.
    """
    if path.suffix not in {".png", ".webp"}:
        raise InputError(f"{path}: wanted a name that ends in .png or .webp")
    scene = load_scene(places, name)
    sections = {entry.name: entry for entry in scene.sections()}
    if section is not None:
        sections = {section: sections[plan.pick(f"section of {name}", section, sections)]}
    length = sum(entry.seconds for entry in sections.values())
    if t > length:
        raise InputError(f"{t:g} s is after the end; {section or name} lasts {length:g} s")
    for entry in sections.values():
        if t <= entry.seconds:
            break
        t -= entry.seconds
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as file:
        Image.fromarray(Film(entry, quality).at(t)[..., :3].copy()).save(file, path.suffix[1:], quality=95)
