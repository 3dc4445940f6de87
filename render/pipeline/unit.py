"""A unit of work: one section to draw, in plain values that travel to any process. Nothing that draws is imported."""

from __future__ import annotations

from dataclasses import dataclass

from stagelight.render.pipeline.cache import Slot
from stagelight.render.pipeline.plan import Places
from stagelight.render.theme import Quality


@dataclass(frozen=True)
class Unit:
    """One section to draw."""

    places: Places
    scene: str
    section: str
    quality: Quality
    frames: int
    slot: Slot
    spare: int  # cores that nobody else uses while it is drawn

    @property
    def label(self) -> str:
        """Its name where progress is shown."""
        return f"{self.scene}/{self.section}" + (" upright" if self.quality.upright else "")
