"""A scene with its recording, refused where it contradicts itself before a frame is drawn."""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Iterator

from stagelight.engines import recording
from stagelight.render import recording_deps
from stagelight.render.pipeline import RenderError, one_line
from stagelight.render.pipeline.plan import Places
from stagelight.render.scene import Scene


def load_scene(places: Places, name: str) -> Scene:
    """Import a scene and give it its recording.

    Raises:
        RecordingError: the recording cannot be used.
        RenderError: the scene cannot be imported or made, or contradicts itself.
    """
    module, recorded = f"{places.scenes}.{name}", recording.load(places.recordings, name)
    try:
        scene: Scene = importlib.import_module(module).SCENE(recorded)
        problems = [] if scene.name != name else list(_problems(scene))
    except Exception as error:
        raise RenderError(f"{module}{_line(error)}: {one_line(error)}") from error
    if scene.name != name:
        raise RenderError(f"{module}: the scene is called {scene.name!r}, wanted {name!r}")
    if problems:
        raise RenderError(f"{module}: {problems[0]}")
    return scene


def _line(error: Exception) -> str:
    """The innermost file and line at which an author's code went wrong, outside the code that reads a recording."""
    reading = {recording.__file__, recording_deps.__file__}
    frames = [frame for frame in traceback.extract_tb(error.__traceback__)
              if frame.filename not in reading and not frame.filename.startswith("<")]  # fmt: skip
    return f", {frames[-1].filename} line {frames[-1].lineno}" if frames else ""


def _problems(scene: Scene) -> Iterator[str]:
    """Yield each part of a scene's description that cannot be drawn or published."""
    sections, legend = scene.sections(), {mark.id for mark in scene.legend}
    names = [section.name for section in sections]
    if not names or len(set(names)) != len(names):
        yield f"sections {names}, wanted at least one and each name once"
    if scene.poster is not None and scene.poster not in names:
        yield f"the poster is section {scene.poster!r}, wanted one of {', '.join(names)}"
    for section in sections:
        where = f"section {section.name!r}"
        if not section.name.replace("-", "").replace("_", "").isalnum() or section.name != section.name.lower():
            yield f"{where}: wanted a name of lower-case letters, digits, - and _"
        if section.seconds < 0.1:
            yield f"{where}: lasts {section.seconds:g} s, wanted 0.1 or more"
        if not 0 <= section.still <= section.seconds:
            yield f"{where}: its still is at {section.still:g} s of {section.seconds:g} s"
        for cue in (*section.captions, *section.marks):
            if not 0 <= cue.start < cue.end <= section.seconds + 1e-9:
                yield f"{where}: {cue.text!r} lasts from {cue.start:g} to {cue.end:g} s of {section.seconds:g} s"
        unknown = dict.fromkeys(cue.text for cue in section.marks if cue.text not in legend)
        if unknown:
            yield f"{where}: {', '.join(unknown)} is not in the legend"
