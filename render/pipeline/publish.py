"""Finished sections, joined and put where pages find them: video, poster, stills, words; the manifest last.

Names carry the first eight digits of the sha256 of what is inside, so a published file never changes.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from stagelight.engines.recording import atomic, load_head
from stagelight.render.pipeline import document, tracks, video
from stagelight.render.pipeline.cache import Segment, Slot
from stagelight.render.pipeline.document import Document
from stagelight.render.pipeline.environment import environment
from stagelight.render.pipeline.manifest import prune
from stagelight.render.pipeline.plan import Inputs, Places
from stagelight.render.scene import Scene
from stagelight.render.theme import Quality

Finished = Sequence[tuple[Slot, Segment]]

# What a page loads at once, widest, heaviest in bytes, and the quality it is brought to if it is either.
POSTER = 1280, 52_000  # widest, heaviest in bytes: before the video plays
UPRIGHT_POSTER = 720, 45_000
GLIMPSE = 640, 18_000  # on a card of the first page
SMALLER = (75, 68, 60, 52, 44)  # qualities of WebP, of which the best that is light enough is taken
CLEAN = 6.5  # mean squared error of light, 40 dB: a loss that is not seen
WORTHWHILE = 0.9  # of the bytes of H.264: what AV1 may have at most, to be worth a second file


def place(places: Places, folder: str, name: str, data: bytes, kind: str) -> str:
    """Write one file under a name that holds its hash; returns it relative to the assets."""
    file = f"{folder}/{name}.{hashlib.sha256(data).hexdigest()[:8]}.{kind}"
    path = places.assets / file
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as out:
        out.write(data)
    return file


def publish(
    places: Places, scene: Scene, inputs: Inputs, quality: Quality, finished: Finished, turned: Finished
) -> Path:
    """Publish a scene from its finished sections and its upright cut's, in order. Returns the manifest's path."""
    described, head = document.describe(scene, quality.fps), load_head(places.recordings, scene.name)
    films = _films(places, scene.name, quality, finished)
    stills = [
        _picture(places, "stills", f"{scene.name}.{part['name']}", slot.file("webp").read_bytes())
        for part, (slot, _) in zip(described["sections"], finished, strict=True)
    ]
    chosen = [part["name"] for part in described["sections"]].index(described["poster"]["section"])
    poster = finished[chosen][0].file("webp").read_bytes()
    manifest = {
        **described,
        "quality": quality.name,
        "fps": quality.fps,
        "width": quality.width,
        "height": quality.height,
        **films,
        "upright": _upright(places, described, quality.turned(), turned),
        "poster": {**described["poster"], **_smaller(places, f"{scene.name}.poster", poster, POSTER)},
        "glimpse": _smaller(places, f"{scene.name}.glimpse", poster, GLIMPSE),
        "tracks": _words(places, described),
        "sections": [
            {
                **part,
                "still": {**part["still"], "file": still["file"]},
                "loops": _loops(places, f"{scene.name}.{part['name']}.loop", slot, segment),
                "frames": segment.frames,
                "frame_hash": segment.frame_hash,
                "key": slot.key,
                "reads": list(scene.reads_of(section)),
            }
            for part, section, (slot, segment), still in zip(
                described["sections"], scene.sections(), finished, stills, strict=True
            )
        ],
        "provenance": {
            "recording": head["name"],
            "recording_sha256": inputs.recording_sha256,
            "head_sha256": inputs.head_sha256,
            "seed": head["seed"],
            "code_version": head["code_version"],
            "render_version": inputs.render_version,
            "versions": environment(inputs),
        },
    }
    path = places.manifest(scene.name)
    with atomic(path) as file:
        file.write(json.dumps(manifest, indent=1, ensure_ascii=False).encode() + b"\n")
    prune(places, scene.name)
    return path


def _films(places: Places, name: str, quality: Quality, finished: Finished) -> dict[str, Any]:
    """The videos of one cut, by their entries."""
    movie = join(finished, "mp4", quality)
    lighter = av1(finished, len(movie), quality)
    return {
        "video": _movie(places, name, movie),
        "av1": _movie(places, f"{name}.av1", lighter) if lighter else None,
        "slow": _movie(places, f"{name}.slow", join(finished, "slow.mp4", quality)) if quality.slow else None,
    }


def _upright(places: Places, described: Document, quality: Quality, finished: Finished) -> dict[str, Any]:
    """The upright cut: entries as the scene has them, where they are its own."""
    name, chosen = f"{described['scene']}.upright", described["poster"]["section"]
    parts, stills = [], {}
    for part, (slot, segment) in zip(described["sections"], finished, strict=True):
        stills[part["name"]] = still = slot.file("webp").read_bytes()
        file = _picture(places, "stills", f"{name}.{part['name']}", still)["file"]
        parts.append({"still": {"file": file}, "frame_hash": segment.frame_hash, "key": slot.key})
    return {
        "width": quality.width,
        "height": quality.height,
        **_films(places, name, quality, finished),
        "poster": _smaller(places, f"{name}.poster", stills[chosen], UPRIGHT_POSTER),
        "sections": parts,
    }


def join(finished: Finished, kind: str, quality: Quality) -> bytes:
    """One video of all sections."""
    return video.join([(slot.file(kind), segment.frames / quality.fps) for slot, segment in finished])


def av1(finished: Finished, size: int, quality: Quality) -> bytes | None:
    """The video in AV1, where every section is CLEAN or no worse than in H.264, and it is WORTHWHILE beside `size`."""
    errors = [segment.errors for _, segment in finished]
    if not all("av1.mp4" in each and each["av1.mp4"] <= max(each["mp4"], CLEAN) for each in errors):
        return None
    movie = join(finished, "av1.mp4", quality)
    return movie if len(movie) <= WORTHWHILE * size else None


def _movie(places: Places, name: str, data: bytes) -> dict[str, Any]:
    return {**_named(place(places, "videos", name, data, "mp4"), data), "codecs": video.codecs(data)}


def _loops(places: Places, name: str, slot: Slot, segment: Segment) -> list[dict[str, Any]]:
    """The loop of a section, once for each codec; the smaller one, that of newer browsers, first."""
    kinds = [kind for kind in ("loop.av1.mp4", "loop.mp4") if kind in segment.files]
    return [_movie(places, name + kind.removesuffix(".mp4").removeprefix("loop"), slot.file(kind).read_bytes())
            for kind in kinds]  # fmt: skip


def _picture(places: Places, folder: str, name: str, data: bytes) -> dict[str, Any]:
    return _named(place(places, folder, name, data, "webp"), data)


def _smaller(places: Places, name: str, still: bytes, most: tuple[int, int]) -> dict[str, Any]:
    """A still as a picture that is loaded at once: `most` as POSTER."""
    width, heaviest = most
    with Image.open(io.BytesIO(still)) as image:
        if image.width > width or len(still) > heaviest:
            image.thumbnail((width, image.height), Image.Resampling.LANCZOS)
            for quality in SMALLER:
                made = io.BytesIO()
                image.save(made, "WEBP", quality=quality, method=6)
                still = made.getvalue()
                if len(still) <= heaviest:
                    break
    return _sized(places, name, still)


def _sized(places: Places, name: str, data: bytes) -> dict[str, Any]:
    """A picture that a page reserves room for."""
    with Image.open(io.BytesIO(data)) as image:
        return {**_picture(places, "posters", name, data), "width": image.width, "height": image.height}


def _words(places: Places, described: Document) -> dict[str, str]:
    made = {
        "chapters": (tracks.chapters(described), "vtt"),
        "captions": (tracks.captions(described), "vtt"),
        "descriptions": (tracks.descriptions(described), "vtt"),
        "legend": (tracks.legend(described), "vtt"),
        "transcript": (tracks.transcript(described), "txt"),
        "scene": (document.text(described), "json"),
    }
    return {
        kind: place(places, "captions", f"{described['scene']}.{kind}", text.encode(), ending)
        for kind, (text, ending) in made.items()
    }


def _named(file: str, data: bytes) -> dict[str, Any]:
    return {"file": file, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
