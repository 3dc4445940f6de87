"""The whole way for one scene: what is missing is drawn, then all of it is published."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from pathlib import Path

from PIL import Image

from engines.recording import atomic
from render.pipeline import InputError, RenderError, cache, encode, plan, publish
from render.pipeline import executor as workers
from render.pipeline.load import load_scene
from render.pipeline.plan import Inputs, Places
from render.pipeline.progress import Show
from render.stage import Film
from render.theme import Quality

Watching = Callable[[Sequence[str], Sequence[int]], AbstractContextManager[Show]]


def slot(places: Places, found: Inputs, section: str, quality: Quality) -> cache.Slot:
    """Where a section is kept."""
    return cache.Slot(places.cache / found.scene / quality.name, section, found.key(section, quality))


def render(
    places: Places, found: Inputs, quality: Quality, executor: Executor, watching: Watching, only: str | None = None
) -> str:
    """Draw what is not in the cache and publish. Call it with the cache locked.

    Args:
        found: what the pictures depend on, taken before the executor's first worker started.
        only: draw this section alone; publish if that completes the scene.

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
    slots = {section.name: slot(places, found, section.name, quality) for section in sections}
    finished = {section: segment for section, place in slots.items() if (segment := cache.find(place))}
    absent = [section for section in sections if section.name not in finished and only in {None, section.name}]
    spare = max(workers.usable_cores() - len(absent), 0)
    units = [
        encode.Unit(places, name, section.name, quality, section.frames(quality), slots[section.name], spare)
        for section in absent
    ]

    def keep(unit: encode.Unit, segment: cache.Segment) -> None:
        if plan.inputs(places, name) != found:
            raise RenderError(f"{name}: the recording or a source changed while it was drawn; render it again")
        cache.admit(unit.slot, segment, found.made_of(unit.section, quality))
        finished[unit.section] = segment

    if units:
        with watching([f"{name}/{unit.section}" for unit in units], [unit.frames for unit in units]) as watch:
            workers.run(executor, units, encode.draw, watch, keep)
    missing = [section for section in slots if section not in finished]
    if missing:
        return f"{name}: {only} is drawn; to publish, {quality.name} still lacks {', '.join(missing)}"
    path = publish.publish(places, scene, found, quality, [(slots[section], finished[section]) for section in slots])
    live = {slots[section].file(kind) for section in slots for kind in (*finished[section].files, "json")}
    cache.sweep(places.cache / name / quality.name, live.__contains__)
    return f"{name}: drew {len(units)} of {len(slots)} sections; published {path}"


def outlook(places: Places, found: Inputs, quality: Quality) -> list[tuple[str, str]]:
    """Each section of a scene, with "cached" or why it is not. Draws nothing.

    Raises:
        RecordingError: the recording cannot be used.
    """
    return [
        (section.name, _state(slot(places, found, section.name, quality), found.made_of(section.name, quality)))
        for section in load_scene(places, found.scene).sections()
    ]


def _state(place: cache.Slot, now: Mapping[str, str]) -> str:
    if cache.find(place):
        return "cached"
    before = cache.drawn_before(place)
    if before is None:
        return "to draw: not drawn yet"
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
