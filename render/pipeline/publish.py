"""Finished sections, joined and put where pages find them: video, poster, stills, tracks; the manifest last.

Names carry the first eight digits of the sha256 of what is inside, so a published file never changes.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av

from engines.recording import atomic
from render.pipeline import RenderError, document, tracks
from render.pipeline.cache import Segment, Slot
from render.pipeline.environment import environment
from render.pipeline.manifest import prune
from render.pipeline.plan import Inputs, Places
from render.stage import Scene
from render.theme import Quality


def place(places: Places, folder: str, name: str, data: bytes, kind: str) -> str:
    """Write one file under a name that holds its hash; returns it relative to the assets."""
    file = f"{folder}/{name}.{hashlib.sha256(data).hexdigest()[:8]}.{kind}"
    path = places.assets / file
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as out:
        out.write(data)
    return file


def publish(
    places: Places, scene: Scene, found: Inputs, quality: Quality, finished: Sequence[tuple[Slot, Segment]]
) -> Path:
    """Publish a scene from its finished sections, in order. Returns the manifest's path."""
    told = document.describe(scene, quality.fps)
    words = {
        "chapters": (tracks.chapters(told), "vtt"),
        "captions": (tracks.captions(told), "vtt"),
        "descriptions": (tracks.descriptions(told), "vtt"),
        "legend": (tracks.legend(told), "vtt"),
        "transcript": (tracks.transcript(told), "txt"),
        "scene": (document.text(told), "json"),
    }
    movie = join([(slot.file("mp4"), segment.frames) for slot, segment in finished])
    stills = [slot.file("webp").read_bytes() for slot, _ in finished]
    poster = stills[[part["name"] for part in told["sections"]].index(told["poster"]["section"])]
    manifest = {
        **told,
        "quality": quality.name,
        "fps": quality.fps,
        "width": quality.width,
        "height": quality.height,
        "video": _named(place(places, "videos", scene.name, movie, "mp4"), movie),
        "poster": {**told["poster"], **_named(place(places, "posters", scene.name, poster, "webp"), poster)},
        "tracks": {
            kind: place(places, "captions", f"{scene.name}.{kind}", text.encode(), ending)
            for kind, (text, ending) in words.items()
        },
        "sections": [
            {
                **part,
                "still": {
                    **part["still"],
                    "file": place(places, "stills", f"{scene.name}.{part['name']}", still, "webp"),
                },
                "frames": segment.frames,
                "frame_hash": segment.frame_hash,
                "key": slot.key,
            }
            for part, (slot, segment), still in zip(told["sections"], finished, stills, strict=True)
        ],
        "provenance": {
            "recording": scene.recording.name,
            "recording_sha256": found.recording_sha256,
            "head_sha256": found.head_sha256,
            "seed": scene.recording.seed,
            "code_version": scene.recording.code_version,
            "render_version": found.render_version,
            "versions": environment(found),
        },
    }
    path = places.manifest(scene.name)
    with atomic(path) as file:
        file.write(json.dumps(manifest, indent=1, ensure_ascii=False).encode() + b"\n")
    prune(places, scene.name)
    return path


def _named(file: str, data: bytes) -> dict[str, Any]:
    return {"file": file, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def join(segments: Sequence[tuple[Path, int]]) -> bytes:
    """Segments (file, frames) as one mp4, its index at the front, without encoding anything again.

    Raises:
        RenderError: a segment does not hold the frames it should.
    """
    buffer = io.BytesIO()
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    # To move the index to the front, libav reads back through a second handle what it has written.
    output = av.open(buffer, "w", format="mp4", options=options, io_open=lambda *_: io.BytesIO(buffer.getvalue()))
    stream, offset = None, 0
    for path, frames in segments:
        with av.open(str(path)) as source:
            video = source.streams.video[0]
            if stream is None:
                stream = output.add_stream_from_template(video)
                stream.time_base = video.time_base
            count = 0
            for packet in source.demux(video):
                if packet.pts is None or packet.dts is None:  # the end
                    continue
                packet.pts, packet.dts, packet.stream = packet.pts + offset, packet.dts + offset, stream
                output.mux(packet)
                count += 1
            if count != frames or not video.duration:
                raise RenderError(f"{path}: {count} frames, wanted {frames}; remove it and render again")
            offset += video.duration
    output.close()
    return buffer.getvalue()
