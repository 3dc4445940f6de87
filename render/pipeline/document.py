"""A scene as one plain document, from which its tracks, its transcript and its manifest are made.

Times are seconds of the whole scene. A section starts and ends on a whole frame, where its pictures do.
"""

from __future__ import annotations

import json
from itertools import accumulate
from typing import TypedDict

from stagelight.render.scene import Scene, Section

SCHEMA = 1


class Words(TypedDict):
    """A caption, from its first moment to its last."""

    start: float
    end: float
    text: str


class Lit(TypedDict):
    """A legend entry in play."""

    start: float
    end: float
    id: str


class Still(TypedDict):
    """The moment that shows a section best."""

    time: float


class Poster(TypedDict):
    """The section whose still stands for the whole scene."""

    section: str


class Entry(TypedDict):
    """A mark of the legend."""

    id: str
    name: str
    text: str


class Part(TypedDict):
    """A section. `alt` says what is seen: it stands for the still, and is what a description track speaks."""

    name: str
    step: str | None
    title: str
    start: float
    duration: float
    captions: list[Words]
    marks: list[Lit]
    still: Still
    alt: str


class Document(TypedDict):
    """A scene."""

    schema: int
    scene: str
    title: str
    claim: str
    duration: float
    poster: Poster
    legend: list[Entry]
    sections: list[Part]


def describe(scene: Scene, fps: int) -> Document:
    """The document of a scene at a frame rate."""
    sections = scene.sections()
    ends = list(accumulate(round(section.seconds * fps) for section in sections))
    edges = [frames / fps for frames in (0, *ends)]
    return {
        "schema": SCHEMA,
        "scene": scene.name,
        "title": scene.title,
        "claim": scene.claim,
        "duration": _micro(edges[-1]),
        "poster": {"section": poster(scene)},
        "legend": [{"id": mark.id, "name": mark.name, "text": mark.text} for mark in scene.legend],
        "sections": [_part(*each) for each in zip(sections, edges, edges[1:], strict=False)],
    }


def _part(section: Section, start: float, end: float) -> Part:
    def at(seconds: float) -> float:
        return _micro(min(start + seconds, end))

    return {
        "name": section.name,
        "step": section.step,
        "title": section.title,
        "start": _micro(start),
        "duration": _micro(end - start),
        "captions": [
            {"start": at(cue.start), "end": at(cue.end), "text": cue.text}
            for cue in sorted(section.captions, key=lambda cue: cue.start)
        ],
        "marks": [{"start": at(mark.start), "end": at(mark.end), "id": mark.text} for mark in section.marks],
        "still": {"time": at(section.still)},
        "alt": section.alt,
    }


def _micro(seconds: float) -> float:
    return round(seconds, 6)


def poster(scene: Scene) -> str:
    """The section the scene chose for its poster, or its first step, or its first section."""
    sections = scene.sections()
    steps = [section.name for section in sections if section.step == "01"]
    return scene.poster or (steps or [sections[0].name])[0]


def text(document: Document) -> str:
    """The document as the JSON that is published."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
