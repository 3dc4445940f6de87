"""The files of a scene: its manifest, its recording and the pictures they name, checked before a page uses them.

What is missing or damaged ends the build with one line that says what to run.
"""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from stagelight.engines import recording
from stagelight.engines.recording import RecordingError

Arrays = Mapping[str, NDArray[Any]]

RENDER = "run `click render all`"


def fail(message: str) -> NoReturn:
    """End the build: one line on standard error, exit status 1, no traceback."""
    sys.stderr.write(f"error: {message}\n")
    raise SystemExit(1)


class Scene(NamedTuple):
    """One scene as a page sees it."""

    name: str
    head: dict[str, Any]  # of the recording
    manifest: dict[str, Any]  # of the rendered scene
    assets: Path  # the folder that both name their files in

    @property
    def arrays(self) -> Arrays:
        """The arrays of the recording, read-only; damaged ones end the build."""
        try:
            return _arrays(self.assets / "recordings", self.name, self.head["seal"])
        except RecordingError as error:
            fail(str(error))


@lru_cache(maxsize=8)
def _arrays(folder: Path, name: str, seal: str) -> Arrays:
    """Unpacked once for all pages: what is under one seal stays the same."""
    return recording.load(folder, name).arrays


def read(path: Path, remedy: str) -> dict[str, Any]:
    """A JSON object from a file, or the end of the build with what to do about it."""
    shown = "/".join(path.parts[-3:])
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        fail(f"{shown} is missing: {remedy}")
    except (OSError, ValueError, RecursionError) as error:
        fail(f"{shown} cannot be read ({error}), wanted a JSON object: {remedy}")
    if not isinstance(content, dict):
        fail(f"{shown} holds a {type(content).__name__}, wanted a JSON object: {remedy}")
    return content


def named_files(manifest: Any) -> list[str]:
    """Every file a manifest names, in its own order."""
    tracks = manifest["tracks"].values()
    stills = [section["still"]["file"] for section in manifest["sections"]]
    turned = manifest["upright"]
    turned_stills = [section["still"]["file"] for section in turned["sections"]]
    loops = [loop["file"] for section in manifest["sections"] for loop in section["loops"]]
    videos = [cut[kind]["file"] for cut in (manifest, turned) for kind in ("video", "av1", "slow") if cut[kind]]
    pictures = [*(manifest[kind]["file"] for kind in ("poster", "glimpse")), turned["poster"]["file"]]
    return [*videos, *pictures, *tracks, *stills, *turned_stills, *loops]


def load(assets: Path, name: str) -> Scene:
    """The scene `name`, with every file it names in place."""
    manifest = read(assets / "videos" / f"{name}.json", RENDER)
    try:
        head = recording.load_head(assets / "recordings", name)
    except RecordingError as error:
        fail(str(error))
    shown = f"site_assets/videos/{name}.json"
    try:
        files = named_files(manifest)
    except (KeyError, TypeError) as error:
        fail(f"{shown} has no {error} where a manifest needs it: {RENDER}")
    for file in files:
        if not (assets / file).is_file():
            fail(f"{shown} names {file}, which does not exist: {RENDER}")
    return Scene(name, head, manifest, assets)


def pick_table(scene: Scene, arrays: Arrays, name: str, axes: str, page: str) -> NDArray[Any]:
    """An array of finite numbers with two axes, which `axes` names in words; anything else ends the build."""
    array: NDArray[Any] = pick(arrays, name, f"{scene.name}.npz", page)
    if array.ndim != 2 or not np.isfinite(array).all():
        fail(
            f"docs/{page}: {scene.name}.npz has {name} of shape {array.shape}, wanted finite ({axes}): "
            f"run `click record {scene.name}`"
        )
    return array


def pick(options: Mapping[str, Any], wanted: str, where: str, page: str) -> Any:
    """An entry by name; a wrong name ends the build with the nearest right ones."""
    if wanted in options:
        return options[wanted]
    near = difflib.get_close_matches(wanted, options, 3, 0.4) or sorted(options)[:6]
    fail(f"docs/{page}: {where} has no {wanted!r}, wanted one of {', '.join(near)}: correct the name on the page")


def section_of(scene: Scene, name: str, page: str) -> dict[str, Any]:
    """One section of the scene, by name."""
    sections = {section["name"]: section for section in scene.manifest["sections"]}
    section: dict[str, Any] = pick(sections, name, f"site_assets/videos/{scene.name}.json (sections)", page)
    return section


def title_parts(section: Mapping[str, Any]) -> tuple[str, str]:
    """A section's title in two parts: "Sample: a group of moves" -> "Sample", ": a group of moves"."""
    short, colon, rest = str(section["title"]).partition(":")
    return short, colon + rest


def label(section: Mapping[str, Any]) -> str:
    """A section's name in running text: "01 Sample"."""
    return f"{section['step'] or ''} {title_parts(section)[0]}".strip()
