"""Scenes and their sections: all that is said of them, and how each is painted at a time. Manim is not needed here.

A scene and its sections declare which parts of the recording they read (see `recording_deps` for the names). They are
given an excerpt that holds these alone, so a section is drawn again exactly where one of them, or its code, changes.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import ClassVar

from stagelight.engines.recording import Recording
from stagelight.render.pen import Pen
from stagelight.render.recording_deps import Excerpt
from stagelight.render.theme import Quality


@dataclass(frozen=True)
class Cue:
    """Something that holds from `start` to `end`, seconds from the section's start."""

    start: float
    end: float
    text: str


@dataclass(frozen=True)
class Section:
    """One stretch of a scene. All that is said of it, in the picture, the tracks and the page, is said here."""

    name: str
    step: str | None  # "01" to "04" where it is one of the scene's four steps
    title: str
    seconds: float
    paint: Callable[[Pen, float], None]  # draws what moves at time t
    backdrop: Callable[[Pen], None]  # draws what does not, once
    captions: tuple[Cue, ...]
    marks: tuple[Cue, ...]  # legend entries in play; text is the entry's id
    still: float  # the moment that shows the section best
    alt: str  # the still, described
    pace: int | None = None  # pictures a second, where a video's own rate is too many; a cut-out moves in poses
    badge: Callable[[Pen, float], None] = lambda _pen, _t: None  # draws the counter, at the top right
    upright: Callable[[Pen, float], None] | None = None  # draws all of it on the upright stage; None: as it is, small
    excerpt: Excerpt | None = None  # of the recording, where it declares what it reads; else it reads as its scene does

    def frames(self, quality: Quality) -> int:
        """The number of frames of the section."""
        return round(self.seconds * quality.fps)

    def moment(self, t: float) -> float:
        """The moment whose picture is shown at t: t itself, or the last one that the pace allows."""
        return t if self.pace is None else math.floor(self.pace * t + 1e-6) / self.pace


@dataclass(frozen=True)
class Mark:
    """An entry of the legend: what a mark in the picture encodes."""

    id: str
    name: str
    text: str


class Scene(ABC):
    """One annotated scene over one recording."""

    name: ClassVar[str]
    title: ClassVar[str]
    claim: ClassVar[str]
    legend: ClassVar[tuple[Mark, ...]]
    poster: ClassVar[str | None] = None  # the section whose still is the poster; None: the first step
    reads: ClassVar[tuple[str, ...]] = ()  # parts of the recording that every section may read

    def __init__(self, recording: Recording) -> None:
        self.recording = Excerpt(recording, self.reads, f"{type(self).__module__}.{type(self).__qualname__}")

    @abstractmethod
    def sections(self) -> tuple[Section, ...]:
        """The sections in order. Pure: the same recording gives the same sections."""

    def reads_of(self, section: Section) -> tuple[str, ...]:
        """The declared names of what one of its sections reads, those of the whole scene among them."""
        return tuple(sorted((section.excerpt or self.recording).reads))


def nothing(pen: Pen) -> None:
    """The backdrop of a section in which everything moves."""


def reads(*names: str) -> Callable[[Callable[[Recording], Section]], Callable[[Recording], Section]]:
    """Declare which parts of the recording a section is made from and drawn from, besides those of the whole scene.

    For a function that makes a section of a recording: it is given an excerpt that holds those parts alone.
    """

    def declare(make: Callable[[Recording], Section]) -> Callable[[Recording], Section]:
        @wraps(make)
        def section(recording: Recording) -> Section:
            excerpt = Excerpt(recording, names, f"{make.__module__}.{make.__qualname__}")
            return replace(make(excerpt), excerpt=excerpt)

        return section

    return declare
