"""The published files and recordings that a page asks for; the build ends if it asks for one that is not there."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

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


def read(path: Path, remedy: str) -> dict[str, Any]:
    """A JSON object from a file, or the end of the build with what to do about it."""
    shown = "/".join(path.parts[-3:])
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        fail(f"{shown} is missing: {remedy}")
    except (OSError, ValueError) as error:
        fail(f"{shown} cannot be read ({error}), wanted a JSON object: {remedy}")
    if not isinstance(found, dict):
        fail(f"{shown} holds a {type(found).__name__}, wanted a JSON object: {remedy}")
    return found


def named_files(manifest: Any) -> list[str]:
    """Every file a manifest names, in its own order."""
    tracks = manifest["tracks"].values()
    stills = [section["still"]["file"] for section in manifest["sections"]]
    videos = [manifest[kind]["file"] for kind in ("video", "av1") if manifest[kind]]
    pictures = [manifest[kind]["file"] for kind in ("poster", "glimpse", "preview")]
    return [*videos, *pictures, *tracks, *stills]


def load(assets: Path, name: str) -> Scene:
    """The scene `name`, with every file it names in place."""
    manifest = read(assets / "videos" / f"{name}.json", RENDER)
    head = read(assets / "recordings" / f"{name}.json", f"run `click record {name}`")
    shown = f"site_assets/videos/{name}.json"
    try:
        files = named_files(manifest)
    except (KeyError, TypeError) as error:
        fail(f"{shown} has no {error} where a manifest needs it: {RENDER}")
    for file in files:
        if not (assets / file).is_file():
            fail(f"{shown} names {file}, which does not exist: {RENDER}")
    return Scene(name, head, manifest, assets)


def pick(options: Mapping[str, Any], wanted: str, where: str, page: str) -> Any:
    """An entry by name; a wrong name ends the build with the nearest right ones."""
    if wanted in options:
        return options[wanted]
    near = difflib.get_close_matches(wanted, options, 3, 0.4) or sorted(options)[:6]
    fail(f"docs/{page}: {where} has no {wanted!r}, wanted one of {', '.join(near)}: correct the name on the page")


def section_of(scene: Scene, name: str, page: str) -> dict[str, Any]:
    """One section of the scene, by name."""
    sections = {section["name"]: section for section in scene.manifest["sections"]}
    found: dict[str, Any] = pick(sections, name, f"site_assets/videos/{scene.name}.json (sections)", page)
    return found


def titled(section: Mapping[str, Any]) -> tuple[str, str]:
    """A section's title in two parts: "Sample: a group of moves" -> "Sample", ": a group of moves"."""
    short, colon, rest = str(section["title"]).partition(":")
    return short, colon + rest


def label(section: Mapping[str, Any]) -> str:
    """The name of a section in running text: "01 Sample"."""
    return f"{section['step'] or ''} {titled(section)[0]}".strip()
