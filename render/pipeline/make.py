"""The whole way for one scene: what is missing is drawn, then all of it is published."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from pathlib import Path

from PIL import Image

from stagelight.engines.recording import atomic
from stagelight.render.pipeline import InputError, RenderError, cache, plan, publish
from stagelight.render.pipeline import executor as workers
from stagelight.render.pipeline.load import load_scene
from stagelight.render.pipeline.plan import Inputs, Places
from stagelight.render.pipeline.progress import Show
from stagelight.render.pipeline.unit import Unit
from stagelight.render.theme import Quality

Watching = Callable[[Sequence[str], Sequence[int]], AbstractContextManager[Show]]


def slot(places: Places, inputs: Inputs, section: str, quality: Quality, reads: Sequence[str]) -> cache.Slot:
    """The slot of a section that declares those reads."""
    return cache.Slot(_folder(places, inputs, quality), section, inputs.key(section, quality, reads))


def _folder(places: Places, inputs: Inputs, quality: Quality) -> Path:
    return places.cache / inputs.scene / quality.name


def draw(unit: Unit, on_frame: Callable[[int], None]) -> cache.Segment:
    """In a worker: draw a section from its scene loaded anew, whose recording may have changed."""
    from stagelight.render.pipeline import encode  # noqa: PLC0415  # brings in Manim, which no other process needs

    encode.forget()
    return encode.draw(unit, on_frame)


def render(
    places: Places,
    inputs: Inputs,
    quality: Quality,
    executor: Executor,
    watching: Watching,
    only: str | None = None,
    on_finished: Callable[[cache.Slot], None] = lambda _: None,
) -> str:
    """Draw what is not in the cache and publish. Call it with the cache locked.

    Args:
        inputs: what the pictures depend on, taken before the executor's first worker started.
        only: draw this section alone; publish if that completes the scene.
        on_finished: called with each section as it is finished.

    Returns:
        What was done, in one line.

    Raises:
        InputError: there is no such section.
        RenderError: drawing failed, or a source changed meanwhile.
        RecordingError: the recording cannot be used.
    """
    name = inputs.scene
    scene = load_scene(places, name)
    sections = scene.sections()
    if only is not None:
        plan.pick(f"section of {name}", only, [section.name for section in sections])
    reads = {section.name: scene.reads_of(section) for section in sections}
    cuts = quality, quality.turned()
    slots = {(part, cut): slot(places, inputs, part, cut, names) for cut in cuts for part, names in reads.items()}
    finished = {each: segment for each, place in slots.items() if (segment := cache.find(place))}
    absent = [(section, cut) for cut in cuts for section in sections
              if (section.name, cut) not in finished and only in {None, section.name}]  # fmt: skip
    spare = max(workers.usable_cores() - len(absent), 0)
    units = [
        Unit(places, name, section.name, cut, section.frames(cut), slots[section.name, cut], spare)
        for section, cut in absent
    ]

    def keep(unit: Unit, segment: cache.Segment) -> None:
        if plan.inputs(places, name) != inputs:
            raise RenderError(f"{name}: the recording or a source changed while it was drawn; render it again")
        cache.admit(unit.slot, segment, inputs.made_of(unit.section, unit.quality, reads[unit.section]))
        finished[unit.section, unit.quality] = segment
        on_finished(unit.slot)

    if units:
        with watching([unit.label for unit in units], [unit.frames for unit in units]) as watch:
            workers.run(executor, units, draw, watch, keep, places.cache)
    missing = [section for section in reads if any((section, cut) not in finished for cut in cuts)]
    if missing:
        return f"{name}: {only} is drawn; to publish, {quality.name} still lacks {', '.join(missing)}"
    whole, turned = ([(slots[part, cut], finished[part, cut]) for part in reads] for cut in cuts)
    path = publish.publish(places, scene, inputs, quality, whole, turned)
    for cut, film in zip(cuts, (whole, turned), strict=True):
        live = {place.file(kind) for place, segment in film for kind in (*segment.files, "json")}
        cache.sweep(_folder(places, inputs, cut), live.__contains__)
    drawn = len({unit.section for unit in units})
    return f"{name}: drew {drawn} of {len(whole)} sections; published {path}"


def outlook(places: Places, inputs: Inputs, quality: Quality) -> list[tuple[str, str]]:
    """Each section of a scene, with "cached" or why it is not. Draws nothing.

    Raises:
        RecordingError: the recording cannot be used.
    """
    scene = load_scene(places, inputs.scene)
    reads = {section.name: scene.reads_of(section) for section in scene.sections()}
    return [(section, _state(places, inputs, section, quality, names)) for section, names in reads.items()]


def _state(places: Places, inputs: Inputs, section: str, quality: Quality, reads: Sequence[str]) -> str:
    if all(cache.find(slot(places, inputs, section, cut, reads)) for cut in (quality, quality.turned())):
        return "cached"
    before = cache.last_made_of(_folder(places, inputs, quality), section)
    if before is None:
        return "to draw: not drawn yet"
    now = inputs.made_of(section, quality, reads)
    changed = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return f"to draw: {', '.join(changed)} changed" if changed else "to draw: its files are missing or damaged"


def still(places: Places, name: str, section: str | None, quality: Quality, t: float, path: Path) -> None:
    """Draw one moment, t seconds into the scene or into one section, to a .png or .webp file.

    Raises:
        InputError: there is no such section or moment, or the file is of another kind.
    """
    from stagelight.render.stage import Film  # noqa: PLC0415  # brings in Manim

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
