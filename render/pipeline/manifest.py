"""The manifest, which says what is published of a scene, and the check that it still holds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from stagelight.engines.recording import sha256
from stagelight.render.pipeline.cache import sweep
from stagelight.render.pipeline.plan import Inputs, Places
from stagelight.render.theme import Quality

FOLDERS = ("videos", "posters", "stills", "captions")
OPTIONAL = ("av1", "slow")  # entries that may be null
PICTURES = ("poster", "glimpse")


def read(places: Places, scene: str) -> dict[str, Any] | None:
    """The manifest of a scene; None where nothing is published that can be read."""
    try:
        manifest = json.loads(places.manifest(scene).read_bytes())
        list(named(manifest))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return cast("dict[str, Any]", manifest)


def named(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Every file a manifest names, relative to the assets."""
    yield manifest["video"]["file"]
    yield from (manifest[kind]["file"] for kind in OPTIONAL if manifest.get(kind))
    yield from (manifest[kind]["file"] for kind in PICTURES)
    yield from manifest["tracks"].values()
    for section in manifest["sections"]:
        yield section["still"]["file"]
        yield from (loop["file"] for loop in section["loops"])
    turned = manifest["upright"]
    yield from (turned[kind]["file"] for kind in ("video", *OPTIONAL, "poster") if turned[kind])
    yield from (section["still"]["file"] for section in turned["sections"])


def upright(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest of the upright cut alone, as if it were the scene's."""
    turned = manifest["upright"]
    pairs = zip(manifest["sections"], turned["sections"], strict=True)
    return {**manifest, **turned, "sections": [{**section, **own, "loops": []} for section, own in pairs]}


def sections(places: Places, scene: str) -> list[str]:
    """The names of the sections that are published, in order."""
    return [section["name"] for section in (read(places, scene) or {"sections": []})["sections"]]


def damaged(places: Places, manifest: Mapping[str, Any]) -> list[str]:
    """Named files that are missing or not what their name, or the manifest, says."""
    full = {
        cut[kind]["file"]: cut[kind]["sha256"]
        for cut in (manifest, manifest["upright"])
        for kind in ("video", *PICTURES, *OPTIONAL)
        if cut.get(kind)
    }
    return [file for file in dict.fromkeys(named(manifest)) if not _intact(places.assets / file, full.get(file))]


def _intact(path: Path, full: str | None) -> bool:
    if not path.is_file():
        return False
    digest = sha256(path)
    return digest == full if full else digest[:8] == path.stem.rpartition(".")[2]


def current(places: Places, inputs: Inputs, quality: Quality) -> bool:
    """True if rendering now would publish the same."""
    manifest = read(places, inputs.scene)
    if manifest is None or manifest.get("quality") != quality.name:
        return False
    provenance = manifest["provenance"]
    fresh = all(
        provenance.get(key) == getattr(inputs, key) for key in ("render_version", "recording_sha256", "head_sha256")
    )
    drawn = all(
        section["key"] == inputs.key(section["name"], cut, section.get("reads", ()))
        for cut, film in ((quality, manifest), (quality.turned(), upright(manifest)))
        for section in film["sections"]
    )
    return fresh and drawn and not damaged(places, manifest)


def prune(places: Places, scene: str) -> None:
    """Remove the scene's files that its manifest does not name. Without a manifest, nothing of it is published."""
    manifest = read(places, scene)
    keep = {places.assets / file for file in named(manifest)} | {places.manifest(scene)} if manifest else set[Path]()
    for folder in FOLDERS:
        sweep(places.assets / folder, lambda path: not path.name.startswith(f"{scene}.") or path in keep)
